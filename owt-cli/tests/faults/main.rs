//! What adaptors, clients and signals can do to worker processes, and that others do not notice.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

mod nasty;
mod orphans;
mod sandbox;
mod survival;

mod cores;
mod cutting;
mod dying;
mod ending;
mod ending_async;
mod exits;
mod forking;
mod killing;
mod leaving;
mod memory;
mod replacing;
mod soak;
mod warm;
