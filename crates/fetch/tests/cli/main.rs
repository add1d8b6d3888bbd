//! `fetch` on the command line, with a loopback server.
#![expect(clippy::unwrap_used, reason = "a test says no by panicking")]

mod client;
mod download;
mod server;
mod unreachable;
mod version;
