//! Defines the extension `owt._native`, through which a Python that was started as a program
//! becomes a worker.

use std::os::fd::{FromRawFd, OwnedFd};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::worker::run_worker;

/// As in the program: what one thread makes another lets go, which glibc's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Has this thread and what no thread owns give back the memory that is free.
fn collect() {
    // SAFETY: may be called at any time, from any thread.
    unsafe { libmimalloc_sys::mi_collect(true) };
}

/// The native side of the package.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::work;

    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "Python's name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}

/// Is a worker for the server at the other end of these descriptors until that says stop; then
/// this process ends.
#[pyfunction]
fn work(py: Python<'_>, socket: i32, log: i32, claims: i32, files: i32) -> PyResult<()> {
    let numbers = [socket, log, claims, files];
    if numbers.iter().any(|number| *number < 3) {
        return Err(PyValueError::new_err("`owt serve` starts workers itself"));
    }
    owt_system::memory::collect_by(collect);
    // SAFETY: the server opened them for this process, and nothing else here knows of them.
    let [socket, log, claims, files] =
        numbers.map(|number| unsafe { OwnedFd::from_raw_fd(number) });
    let done = py.detach(|| run_worker(socket, log, claims, files));
    let status = match done {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("owt: {error}");
            1
        }
    };
    // SAFETY: ends the process at once: the ordinary way would finalize the interpreter under
    // threads that still run in it.
    unsafe { libc::_exit(status) }
}
