//! What an interpreter is started with, here or in a worker process.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::discover::Found;

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
    pub lib_dirs: Vec<PathBuf>,
    pub threads: usize,
    pub max_queue: usize,
    pub max_adaptors: usize,
    pub answer_bytes: usize,
    pub verbosity: i8,
    /// What the sandbox keeps adaptors from, for what is said of errors that come of it.
    pub keeps_files: bool,
    pub keeps_network: bool,
}

impl Settings {
    /// Where that process writes the sources of its adaptors, for tracebacks, tools that read them,
    /// and programs of theirs that import them. What one unloads, another may still run.
    pub fn adaptors_of(&self, process: u32) -> PathBuf {
        self.adaptors.join(process.to_string())
    }
}
