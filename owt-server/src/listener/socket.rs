//! Listens on a Unix socket that only its owner can reach.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::BACKLOG;
use owt_system::private::{self, FolderError, is_same};

/// Bytes of a path that fit into a socket's address, the last being zero (unix(7)).
const MOST: usize = 107;

/// A Unix socket that listens. Its file is removed when the server has ended.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    place: Place,
}

/// Why a path is not listened on.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// It is longer than the system takes.
    #[error(
        "the path {} has {} bytes, and a socket's can have {MOST}; choose a shorter one",
        .0.display(), .0.as_os_str().len()
    )]
    Long(PathBuf),
    /// It ends in `/`, or is empty.
    #[error("the path {:?} names no file", .0)]
    NoFile(PathBuf),
    /// Its folder is not safe.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Something else is there.
    #[error("{} is {is}, not a socket; it stays, choose another path or remove it", path.display())]
    Occupied {
        /// The path.
        path: PathBuf,
        /// What is there.
        is: &'static str,
    },
    /// A server listens there.
    #[error("another owt is running at {}; choose another path or end it", .0.display())]
    Live(PathBuf),
    /// The system refuses.
    #[error("cannot listen on {}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
}

impl Socket {
    /// Listens there, with mode 0600, in a folder that is made with mode 0700 if it is missing.
    /// A socket that a server has left there is replaced.
    ///
    /// # Errors
    /// Others could write to the folder; a server listens there already; something else is there.
    pub fn bind(path: &Path) -> Result<Self, SocketError> {
        let io = |source| SocketError::Io { path: path.to_owned(), source };
        if path.file_name().is_none() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(SocketError::NoFile(path.to_owned()));
        }
        let path = &std::path::absolute(path).map_err(io)?;
        if path.as_os_str().len() > MOST {
            return Err(SocketError::Long(path.clone()));
        }
        private::folder(path.parent().unwrap_or(path))?;
        let _lock = Lock::take(path).map_err(io)?;
        make_room(path)?;
        let (listener, file) = listen(path).map_err(io)?;
        Ok(Self { listener, place: Place { path: path.clone(), file } })
    }

    /// Where it is, an absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    pub(crate) fn into_parts(self) -> (UnixListener, Place) {
        (self.listener, self.place)
    }
}

/// Removes what a dead server has left.
fn make_room(path: &Path) -> Result<(), SocketError> {
    let io = |source| SocketError::Io { path: path.to_owned(), source };
    let kind = match path.symlink_metadata() {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io(error)),
    };
    let occupied = |is| Err(SocketError::Occupied { path: path.to_owned(), is });
    match kind {
        kind if kind.is_symlink() => return occupied("a symbolic link"),
        kind if kind.is_dir() => return occupied("a folder"),
        kind if !kind.is_socket() => return occupied("a file"),
        _ => {}
    }
    if is_live(path).map_err(|error| io(error.into()))? {
        return Err(SocketError::Live(path.to_owned()));
    }
    std::fs::remove_file(path).map_err(io)
}

fn socket(flags: SocketFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | SocketFlags::CLOEXEC;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

fn is_live(path: &Path) -> Result<bool, Errno> {
    let caller = socket(SocketFlags::NONBLOCK)?;
    match rustix::net::connect(&caller, &SocketAddrUnix::new(path)?) {
        // Would wait: it has no room for one more who waits.
        Ok(()) | Err(Errno::AGAIN) => Ok(true),
        Err(Errno::CONNREFUSED) => Ok(false),
        Err(error) => Err(error),
    }
}

fn listen(path: &Path) -> io::Result<(UnixListener, OwnedFd)> {
    let listener = socket(SocketFlags::empty())?;
    rustix::net::bind(&listener, &SocketAddrUnix::new(path)?)?;
    // Nobody can connect yet.
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, rustix::fs::Mode::empty())?;
    rustix::net::listen(&listener, BACKLOG)?;
    Ok((listener.into(), file))
}

/// A socket's file, removed in the end if it is still the same.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    /// Keeps the file's number from being given to another.
    file: OwnedFd,
}

impl Place {
    fn remove(&self) -> io::Result<()> {
        let _lock = Lock::take(&self.path)?;
        let ours = File::from(self.file.try_clone()?).metadata()?;
        match self.path.symlink_metadata() {
            Ok(there) if is_same(&there, &ours) => std::fs::remove_file(&self.path),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(path = %self.path.display(), %error, "the socket's file stays");
        }
    }
}

/// Held while a socket's file is replaced or removed, so that of two servers one comes second.
/// In a file beside it, which others cannot open, and so cannot lock.
struct Lock {
    path: PathBuf,
    /// Held, not read.
    _file: File,
}

impl Lock {
    fn take(socket: &Path) -> io::Result<Self> {
        let mut path = OsString::from(socket);
        path.push(".lock");
        let path = PathBuf::from(path);
        loop {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
                .open(&path)?;
            file.lock()?;
            // Whoever had it before has removed it: then it locks nothing.
            let there = path.symlink_metadata();
            if there.is_ok_and(|there| file.metadata().is_ok_and(|file| is_same(&file, &there))) {
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a lock's file stays");
        }
    }
}
