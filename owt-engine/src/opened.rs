//! Opens a file that a call answers with, where the call ran.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use owt_core::{Problem, ProblemKind};
use rustix::fs::{CWD, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags, openat2};

/// A file that whoever ran the call could read.
#[derive(Clone, Debug)]
pub struct Opened {
    path: PathBuf,
    seen: Seen,
    /// `None` in what is kept: descriptors are few.
    file: Option<Arc<File>>,
}

/// What tells a file from another one, and from what is written in it later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    device: u64,
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
}

impl Seen {
    fn of(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            length: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
        }
    }
}

impl Opened {
    /// Opens an ordinary file to be read, with the rights of this process. Waiting for a pipe's
    /// writer would hold up other calls, and so might a device.
    ///
    /// # Errors
    /// When there is none, or none that may be read, or it is one that /proc shows.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = find(&path, flags)?;
        Self::of(path, file)
    }

    /// What another process has opened by that path.
    ///
    /// # Errors
    /// When it is no ordinary file.
    pub fn of(path: PathBuf, file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("this is no ordinary file"));
        }
        if rustix::fs::fstatfs(&file)?.f_type == PROC_SUPER_MAGIC {
            return Err(io::Error::other("what /proc shows changes; read it and give that"));
        }
        Ok(Self { path, seen: Seen::of(&metadata), file: Some(Arc::new(file)) })
    }

    /// What callers are told of a file that cannot be read.
    pub fn unreadable(path: &Path, error: &io::Error) -> Problem {
        let detail = format!("the adaptor gave the file {}: {error}", path.display());
        Problem::new(ProblemKind::Unrenderable, detail)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file, until it is only kept.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.file.as_ref().map(AsFd::as_fd)
    }

    /// The same for a long time: nothing is held open.
    #[must_use]
    pub fn closed(self) -> Self {
        Self { file: None, ..self }
    }

    /// True when the path still leads to it, as it was.
    pub fn is_there(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|found| Seen::of(&found) == self.seen)
    }

    /// The file, with a position of its own.
    ///
    /// One that was only kept is opened again where it is the same: whoever ran the call could
    /// read that very file.
    ///
    /// # Errors
    /// When it is not there any more.
    pub fn into_file(self) -> io::Result<File> {
        let found = match self.file {
            // Nobody else reads it.
            Some(file) => match Arc::try_unwrap(file) {
                Ok(file) => return Ok(file),
                Err(shared) => shared,
            },
            None => Arc::new(find(&self.path, OFlags::PATH)?),
        };
        if Seen::of(&found.metadata()?) != self.seen {
            return Err(io::Error::other("it is not what it was when the call gave it"));
        }
        File::open(format!("/proc/self/fd/{}", found.as_raw_fd()))
    }
}

/// What /proc shows by a link there is another thing for each who looks: none is followed.
fn find(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::CLOEXEC;
    let file = openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS)?;
    Ok(File::from(file))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn read(opened: Opened) -> io::Result<String> {
        let mut text = String::new();
        opened.into_file()?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn it_is_the_file_that_was_opened_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "first").unwrap();
        let opened = Opened::open(path.clone()).unwrap();
        let kept = opened.clone().closed();
        assert!(kept.descriptor().is_none() && kept.is_there());
        assert_eq!(read(kept.clone()).unwrap(), "first");
        // Both from its start, though one is read while there is another.
        assert_eq!(read(opened.clone()).unwrap(), "first");
        std::fs::rename(&path, folder.path().join("moved")).unwrap();
        std::fs::write(&path, "other").unwrap();
        assert!(!kept.is_there());
        assert!(read(kept).is_err());
        assert_eq!(read(opened).unwrap(), "first");
    }

    #[test]
    fn only_ordinary_files_are_opened() {
        for path in ["/", "/dev/null", "/proc/self/status", "/proc/self/fd/0", "/nowhere/at/all"] {
            assert!(Opened::open(path.into()).is_err(), "{path}");
        }
    }
}
