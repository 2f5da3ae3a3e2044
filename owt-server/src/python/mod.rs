//! The only module that knows Python: the interpreter, adaptors, calling them,
//! pulling what they stream. What leaves it is plain Rust.

#![allow(clippy::disallowed_methods, reason = "this is the room that attaches to Python")]

mod adaptors;
mod answer;
mod ask;
mod body;
mod bridge;
mod calling;
mod children;
mod discover;
mod exits;
mod host;
mod interrupt;
mod job;
mod lane;
mod launch;
mod lines;
mod linked;
mod package;
mod places;
mod pool;
mod raw;
mod reclaim;
mod seat;
mod settings;
mod sink;
mod turn;
mod usage;
mod versions;

pub(crate) use ask::diagnose;
pub use ask::{Diagnosis, check_expression, literal_of};
pub use discover::DiscoverError;
pub(crate) use discover::suitable;
pub use host::HostError;
pub(crate) use host::{Around, PythonHost};
pub(crate) use job::MOST_LOOPING;
pub use launch::LaunchError;
pub(crate) use lines::{Line, Lines, log};
pub(crate) use package::{cache_folder, lay_out};
pub(crate) use pool::Source;
pub(crate) use reclaim::{Slim, Slimmed};
pub(crate) use settings::Settings;
