//! How a process of the server's is started.

use std::ffi::OsString;
use std::path::PathBuf;

/// How a process of the server's is started: this program in one of its roles, or anything else
/// that does the same with the descriptors that it is given.
#[derive(Clone, Debug)]
pub struct WorkerCommand {
    /// What is run.
    pub program: PathBuf,
    /// What it is told that it is called (`argv[0]`).
    pub name: OsString,
    /// Its arguments, before the descriptors' numbers: socket, log, table of claims, socket for
    /// files.
    pub args: Vec<OsString>,
}

impl WorkerCommand {
    /// This program in one of its roles.
    #[must_use]
    pub fn this(role: &str) -> Self {
        // Not by its path: the file may have been replaced by a newer program since.
        Self { program: "/proc/self/exe".into(), name: "owt".into(), args: vec![role.into()] }
    }
}
