//! Finds out about the libpython that this program is linked with: its version, place and modules.

use std::collections::HashSet;
use std::ffi::{CStr, OsStr, c_char, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use pyo3::ffi;

/// One of the modules that are built in.
#[repr(C)]
struct BuiltIn {
    name: *const c_char,
    _initialise: *const c_void,
}

unsafe extern "C" {
    /// Ends with one that has no name.
    static PyImport_Inittab: *const BuiltIn;
}

/// Its version, `major.minor.micro`.
#[must_use]
pub fn version() -> String {
    // SAFETY: may be called before initialisation; gives a static, NUL-terminated text.
    let version = unsafe { CStr::from_ptr(ffi::Py_GetVersion()) };
    let version = version.to_string_lossy();
    version.split(' ').next().unwrap_or_default().to_owned()
}

/// The names of the modules that are built into it.
pub fn built_in() -> HashSet<String> {
    let mut names = HashSet::new();
    // SAFETY: a static table of the library's, which nothing in this program changes.
    let mut one = unsafe { PyImport_Inittab };
    loop {
        // SAFETY: the table's last entry, the one without a name, ends the loop.
        let name = unsafe { (*one).name };
        if name.is_null() {
            return names;
        }
        // SAFETY: the names are static, NUL-terminated texts.
        names.insert(unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned());
        // SAFETY: another entry follows one that has a name.
        one = unsafe { one.add(1) };
    }
}

/// The file that it is in; this program's own where it was linked in.
fn file() -> Option<PathBuf> {
    let mut found = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    let function = ffi::Py_GetVersion as *const c_void;
    // SAFETY: the address of a function, and room for what is said of it.
    let known = unsafe { libc::dladdr(function, found.as_mut_ptr()) } != 0;
    // SAFETY: zeroes are a valid value, and it was filled if it was known.
    let name = unsafe { found.assume_init() }.dli_fname;
    if !known || name.is_null() {
        return None;
    }
    // SAFETY: a NUL-terminated text that lives as long as the library.
    let name = unsafe { CStr::from_ptr(name) };
    std::fs::canonicalize(OsStr::from_bytes(name.to_bytes())).ok()
}

/// True when it does not belong to the installation with that `sys.base_prefix`; false also where
/// that cannot be told, since it was linked in.
pub fn is_elsewhere(base_prefix: &Path) -> bool {
    let own = std::env::current_exe().ok();
    let Some(file) = file().filter(|file| Some(file) != own.as_ref()) else { return false };
    std::fs::canonicalize(base_prefix).is_ok_and(|base| !file.starts_with(base))
}

/// ` in FOLDER`, or nothing where the library is in this program itself.
pub fn place() -> String {
    let own = std::env::current_exe().ok();
    match file() {
        Some(file) if Some(&file) != own.as_ref() => {
            let folder = file.parent().unwrap_or(&file);
            format!(" in {}", folder.display())
        }
        _ => String::new(),
    }
}

/// The executable that belongs to it, or what it is where that is not found.
pub fn executable() -> String {
    let version = version();
    let minor = version.rsplit_once('.').map_or(&*version, |(minor, _)| minor);
    let beside = |folder: &Path| {
        let python = folder.join("bin").join(format!("python{minor}"));
        python.exists().then_some(python)
    };
    let found = file().and_then(|file| file.ancestors().skip(1).find_map(beside));
    match found {
        Some(python) => format!("`{} -m venv`", python.display()),
        None => format!("that Python {version}"),
    }
}
