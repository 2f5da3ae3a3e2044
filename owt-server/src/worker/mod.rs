//! Python in processes of their own, where it can crash, hang or swell for itself.
//!
//! The server's side: [`Crew`] is the engine's host. It places calls, and has a post for
//! each worker, whose thread starts the process, hears it, buries it and starts the next;
//! a monitor looks for what hangs or swells. The worker's side is [`run_worker`]. Between
//! them: a socket with frames both ways, one for open files, a pipe for log lines, and a table in
//! shared memory that says which calls have begun.

mod answers;
mod claims;
mod command;
mod crew;
mod culprits;
mod deaf;
mod frame;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod guard;
mod handing;
mod inbox;
mod inside;
mod log;
mod mark;
mod monitor;
mod obituary;
mod outbox;
mod placement;
mod plan;
mod post;
mod sandbox;
mod swelling;
mod tree;
mod words;
#[allow(clippy::module_inception, reason = "it is the worker among the rooms of workers")]
mod worker;

pub use command::WorkerCommand;
pub(crate) use crew::{Bounds, Crew};
pub use guard::run_guard;
pub use inside::{WorkerError, run_worker};
pub use plan::Workers;
pub(crate) use sandbox::Walls;
pub use sandbox::{Sandbox, SandboxError};
