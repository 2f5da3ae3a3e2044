//! Keeps named code in a folder, for the next server.

use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use owt_core::{Code, is_module_name};

/// Files that are read at most.
const MOST: usize = 1000;

/// The folder, which need not be there yet.
#[derive(Clone, Debug)]
pub(crate) struct Kept(PathBuf);

/// Code could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be written: {source}")]
pub(crate) struct KeptError {
    path: PathBuf,
    source: io::Error,
}

impl Kept {
    /// In that folder for what outlives a server.
    pub fn below(state: &Path) -> Self {
        Self(state.join("functions"))
    }

    /// What is there: names and codes. What cannot be read is told in the log and left out.
    pub fn read(&self) -> Vec<(String, Code)> {
        let Ok(entries) = std::fs::read_dir(&self.0) else { return Vec::new() };
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        let names = paths.iter().filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(".py")?;
            is_module_name(name).then(|| (name.to_owned(), path))
        });
        let read =
            names.take(MOST).filter_map(|(name, path)| match std::fs::read_to_string(path) {
                Ok(text) => Some((name, Code::new(text))),
                Err(error) => {
                    tracing::warn!("{} is kept and cannot be read: {error}", path.display());
                    None
                }
            });
        read.collect()
    }

    /// Keeps code by that name, in place of what has it.
    ///
    /// # Errors
    /// The folder or the file cannot be written.
    pub fn write(&self, name: &str, source: &str) -> Result<(), KeptError> {
        let path = self.0.join(format!("{name}.py"));
        let half = self.0.join(format!("{name}.py.half"));
        let write = || {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
            let mut options = std::fs::OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(0o600).open(&half)?;
            file.write_all(source.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&half, &path)
        };
        write().map_err(|source| KeptError { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::below(folder.path());
        assert!(kept.read().is_empty());
        kept.write("sota", "x = 1").unwrap();
        kept.write("a.b", "y = 2").unwrap();
        kept.write("sota", "x = 3").unwrap();
        std::fs::write(folder.path().join("functions/no-name.py"), "").unwrap();
        std::fs::write(folder.path().join("functions/notes.txt"), "").unwrap();
        std::fs::write(folder.path().join("functions/bad.py"), b"\xff").unwrap();
        let read = kept.read();
        let read: Vec<_> = read.iter().map(|(name, code)| (&**name, &**code.source())).collect();
        assert_eq!(read, [("a.b", "y = 2"), ("sota", "x = 3")]);
    }
}
