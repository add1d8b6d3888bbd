//! The tokenizer of a model folder, asked for whole texts.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use records::shards::sha256_hex;
use study::Data;
use tokenizers::Tokenizer;

use crate::cleaning::Cleaning;
use crate::markup::without_markup;
use crate::truncation::{Cut, SPECIAL_TOKENS};
use crate::words::Words;

/// A model's tokenizer, asked for whole texts: truncation is ours, padding belongs to the batch.
pub struct TextTokenizer {
    /// The file it was read from.
    pub path: PathBuf,
    /// sha256 of that file.
    pub sha256: String,
    /// Ids are below this.
    pub vocab_size: usize,
    /// The id that fills batches.
    pub pad_token_id: u32,
    cleaning: Cleaning,
    words: Words,
    cut: Cut,
    cls: u32,
    sep: u32,
}

/// A text as token ids.
pub struct TokenIds {
    /// `[P]` ids with `[CLS]` and `[SEP]`, at most `max_seq_length`.
    pub input_ids: Vec<u32>,
    /// Tokens with `[CLS]` and `[SEP]`, before truncation.
    pub length: usize,
}

impl TextTokenizer {
    /// Read `tokenizer.json` in `folder`; `data` says what of a text stays.
    ///
    /// # Errors
    /// The file is missing, is no tokenizer, or frames a text otherwise than BERT does.
    pub fn load(folder: &Path, data: &Data) -> Result<Self> {
        let path = folder.join("tokenizer.json");
        let bytes = std::fs::read(&path).map_err(|e| missing(&path, &data.tokenizer, &e))?;
        let wrong = |what: String| anyhow!("tokenizer `{}` {what}; {}", path.display(), remedy(&data.tokenizer));
        let mut tokenizer = Tokenizer::from_bytes(&bytes).map_err(|e| wrong(format!("cannot be used: {e}")))?;
        tokenizer.with_padding(None).with_truncation(None).map_err(|e| wrong(e.to_string()))?;
        let id = |token| tokenizer.token_to_id(token).ok_or_else(|| wrong(format!("has no `{token}`")));
        let (cls, sep, pad_token_id) = (id("[CLS]")?, id("[SEP]")?, id("[PAD]")?);
        let frame = tokenizer.encode_fast("", true).map_err(|e| wrong(e.to_string()))?;
        if frame.get_ids() != [cls, sep] {
            return Err(wrong("does not put `[CLS]` before and `[SEP]` behind a text".to_owned()));
        }
        let vocab_size = tokenizer.get_vocab(true).into_values().max().map_or(0, |highest| highest as usize + 1);
        Ok(TextTokenizer {
            path,
            sha256: sha256_hex(&bytes),
            vocab_size,
            pad_token_id,
            cleaning: Cleaning::new(&data.cleaning),
            words: Words::new(tokenizer),
            cut: Cut::new(data),
            cls,
            sep,
        })
    }

    /// Clean, tokenize and truncate one text.
    ///
    /// # Errors
    /// The tokenizer refuses the text.
    pub fn ids(&self, text: &str) -> Result<TokenIds> {
        let text = self.cleaning.apply(without_markup(text));
        let ids = self.words.ids(&text).map_err(|e| anyhow!("{e}"))?;
        let (head, tail) = self.cut.apply(&ids);
        Ok(TokenIds { input_ids: [&[self.cls], head, tail, &[self.sep]].concat(), length: ids.len() + SPECIAL_TOKENS })
    }
}

pub(crate) fn missing(path: &Path, name: &str, error: &std::io::Error) -> anyhow::Error {
    let folder = path.parent().unwrap_or(path);
    match folder.is_dir() {
        true => anyhow!("reading tokenizer `{}`: {error}; {}", path.display(), remedy(name)),
        false => anyhow!("no model folder `{}`; {}", folder.display(), remedy(name)),
    }
}

pub(crate) fn remedy(name: &str) -> String {
    format!("bring the model with `fetch model {name} --out DIR`, or name a copy with `make … MODELS_DIR=DIR`")
}
