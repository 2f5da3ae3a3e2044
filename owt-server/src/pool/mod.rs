//! Python in processes of its own, where it can crash, hang or grow without harming the server.
//!
//! A [`Supervisor`] starts, watches and ends all worker processes of a server. A [`Pool`] is an
//! engine's host: it places calls in the workers of one served Python. Each of its workers holds a
//! [slot](slot); a [keeper](keeper) thread starts the process, hears it to its end and starts the
//! next. What runs in the process is owt-python's; what both sides say to each other is
//! `owt_engine::link`.
//!
//! # Order of locks
//!
//! Whoever holds one of these takes only those below it:
//!
//! 1. `Supervisor::pools`, the list;
//! 2. `Pool::state`, slots, waiting calls and processes;
//! 3. `Process::phase`;
//! 4. `Worker::calls`, the table of calls;
//! 5. `Budget::state`, `Outbox`, `MemoryWatch`, `Asked`, `LastLines`, each alone.
//!
//! `Spawner::children` stands apart: nothing else is taken while it is held. Nothing is sent to a
//! worker or a caller, and no thread is woken, while 1 to 3 are held. Events of a call are sent under
//! its table: a worker whose call was taken back must not answer it any more.

mod budget;
mod command;
mod death;
mod guard;
mod hearing;
mod keeper;
mod mark;
mod memory;
mod monitor;
mod output;
mod placement;
mod plan;
#[allow(clippy::module_inception, reason = "the pool itself, among its parts")]
mod pool;
mod process;
mod quarantine;
mod runaway;
mod slot;
mod spawner;
mod supervisor;
mod tree;
mod worker;

pub use command::WorkerCommand;
pub use guard::run_guard;
pub use plan::Workers;
pub(crate) use pool::{Limits, Pool, PoolPlan};
pub(crate) use supervisor::Supervisor;
