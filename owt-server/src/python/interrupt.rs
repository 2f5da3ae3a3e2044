//! Asks a running call to end: an exception is raised in its thread at the next
//! bytecode, and the processes that it started are ended, so that what waits for them
//! gets there. A courtesy, not a force: native code is not reached.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::children::Children;
use super::seat::{Running, Seat, Wanted};
use crate::engine::Context;
use crate::process::{Process, end_trees, reap};

/// How often a call that goes on regardless is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// The same for one that had to be asked inside the interpreter's own code, which may have kept
/// the exception to itself: the hooks of a fork do.
const SOON: Duration = Duration::from_millis(200);

/// How long a thread may be inside the interpreter's own code before it is interrupted there.
const DELICACY: Duration = Duration::from_millis(50);

/// What this side needs of the package.
struct Tools {
    /// `owt.Cancelled`.
    cancelled: Py<PyAny>,
    /// Releases what an interrupted call left locked.
    mop_up: Py<PyAny>,
}

static TOOLS: PyOnceLock<Tools> = PyOnceLock::new();

/// Sets the exception's class, and what cleans up after it.
pub fn equip(py: Python<'_>, cancelled: Py<PyAny>, mop_up: Py<PyAny>) {
    // Set once, at start; a second server of the same process brings the same.
    let _ = TOOLS.set(py, Tools { cancelled, mop_up });
}

thread_local! {
    static IS_CALL: Cell<bool> = const { Cell::new(false) };
}

/// True on a thread while a call runs there that can be interrupted.
pub fn is_call() -> bool {
    IS_CALL.get()
}

/// In a forked child: what runs there is no call.
pub fn forked() {
    IS_CALL.set(false);
}

/// While this lives, the call on this seat can be interrupted.
pub struct Interruptible<'s> {
    py: Python<'s>,
    seat: &'s Seat,
    whose: &'s Context,
    ident: libc::c_ulong,
}

impl<'s> Interruptible<'s> {
    pub fn new(py: Python<'s>, seat: &'s Seat, whose: &'s Context, wanted: Wanted) -> Self {
        // SAFETY: asks the thread library for the calling thread.
        let ident = unsafe { ffi::PyThread_get_thread_ident() };
        let children = Children::from_now();
        *seat.running().lock() =
            Some(Running { wanted, ident, children, deserted_since: None, interrupted: None });
        IS_CALL.set(true);
        Self { py, seat, whose, ident }
    }
}

impl Interruptible<'_> {
    /// The request whose call it is.
    pub fn whose(&self) -> &Context {
        self.whose
    }

    /// From here on the call is not interrupted: what follows is its cleaning up. True when
    /// it has been.
    pub fn disarm(&self) -> bool {
        self.leave(false)
    }

    /// [`Interruptible::disarm`] for a call whose reader has gone, which need not have been
    /// noticed by whoever interrupts.
    pub fn abandon(&self) {
        self.leave(true);
    }

    fn leave(&self, abandoned: bool) -> bool {
        let Some(running) = self.seat.running().lock().take() else { return false };
        IS_CALL.set(false);
        let interrupted = running.interrupted.is_some();
        if interrupted {
            // Sent but perhaps not raised yet; it must not hit the next call.
            // SAFETY: this thread is attached; NULL withdraws what is pending.
            unsafe { ffi::PyThreadState_SetAsyncExc(self.ident as _, std::ptr::null_mut()) };
            let mopped = TOOLS.get(self.py).map(|tools| tools.mop_up.call0(self.py));
            if let Some(Err(error)) = mopped {
                let (id, trace) = self.whose.marks();
                tracing::error!(id, trace, %error, "what an interrupted call held may stay locked");
            }
        }
        let children = running.children;
        if interrupted || abandoned {
            self.py.detach(|| {
                let left = children.there(|| true);
                end_trees(left.iter().copied());
                // Whoever could have waited for them has unwound.
                reap(left);
            });
        }
        children.leave();
        interrupted
    }
}

impl Drop for Interruptible<'_> {
    fn drop(&mut self) {
        self.disarm();
    }
}

/// True when the thread is inside Python's import, logging or threading code, or the package's:
/// an exception there can leave a lock held. The next tick looks again. The package's waits are
/// made for it.
fn is_delicate(py: Python<'_>, ident: libc::c_ulong) -> bool {
    let file = || -> PyResult<String> {
        let frames = py.import("sys")?.call_method0("_current_frames")?;
        frames.get_item(ident)?.getattr("f_code")?.getattr("co_filename")?.extract()
    };
    match file() {
        Ok(file) => {
            file.starts_with("<frozen importlib")
                || file.ends_with("/threading.py")
                || file.contains("/logging/")
                || file.contains("/owt/_") && !file.ends_with("/owt/_waits.py")
        }
        // No frame: it is between two, where nothing is held.
        Err(_) => false,
    }
}

/// Interrupts the calls on these seats whose reader has gone.
pub fn interrupt_deserted(seats: &[Arc<Seat>]) {
    let due = |running: &Running| {
        running.wanted.is_deserted()
            && running.interrupted.is_none_or(|(before, pause)| before.elapsed() >= pause)
    };
    let deserted: Vec<_> =
        seats.iter().filter(|seat| seat.running().lock().as_ref().is_some_and(due)).collect();
    if deserted.is_empty() {
        return;
    }
    let interrupted = Python::attach(|py| {
        let Some(tools) = TOOLS.get(py) else { return Vec::new() };
        let interrupt = |seat: &Arc<Seat>| {
            // Attached, so the seat's own thread is between two calls or inside this one,
            // and cannot pass from one to the other meanwhile.
            let mut running = seat.running().lock();
            let running = running.as_mut().filter(|running| due(running))?;
            let since = *running.deserted_since.get_or_insert_with(Instant::now);
            let delicate = is_delicate(py, running.ident);
            if delicate && since.elapsed() < DELICACY {
                return None;
            }
            let asked = (Instant::now(), if delicate { SOON } else { AGAIN });
            running.interrupted = Some(asked);
            // SAFETY: attached; the class is a live exception class.
            unsafe { ffi::PyThreadState_SetAsyncExc(running.ident as _, tools.cancelled.as_ptr()) };
            Some((Arc::clone(seat), asked, running.children.clone()))
        };
        deserted.into_iter().filter_map(interrupt).collect()
    });
    // Detached, so the call may have ended by now.
    for (seat, asked, children) in interrupted {
        let processes = children.there(|| {
            seat.running().lock().as_ref().is_some_and(|running| running.interrupted == Some(asked))
        });
        end_aside(processes);
    }
}

/// Ends processes on a thread of its own: it can take a while, and other calls need the watch.
fn end_aside(processes: Vec<Process>) {
    if processes.is_empty() {
        return;
    }
    let ending = std::thread::Builder::new().name("owt-ending".to_owned());
    if let Err(error) = ending.spawn(move || end_trees(processes)) {
        tracing::error!(%error, "the processes of a cancelled call go on until it has unwound");
    }
}
