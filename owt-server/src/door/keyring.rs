//! Reads keys: some are given once, others are in files that are read again.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::keys::{KeyError, Keys};

/// Bytes of a file with keys at most.
const MOST: u64 = 16 << 20;

/// The keys of a server, and the files that some of them are from.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    /// Those that stay as long as the server runs.
    given: Keys,
    files: KeyFiles,
    /// All of them, as they were read last.
    keys: Keys,
}

/// Files with keys.
#[derive(Clone, Debug, Default)]
pub struct KeyFiles {
    /// Users with their passwords (`--auth-file`): see [`Keys::read_users`].
    pub users: Option<PathBuf>,
    /// Tokens (`--token-file`): see [`Keys::read_named_tokens`].
    pub tokens: Option<PathBuf>,
}

/// A file whose keys are not taken.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What it holds are no keys.
    #[error("{flag} {}: {source}", path.display())]
    Malformed {
        /// The flag that names it.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
}

impl Keyring {
    /// The given keys and those of the files.
    ///
    /// # Errors
    /// A file cannot be read, or what it holds are no keys.
    pub fn open(given: Keys, files: KeyFiles) -> Result<Self, KeyFileError> {
        let keys = files.read(&given, |path| File::open(path))?;
        Ok(Self { given, files, keys })
    }

    /// The keys, as they were read last.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The given keys and those that the files hold now; `None` when there are no files.
    ///
    /// # Errors
    /// As of [`Keyring::open`], and for a file that is a pipe: who wrote to it has gone.
    pub(super) fn read_again(&self) -> Option<Result<Keys, KeyFileError>> {
        let KeyFiles { users, tokens } = &self.files;
        (users.is_some() || tokens.is_some()).then(|| self.files.read(&self.given, reopen))
    }
}

impl KeyFiles {
    fn read(
        &self,
        given: &Keys,
        open: impl Fn(&Path) -> io::Result<File>,
    ) -> Result<Keys, KeyFileError> {
        type Add = fn(&mut Keys, &str) -> Result<(), KeyError>;
        let mut keys = given.clone();
        let kinds: [(_, _, Add); 2] = [
            ("--auth-file", &self.users, Keys::read_users),
            ("--token-file", &self.tokens, Keys::read_named_tokens),
        ];
        for (flag, path, add) in kinds {
            let Some(path) = path else { continue };
            let text = open(path)
                .and_then(|file| text(file, path))
                .map_err(|source| KeyFileError::Read { path: path.clone(), source })?;
            add(&mut keys, &text).map_err(|source| {
                let path = path.clone();
                KeyFileError::Malformed { flag, path, source }
            })?;
        }
        Ok(keys)
    }
}

/// Opens an ordinary file. Opening a pipe would wait for somebody to write to it.
fn reopen(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no ordinary file, and is read at the start only"));
    }
    Ok(file)
}

/// The text of a file that others should not read.
fn text(file: File, path: &Path) -> io::Result<String> {
    let mode = file.metadata()?.mode();
    let mut text = String::new();
    file.take(MOST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(io::Error::other("it is larger than 16 MiB"));
    }
    if mode & 0o077 != 0 {
        let path = path.display();
        tracing::warn!("others than its owner can read or change {path}: chmod 600 {path}");
    }
    Ok(text)
}
