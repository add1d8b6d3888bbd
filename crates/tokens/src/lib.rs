//! From a text to the token ids of a model (cleaning, tokenizer, truncation), and from ids back to words.
//!
//! `prep` tokenizes whole data sets and `evaluate` single texts; both must get the same ids.

mod added;
mod cleaning;
mod files;
mod foreign;
mod frame;
mod markup;
mod normalizer;
mod positions;
mod tokenizer;
mod traced;
mod truncation;
mod versions;
mod vocabulary;
mod vocabulary_file;
mod word_cache;

pub use files::TokenizerFiles;
pub use foreign::foreign_to;
pub use positions::{check_length, positions};
pub use tokenizer::{Spanned, TextTokenizer, TokenIds};
pub use traced::MARKUP;
pub use vocabulary::Vocabulary;
