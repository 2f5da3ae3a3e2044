//! Which Python to serve, asked of that Python itself: a virtual environment
//! is only known to its own executable, and `python3` may be a shim.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

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
}

/// No Python that can be served.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// The executable cannot be run.
    #[error(
        "cannot run `{0}` to ask which Python it is; activate a virtual environment or put a python3 on PATH"
    )]
    Run(PathBuf, #[source] std::io::Error),
    /// It ran and failed, or said something else.
    #[error("`{path}` does not answer as a Python does: {said}")]
    Answer {
        /// What was run.
        path: PathBuf,
        /// What it wrote to standard error, or why its answer is not understood.
        said: String,
    },
    /// It is another Python than the one this program is linked with.
    #[error(
        "`{path}` is {implementation} {version}, but this owt is linked with CPython {linked}; \
         activate an environment of Python {linked}, or build owt with PYO3_PYTHON={path}"
    )]
    Version {
        /// The served executable.
        path: PathBuf,
        /// Its implementation.
        implementation: String,
        /// Its version.
        version: String,
        /// The major and minor version this program is linked with.
        linked: String,
    },
}

const ASK: &str = "import json, sys; print(json.dumps({\
    'executable': sys.executable, 'version': '%d.%d.%d' % sys.version_info[:3], \
    'prefix': sys.prefix, 'base_prefix': sys.base_prefix, \
    'implementation': sys.implementation.name}))";

/// The executable to serve when none is named: `$VIRTUAL_ENV`'s, else `python3` on PATH.
fn default_executable() -> PathBuf {
    std::env::var_os("VIRTUAL_ENV")
        .map(|environment| Path::new(&environment).join("bin/python"))
        .filter(|python| python.exists())
        .unwrap_or_else(|| PathBuf::from("python3"))
}

/// Asks the served Python what it is.
///
/// # Errors
/// When it does not run, or does not answer as a Python does.
pub fn discover(python: Option<&Path>) -> Result<Found, DiscoverError> {
    let path = python.map_or_else(default_executable, Path::to_path_buf);
    let output = Command::new(&path)
        .args(["-I", "-c", ASK])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| DiscoverError::Run(path.clone(), error))?;
    serde_json::from_slice(&output.stdout).map_err(|error| DiscoverError::Answer {
        path,
        said: match String::from_utf8_lossy(&output.stderr).trim() {
            "" => error.to_string(),
            said => said.to_owned(),
        },
    })
}

/// `major.minor` of the libpython this program is linked with.
#[must_use]
pub fn linked_version() -> String {
    // SAFETY: may be called before initialisation; gives a static, NUL-terminated text.
    let version = unsafe { std::ffi::CStr::from_ptr(pyo3::ffi::Py_GetVersion()) };
    let version = version.to_string_lossy();
    version.split(' ').next().unwrap_or_default().to_owned()
}

/// Refuses a Python whose minor version or implementation differs from the linked one.
///
/// # Errors
/// [`DiscoverError::Version`].
pub fn check_version(found: &Found) -> Result<(), DiscoverError> {
    let minor = |version: &str| version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    let linked = minor(&linked_version());
    if found.implementation == "cpython" && minor(&found.version) == linked {
        return Ok(());
    }
    Err(DiscoverError::Version {
        path: found.executable.clone(),
        implementation: found.implementation.clone(),
        version: found.version.clone(),
        linked,
    })
}
