//! What people, disks and strangers hand to the tools: each is refused with exit code 1 and one line that says where and
//! what to do, and nothing is written.
//!
//! The tools are those of the last `make build`; `make test` sees to that.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test says no by panicking")]

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
