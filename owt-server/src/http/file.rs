//! Opens a file that an adaptor gave as its answer, as the adaptor would have.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags};

/// Opens an ordinary file to be read.
///
/// What /proc shows depends on who looks: `/proc/self/environ`, or a link there to something
/// open, would give the server's own secrets instead of what the adaptor saw. Paths through it
/// are refused, and waiting for a pipe's writer would hold up other connections.
///
/// # Errors
/// When there is none, or none that may be read.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let resolve = ResolveFlags::NO_MAGICLINKS;
    let file = File::from(rustix::fs::openat2(CWD, path, flags, Mode::empty(), resolve)?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("this is no ordinary file"));
    }
    if rustix::fs::fstatfs(&file)?.f_type == PROC_SUPER_MAGIC {
        return Err(io::Error::other("what /proc shows is another's here; read it and give that"));
    }
    Ok(file)
}
