//! Asks a Python about itself: a virtual environment is only known to its own executable, and
//! `python3` may be a shim.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use owt_engine::link::Found;
use serde::de::DeserializeOwned;

/// Links to links that are followed.
const MOST_LINKS: usize = 32;

/// There is no such Python.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
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
}

/// Begins with a new line: what is in the environment's site-packages may print something.
const ASK: &str = "import json, sys, importlib.machinery as m; print('\\n' + json.dumps({\
    'executable': sys.executable, 'version': '%d.%d.%d' % sys.version_info[:3], \
    'prefix': sys.prefix, 'base_prefix': sys.base_prefix, \
    'implementation': sys.implementation.name, \
    'has_gil': 't' not in sys.abiflags, \
    'only_built_in': [name for name in sys.builtin_module_names \
                      if m.PathFinder.find_spec(name) is None]}))";

/// The executable to serve when none is named: `$VIRTUAL_ENV`'s, that of the virtual environment
/// which this program is in, else `python3` on PATH.
#[must_use]
pub fn default_python() -> PathBuf {
    std::env::var_os("VIRTUAL_ENV")
        .map(|environment| Path::new(&environment).join("bin/python"))
        // A link to what is gone is told, and not passed over for another Python.
        .filter(|python| python.symlink_metadata().is_ok())
        .or_else(own)
        .unwrap_or_else(|| PathBuf::from("python3"))
}

/// That of the virtual environment which this program was installed into.
fn own() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let folder = program.parent()?;
    let is_environment = folder.parent()?.join("pyvenv.cfg").is_file();
    Some(folder.join("python")).filter(|python| is_environment && python.is_file())
}

/// Asks the served Python what it is.
///
/// # Errors
/// When it does not run, or does not answer as a Python does.
pub fn find(python: Option<&Path>) -> Result<Found, FindError> {
    let path = python.map_or_else(default_python, Path::to_path_buf);
    let output =
        Command::new(&path).args(["-I", "-c", ASK]).stdin(Stdio::null()).output().map_err(
            |error| match leads_to_nothing(&path) {
                Some(target) => FindError::Gone { path: path.clone(), target },
                None => FindError::Run(path.clone(), error),
            },
        )?;
    last_line(&output.stdout).map_err(|error| FindError::Answer {
        path,
        said: match (String::from_utf8_lossy(&output.stderr).trim(), output.status) {
            ("", status) if status.success() => error.to_string(),
            (said, status) if status.success() => said.to_owned(),
            (said, status) => format!("it ended with {status}; {said}"),
        },
    })
}

/// Finds modules as importing them would, and imports none: not their packages either.
const LOCATE: &str = "
import importlib.machinery as machinery, importlib.util as util, json, sys
folders, names = json.loads(sys.argv[1])
sys.path[:0] = folders
def find(name):
    whole, *parts = name.split('.')
    spec = util.find_spec(whole)
    for part in parts:
        places = spec and spec.submodule_search_locations
        if places is None:
            return None
        whole = f'{whole}.{part}'
        spec = machinery.PathFinder.find_spec(whole, list(places))
    if spec is None:
        return None
    return spec.origin if spec.has_location and spec.origin.endswith('.py') else ''
print('\\n' + json.dumps([find(name) for name in names]))
";

/// The files of these modules, as that Python finds them with those folders first.
///
/// # Errors
/// When it does not run, or does not answer.
pub fn locate(
    python: &Path,
    folders: &[PathBuf],
    modules: &[&str],
) -> Result<Vec<Option<PathBuf>>, FindError> {
    let absolute =
        |folder: &PathBuf| std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
    let folders: Vec<_> = folders.iter().map(absolute).collect();
    let asked = serde_json::to_string(&(folders, modules)).unwrap_or_default();
    let output = Command::new(python)
        .args(["-P", "-c", LOCATE, &asked])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| FindError::Run(python.to_owned(), error))?;
    last_line(&output.stdout).map_err(|_| FindError::Answer {
        path: python.to_owned(),
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
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
