//! Describes what a server's workers hold warm: the answer to `GET /_owt/adaptors`.

use serde::{Deserialize, Serialize};

/// Where the server says it.
pub const WARM_PATH: &str = "/_owt/adaptors";

/// A server's workers, and the adaptors that are warm in each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Warm {
    /// Every worker, by its place; with `--workers 0` the server's own process alone.
    pub workers: Vec<WarmWorker>,
}

/// A process that runs calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WarmWorker {
    /// Its place among the workers.
    pub index: usize,
    /// The process's id; 0 while there is none.
    pub pid: u32,
    /// It lives and takes calls.
    pub up: bool,
    /// Bytes of memory of the process that are in RAM.
    pub resident_bytes: u64,
    /// Calls under way.
    pub running: usize,
    /// The adaptors that are loaded; `None` when the worker did not answer in time.
    pub adaptors: Option<Vec<WarmAdaptor>>,
}

/// A version of an adaptor that is loaded in a worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WarmAdaptor {
    /// The SHA-256 of its code, in hexadecimal.
    pub code: String,
    /// What the call that loaded it named its code.
    pub code_name: Option<String>,
    /// The path of that call.
    pub path: String,
    /// The function of that call.
    pub fn_name: String,
    /// Calls that have begun in it.
    pub calls: u64,
    /// Calls that are under way in it.
    pub running: usize,
    /// Seconds since its last call began or ended.
    pub idle_seconds: f64,
}
