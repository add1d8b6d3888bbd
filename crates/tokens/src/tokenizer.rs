//! The tokenizer of a model folder, for whole texts.

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use study::Data;
use tokenizers::ModelWrapper;

use crate::cleaning::Cleaning;
use crate::files::TokenizerFiles;
use crate::frame::Frame;
use crate::markup::without_markup;
use crate::traced::Traced;
use crate::truncation::{Cut, SPECIAL_TOKENS};
use crate::word_cache::{Place, WordCache};

/// Upper bound on ids: tables over all ids would otherwise exhaust memory.
pub(crate) const MOST_IDS: usize = 10_000_000;

/// Upper bound on the length of a word, because the work grows with its third power; BERT's own bound is 100.
const MOST_CHARACTERS_PER_WORD: usize = 200;

/// Upper bound on the bytes of a text, 1 MiB: without white space it takes about 500 times its size in memory.
const LONGEST_TEXT_BYTES: usize = 1 << 20;

/// A model's tokenizer for whole texts: we truncate, and batches are padded later.
pub struct TextTokenizer {
    /// The file of the tokenizer.
    pub path: PathBuf,
    /// sha256 of that file.
    pub sha256: String,
    /// Upper bound on ids (exclusive).
    pub vocab_size: usize,
    /// The padding id.
    pub pad_token_id: u32,
    /// The id for what the vocabulary cannot spell; `None` if it can spell everything.
    pub unknown_token_id: Option<u32>,
    frame: Frame,
    cleaning: Cleaning,
    words: WordCache,
    cut: Cut,
}

/// A text as token ids.
pub struct TokenIds {
    /// `[P]` ids with the special tokens around the text, at most `max_seq_length`.
    pub input_ids: Vec<u32>,
    /// Number of tokens with the special tokens around the text, before truncation.
    pub length: usize,
}

/// A token with its bytes in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanned {
    /// The token's id.
    pub id: u32,
    /// The token as the vocabulary writes it, such as `##ing`.
    pub token: String,
    /// Its bytes in the original text, without white space around them; `None` for special tokens and for white space.
    pub span: Option<Range<usize>>,
    /// Whether it continues the word of the token before it.
    pub continues: bool,
}

impl TextTokenizer {
    /// Read the tokenizer in `folder`; `data` has the settings for cleaning and truncation.
    ///
    /// # Errors
    /// The files are missing or damaged, or the tokenizer adds other than one special token before
    /// and one after a text.
    pub fn load(folder: &Path, data: &Data) -> Result<Self> {
        let files = TokenizerFiles::read(folder, &data.tokenizer)?;
        if let Some(notice) = &files.notice {
            log::warn!("{notice}");
        }
        let wrong = |what: String| anyhow!("tokenizer `{}` {what}", files.path.display());
        let mut tokenizer = files.tokenizer(&data.tokenizer)?;
        tokenizer.with_padding(None).with_truncation(None).map_err(|e| wrong(e.to_string()))?;
        let frame = Frame::of(&tokenizer, &files.pads()).map_err(wrong)?;
        let vocab_size = tokenizer.get_vocab(true).into_values().max().map_or(0, |highest| highest as usize + 1);
        if matches!(tokenizer.get_model(), ModelWrapper::WordPiece(model) if model.max_input_chars_per_word > MOST_CHARACTERS_PER_WORD)
        {
            return Err(wrong(format!(
                "splits words of more than {MOST_CHARACTERS_PER_WORD} characters: lower `max_input_chars_per_word`"
            )));
        }
        if vocab_size > MOST_IDS {
            return Err(wrong(format!("has ids above {MOST_IDS}")));
        }
        Ok(TextTokenizer {
            sha256: files.sha256(),
            path: files.path,
            vocab_size,
            pad_token_id: frame.pad,
            unknown_token_id: frame.unknown,
            frame,
            cleaning: Cleaning::new(&data.cleaning),
            words: WordCache::new(tokenizer),
            cut: Cut::new(data),
        })
    }

    /// Clean, tokenize and truncate one text.
    ///
    /// # Errors
    /// The tokenizer fails on the text, or the text is longer than 1 MiB.
    pub fn ids(&self, text: &str) -> Result<TokenIds> {
        bounded(text)?;
        let text = self.cleaning.apply(without_markup(text));
        let ids = self.words.ids(&text).map_err(|e| anyhow!("{e}"))?;
        let (head, tail) = self.cut.apply(&ids);
        Ok(TokenIds {
            input_ids: [&[self.frame.cls], head, tail, &[self.frame.sep]].concat(),
            length: ids.len() + SPECIAL_TOKENS,
        })
    }

