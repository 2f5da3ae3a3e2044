//! Lays the Python package `owt`, carried inside this program, out in a folder from which Python
//! and the processes it starts can import it.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use owt_system::private::{self, FolderError, cache_folder};

static PACKAGE: Dir = include_dir!("$CARGO_MANIFEST_DIR/python/owt");

/// Lays the package out and gives the folder to put on `sys.path`.
///
/// It is kept in the user's cache folder under a name made from its content, so that
/// Python's bytecode cache outlives the server; where that cannot be written, or others could
/// put their own code there, in `scratch`.
///
/// # Errors
/// When neither place can be written.
pub fn lay_out(scratch: &Path) -> io::Result<PathBuf> {
    let name = format!("python-{}-{:016x}", env!("CARGO_PKG_VERSION"), fingerprint());
    if let Some(cache) = cache_folder() {
        let folder = cache.join("owt").join(name);
        match private::folder(&cache.join("owt")) {
            Ok(()) if place(&folder).is_ok() => return Ok(folder),
            // Where it cannot be written is told by the next who wants to keep something.
            Ok(()) | Err(FolderError::Io { .. }) => {}
            Err(error) => tracing::warn!("the cache is not used: {error}"),
        }
    }
    let folder = scratch.join("python");
    write(&PACKAGE, &folder.join("owt"))?;
    Ok(folder)
}

/// Writes beside the folder first and renames, so that servers that start together
/// never see half a package.
fn place(folder: &Path) -> io::Result<()> {
    if is_there(folder) {
        return Ok(());
    }
    let parent = folder.parent().ok_or(io::ErrorKind::NotFound)?;
    let fresh = tempfile::Builder::new().prefix(".new-").tempdir_in(parent)?;
    write(&PACKAGE, &fresh.path().join("owt"))?;
    match std::fs::rename(fresh.path(), folder) {
        // Renamed away under its guard, which has nothing left to remove.
        Ok(()) => Ok(()),
        Err(_) if is_there(folder) => Ok(()),
        Err(error) => Err(error),
    }
}

fn is_there(folder: &Path) -> bool {
    private::check(folder).is_ok() && folder.join("owt/__init__.py").exists()
}

fn write(dir: &Dir, target: &Path) -> io::Result<()> {
    std::fs::create_dir_all(target)?;
    for file in dir.files().filter(|file| is_source(file.path())) {
        if let Some(name) = file.path().file_name() {
            std::fs::write(target.join(name), file.contents())?;
        }
    }
    for inner in dir.dirs() {
        if let Some(name) = inner.path().file_name().filter(|name| *name != "__pycache__") {
            write(inner, &target.join(name))?;
        }
    }
    Ok(())
}

fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "py" || extension == "typed")
}

fn fingerprint() -> u64 {
    fn add(dir: &Dir, hasher: &mut DefaultHasher) {
        for file in dir.files().filter(|file| is_source(file.path())) {
            file.path().hash(hasher);
            file.contents().hash(hasher);
        }
        dir.dirs().for_each(|inner| add(inner, hasher));
    }
    let mut hasher = DefaultHasher::new();
    add(&PACKAGE, &mut hasher);
    hasher.finish()
}
