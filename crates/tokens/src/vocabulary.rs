//! From token ids back to words, for word counts.

use std::path::Path;

use anyhow::{Result, anyhow};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{
    DecoderWrapper, ModelWrapper, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, Tokenizer,
};

use crate::files::TokenizerFiles;
use crate::frame::unknown;
use crate::tokenizer::{MOST_IDS, remedy};

/// The words and word pieces of a model's token ids.
pub struct Vocabulary(Spelling);

/// How ids spell words.
enum Spelling {
    /// WordPiece: tokens by id.
    Pieces(Vec<Token>),
    /// Byte-level BPE and SentencePiece: the tokenizer's own decoder restores the spaces.
    Decoder(Box<Tokenizer>),
}

/// The role of a token in a word.
#[derive(Debug, Clone)]
enum Token {
    /// Begins a word.
    Word(String),
    /// Continues the word before it.
    Rest(String),
    /// Is not text, such as `[CLS]`, and separates words.
    Mark,
}

impl Vocabulary {
    /// Read the tokenizer in `folder`.
    ///
    /// # Errors
    /// The file is missing or damaged, or nothing in it says where words begin.
    pub fn load(folder: &Path) -> Result<Self> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let files = TokenizerFiles::read(folder, &name)?;
        let wrong = |what: String| anyhow!("tokenizer `{}` {what}; {}", files.path.display(), remedy(&name));
        let tokenizer = files.tokenizer(&name)?;
        if tokenizer.get_vocab(true).into_values().any(|id| id as usize >= MOST_IDS) {
            return Err(wrong(format!("has ids above {MOST_IDS}")));
        }
        match tokenizer.get_model() {
            ModelWrapper::WordPiece(pieces) => Ok(Vocabulary(Spelling::Pieces(tokens(&tokenizer, pieces)))),
            ModelWrapper::BPE(_) | ModelWrapper::Unigram(_) if restores_spaces(&tokenizer) => {
                Ok(Vocabulary(Spelling::Decoder(Box::new(tokenizer))))
            }
            _ => Err(wrong(
                "is not WordPiece and has no `decoder` of type `ByteLevel` or `Metaspace`, so nothing says \
                            where words begin"
                    .to_owned(),
            )),
        }
    }

    /// The words that `input_ids` spell, in lower case.
    ///
    /// A punctuation mark is a word, as in BERT's tokenizer, and so is the rest of a word whose beginning was truncated.
    /// Special tokens are left out except the unknown token, such as `[UNK]`, which stays as written. Ids outside the
    /// vocabulary are left out too: a model may have more ids than its tokenizer, and readers of shards have checked
    /// them already.
    pub fn words(&self, input_ids: &[u32]) -> Vec<String> {
        match &self.0 {
            Spelling::Pieces(tokens) => joined(tokens, input_ids),
            Spelling::Decoder(tokenizer) => decoded(tokenizer, input_ids),
        }
    }
}

/// Words of word pieces.
fn joined(tokens: &[Token], input_ids: &[u32]) -> Vec<String> {
    let mut words: Vec<String> = Vec::with_capacity(input_ids.len());
    let mut after_text = false;
    for id in input_ids {
        let token = tokens.get(*id as usize).unwrap_or(&Token::Mark);
        match (token, words.last_mut()) {
            (Token::Mark, _) => {}
            (Token::Rest(text), Some(word)) if after_text => *word += text,
            (Token::Rest(text) | Token::Word(text), _) => words.push(text.clone()),
        }
        after_text = !matches!(token, Token::Mark);
    }
    words
}

/// Words of the text between special tokens.
fn decoded(tokenizer: &Tokenizer, input_ids: &[u32]) -> Vec<String> {
    let (added, unknown) = (tokenizer.get_added_vocabulary(), unknown(tokenizer));
    let is_text = |id: &u32| {
        Some(*id) != unknown && tokenizer.id_to_token(*id).is_some_and(|token| !added.is_special_token(&token))
    };
    let mut words = Vec::with_capacity(input_ids.len());
    for run in input_ids.chunk_by(|one, next| is_text(one) && is_text(next)) {
        match run {
            [id] if Some(*id) == unknown => words.extend(tokenizer.id_to_token(*id)),
            [id] if !is_text(id) => {}
            text => words.extend(split(&tokenizer.decode(text, false).unwrap_or_default().to_lowercase())),
        }
    }
    words
}

/// Split at white space and punctuation as BERT's tokenizer does.
fn split(text: &str) -> Vec<String> {
    let mut parts = PreTokenizedString::from(text);
    let splits = BertPreTokenizer
        .pre_tokenize(&mut parts)
        .map(|()| parts.get_splits(OffsetReferential::Original, OffsetType::Byte));
    splits.unwrap_or_default().into_iter().map(|(word, ..)| word.to_owned()).collect()
}

fn restores_spaces(tokenizer: &Tokenizer) -> bool {
    matches!(tokenizer.get_decoder(), Some(DecoderWrapper::ByteLevel(_) | DecoderWrapper::Metaspace(_)))
}

