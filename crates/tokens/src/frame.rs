//! The special tokens before and after every text.

use tokenizers::Tokenizer;

/// Ids of the special tokens.
pub(crate) struct Frame {
    pub(crate) cls: u32,
    pub(crate) sep: u32,
    pub(crate) pad: u32,
}

/// Any text with several tokens.
const PROBE: &str = "a film of 1999, no more";

impl Frame {
    /// The special tokens that `tokenizer` adds to a text.
    ///
    /// # Errors
    /// The tokenizer does not add exactly `[CLS]` before and `[SEP]` after a text, or gives a token a type other than
    /// 0.
    pub(crate) fn of(tokenizer: &Tokenizer) -> Result<Self, String> {
        let id = |token: &str| {
            tokenizer.token_to_id(token).ok_or_else(|| format!("has no `{token}`: add it to the vocabulary"))
        };
        let frame = Frame { cls: id("[CLS]")?, sep: id("[SEP]")?, pad: id("[PAD]")? };
        for text in ["", PROBE] {
            let encode = |framed| tokenizer.encode_fast(text, framed).map_err(|e| format!("fails on `{text}`: {e}"));
            let (bare, framed) = (encode(false)?, encode(true)?);
            if framed.get_ids() != [&[frame.cls], bare.get_ids(), &[frame.sep]].concat() {
                return Err("does not put exactly `[CLS]` before and `[SEP]` after a text: set `post_processor` in \
                            `tokenizer.json` to the template `[CLS] $A [SEP]`"
                    .to_owned());
            }
            if framed.get_type_ids().iter().any(|token_type| *token_type != 0) {
                return Err("gives tokens of a single text a type other than 0, which is not supported: set \
                            every `type_id` under `post_processor.single` in `tokenizer.json` to 0"
                    .to_owned());
            }
        }
        Ok(frame)
    }
}
