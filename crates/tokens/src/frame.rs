//! The special tokens of a tokenizer, as its own `post_processor` and model use them.

use tokenizers::{Model, Tokenizer};

/// Ids of the special tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Frame {
    /// Before every text, such as `[CLS]` or `<s>`.
    pub(crate) cls: u32,
    /// After every text, such as `[SEP]` or `</s>`.
    pub(crate) sep: u32,
    /// Fills batches.
    pub(crate) pad: u32,
    /// Stands for what the vocabulary cannot spell; `None` if it can spell everything.
    pub(crate) unknown: Option<u32>,
}

/// Any text with several tokens.
const PROBE: &str = "a film of 1999, no more";

/// A character that no language has, so no vocabulary either.
const IN_NO_VOCABULARY: &str = "\u{10ffff}";

impl Frame {
    /// The special tokens of `tokenizer`; the first of `pads` in its vocabulary is the padding token.
    ///
    /// # Errors
    /// The tokenizer does not add exactly one token before and one after a text, gives a token a type other than 0, or
    /// has no padding token.
    pub(crate) fn of(tokenizer: &Tokenizer, pads: &[&str]) -> Result<Self, String> {
        let (cls, sep) = around(tokenizer, "")?;
        if around(tokenizer, PROBE)? != (cls, sep) {
            return Err(misfit(tokenizer, PROBE));
        }
        let pad = pads.iter().find_map(|pad| tokenizer.token_to_id(pad)).ok_or_else(|| {
            format!(
                "has no padding token `{}`: name one of its tokens as `pad_token` in `tokenizer_config.json`",
                pads.join("` or `")
            )
        })?;
        Ok(Frame { cls, sep, pad, unknown: unknown(tokenizer) })
    }
}

/// The id of the token for what the vocabulary cannot spell.
pub(crate) fn unknown(tokenizer: &Tokenizer) -> Option<u32> {
    let tokens = tokenizer.get_model().tokenize(IN_NO_VOCABULARY).ok()?;
    <[_; 1]>::try_from(tokens).ok().map(|[token]| token.id)
}

/// The tokens before and after the tokens of `text`.
fn around(tokenizer: &Tokenizer, text: &str) -> Result<(u32, u32), String> {
    let encode = |framed| tokenizer.encode_fast(text, framed).map_err(|e| format!("fails on `{text}`: {e}"));
    let (bare, framed) = (encode(false)?, encode(true)?);
    let [cls, inner @ .., sep] = framed.get_ids() else { return Err(misfit(tokenizer, text)) };
    if inner != bare.get_ids() {
        return Err(misfit(tokenizer, text));
    }
    match framed.get_type_ids().iter().all(|token_type| *token_type == 0) {
        true => Ok((*cls, *sep)),
        false => Err("gives tokens of a single text a type other than 0, which is not supported: set every `type_id` \
                      under `post_processor.single` in `tokenizer.json` to 0"
            .to_owned()),
    }
}

fn misfit(tokenizer: &Tokenizer, text: &str) -> String {
    let spelled = tokenizer.encode(text, true).map(|framed| framed.get_tokens().join(" ")).unwrap_or_default();
    format!(
        "turns the text `{text}` into the tokens `{spelled}`, but only one token before and one after a text are \
         supported: set `post_processor` in `tokenizer.json` to a template like `[CLS] $A [SEP]`"
    )
}
