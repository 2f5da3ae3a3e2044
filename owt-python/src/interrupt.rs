//! Asks a running call to stop: raises an exception in its thread at the next bytecode, and ends
//! the processes it started so that whatever waits for them goes on. Native code is not reached.
//!
//! Python's main thread is sent a signal too: in the handler of that, which runs also where the
//! thread waits in a system call, the exception is raised.

mod ending;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use owt_engine::{Context, Note, Sender, Standing};
use owt_system::process::Process;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::children::Children;
use super::seat::{Deserted, Running, Seat, Wanted};
use ending::{ToEnd, end_processes};

/// How often a call that goes on regardless is looked at, and asked again: the exception may
/// have landed in a callback that keeps it to itself.
const LOOK: Duration = Duration::from_millis(200);

/// How often one is asked again that cleans up.
const CLEANING: Duration = Duration::from_secs(2);

/// How often one is asked again that stands still, and so does not hear what it was asked: less
/// and less often.
const DEAF: Duration = Duration::from_secs(1);
const LONG_DEAF: Duration = Duration::from_secs(30);

/// How long a thread may stand still in code that holds locks for a moment before it is
/// interrupted there; and how long one is waited for that goes on, but is in such code each time
/// that it is looked at, and so often at least: on a busy machine looks are few.
const DELICACY: Duration = Duration::from_millis(50);
const DELICATE_WORK: Duration = Duration::from_secs(1);
const DELICATE_LOOKS: u32 = 150;

/// How long a module body goes on that nobody waits for: whoever calls again finds it further
/// on, or done.
const UNWANTED_LOAD: Duration = Duration::from_secs(30);
/// And while other code waits for its turn.
const LOAD_IN_THE_WAY: Duration = Duration::from_secs(10);

/// How long an import goes on that nobody waits for. One that is cut leaves a library that
/// nobody can use any more.
const UNWANTED_IMPORT: Duration = Duration::from_secs(60);

/// What this side needs of the package.
pub struct Tools {
    /// `owt.Cancelled`.
    pub cancelled: Py<PyAny>,
    /// Says where a thread is.
    pub whereabouts: Py<PyAny>,
    /// Does nothing, in Python: an exception that the thread was sent is raised there.
    pub pause: Py<PyAny>,
    /// Releases what an interrupted call left locked.
    pub mop_up: Py<PyAny>,
    /// The processes that modules hold.
    pub kept_processes: Py<PyAny>,
}

static TOOLS: PyOnceLock<Tools> = PyOnceLock::new();

/// The signal that wakes the main thread.
pub fn signal() -> libc::c_int {
    libc::SIGRTMIN() + 6
}

/// Sets what interrupting needs.
pub fn equip(py: Python<'_>, tools: Tools) {
    // Set once, at start; a second server of the same process brings the same.
    let _ = TOOLS.set(py, tools);
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

/// Tells one call from the next on the same seat.
static CALLS: AtomicU64 = AtomicU64::new(0);

/// While this lives, the call on this seat can be interrupted.
pub struct Interruptible<'s> {
    py: Python<'s>,
    seat: &'s Seat,
    whose: &'s Context,
}

impl<'s> Interruptible<'s> {
    pub fn new(py: Python<'s>, seat: &'s Seat, whose: &'s Context, wanted: Wanted) -> Self {
        // SAFETY: asks the thread library for the calling thread.
        let ident = unsafe { ffi::PyThread_get_thread_ident() };
        let children = Children::from_now();
        let number = CALLS.fetch_add(1, Ordering::Relaxed);
        *seat.running().lock() = Some(Running { number, wanted, ident, children, deserted: None });
        IS_CALL.set(true);
        Self { py, seat, whose }
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
        let interrupted = running.deserted.is_some_and(|deserted| deserted.interrupted.is_some());
        if interrupted {
            self.mop_up();
        }
        let children = running.children;
        if interrupted || abandoned {
            let left = self.py.detach(|| children.there());
            end_processes(ToEnd { left, ..ToEnd::default() });
        }
        children.leave();
        interrupted
    }

    /// Takes an exception that was sent and not raised yet, which must not hit the next call, and
    /// what the call left locked.
    fn mop_up(&self) {
        let Some(tools) = TOOLS.get(self.py) else { return };
        settle(self.py, tools);
        if let Err(error) = tools.mop_up.call0(self.py) {
            let (id, trace) = self.whose.marks();
            tracing::error!(id, trace, %error, "what an interrupted call held may stay locked");
        }
    }
}

