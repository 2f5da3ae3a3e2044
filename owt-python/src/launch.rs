//! Starts the interpreter in this process as the served executable would have started it: its
//! prefix, its packages, its `sys.executable`.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use pyo3::ffi;

use super::linked;
use owt_engine::link::Found;

/// The interpreter would not start.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// A path holds a NUL byte.
    #[error("the path of the Python executable holds a NUL byte")]
    Path(#[source] std::ffi::NulError),
    /// CPython refused its configuration.
    #[error("Python did not start: {0}")]
    Status(String),
}

/// Variables of the environment that say where Python finds its own modules.
const MISLEADING: [&str; 2] = ["PYTHONHOME", "PYTHONPATH"];

/// What can keep Python from its own modules, for the end of an error.
pub fn what_misleads(found: &Found) -> String {
    let other = linked::is_elsewhere(&found.base_prefix).then(|| {
        format!(
            "; it is of another build of Python ({} in {}) than the one this owt is linked with \
             ({}{})",
            found.version,
            found.base_prefix.display(),
            linked::version(),
            linked::place(),
        )
    });
    let set = MISLEADING.into_iter().filter_map(|name| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
        Some(format!("; {name} is set to `{}`, try without it", value.display()))
    });
    other.into_iter().chain(set).collect()
}

/// Starts Python with the calling thread as its main thread, detached on return.
///
/// # Errors
/// When CPython refuses to start.
pub fn launch(found: &Found) -> Result<(), LaunchError> {
    let executable = text(&found.executable)?;
    // SAFETY: the configuration is initialised before use, cleared after it, and this
    // thread alone touches it. After a successful start the thread holds the GIL, which
    // SaveThread gives back, as pyo3 expects of a thread that has not attached.
    unsafe {
        let mut config = std::mem::MaybeUninit::<ffi::PyConfig>::zeroed();
        let config = config.as_mut_ptr();
        ffi::PyConfig_InitPythonConfig(config);
        (*config).parse_argv = 0;
        (*config).install_signal_handlers = 0;
        (*config).faulthandler = 1;
        let status = [
            set(config, &raw mut (*config).program_name, &executable),
            set(config, &raw mut (*config).executable, &executable),
        ]
        .into_iter()
        .find(|status| ffi::PyStatus_Exception(*status) != 0)
        .unwrap_or_else(|| ffi::Py_InitializeFromConfig(config));
        ffi::PyConfig_Clear(config);
        if ffi::PyStatus_Exception(status) != 0 {
            return Err(LaunchError::Status(message(&status) + &what_misleads(found)));
        }
        ffi::PyEval_SaveThread();
    }
    Ok(())
}

/// # Safety
/// `field` must be a text field of `config`, and the configuration initialised.
unsafe fn set(
    config: *mut ffi::PyConfig,
    field: *mut *mut libc::wchar_t,
    value: &CString,
) -> ffi::PyStatus {
    // SAFETY: as promised by the caller; the text is NUL-terminated.
    unsafe { ffi::PyConfig_SetBytesString(config, field, value.as_ptr()) }
}

fn text(path: &Path) -> Result<CString, LaunchError> {
    CString::new(path.as_os_str().as_bytes()).map_err(LaunchError::Path)
}

fn message(status: &ffi::PyStatus) -> String {
    if status.err_msg.is_null() {
        return "no reason given".to_owned();
    }
    // SAFETY: CPython's messages are static, NUL-terminated texts.
    unsafe { std::ffi::CStr::from_ptr(status.err_msg) }.to_string_lossy().into_owned()
}
