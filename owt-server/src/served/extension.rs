//! Finds the package `owt` with the extension that any Python loads (`owt/_native.abi3.so`), and
//! starts workers with it.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::pool::WorkerCommand;

/// The extension's file in the package.
const FILE: &str = "_native.abi3.so";

/// Names the package's folder, for programs that have it elsewhere.
const VARIABLE: &str = "OWT_PACKAGE";

/// Starts a worker. Where this program happens to run is no place to import from.
const BEGIN: &str = "\
import sys; sys.path[:] = [p for p in sys.path if p]; sys.path.insert(0, sys.argv[1]); \
from owt.worker import main; main(sys.argv[2:])";

/// The package is not where it is looked for, or lacks the extension.
#[derive(Debug, thiserror::Error)]
pub enum ExtensionError {
    /// There is none.
    #[error(
        "the extension that serves any Python was not found in {places}; `pip install owt-serve` \
         brings it, and `make extension` builds it; OWT_PACKAGE names its folder",
        places = .0.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    Missing(Vec<PathBuf>),
    /// What was named is none.
    #[error("OWT_PACKAGE={0} is no folder of the package owt with {FILE} in it")]
    Named(PathBuf),
}

/// Where it is.
#[derive(Clone, Debug)]
pub struct Extension {
    /// The package's folder.
    package: PathBuf,
}

impl Extension {
    /// Looks for it: where it is named, beside this program, and where installers put it.
    ///
    /// # Errors
    /// It is not there.
    pub fn find() -> Result<Self, ExtensionError> {
        if let Some(named) = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
            let package = PathBuf::from(named);
            let named = ExtensionError::Named(package.clone());
            let package = std::path::absolute(package).unwrap_or_default();
            return if is_whole(&package) { Ok(Self { package }) } else { Err(named) };
        }
        let program = std::env::current_exe().unwrap_or_default();
        let folder = program.parent().unwrap_or(Path::new("/"));
        let places = places(folder);
        match places.iter().find(|place| is_whole(place)) {
            Some(package) => Ok(Self { package: package.clone() }),
            None => Err(ExtensionError::Missing(places)),
        }
    }

    /// A folder with nothing but the package in it: others of its folder are not for adaptors of
    /// another Python.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn lay_out(&self, scratch: &Path) -> io::Result<PathBuf> {
        let folder = scratch.join("python");
        std::fs::create_dir_all(&folder)?;
        std::os::unix::fs::symlink(&self.package, folder.join("owt"))?;
        Ok(folder)
    }
}

/// Starts a worker with that Python, which imports the package from that folder.
pub fn command(python: &Path, folder: &Path) -> WorkerCommand {
    let mut args: Vec<OsString> = ["-X", "faulthandler", "-c", BEGIN].map(Into::into).into();
    args.extend([folder.into(), env!("CARGO_PKG_VERSION").into()]);
    // Python looks for its own modules by the name that it is started by.
    WorkerCommand { program: python.to_owned(), name: python.into(), args }
}

fn is_whole(package: &Path) -> bool {
    [FILE, "__init__.py", "worker.py"].iter().all(|name| package.join(name).is_file())
}

/// Where the package can be, of a program in that folder: beside it, where `cargo` builds; above
/// it, for `pip install --target`; in the environment or the prefix whose `bin` that is.
fn places(folder: &Path) -> Vec<PathBuf> {
    let prefix = folder.parent().unwrap_or(folder);
    let mut places = vec![folder.join("python/owt"), prefix.join("owt")];
    for lib in ["lib", "lib64"].map(|lib| prefix.join(lib)) {
        let pythons = std::fs::read_dir(&lib).into_iter().flatten().flatten();
        let mut pythons: Vec<_> = pythons
            .map(|entry| entry.path())
            .filter(|path| {
                path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"python3"))
            })
            .collect();
        pythons.sort();
        let packages = |python: PathBuf| {
            ["site-packages/owt", "dist-packages/owt"].map(|place| python.join(place))
        };
        places.extend(pythons.into_iter().flat_map(packages));
    }
    places
}