/// Raises the exception on the calling thread and takes it, in the place of one that it was sent
/// or that another thread was sent and no longer has.
///
/// CPython 3.11 and 3.12 look for such exceptions on all threads from when one is sent until one is
/// raised; one that is only withdrawn is looked for for ever, and whatever is traced
/// (`sys.settrace`) does nothing else meanwhile. And when one of two threads has raised its own, the
/// other no longer looks for it.
fn settle(py: Python<'_>, tools: &Tools) {
    // SAFETY: attached; for the calling thread, and the class is a live exception class.
    unsafe {
        let ident = ffi::PyThread_get_thread_ident();
        ffi::PyThreadState_SetAsyncExc(ident as _, tools.cancelled.as_ptr());
    }
    match tools.pause.call0(py) {
        Err(error) if error.get_type(py).is(tools.cancelled.bind(py)) => {}
        Err(error) => tracing::error!(%error, "an exception was not raised where it was sent"),
        Ok(_) => tracing::error!("an exception that was sent may hit the next call"),
    }
}

/// True where an exception that was sent to one thread keeps all of them looking for it: in CPython
/// before 3.13.
fn all_look() -> bool {
    // SAFETY: a constant of the interpreter's library.
    unsafe { ffi::Py_Version < 0x030D_0000 }
}

impl Drop for Interruptible<'_> {
    fn drop(&mut self) {
        self.disarm();
    }
}

/// Where a thread is, as far as an exception there is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Free,
    /// In code that holds locks for a moment.
    Delicate,
    /// It waits for a lock, and would have it when the exception is raised.
    AtLock,
    /// It handles the exception that was raised.
    Cleaning,
    Importing,
    /// It starts a process, which is not where it belongs yet.
    Starting,
}

impl Place {
    /// Of the package's number for it.
    fn of(number: u8) -> Self {
        match number {
            1 => Self::Delicate,
            2 => Self::AtLock,
            3 => Self::Cleaning,
            4 => Self::Importing,
            5 => Self::Starting,
            _ => Self::Free,
        }
    }
}

/// Where that thread is, and a number that changes when it goes on there.
fn whereabouts(py: Python<'_>, ident: libc::c_ulong) -> Option<(Place, u64)> {
    let tools = TOOLS.get(py)?;
    let said = tools.whereabouts.call1(py, (ident,)).and_then(|said| said.extract::<(u8, u64)>(py));
    match said {
        Ok((place, mark)) => Some((Place::of(place), mark)),
        Err(error) => {
            tracing::warn!(%error, "it cannot be told where a thread is");
            None
        }
    }
}

/// Whether that seat's thread runs something that waits: not for an import, and at the same
/// place as `before`. Gives the place for the next look.
pub fn waits(seat: &Seat, before: Option<u64>) -> (bool, Option<u64>) {
    let Some(ident) = seat.running().lock().as_ref().map(|running| running.ident) else {
        return (false, None);
    };
    match Python::attach(|py| whereabouts(py, ident)) {
        Some((place, mark)) if place != Place::Importing => (before == Some(mark), Some(mark)),
        _ => (false, None),
    }
}

/// What came of a look at a call that nobody waits for.
struct Looked {
    events: Sender,
    note: Note,
    /// What it has started, if it was asked to end.
    processes: Vec<Process>,
}

/// True when nobody waits for it, and it is time to look at it.
fn is_due(running: &Running) -> bool {
    let now = Instant::now();
    running.wanted.is_deserted()
        && running.deserted.is_none_or(|deserted| now >= deserted.next_look)
}

/// Looks at the calls on these seats whose reader has gone, and interrupts them. `loads_wait`: for
/// their turn.
pub fn interrupt_deserted(seats: &[Arc<Seat>], loads_wait: bool) {
    let deserted: Vec<_> =
        seats.iter().filter(|seat| seat.running().lock().as_ref().is_some_and(is_due)).collect();
    if deserted.is_empty() {
        return;
    }
    let unwanted_load = if loads_wait { LOAD_IN_THE_WAY } else { UNWANTED_LOAD };
    let looked: Vec<_> = Python::attach(|py| {
        deserted.into_iter().filter_map(|seat| look(py, seat, unwanted_load)).collect()
    });
    let mut processes = Vec::new();
    for looked in looked {
        looked.events.note(looked.note);
        processes.extend(looked.processes);
    }
    end_processes(ToEnd { processes, ..ToEnd::default() });
}

fn look(py: Python<'_>, seat: &Arc<Seat>, unwanted_load: Duration) -> Option<Looked> {
    let (looked, withdrawn) = look_at(py, seat, unwanted_load)?;
    // Python runs again, so that seat's lock is free.
    if let Some(tools) = TOOLS.get(py).filter(|_| withdrawn) {
        settle(py, tools);
    }
    Some(looked)
}

