//! Which Python to serve, asked of that Python itself: a virtual environment
//! is only known to its own executable, and `python3` may be a shim.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::linked;

/// Links to links that are followed.
const MOST_LINKS: usize = 32;

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
    /// Modules that are built into its executable, and that no file provides.
    pub only_built_in: Vec<String>,
}

/// No Python that can be served.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// The executable cannot be run.
    #[error(
        "cannot run `{0}` to ask which Python it is; activate a virtual environment or put a python3 on PATH"
    )]
    Run(PathBuf, #[source] std::io::Error),
    /// The executable is a link to what is no more.
    #[error(
        "`{path}` is a link to `{target}`, which is gone, so the Python that this environment was \
         made with was removed; make the environment anew"
    )]
    Gone {
        /// What was to be run.
        path: PathBuf,
        /// What it leads to.
        target: PathBuf,
    },
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
    /// It is another build of that version, whose library this program's cannot stand in for.
    #[error(
        "`{path}` is of another build of Python {minor} ({version} in {prefix}) than the one this \
         owt is linked with ({linked}{place}), which lacks {lacks} that the other has built in; make the \
         environment with {mend}, or build owt with PYO3_PYTHON={path}",
        minor = minor(version),
        lacks = some_of(lacking),
        place = linked::place(),
        mend = linked::executable(),
    )]
    Build {
        /// The served executable.
        path: PathBuf,
        /// Its version.
        version: String,
        /// Its `sys.base_prefix`.
        prefix: PathBuf,
        /// The version this program is linked with.
        linked: String,
        /// The modules that are missing.
        lacking: Vec<String>,
    },
}

/// `major.minor` of a version.
fn minor(version: &str) -> String {
    version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}

/// The first few of these names, and how many more there are.
fn some_of(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(3).map(String::as_str).collect();
    match names.len().saturating_sub(shown.len()) {
        0 => format!("the modules {}", shown.join(", ")),
        more => format!("the modules {} and {more} more", shown.join(", ")),
    }
}

/// Begins with a new line: what is in the environment's site-packages may print something.
const ASK: &str = "import json, sys, importlib.machinery as m; print('\\n' + json.dumps({\
    'executable': sys.executable, 'version': '%d.%d.%d' % sys.version_info[:3], \
    'prefix': sys.prefix, 'base_prefix': sys.base_prefix, \
    'implementation': sys.implementation.name, \
    'only_built_in': [name for name in sys.builtin_module_names \
                      if m.PathFinder.find_spec(name) is None]}))";

/// The executable to serve when none is named: `$VIRTUAL_ENV`'s, else `python3` on PATH.
fn default_executable() -> PathBuf {
    std::env::var_os("VIRTUAL_ENV")
        .map(|environment| Path::new(&environment).join("bin/python"))
        // A link to what is gone is told, and not passed over for another Python.
        .filter(|python| python.symlink_metadata().is_ok())
        .unwrap_or_else(|| PathBuf::from("python3"))
}

/// The Python that would be served, if this program can serve it.
///
/// # Errors
/// There is none, or it is not of the version or the build that is linked here.
pub fn suitable(python: Option<&Path>) -> Result<Found, DiscoverError> {
    let found = discover(python)?;
    check_version(&found)?;
    check_build(&found)?;
    Ok(found)
}

/// Asks the served Python what it is.
///
/// # Errors
/// When it does not run, or does not answer as a Python does.
pub fn discover(python: Option<&Path>) -> Result<Found, DiscoverError> {
    let path = python.map_or_else(default_executable, Path::to_path_buf);
    let output =
        Command::new(&path).args(["-I", "-c", ASK]).stdin(Stdio::null()).output().map_err(
            |error| match leads_to_nothing(&path) {
                Some(target) => DiscoverError::Gone { path: path.clone(), target },
                None => DiscoverError::Run(path.clone(), error),
            },
        )?;
    last_line(&output.stdout).map_err(|error| DiscoverError::Answer {
        path,
        said: match (String::from_utf8_lossy(&output.stderr).trim(), output.status) {
            ("", status) if status.success() => error.to_string(),
            (said, status) if status.success() => said.to_owned(),
            (said, status) => format!("it ended with {status}; {said}"),
        },
    })
}

/// What the last line of an output says, in JSON.
///
/// # Errors
/// When it is another thing.
pub fn last_line<T: DeserializeOwned>(output: &[u8]) -> serde_json::Result<T> {
    let line = output.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
    serde_json::from_slice(line.unwrap_or_default())
}

/// What a link leads to in the end, if that is not there.
fn leads_to_nothing(link: &Path) -> Option<PathBuf> {
    let mut target = link.to_owned();
    for _ in 0..MOST_LINKS {
        match std::fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => break,
        }
    }
    (target != link && !target.exists()).then_some(target)
}

/// Refuses a Python whose minor version or implementation differs from the linked one.
///
/// # Errors
/// [`DiscoverError::Version`].
pub fn check_version(found: &Found) -> Result<(), DiscoverError> {
    let linked = minor(&linked::version());
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

/// Refuses a Python of the right version whose standard library does not fit the linked one's
/// interpreter: what it has built into its executable is not there then.
///
/// # Errors
/// [`DiscoverError::Build`].
pub fn check_build(found: &Found) -> Result<(), DiscoverError> {
    let here = linked::built_in();
    let is_lacking = |name: &&String| !here.contains(name.as_str());
    let lacking: Vec<_> = found.only_built_in.iter().filter(is_lacking).cloned().collect();
    if lacking.is_empty() {
        return Ok(());
    }
    Err(DiscoverError::Build {
        path: found.executable.clone(),
        version: found.version.clone(),
        prefix: found.base_prefix.clone(),
        linked: linked::version(),
        lacking,
    })
}
