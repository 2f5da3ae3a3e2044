//! The file with the token that `owt serve --token auto` has made, for programs of the same
//! user.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

/// Removed when this is dropped.
pub(crate) struct TokenFile {
    folder: OwnedFd,
    name: String,
    file: File,
    path: PathBuf,
}

impl TokenFile {
    /// Writes the token for the server at that port, in the place of one that was killed.
    ///
    /// # Errors
    /// There is no folder of this user's own for it, or it cannot be written.
    pub(crate) fn create(port: u16, token: &str) -> io::Result<Self> {
        let path = folder();
        let folder = open_own(&path)?;
        let name = format!("token-{port}");
        match rustix::fs::unlinkat(&folder, &name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file =
            File::from(rustix::fs::openat(&folder, &name, flags, Mode::RUSR | Mode::WUSR)?);
        file.write_all(format!("{token}\n").as_bytes())?;
        Ok(Self { path: path.join(&name), folder, name, file })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// False when a server at the same port of another address has put its own there.
    fn is_still_there(&self) -> rustix::io::Result<bool> {
        let identity = |stat: Stat| (stat.st_dev, stat.st_ino);
        let there = rustix::fs::statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(identity(there) == identity(rustix::fs::fstat(&self.file)?))
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        let removed = self.is_still_there().and_then(|is_there| {
            let unlink = || rustix::fs::unlinkat(&self.folder, &self.name, AtFlags::empty());
            if is_there { unlink() } else { Ok(()) }
        });
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

/// Opens a folder that is this user's own and nobody else's to look into; makes it if need be.
fn open_own(path: &Path) -> io::Result<OwnedFd> {
    match rustix::fs::mkdir(path, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    let refuse = |why: &str| {
        let path = path.display();
        let mend = "remove it, or name a folder of your own in XDG_RUNTIME_DIR";
        io::Error::other(format!("{path} {why}; {mend}"))
    };
    let folder = match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
        Err(Errno::NOTDIR | Errno::LOOP) => return Err(refuse("is no folder")),
        opened => opened?,
    };
    let stat = rustix::fs::fstat(&folder)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        return Err(refuse("is no folder"));
    }
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err(refuse("is another user's"));
    }
    if stat.st_mode & 0o077 != 0 {
        return Err(refuse("can be opened by others"));
    }
    Ok(folder)
}