/// Gives also whether what the call was asked was taken back, for it stands still: see [`settle`].
fn look_at(py: Python<'_>, seat: &Arc<Seat>, unwanted_load: Duration) -> Option<(Looked, bool)> {
    let (number, ident) = {
        let running = seat.running().lock();
        // By now it may be another call, which somebody waits for.
        let running = running.as_ref().filter(|running| is_due(running))?;
        (running.number, running.ident)
    };
    // Python runs here, and may let the seat's own thread run meanwhile: so the lock, which that
    // takes when its call ends, is free.
    let (place, mark) = whereabouts(py, ident)?;
    // From here on no Python runs: the thread is between two calls or inside this one, and cannot
    // pass from one to the other.
    let mut running = seat.running().lock();
    let running = running.as_mut().filter(|running| running.number == number)?;
    let now = Instant::now();
    let is_load = matches!(running.wanted, Wanted::Load(..));
    let mut deserted = running.deserted.unwrap_or(Deserted {
        since: now,
        next_look: now,
        interrupted: None,
        is_pending: false,
        place: 0,
        there_since: now,
        computed: None,
        delicate_looks: 0,
    });
    let age = now.saturating_duration_since(deserted.since);
    let loads =
        place == Place::Importing && age < UNWANTED_IMPORT || is_load && age < unwanted_load;
    // One that takes a lock again and again is always seen where it waits for it.
    let computed = if place == Place::AtLock { computed(ident) } else { None };
    let goes_on = deserted.place != mark || deserted.computed != computed;
    if goes_on {
        deserted.there_since = now;
    }
    let stands = now.saturating_duration_since(deserted.there_since);
    let is_delicate = match place {
        // It may have the lock already.
        Place::AtLock => stands < DELICACY,
        Place::Delicate => {
            deserted.delicate_looks = deserted.delicate_looks.saturating_add(1);
            let is_patient = age < DELICATE_WORK || deserted.delicate_looks < DELICATE_LOOKS;
            stands < DELICACY && is_patient
        }
        // What is forked off much memory, beside other threads, takes its time.
        Place::Starting => age < DELICATE_WORK,
        _ => false,
    };
    let asked = |pause| deserted.interrupted.is_some_and(|before| before.elapsed() < pause);
    let cleans = place == Place::Cleaning && asked(CLEANING);
    let is_deaf = all_look() && !goes_on && asked((stands / 2).clamp(DEAF, LONG_DEAF));
    let withdrawn = is_deaf && std::mem::take(&mut deserted.is_pending);
    if withdrawn {
        // SAFETY: attached; no class takes back what was sent.
        unsafe { ffi::PyThreadState_SetAsyncExc(ident as _, std::ptr::null_mut()) };
    }
    let standing = match () {
        () if loads => Standing::Loads,
        () if !goes_on => Standing::Waits,
        () => Standing::Runs,
    };
    (deserted.place, deserted.computed) = (mark, computed);
    // A moment later it may be elsewhere.
    deserted.next_look = if is_delicate { now } else { now + LOOK };
    let mut processes = Vec::new();
    if !(loads || is_delicate || cleans || is_deaf) && ask(py, seat, running, place) {
        (deserted.interrupted, deserted.is_pending) = (Some(now), true);
        // Now, while it stands still: what it starts later may be another's by the time that one
        // looks who holds it.
        processes = running.children.there();
    }
    running.deserted = Some(deserted);
    let note = Note::GoesOn { standing, has_lane: seat.is_lane() };
    Some((Looked { events: running.wanted.events().clone(), note, processes }, withdrawn))
}

/// The time for which that thread, which runs, has computed.
fn computed(ident: libc::c_ulong) -> Option<Duration> {
    let mut clock = 0;
    // SAFETY: a thread that lives: its seat has a call, and is locked.
    if unsafe { libc::pthread_getcpuclockid(ident, &raw mut clock) } != 0 {
        return None;
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes the time there.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        return None;
    }
    Some(Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?))
}

/// Has the exception raised in that thread. False when it cannot be done there.
fn ask(py: Python<'_>, seat: &Seat, running: &Running, place: Place) -> bool {
    let Some(tools) = TOOLS.get(py) else { return false };
    if place == Place::AtLock && !seat.is_main() {
        return false;
    }
    // SAFETY: attached; the class is a live exception class.
    let asked = unsafe {
        ffi::PyThreadState_SetAsyncExc(running.ident as _, tools.cancelled.as_ptr()) != 0
    };
    if seat.is_main() {
        let thread = running.children.thread();
        // SAFETY: sends a thread of this process a signal that is handled.
        unsafe { libc::syscall(libc::SYS_tgkill, std::process::id(), thread, signal()) };
    }
    asked
}
