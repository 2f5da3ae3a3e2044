//! Tells what an argument of `owt serve` publishes: a folder, a file, or a module by its name.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use owt_core::is_module_name;

/// Folders in folders that are looked into.
const DEEPEST: usize = 16;
/// Folders that hold other people's modules, or none.
const PASSED: [&str; 3] = ["site-packages", "node_modules", "venv"];

/// What is published by one argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Publication {
    /// The modules below a folder.
    Folder(PathBuf),
    /// A file, as the module of its name.
    File(PathBuf),
    /// A module that Python finds by its name.
    Module(String),
}

/// An argument that publishes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPublishable {
    /// It is a file, and no module.
    #[error("{0} is a file that Python does not import: its name must be an identifier and .py")]
    File(PathBuf),
    /// It is a path, and nothing is there.
    #[error("{0} cannot be served: {1}")]
    Missing(PathBuf, String),
    /// It could be a module's name, and Python finds none.
    #[error(
        "{0} is no folder, no file, and no module that the served Python can import: name one of \
         these"
    )]
    Module(String),
}

/// A module's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub name: Box<str>,
    pub path: PathBuf,
}

impl Publication {
    /// What that argument publishes: a folder, else a file, else a module by its name.
    ///
    /// # Errors
    /// It is none of these. Whether there is such a module is not known yet.
    pub fn of(argument: &OsStr) -> Result<Self, NotPublishable> {
        let path = PathBuf::from(argument);
        let absolute = || std::path::absolute(&path).unwrap_or_else(|_| path.clone());
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() => Ok(Self::Folder(absolute())),
            Ok(_) if module_of(&path).is_some() => Ok(Self::File(absolute())),
            Ok(_) => Err(NotPublishable::File(path)),
            Err(error) => match argument.to_str() {
                Some(name) if is_module_name(name) && !name.ends_with(".py") => {
                    Ok(Self::Module(name.to_owned()))
                }
                _ => Err(NotPublishable::Missing(path, error.to_string())),
            },
        }
    }

    /// The folder that its modules are imported from, where it names one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::File(file) => file.parent(),
            Self::Module(_) => None,
        }
    }

    /// The module that it names, where it is none of a folder's.
    #[must_use]
    pub fn module(&self) -> Option<&str> {
        match self {
            Self::Module(name) => Some(name),
            Self::Folder(_) | Self::File(_) => None,
        }
    }

    /// The files that it publishes, so many at most.
    pub fn files(&self, most: usize) -> Vec<Found> {
        let mut found = Vec::new();
        match self {
            Self::Folder(folder) => walk(folder, "", most, &mut found),
            Self::File(path) => found.extend(
                module_of(path).map(|name| Found { name: name.into(), path: path.clone() }),
            ),
            Self::Module(_) => {}
        }
        found
    }

    /// The file of a module that came to a folder since it was looked through.
    pub fn file_of(&self, module: &str) -> Option<PathBuf> {
        let Self::Folder(folder) = self else { return None };
        let parts: Vec<_> = module.split('.').collect();
        let (last, folders) = parts.split_last()?;
        if folders.iter().any(|part| is_passed(part)) || parts.len() > DEEPEST {
            return None;
        }
        let place = folders.iter().fold(folder.clone(), |place, part| place.join(part));
        let file = place.join(format!("{last}.py"));
        if module_of(&file).is_some() && !is_apart(&file) && file.is_file() {
            return Some(file);
        }
        let package = place.join(last).join("__init__.py");
        (!is_passed(last) && package.is_file()).then_some(package)
    }
}

/// Finds the modules of a folder, in their order.
fn walk(folder: &Path, package: &str, most: usize, found: &mut Vec<Found>) {
    let depth = if package.is_empty() { 0 } else { package.split('.').count() };
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let full =
        |name: &str| if package.is_empty() { name.to_owned() } else { format!("{package}.{name}") };
    for path in paths {
        if found.len() >= most {
            return;
        }
        if path.is_dir() {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            if !is_module_name(name) || name.contains('.') || is_passed(name) || depth >= DEEPEST {
                continue;
            }
            if path.join("pyvenv.cfg").exists() {
                continue;
            }
            let init = path.join("__init__.py");
            if init.is_file() {
                found.push(Found { name: full(name).into(), path: init });
            }
            walk(&path, &full(name), most, found);
        } else if let Some(name) = module_of(&path)
            && !is_apart(&path)
            && path.is_file()
        {
            found.push(Found { name: full(name).into(), path });
        }
    }
}

/// The name of the module that a file is.
fn module_of(path: &Path) -> Option<&str> {
    let is_python = path.extension().is_some_and(|extension| extension == "py");
    let name = path.file_stem()?.to_str()?;
    (is_python && is_module_name(name) && !name.contains('.')).then_some(name)
}

/// True for a file in a folder that is there for something else than being imported: what is
/// private, tests, and what sets a project up.
fn is_apart(path: &Path) -> bool {
    let name = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    name.starts_with(['_', '.'])
        || name.starts_with("test_")
        || name.ends_with("_test")
        || matches!(name, "conftest" | "setup")
}

fn is_passed(folder: &str) -> bool {
    folder.starts_with(['_', '.']) || PASSED.contains(&folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "tools.py",
            "my-tool.py",
            "notes.txt",
            "_private.py",
            "test_tools.py",
            "tools_test.py",
            "conftest.py",
            "setup.py",
            "class.py",
            "pkg/__init__.py",
            "pkg/deep/inner.py",
            "plain/more.py",
            "_hidden/x.py",
            ".git/x.py",
            "env/pyvenv.cfg",
            "env/lib/x.py",
            "node_modules/x.py",
            "not-a-name/x.py",
        ] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_publishes_what_can_be_imported() {
        let folder = folder();
        let published = Publication::of(folder.path().as_os_str()).unwrap();
        let names: Vec<_> =
            published.files(100).into_iter().map(|found| found.name.into_string()).collect();
        assert_eq!(names, ["pkg", "pkg.deep.inner", "plain.more", "tools"]);
        assert_eq!(published.files(2).len(), 2);
        for name in names {
            assert!(published.file_of(&name).is_some(), "{name}");
        }
        for name in ["_private", "test_tools", "conftest", "_hidden.x", "nothing", "pkg.nothing"] {
            assert_eq!(published.file_of(name), None, "{name}");
        }
    }

    #[test]
    fn an_argument_is_a_folder_a_file_or_a_module() {
        let folder = folder();
        let of = |name: &str| Publication::of(folder.path().join(name).as_os_str());
        assert!(matches!(of(""), Ok(Publication::Folder(_))));
        assert!(matches!(of("tools.py"), Ok(Publication::File(_))));
        // Named, it is meant.
        assert!(matches!(of("_private.py"), Ok(Publication::File(_))));
        for file in ["my-tool.py", "notes.txt", "class.py"] {
            assert!(matches!(of(file), Err(NotPublishable::File(_))), "{file}");
        }
        assert!(matches!(of("gone.py"), Err(NotPublishable::Missing(..))));
        for (name, is_module) in [
            ("no_such_package.module", true),
            ("nosuch", true),
            ("gone.py", false),
            ("gone/", false),
            ("a-b", false),
            ("", false),
        ] {
            let found = Publication::of(OsStr::new(name));
            assert_eq!(matches!(found, Ok(Publication::Module(_))), is_module, "{name}");
        }
    }
}
