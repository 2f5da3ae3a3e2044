//! Keeps a worker from writing where it should not, from other processes, and from the network.
//!
//! The server checks at its start that the kernel can do it, and says in the first frame what
//! each worker shall do to itself before it has a second thread or any Python. There is no way
//! back: everything that comes of the worker inherits it.

mod calls;
mod files;
mod privileges;

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use files::Place;

use crate::private;

/// What workers are kept from. [`Sandbox::default`] keeps them from nothing.
#[derive(Clone, Debug, Default)]
pub struct Sandbox {
    /// Workers write only to temporary files, a cache of their own and these files and folders,
    /// and reach no other processes. `None` leaves them what the user may do.
    pub writable: Option<Vec<PathBuf>>,
    /// Workers open no sockets.
    pub no_network: bool,
}

/// A sandbox cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Python is to run in the server's own process, which needs all that is to be denied.
    #[error(
        "--sandbox and --no-network keep worker processes in; with --workers 0 adaptors run in \
         the server's own process, which cannot be kept in: give --workers 1 or more"
    )]
    NoWorkers,
    /// The kernel cannot tell files apart for a process.
    #[error(
        "--sandbox needs landlock (ABI 3: Linux 6.2 or later, and `landlock` in \
         /sys/kernel/security/lsm), which this kernel or container refuses: {0}"
    )]
    Landlock(#[from] landlock::RulesetError),
    /// The kernel cannot filter system calls.
    #[error(
        "--sandbox and --no-network need seccomp filters, which this kernel or container \
         refuses: {0}"
    )]
    Seccomp(#[source] io::Error),
    /// The filters are not what the kernel or this machine's processor takes.
    #[error("--sandbox and --no-network need seccomp filters, which cannot be made here: {0}")]
    Filter(#[from] seccompiler::Error),
    /// A folder that adaptors may write to cannot be had.
    #[error("--sandbox: {0} cannot be used: {1}")]
    Place(PathBuf, #[source] io::Error),
    /// A writable path leads elsewhere than at the server's start: perhaps to where an adaptor
    /// wants to write.
    #[error("--sandbox: {0} is not what it was when the server started; start the server anew")]
    Moved(PathBuf),
    /// Threads that run already could not be kept in.
    #[error("the sandbox cannot be entered by a process with more than one thread")]
    Threads,
    /// A capability or a limit that does not go.
    #[error("a worker cannot give up privileges, which a sandbox or a key asks for: {0}")]
    Privileges(#[source] io::Error),
}

/// What a worker shall do to itself before it starts Python. [`Walls::default`] has it give up the
/// ways to the server's memory, and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Walls {
    files: Option<Files>,
    no_network: bool,
}

/// What can be written inside.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Files {
    temporary: PathBuf,
    cache: PathBuf,
    /// These two, and all others.
    writable: Vec<Place>,
}

impl Sandbox {
    /// Makes the folders that sandboxed workers write to: temporary ones in the server's
    /// `scratch`, where they also write the sources of `adaptors`, and a lasting one in
    /// `cache` if there is one.
    ///
    /// # Errors
    /// When the kernel cannot do it, or a folder cannot be had.
    pub fn walls(
        &self,
        scratch: &Path,
        adaptors: &Path,
        cache: Option<&Path>,
    ) -> Result<Walls, SandboxError> {
        calls::check(self.writable.is_some(), self.no_network)?;
        let files = self.writable.as_ref().map(|named| {
            files::check()?;
            let temporary = folder(scratch.join("tmp"))?;
            let lasting = cache.map(|cache| cache.join("owt/sandbox"));
            let cache = match lasting.map(|cache| private::folder(&cache).map(|()| cache)) {
                Some(Ok(cache)) => cache,
                missing => {
                    let why = missing.and_then(Result::err).map(|error| error.to_string());
                    let why = why.unwrap_or_else(|| "there is no HOME".to_owned());
                    tracing::warn!("what adaptors cache goes when the server ends: {why}");
                    folder(scratch.join("cache"))?
                }
            };
            let own = [temporary.as_path(), &cache, adaptors];
            let named = named.iter().map(PathBuf::as_path);
            let writable = own.into_iter().chain(named).map(Place::look).collect::<Result<_, _>>();
            writable.map(|writable| Files { temporary, cache, writable })
        });
        Ok(Walls { files: files.transpose()?, no_network: self.no_network })
    }
}

fn folder(path: PathBuf) -> Result<PathBuf, SandboxError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
    made.map_err(|error| SandboxError::Place(path.clone(), error))?;
    Ok(path)
}

impl Walls {
    /// Keeps this process in from now on, and all that comes of it.
    ///
    /// # Errors
    /// When any part of it does not work. The process must not run adaptors then.
    pub fn enter(&self) -> Result<(), SandboxError> {
        let threads = std::fs::read_dir("/proc/self/task");
        if threads.map_err(SandboxError::Privileges)?.count() != 1 {
            return Err(SandboxError::Threads);
        }
        if let Some(files) = &self.files {
            let set = |name: &str, value: &Path| {
                // SAFETY: this is the only thread.
                unsafe { std::env::set_var(name, OsStr::new(value)) }
            };
            set("TMPDIR", &files.temporary);
            set("XDG_CACHE_HOME", &files.cache);
            // Where it cannot make a folder for its settings, matplotlib looks through all fonts
            // at each start.
            if std::env::var_os("MPLCONFIGDIR").is_none() {
                set("MPLCONFIGDIR", &files.cache.join("matplotlib"));
            }
            files::restrict(&files.writable)?;
            privileges::give_up().map_err(SandboxError::Privileges)?;
        } else {
            privileges::give_up_the_way_to_others().map_err(SandboxError::Privileges)?;
        }
        // Last: what came before makes calls that are refused from here on.
        calls::restrict(self.files.is_some(), self.no_network)
    }
}
