//! Decides which Python is served, and how it becomes a worker: by this program, if it is linked
//! with that very Python, or else by the extension that any Python loads.

#![allow(clippy::disallowed_methods, reason = "a Python is started to be asked what it is")]

mod diagnosis;
mod extension;
mod found;
#[cfg(feature = "embed")]
mod linked;

use std::io;
use std::path::{Path, PathBuf};

use owt_engine::link::Found;

pub use diagnosis::Diagnosis;
pub(crate) use diagnosis::diagnose;
use extension::Extension;
pub use extension::ExtensionError;
pub use found::{FindError, default_python};

use crate::pool::WorkerCommand;

/// There is no Python that can be served.
#[derive(Debug, thiserror::Error)]
pub enum ServedError {
    /// There is none.
    #[error(transparent)]
    Find(#[from] FindError),
    /// It is no CPython.
    #[error("`{path}` is {implementation} {version}; owt serves CPython from 3.11 on", path = .0.executable.display(), implementation = .0.implementation, version = .0.version)]
    Implementation(Box<Found>),
    /// It is too old.
    #[error("`{path}` is Python {version}; owt serves CPython from 3.11 on", path = .0.executable.display(), version = .0.version)]
    Version(Box<Found>),
    /// It has no GIL.
    #[error(
        "`{path}` is a free-threaded build of Python {version}, which owt does not serve: \
         its extension needs a Python with the GIL; make the environment with `python{minor}`, \
         not with `python{minor}t`",
        path = .0.executable.display(), version = .0.version, minor = minor(&.0.version)
    )]
    FreeThreaded(Box<Found>),
    /// This program is linked with another Python, or with none, and there is no extension.
    #[error("{not_linked}{extension}")]
    NoExtension {
        /// Why it cannot be the linked one, if there is one.
        not_linked: String,
        /// Why it cannot be loaded either.
        extension: ExtensionError,
    },
    /// Only the linked Python runs in the server's own process.
    #[error(
        "`{0}` is not the Python that this owt is linked with, so it runs in worker processes \
         alone: give --workers 1 or more"
    )]
    NoWorkers(PathBuf),
}

/// How the served Python comes to life. Nothing but this tells the ways apart.
#[derive(Clone, Debug)]
enum Launcher {
    /// This program starts the one that it is linked with.
    #[cfg(feature = "embed")]
    Linked,
    /// It is started as a program, and loads the extension.
    Extension(Extension),
}

/// A Python that can be served.
#[derive(Clone, Debug)]
pub struct Served {
    pub found: Found,
    launcher: Launcher,
}

impl Served {
    /// The Python that is meant, if it can be served.
    ///
    /// # Errors
    /// There is none, or none that suits.
    pub fn find(python: Option<&Path>) -> Result<Self, ServedError> {
        Self::of(found::find(python)?)
    }

    /// That one, if it can be served.
    ///
    /// # Errors
    /// It does not suit.
    fn of(found: Found) -> Result<Self, ServedError> {
        if found.implementation != "cpython" {
            return Err(ServedError::Implementation(Box::new(found)));
        }
        if version(&found.version) < OLDEST {
            return Err(ServedError::Version(Box::new(found)));
        }
        if !found.has_gil {
            return Err(ServedError::FreeThreaded(Box::new(found)));
        }
        #[cfg(feature = "embed")]
        let not_linked = match linked::check(&found) {
            Ok(()) => return Ok(Self { found, launcher: Launcher::Linked }),
            Err(why) => format!("{why}; "),
        };
        #[cfg(not(feature = "embed"))]
        let not_linked = String::new();
        match Extension::find() {
            Ok(extension) => Ok(Self { found, launcher: Launcher::Extension(extension) }),
            Err(extension) => Err(ServedError::NoExtension { not_linked, extension }),
        }
    }

    /// What starts a worker, where `linked` starts one with the linked Python.
    /// The package is in that folder.
    #[cfg_attr(not(feature = "embed"), allow(unused_variables, reason = "nothing is linked"))]
    pub fn command(&self, linked: &WorkerCommand, package: &Path) -> WorkerCommand {
        match &self.launcher {
            #[cfg(feature = "embed")]
            Launcher::Linked => linked.clone(),
            Launcher::Extension(_) => extension::command(&self.found.executable, package),
        }
    }

    /// The files of these modules, where it would import them from with those folders first; an
    /// empty path of a module that has no source. None of them is imported.
    ///
    /// # Errors
    /// It does not run, or does not answer.
    pub fn locate(
        &self,
        folders: &[PathBuf],
        modules: &[&str],
    ) -> Result<Vec<Option<PathBuf>>, ServedError> {
        Ok(found::locate(&self.found.executable, folders, modules)?)
    }

    /// Lays the Python package `owt` out, if that is not done, and gives the folder to import it
    /// from.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn package(&self, scratch: &Path) -> io::Result<PathBuf> {
        match &self.launcher {
            #[cfg(feature = "embed")]
            Launcher::Linked => owt_python::lay_out(scratch),
            Launcher::Extension(extension) => extension.lay_out(scratch),
        }
    }

    /// Sees to it that it can run in this process.
    ///
    /// # Errors
    /// It cannot.
    pub fn runs_here(&self) -> Result<(), ServedError> {
        match &self.launcher {
            #[cfg(feature = "embed")]
            Launcher::Linked => Ok(()),
            Launcher::Extension(_) => Err(ServedError::NoWorkers(self.found.executable.clone())),
        }
    }
}

/// The oldest that is served.
const OLDEST: (u32, u32) = (3, 11);

/// Major and minor version.
fn version(text: &str) -> (u32, u32) {
    let mut numbers = text.split('.').map(|part| part.parse().unwrap_or_default());
    (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
}

/// `major.minor` of a version.
fn minor(text: &str) -> String {
    let (major, minor) = version(text);
    format!("{major}.{minor}")
}
