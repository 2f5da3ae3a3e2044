//! Keeps the token of `owt serve --token auto` in a file, for programs of the same user.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use owt_system::private;

/// Removed when this is dropped.
pub(crate) struct TokenFile {
    file: File,
    path: PathBuf,
}

impl TokenFile {
    /// Writes the token for the server at that port, in the place of one that was killed.
    ///
    /// # Errors
    /// There is no folder of this user's own for it, or it cannot be written.
    pub(crate) fn create(port: u16, token: &str) -> io::Result<Self> {
        let folder = folder();
        private::folder(&folder).map_err(|error| {
            let mend = "set XDG_RUNTIME_DIR to a folder of your own, or give --token-file";
            io::Error::other(format!("{error}; {mend}"))
        })?;
        let path = folder.join(format!("token-{port}"));
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(format!("{token}\n").as_bytes())?;
        Ok(Self { file, path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// False when a server at the same port of another address has put its own there.
    fn is_still_there(&self) -> io::Result<bool> {
        let (ours, there) = (self.file.metadata()?, self.path.symlink_metadata()?);
        Ok((ours.dev(), ours.ino()) == (there.dev(), there.ino()))
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        let removed = self
            .is_still_there()
            .and_then(|is_there| if is_there { std::fs::remove_file(&self.path) } else { Ok(()) });
        if let Err(error) = removed {
            tracing::debug!(%error, path = %self.path.display(), "the token's file stays");
        }
    }
}

/// The runtime directory (XDG Base Directory Specification), else one below that for
/// temporary files.
fn folder() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    match runtime.filter(|path| path.is_absolute()) {
        Some(runtime) => runtime.join("owt"),
        None => std::env::temp_dir().join(format!("owt-{}", rustix::process::getuid().as_raw())),
    }
}
