//! From a text to the token ids a model reads: clean-up, tokenizer, truncation.
//!
//! `prep` asks for a whole data set and `evaluate` for single texts; both must get the same ids.

mod cleaning;
mod tokenizer;
mod truncation;
mod words;

pub use tokenizer::{TextTokenizer, TokenIds};
