//! Damaged or hostile input to the tools: each tool stops with exit code 1, one line names the place and the fix, and
//! nothing is written.
//!
//! The tests use the tools of the last `make build`; `make test` builds them first.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a failed test panics")]

#[path = "hostile/attack.rs"]
mod attack;
#[path = "hostile/interplay.rs"]
mod interplay;
#[path = "hostile/models.rs"]
mod models;
#[path = "hostile/place.rs"]
mod place;
#[path = "hostile/records.rs"]
mod records;
#[path = "hostile/studies.rs"]
mod studies;
