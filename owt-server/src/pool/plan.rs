//! Says how many workers a server has, how they are started and what each may do.

use super::command::WorkerCommand;
use owt_system::sandbox::Sandbox;

/// The workers of a server. [`Workers::default`] is the command line's default.
#[derive(Clone, Debug)]
pub struct Workers {
    /// Worker processes. 0 hosts Python in the server's own process.
    pub count: usize,
    /// How a worker process is started that runs the Python which this program is linked with. Any
    /// other Python is a program of its own.
    pub command: WorkerCommand,
    /// How the process is started that ends what workers leave behind when the server is
    /// killed: one that calls [`run_guard`](crate::run_guard).
    pub guard: WorkerCommand,
    /// What workers are kept from; `None` is nothing.
    pub sandbox: Option<Sandbox>,
    /// Bytes of memory that a worker may hold; it is ended when it holds more.
    pub max_memory: Option<u64>,
    /// Calls after which a worker is replaced by a fresh one, give or take a tenth.
    pub max_requests: Option<u64>,
}

impl Default for Workers {
    fn default() -> Self {
        Self {
            count: 1,
            command: WorkerCommand::this("worker"),
            guard: WorkerCommand::this("guard"),
            sandbox: None,
            max_memory: None,
            max_requests: None,
        }
    }
}
