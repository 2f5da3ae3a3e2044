//! What an interpreter is started with, here or in a worker process.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::discover::{Found, check_build, check_version, discover};
use super::host::HostError;
use super::package;
use crate::config::Config;
use crate::listener::Address;
use crate::private::{self, FolderError};

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
    /// Looks for the Python that the configuration means, and lays the package out.
    ///
    /// # Errors
    /// When there is no suitable Python, or nowhere to write.
    pub fn new(config: &Config, address: &Address, scratch: &Path) -> Result<Self, HostError> {
        let found = discover(config.python.as_deref())?;
        check_version(&found)?;
        check_build(&found)?;
        let adaptors = scratch.join("adaptors");
        std::fs::create_dir_all(&adaptors).map_err(HostError::Package)?;
        let absolute =
            |folder: &PathBuf| std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
        let (address, port) = match address {
            Address::Tcp { bound, .. } => (bound.ip().to_string(), bound.port()),
            Address::Unix(_) => (address.to_string(), 0),
        };
        let lib_dirs: Vec<_> = config.lib_dirs.iter().map(absolute).collect();
        for folder in &lib_dirs {
            if let Err(FolderError::Shared { path }) = private::check(folder) {
                let (folder, path) = (folder.display(), path.display());
                tracing::warn!(
                    "adaptors import modules from {folder}, and others may write to {path}: what \
                     they put there would run as you"
                );
            }
        }
        Ok(Self {
            found,
            package: package::lay_out(scratch).map_err(HostError::Package)?,
            adaptors,
            binary: std::env::current_exe().unwrap_or_default(),
            address,
            port,
            lib_dirs,
            threads: config.threads,
            max_queue: config.max_queue.max(1),
            max_adaptors: config.max_adaptors,
            answer_bytes: config.answer_bytes,
            verbosity: config.verbosity,
            keeps_files: config.sandbox.as_ref().is_some_and(|kept| kept.writable.is_some()),
            keeps_network: config.sandbox.as_ref().is_some_and(|kept| kept.no_network),
        })
    }

    /// Where that process writes the sources of its adaptors, for tracebacks, tools that read them,
    /// and programs of theirs that import them. What one unloads, another may still run.
    pub fn adaptors_of(&self, process: u32) -> PathBuf {
        self.adaptors.join(process.to_string())
    }
}