/// All tokens by id; an unused id is a mark.
fn tokens(tokenizer: &Tokenizer, pieces: &WordPiece) -> Vec<Token> {
    let vocabulary = tokenizer.get_vocab(true);
    let added = tokenizer.get_added_tokens_decoder();
    let length = vocabulary.values().max().map_or(0, |highest| *highest as usize + 1);
    let mut tokens = vec![Token::Mark; length];
    for (text, id) in vocabulary {
        let special = added.get(&id).is_some_and(|token| token.special);
        tokens[id as usize] = token(&text, special, pieces);
    }
    tokens
}

fn token(text: &str, special: bool, pieces: &WordPiece) -> Token {
    let prefix = Some(pieces.continuing_subword_prefix.as_str()).filter(|prefix| !prefix.is_empty());
    match prefix.and_then(|prefix| text.strip_prefix(prefix)) {
        _ if text == pieces.unk_token => Token::Word(text.to_owned()),
        _ if special => Token::Mark,
        Some(rest) if !rest.is_empty() => Token::Rest(rest.to_lowercase()),
        _ => Token::Word(text.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TextTokenizer;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../prep/tests/data/models/tiny");

    static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::load(TINY.as_ref()).unwrap());
    static TOKENIZER: LazyLock<TextTokenizer> = LazyLock::new(|| {
        let data = serde_json::json!({"dataset": "d", "tokenizer": "tiny", "max_seq_length": 512});
        TextTokenizer::load(TINY.as_ref(), &serde_json::from_value(data).unwrap()).unwrap()
    });

    fn words(text: &str) -> Vec<String> {
        VOCABULARY.words(&TOKENIZER.ids(text).unwrap().input_ids)
    }

    fn id(token: &str) -> u32 {
        let tokenizer = Tokenizer::from_file(Path::new(TINY).join("tokenizer.json")).unwrap();
        tokenizer.token_to_id(token).unwrap()
    }

    /// The tiny tokenizer with another text in place of `from`, in a folder of its own.
    fn changed(from: &str, to: &str) -> Result<Vocabulary> {
        let folder = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string(Path::new(TINY).join("tokenizer.json")).unwrap();
        assert!(text.contains(from), "{from}");
        let path = folder.path().join("tokenizer.json");
        records::publish::bytes(&path, text.replace(from, to).as_bytes()).unwrap();
        Vocabulary::load(folder.path())
    }

    #[test]
    fn pieces_join_marks_are_dropped_and_punctuation_stands_alone() {
        assert_eq!(
            words("Honest typography, isn't it?<br />[SEP] Zerowidth"),
            ["honest", "typography", ",", "isn", "'", "t", "it", "[UNK]", "zerowidth"]
        );
        assert!(words("").is_empty());
    }

    #[test]
    fn a_piece_without_its_beginning_is_a_word_and_never_joins_across_a_mark() {
        let (the, rest) = (id("the"), id("##graphic"));
        assert_eq!(VOCABULARY.words(&[rest, rest, the]), ["graphicgraphic", "the"]);
        assert_eq!(VOCABULARY.words(&[the, id("[SEP]"), rest]), ["the", "graphic"]);
        assert_eq!(VOCABULARY.words(&[the, 1_000_000, rest, id("[PAD]")]), ["the", "graphic"]);
    }

    #[test]
    fn the_prefix_of_the_model_is_used_and_words_are_lower_case() {
        let other_prefix = changed("\"##", "\"@@").unwrap();
        assert_eq!(other_prefix.words(&[id("the"), id("##graphic")]), ["thegraphic"]);
        let without_type = changed("\"type\": \"WordPiece\",", "").unwrap(); // as bert-base-cased's file
        assert_eq!(without_type.words(&[id("the"), id("##graphic")]), ["thegraphic"]);
        let cased = changed("\"the\"", "\"The\"").unwrap();
        assert_eq!(cased.words(&[id("the"), id("[UNK]")]), ["the", "[UNK]"]);
    }

    #[test]
    fn a_tokenizer_other_than_that_of_bert_is_refused_with_a_remedy() {
        let word_level = changed("\"type\": \"WordPiece\"", "\"type\": \"WordLevel\"");
        for (refused, says) in [
            (changed("{", "["), "cannot be used"),
            (word_level, "is not WordPiece"),
            (
                Vocabulary::load("/nowhere/tiny".as_ref()),
                "no model folder `/nowhere/tiny`; get the model with `fetch model tiny",
            ),
        ] {
            let message = refused.err().unwrap().to_string();
            assert!(message.contains(says) && message.contains("MODELS_DIR=DIR"), "{message}");
        }
    }

    fn known() -> Vec<String> {
        let text = |token: &Token| if let Token::Word(text) = token { Some(text.clone()) } else { None };
        let Spelling::Pieces(tokens) = &VOCABULARY.0 else { unreachable!("the tiny tokenizer is WordPiece") };
        tokens.iter().filter_map(text).filter(|text| text != "[UNK]").collect()
    }

    proptest! {
        #[test]
        fn words_of_the_vocabulary_are_restored(text in proptest::collection::vec(proptest::sample::select(known()), 0..40)) {
            prop_assert_eq!(words(&text.join(" ")), text);
        }

        #[test]
        fn words_of_pieces_are_restored_or_unknown(text in proptest::collection::vec("[a-z0]{1,12}", 0..40)) {
            let spelled = words(&text.join(" "));
            prop_assert_eq!(spelled.len(), text.len());
            prop_assert!(spelled.iter().zip(&text).all(|(word, written)| word == written || word == "[UNK]"));
        }
    }
}
