//! Defines what Python is hosted with, here or in a worker process.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Calls on the event loop of one process at most.
pub const MOST_LOOPING: usize = 10_000;

/// What the served interpreter says of itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Found {
    /// `sys.executable`.
    pub executable: PathBuf,
    /// `major.minor.micro`.
    pub version: String,
    /// `sys.prefix`: the virtual environment, or the installation.
    pub prefix: PathBuf,
    /// `sys.base_prefix`: the installation.
    pub base_prefix: PathBuf,
    /// `sys.implementation.name`.
    pub implementation: String,
    /// False for a free-threaded build.
    pub has_gil: bool,
    /// Modules that are built into its executable, and that no file provides.
    pub only_built_in: Vec<String>,
}

/// All that hosting Python needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// The Python to serve.
    pub found: Found,
    /// The folder that holds the package `owt`.
    pub package: PathBuf,
    /// Where the sources of adaptors are written, in a folder for each process that runs them.
    pub adaptors: PathBuf,
    /// The program that serves.
    pub binary: PathBuf,
    /// Where the server listens: an IP address, or `unix:` and a path.
    pub address: String,
    /// Its port; 0 on a Unix socket.
    pub port: u16,
    /// Folders whose modules adaptors can import.
    pub lib_dirs: Vec<PathBuf>,
    /// Python threads at most.
    pub threads: usize,
    /// Threads that native libraries (BLAS, OpenMP) may use for one computation.
    pub native_threads: usize,
    /// Calls that may wait for one.
    pub max_queue: usize,
    /// Distinct adaptors kept warm.
    pub max_adaptors: usize,
    /// Bytes of whole answers that wait for the server to fetch them.
    pub answer_bytes: usize,
    /// Above 0 adaptors' `DEBUG` lines are logged, below 0 only warnings.
    pub verbosity: i8,
    /// The sandbox keeps adaptors from writing files; for what is said of errors that come of it.
    pub keeps_files: bool,
    /// The sandbox keeps adaptors from the network.
    pub keeps_network: bool,
}

impl Settings {
    /// Where that process writes the sources of its adaptors, for tracebacks, tools that read them,
    /// and programs of theirs that import them. What one unloads, another may still run.
    pub fn adaptors_of(&self, process: u32) -> PathBuf {
        self.adaptors.join(process.to_string())
    }
}

/// What a worker has done to hold less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slimmed {
    /// Adaptors that it unloaded.
    pub unloaded: usize,
    /// What it holds now.
    pub bytes: u64,
}
