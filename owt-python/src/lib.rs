//! Runs Python for owt: the interpreter and its threads, adaptors, calls, streams, and the main of
//! a worker. Only plain Rust leaves this crate.
//!
//! It comes to life in two ways: a program starts the interpreter that it is linked with (feature
//! `embed`), or an interpreter of any version from 3.11 on loads it (feature `extension`).

#![allow(clippy::disallowed_methods, reason = "this is the crate that attaches to Python")]

mod adaptors;
mod answer;
mod body;
mod bridge;
mod calling;
mod children;
mod exits;
mod host;
mod interrupt;
mod job;
mod json;
mod lane;
#[cfg(feature = "embed")]
mod launch;
mod lines;
#[cfg(feature = "embed")]
pub mod linked;
mod literals;
#[cfg(feature = "extension")]
mod module;
#[cfg(feature = "embed")]
mod package;
mod places;
mod pool;
mod raw;
mod reclaim;
mod seat;
mod sink;
mod turn;
mod usage;
mod versions;
mod worker;

pub use host::{Around, HostError, PythonHost};
#[cfg(feature = "embed")]
pub use launch::LaunchError;
#[cfg(feature = "embed")]
pub use package::lay_out;
pub use worker::{WorkerError, run_worker};
