//! What there is to know of a Python before it is served.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;

use super::Served;
use super::found::{find, last_line};

/// What `owt doctor` tells.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// Version of the libpython this program is linked with, if it is.
    pub linked_version: Option<String>,
    /// The served executable.
    pub executable: Option<PathBuf>,
    /// Its version.
    pub version: Option<String>,
    /// `sys.prefix`.
    pub prefix: Option<PathBuf>,
    /// `sys.base_prefix`.
    pub base_prefix: Option<PathBuf>,
    /// The virtual environment, if it is one.
    pub venv: Option<PathBuf>,
    /// Packages that adaptors often want, with their versions; `None` where missing.
    pub packages: Vec<(String, Option<String>)>,
    /// What stands in the way of serving, each with its mend.
    pub problems: Vec<String>,
    /// Nothing says yet that a worker does not start with it.
    #[serde(skip)]
    pub(crate) can_be_tried: bool,
}

const ASK_PACKAGES: &str = "
import importlib.metadata as m, json
def version(name):
    try:
        return m.version(name)
    except m.PackageNotFoundError:
        return None
print('\\n' + json.dumps([[name, version(name)] for name in
      ['pip', 'flask', 'requests', 'numpy', 'pandas', 'matplotlib', 'pillow', 'pydantic']]))";

/// Looks at the Python that would be served, without starting it here.
pub fn diagnose(python: Option<&Path>) -> Diagnosis {
    let mut diagnosis = Diagnosis {
        linked_version: linked_version(),
        executable: None,
        version: None,
        prefix: None,
        base_prefix: None,
        venv: None,
        packages: Vec::new(),
        problems: Vec::new(),
        can_be_tried: false,
    };
    let found = match find(python) {
        Ok(found) => found,
        Err(error) => {
            diagnosis.problems.push(error.to_string());
            return diagnosis;
        }
    };
    if let Err(error) = Served::of(found.clone()) {
        diagnosis.problems.push(error.to_string());
    }
    diagnosis.can_be_tried = diagnosis.problems.is_empty();
    match packages(&found.executable) {
        Ok(packages) => diagnosis.packages = packages,
        Err(error) => diagnosis.problems.push(format!("its packages cannot be listed: {error}")),
    }
    diagnosis.venv = (found.prefix != found.base_prefix).then(|| found.prefix.clone());
    diagnosis.executable = Some(found.executable);
    diagnosis.version = Some(found.version);
    diagnosis.prefix = Some(found.prefix);
    diagnosis.base_prefix = Some(found.base_prefix);
    diagnosis
}

fn linked_version() -> Option<String> {
    #[cfg(feature = "embed")]
    return Some(owt_python::linked::version());
    #[cfg(not(feature = "embed"))]
    None
}

fn packages(executable: &Path) -> std::io::Result<Vec<(String, Option<String>)>> {
    let output =
        Command::new(executable).args(["-c", ASK_PACKAGES]).stdin(Stdio::null()).output()?;
    serde_json::from_slice(last_line(&output.stdout)).map_err(
        |error| match String::from_utf8_lossy(&output.stderr).trim().lines().last() {
            Some(said) => std::io::Error::other(said.to_owned()),
            None => error.into(),
        },
    )
}
