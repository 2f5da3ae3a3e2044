//! Opens the audit log's file: one that nobody else can change, and that never blocks.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// Why a file is not used for the audit log.
#[derive(Debug, thiserror::Error)]
pub enum AuditFileError {
    /// It cannot be opened.
    #[error("cannot write the audit log {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is something else.
    #[error("the audit log {} is a {kind}; name an ordinary file, or one to be made", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// Others can change it.
    #[error(
        "others can change the audit log {path}; make it yours alone: chown and chmod 600 {path}",
        path = .0.display()
    )]
    Shared(PathBuf),
}

/// Opens the file to add to it, and makes it if it is missing.
///
/// # Errors
/// It is no ordinary file, it is somebody else's, or the system refuses.
pub(super) fn open(path: &Path) -> Result<File, AuditFileError> {
    let io = |source| AuditFileError::Io { path: path.to_owned(), source };
    // Opening a pipe waits for a reader, and a link points where whoever made it wants.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(flags.bits().cast_signed())
        .open(path);
    let file = match opened {
        Err(_) if path.is_symlink() => return Err(kind(path, "link")),
        opened => opened.map_err(io)?,
    };
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(kind(path, "pipe or a device"));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
        return Err(AuditFileError::Shared(path.to_owned()));
    }
    end_line(&file, metadata.len()).map_err(io)?;
    Ok(file)
}

fn kind(path: &Path, kind: &'static str) -> AuditFileError {
    AuditFileError::Kind { path: path.to_owned(), kind }
}

/// Ends a line that a server left half written when it was killed.
fn end_line(mut file: &File, length: u64) -> io::Result<()> {
    let mut last = [b'\n'];
    if let Some(place) = length.checked_sub(1) {
        file.read_at(&mut last, place)?;
    }
    if last != *b"\n" { file.write_all(b"\n") } else { Ok(()) }
}
