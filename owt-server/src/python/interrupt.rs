//! Asks a running call to end: an exception is raised in its thread at the next
//! bytecode. A courtesy, not a force: native code is not reached.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::pool::{Running, Seat, Wanted};

/// How often a call that goes on regardless is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// `owt.Cancelled`.
static CANCELLED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Sets the class of the exception.
pub fn raise(py: Python<'_>, cancelled: Py<PyAny>) {
    // Set once, at start; a second server of the same process brings the same class.
    let _ = CANCELLED.set(py, cancelled);
}

/// While this lives, the call on this seat can be interrupted.
pub struct Interruptible<'s> {
    seat: &'s Seat,
    ident: libc::c_ulong,
}

impl<'s> Interruptible<'s> {
    pub fn new(_attached: Python<'_>, seat: &'s Seat, wanted: Wanted) -> Self {
        // SAFETY: asks the thread library for the calling thread.
        let ident = unsafe { ffi::PyThread_get_thread_ident() };
        *seat.running().lock() = Some(Running { wanted, ident, interrupted: None });
        Self { seat, ident }
    }
}

impl Interruptible<'_> {
    /// From here on the call is not interrupted: what follows is its cleaning up. True when
    /// it has been.
    pub fn disarm(&self) -> bool {
        let running = self.seat.running().lock().take();
        let interrupted = running.is_some_and(|running| running.interrupted.is_some());
        if interrupted {
            // Sent but perhaps not raised yet; it must not hit the next call.
            // SAFETY: this thread is attached; NULL withdraws what is pending.
            unsafe { ffi::PyThreadState_SetAsyncExc(self.ident as _, std::ptr::null_mut()) };
        }
        interrupted
    }
}

impl Drop for Interruptible<'_> {
    fn drop(&mut self) {
        self.disarm();
    }
}

/// Interrupts the calls on these seats whose reader has gone.
pub fn interrupt_deserted(seats: &[Arc<Seat>]) {
    let due = |running: &Running| {
        running.wanted.is_deserted()
            && running.interrupted.is_none_or(|before| before.elapsed() >= AGAIN)
    };
    for seat in seats {
        if !seat.running().lock().as_ref().is_some_and(due) {
            continue;
        }
        Python::attach(|py| {
            // Attached, so the seat's own thread is between two calls or inside this one,
            // and cannot pass from one to the other meanwhile.
            let mut running = seat.running().lock();
            if let (Some(running), Some(class)) =
                (running.as_mut().filter(|running| due(running)), CANCELLED.get(py))
            {
                running.interrupted = Some(Instant::now());
                // SAFETY: attached; the class is a live exception class.
                unsafe { ffi::PyThreadState_SetAsyncExc(running.ident as _, class.as_ptr()) };
            }
        });
    }
}
