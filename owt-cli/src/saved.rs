//! Writes the file of `owt call --output`: whole, or not at all.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::failure::Failure;

/// A file on its way. Dropped before [`keep`](Self::keep), it leaves what was there before.
#[derive(Debug)]
pub(crate) struct Saved {
    place: Place,
    path: PathBuf,
}

#[derive(Debug)]
enum Place {
    /// Beside the file that it becomes.
    Beside(NamedTempFile),
    /// A device or a pipe, which is written as it is.
    There(File),
}

impl Saved {
    /// Begins a file that will be at `path`.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub(crate) fn begin(path: &Path) -> Result<Self, Failure> {
        // What a symbolic link leads to is replaced, not the link.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        match Place::of(&path) {
            Ok(place) => Ok(Self { place, path }),
            Err(error) => Err(unwritable(&path, error)),
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = match &mut self.place {
            Place::Beside(file) => file.write_all(bytes),
            Place::There(file) => file.write_all(bytes),
        };
        written.map_err(|error| unwritable(&self.path, error))
    }

    /// Puts it in its place: it is whole.
    pub(crate) fn keep(self) -> Result<(), Failure> {
        let Self { place, path } = self;
        let kept = match place {
            Place::Beside(file) => file.persist(&path).map(drop).map_err(|error| error.error),
            Place::There(_) => Ok(()),
        };
        kept.map_err(|error| unwritable(&path, error))
    }
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        // The mode of a new file, less the umask.
        let mut permissions = Permissions::from_mode(0o666);
        match path.metadata() {
            Ok(there) if there.is_file() => permissions = there.permissions(),
            Ok(there) if there.is_dir() => {
                return Err(io::Error::other("it is a folder; name a file in it"));
            }
            Ok(_) => return Ok(Self::There(OpenOptions::new().write(true).open(path)?)),
            Err(_) => {}
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Builder::new()
            .prefix(".owt-")
            .permissions(permissions)
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .map(Self::Beside)
    }
}

fn unwritable(path: &Path, error: io::Error) -> Failure {
    // The name of the temporary file beside it says nothing.
    Failure::Save(path.display().to_string(), io::Error::new(error.kind(), plain(&error)))
}

fn plain(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code).to_string(),
        None => match error.kind() {
            io::ErrorKind::NotFound => "there is no such folder".to_owned(),
            io::ErrorKind::PermissionDenied => "you may not write in its folder".to_owned(),
            _ => error.to_string(),
        },
    }
}
