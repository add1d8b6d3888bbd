//! `prep` as it is called: archives, streams, golden tokens, refusals.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod archives;
mod formats;
mod parquet;
mod refusals;
mod streams;
mod texts;
mod tokens;
mod workplace;