    /// The tokens of [`TextTokenizer::ids`], each with its bytes in `text`; of a truncated text, the first and the last
    /// tokens with their true positions.
    ///
    /// # Errors
    /// The tokenizer fails on the text, or the text is longer than 1 MiB.
    pub fn spans(&self, text: &str) -> Result<Vec<Spanned>> {
        bounded(text)?;
        let clean = self.cleaning.apply_traced(Traced::without_markup(text));
        let tokens = self.words.spans(&clean.text).map_err(|e| anyhow!("{e}"))?;
        let token = |id: u32| self.words.piece(id).unwrap_or_default();
        let special = |id: u32| Spanned { id, token: token(id), span: None, continues: false };
        let inner = |Place { id, bytes, continues }: Place| {
            let bytes = trimmed(&clean.text, bytes);
            let span = (!bytes.is_empty()).then(|| clean.range(bytes));
            Spanned { id, token: token(id), span, continues }
        };
        let all: Vec<Spanned> = tokens.into_iter().map(inner).collect();
        let (head, tail) = self.cut.apply(&all);
        Ok([&[special(self.frame.cls)], head, tail, &[special(self.frame.sep)]].concat())
    }
}

/// `bytes` without the white space that byte-level BPE and SentencePiece count to the word after it.
fn trimmed(text: &str, bytes: Range<usize>) -> Range<usize> {
    let start = bytes.end - text[bytes.clone()].trim_start().len();
    start..start + text[start..bytes.end].trim_end().len()
}

fn bounded(text: &str) -> Result<()> {
    ensure!(text.len() <= LONGEST_TEXT_BYTES, "the text has {} bytes; the limit is 1 MiB, so shorten it", text.len());
    Ok(())
}

/// Files from which transformers makes `tokenizer.json`, and which are not read.
const SLOW_TOKENIZERS: [&str; 4] = ["merges.txt", "sentencepiece.bpe.model", "spiece.model", "tokenizer.model"];

pub(crate) fn missing(path: &Path, name: &str, error: &std::io::Error) -> anyhow::Error {
    let folder = path.parent().unwrap_or(path);
    if !folder.is_dir() {
        let above = folder.parent().unwrap_or(folder);
        let is_model = ["config.json", "tokenizer.json"].iter().any(|file| above.join(file).exists());
        let remedy = match is_model {
            true => format!("`{}` is a model's folder; `--models` (MODELS_DIR) names the one above", above.display()),
            false => remedy(name),
        };
        return anyhow!("no model folder `{}`; {remedy}", folder.display());
    }
    let slow = SLOW_TOKENIZERS.iter().find(|file| folder.join(file).exists());
    let remedy = slow.map_or_else(
        || remedy(name),
        |file| {
            format!(
                "`{file}` is not read: write the file in Python with `transformers.AutoTokenizer.from_pretrained(DIR)\
             .save_pretrained(DIR)`, where DIR is the model's folder"
            )
        },
    );
    anyhow!("reading tokenizer `{}`: {error}; {remedy}", path.display())
}

pub(crate) fn remedy(name: &str) -> String {
    format!("get the model with `fetch model {name} --out DIR`, or name a copy with `make … MODELS_DIR=DIR`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn tokenizer(settings: serde_json::Value) -> TextTokenizer {
        let mut data = json!({"dataset": "d", "tokenizer": "tiny", "max_seq_length": 8});
        data.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../prep/tests/data/models/tiny");
        TextTokenizer::load(&folder, &serde_json::from_value(data).unwrap()).unwrap()
    }

    fn ways() -> [serde_json::Value; 4] {
        [
            json!({"truncation": "head+tail"}),
            json!({"truncation": "tail-only"}),
            json!({"max_seq_length": 64}),
            json!({"max_seq_length": 64, "cleaning": ["punctuation", "case", "stem"]}),
        ]
    }

    #[test]
    fn a_span_is_the_text_as_it_was_written() {
        let text = "A <br /><br />GOOD film, Amélie 🎬!";
        let whole = tokenizer(json!({"max_seq_length": 64})).spans(text).unwrap();
        let pieces: Vec<&str> = whole.iter().filter_map(|token| Some(&text[token.span.clone()?])).collect();
        assert_eq!(pieces.concat(), text.replace("<br />", "").replace(' ', ""));
        assert!(whole.first().zip(whole.last()).is_some_and(|(cls, sep)| cls.span.is_none() && sep.span.is_none()));
    }

    proptest! {
        #[test]
        fn spans_have_the_ids_of_the_model_and_are_in_order(
            words in proptest::collection::vec("[a-zA-Zé,.!]{1,9}|<br />|🎬| {1,2}|naïve|\u{301}", 0..24),
        ) {
            let text = words.join(" ");
            for way in ways() {
                let tokenizer = tokenizer(way);
                let spans = tokenizer.spans(&text).unwrap();
                prop_assert_eq!(spans.iter().map(|token| token.id).collect::<Vec<_>>(), tokenizer.ids(&text).unwrap().input_ids);
                let places: Vec<Range<usize>> = spans.iter().filter_map(|token| token.span.clone()).collect();
                prop_assert!(places.iter().all(|place| text.get(place.clone()).is_some_and(|part| !part.is_empty())));
                prop_assert!(places.windows(2).all(|pair| pair[0].start <= pair[1].start && pair[0].end <= pair[1].end));
            }
        }
    }
}
