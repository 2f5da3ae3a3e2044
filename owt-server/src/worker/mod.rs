//! Python in processes of their own, where it can crash, hang or swell for itself.
//!
//! The server's side: [`Crew`] is the engine's host. It places calls, and has a post for
//! each worker, whose thread starts the process, hears it, buries it and starts the next;
//! a monitor looks for what hangs or swells. The worker's side is owt-python's, and what both say
//! to each other is `owt_engine::link`.

mod answers;
mod command;
mod crew;
mod culprits;
mod deaf;
mod guard;
mod mark;
mod monitor;
mod obituary;
mod placement;
mod plan;
mod post;
mod swelling;
mod tree;
mod words;
#[allow(clippy::module_inception, reason = "it is the worker among the rooms of workers")]
mod worker;

pub use command::WorkerCommand;
pub(crate) use crew::{Bounds, Crew};
pub use guard::run_guard;
pub use plan::Workers;
