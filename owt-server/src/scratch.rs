//! Makes the server's folder for temporary files. A server that is killed cannot remove its own, so
//! the next one that starts does; a lock tells the living from the dead.
//!
//! It is among files of other programs and, mostly, other users. So a folder is removed only if a
//! server of this user made it, and nothing in a folder that is not such a one is opened.

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, openat2};
use rustix::process::geteuid;

use owt_system::private;

const PREFIX: &str = "owt-server-";
const LOCK: &str = "lock";
/// What a lock says, to people too. A file that says anything else is none.
const WORDS: &[u8] = b"Temporary files of an owt server. Once it has ended, the next one removes \
                       this folder.\n";
const OTHERS_WRITE: u32 = 0o022;
/// Neither a link nor what is mounted there is followed: others may have put both.
const WITHIN: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_XDEV);

/// A folder that lives as long as this, and that nobody else can look into.
pub struct Scratch {
    path: PathBuf,
    left: Left,
}

/// A server's folder whose lock is held.
struct Left {
    parent: OwnedFd,
    folder: OwnedFd,
    /// Held, not read.
    _lock: File,
}

impl Scratch {
    /// Makes a folder, and removes those of servers that were killed.
    ///
    /// # Errors
    /// When the system's folder for temporary files cannot be written.
    pub fn new() -> io::Result<Self> {
        let parent = std::env::temp_dir();
        sweep(&parent);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&parent)?;
        if let Err(error) = private::check(folder.path()) {
            tracing::warn!("the server's temporary files are not safe: {error}; TMPDIR names one");
        }
        // Locked before it has the name that others look for.
        let unnamed = folder.path().join("new");
        let mut lock = File::create_new(&unnamed)?;
        lock.write_all(WORDS)?;
        lock.lock()?;
        std::fs::rename(unnamed, folder.path().join(LOCK))?;
        let left = Left {
            parent: open_folder(CWD, parent.as_os_str(), ResolveFlags::empty())?,
            folder: open_folder(CWD, folder.path().as_os_str(), ResolveFlags::empty())?,
            _lock: lock,
        };
        Ok(Self { path: folder.keep(), left })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let name = self.path.file_name().unwrap_or_default();
        if let Err(error) = self.left.remove(name) {
            tracing::debug!(%error, "the folder for temporary files stays");
        }
    }
}

fn sweep(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(PREFIX.as_bytes())
            && let Some(left) = Left::find(parent, &name)
            && let Err(error) = left.remove(&name)
        {
            tracing::debug!(%error, "a dead server's folder stays");
        }
    }
}

impl Left {
    /// The folder of that name, if a server of this user made it and has ended.
    fn find(parent: &Path, name: &OsStr) -> Option<Self> {
        let parent = open_folder(CWD, parent.as_os_str(), ResolveFlags::empty()).ok()?;
        let folder = open_folder(parent.as_fd(), name, WITHIN).ok()?;
        if !is_own(&fstat(&folder).ok()?, FileType::Directory) {
            return None;
        }
        // What is in it nobody else has put there. Even so, a pipe is not waited for.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let lock = File::from(openat2(&folder, LOCK, flags, Mode::empty(), WITHIN).ok()?);
        if !is_own(&fstat(&lock).ok()?, FileType::RegularFile) {
            return None;
        }
        let mut words = Vec::new();
        (&lock).take(WORDS.len() as u64 + 1).read_to_end(&mut words).ok()?;
        // A server that lives holds it.
        let is_left = words == WORDS && lock.try_lock().is_ok();
        is_left.then_some(Self { parent, folder, _lock: lock })
    }

    /// Removes what is in this very folder, wherever it is by now, and then the empty folder of
    /// that name.
    fn remove(&self, name: &OsStr) -> io::Result<()> {
        let inside = PathBuf::from(format!("/proc/self/fd/{}", self.folder.as_raw_fd()));
        for entry in std::fs::read_dir(&inside)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                std::fs::remove_dir_all(entry.path())?;
            } else if entry.file_name() != LOCK {
                std::fs::remove_file(entry.path())?;
            }
        }
        // Last: without it nobody would try again.
        match std::fs::remove_file(inside.join(LOCK)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        Ok(rustix::fs::unlinkat(&self.parent, name, AtFlags::REMOVEDIR)?)
    }
}

fn open_folder(
    place: impl AsFd,
    path: &OsStr,
    resolve: ResolveFlags,
) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat2(place, path, flags, Mode::empty(), resolve)
}

/// True for what is this user's, and nobody else's to change.
fn is_own(found: &Stat, kind: FileType) -> bool {
    found.st_uid == geteuid().as_raw()
        && found.st_mode & OTHERS_WRITE == 0
        && FileType::from_raw_mode(found.st_mode) == kind
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder as a killed server leaves it.
    fn left_behind(parent: &Path, name: &str) -> PathBuf {
        let folder = parent.join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        std::fs::write(folder.join(LOCK), WORDS).unwrap();
        std::fs::create_dir_all(folder.join("adaptors/deep")).unwrap();
        std::fs::write(folder.join("adaptors/deep/h1.py"), "").unwrap();
        folder
    }

    #[test]
    fn what_a_dead_server_left_goes_and_nothing_else() {
        let around = tempfile::tempdir().unwrap();
        let parent = around.path();
        let dead = left_behind(parent, "owt-server-dead");
        let alive = left_behind(parent, "owt-server-alive");
        let held = File::open(alive.join(LOCK)).unwrap();
        held.lock().unwrap();
        let mut others = vec![alive, left_behind(parent, "owt-my-thesis")];
        // Of a person who keeps a lock in a folder that is called so.
        others.push(left_behind(parent, "owt-server-notes"));
        std::fs::write(others[2].join(LOCK), "pid 7").unwrap();
        // Where others can write, and so put such a lock.
        others.push(left_behind(parent, "owt-server-shared"));
        std::fs::set_permissions(&others[3], Permissions::from_mode(0o777)).unwrap();
        // Elsewhere, by a link; and a lock that is a link, or a pipe that nobody writes to.
        let elsewhere = tempfile::tempdir().unwrap();
        others.push(left_behind(elsewhere.path(), "owt-server-target"));
        symlink(&others[4], parent.join("owt-server-link")).unwrap();
        for name in ["owt-server-linked", "owt-server-pipe"] {
            others.push(left_behind(parent, name));
            std::fs::remove_file(parent.join(name).join(LOCK)).unwrap();
        }
        symlink(others[4].join(LOCK), others[5].join(LOCK)).unwrap();
        let pipe = others[6].join(LOCK);
        rustix::fs::mknodat(CWD, pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        sweep(parent);
        assert!(!dead.exists());
        for other in others {
            assert!(other.join("adaptors/deep/h1.py").exists(), "{}", other.display());
        }
    }

    #[test]
    fn it_is_for_its_owner_alone_and_goes_with_what_is_in_it() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::create_dir_all(path.join("some/folder")).unwrap();
        sweep(path.parent().unwrap());
        assert!(path.join("some/folder").exists(), "it is locked");
        drop(scratch);
        assert!(!path.exists());
    }
}
