//! `fetch` as it is called, with a server on the loopback.
#![expect(clippy::unwrap_used, reason = "a test says no by panicking")]

mod client;
mod download;
mod server;
mod unreachable;
mod version;
