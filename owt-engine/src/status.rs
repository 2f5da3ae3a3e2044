//! Describes the state of a host, for probes and metrics.

/// A host at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostStatus {
    /// It takes calls.
    pub ready: bool,
    /// Calls that wait, for a thread or for their adaptor's load.
    pub waiting: usize,
    /// Every process that runs calls.
    pub workers: Vec<WorkerStatus>,
}

/// A process that runs calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkerStatus {
    /// Its place among the workers; the process that takes the place of a dead one has it too.
    pub index: usize,
    /// The process's id.
    pub pid: u32,
    /// It lives and takes calls.
    pub up: bool,
    /// How often another process took this place.
    pub restarts: u64,
    /// Why processes of this place died, and how often.
    pub deaths: Vec<(&'static str, u64)>,
    /// Calls that run.
    pub running: usize,
    /// Adaptors that are loaded.
    pub warm_adaptors: usize,
    /// Memory of the process that is in RAM.
    pub resident_bytes: u64,
}
