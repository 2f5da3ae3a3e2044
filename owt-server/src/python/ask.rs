//! Questions to Python that are no calls: does this parse, and what is there?

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pyo3::prelude::*;
use serde::Serialize;

use super::discover::{check_build, check_version, discover, last_line};
use super::launch::launch;
use super::linked;

/// Checks that a text is one Python expression.
///
/// # Errors
/// Why it is none, as Python says it, with the place marked; or why Python cannot be asked.
pub fn check_expression(text: &str) -> Result<(), String> {
    with_python(|py| {
        let ast = py.import("ast")?;
        match ast.call_method1("parse", (text.trim(), "<expression>", "eval")) {
            Ok(_) => Ok(Ok(())),
            Err(error) => {
                let lines: Vec<String> = py
                    .import("traceback")?
                    .call_method1("format_exception_only", (error.value(py),))?
                    .extract()?;
                Ok(Err(lines.concat().trim_end().to_owned()))
            }
        }
    })?
}

/// The text as a Python literal if it is a JSON or Python value; `None` if it is neither.
///
/// # Errors
/// Why Python cannot be asked.
pub fn literal_of(text: &str) -> Result<Option<String>, String> {
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        return owt_core::to_literal(&value).map(Some).map_err(|error| error.to_string());
    }
    with_python(|py| {
        let ast = py.import("ast")?;
        match ast.call_method1("literal_eval", (text.trim(),)) {
            Ok(value) => Ok(Some(value.repr()?.to_string())),
            Err(_) => Ok(None),
        }
    })
}

fn with_python<T>(ask: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T, String> {
    let found = discover(None).map_err(|error| error.to_string())?;
    check_version(&found).map_err(|error| error.to_string())?;
    launch(&found).map_err(|error| error.to_string())?;
    Python::attach(ask).map_err(|error| error.to_string())
}

/// What `owt doctor` tells.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// Version of the libpython this program is linked with.
    pub linked_version: String,
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
        linked_version: linked::version(),
        executable: None,
        version: None,
        prefix: None,
        base_prefix: None,
        venv: None,
        packages: Vec::new(),
        problems: Vec::new(),
        can_be_tried: false,
    };
    let found = match discover(python) {
        Ok(found) => found,
        Err(error) => {
            diagnosis.problems.push(error.to_string());
            return diagnosis;
        }
    };
    if let Err(error) = check_version(&found).and_then(|()| check_build(&found)) {
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

fn packages(executable: &Path) -> std::io::Result<Vec<(String, Option<String>)>> {
    let output =
        Command::new(executable).args(["-c", ASK_PACKAGES]).stdin(Stdio::null()).output()?;
    last_line(&output.stdout).map_err(|error| {
        match String::from_utf8_lossy(&output.stderr).trim().lines().last() {
            Some(said) => std::io::Error::other(said.to_owned()),
            None => error.into(),
        }
    })
}
