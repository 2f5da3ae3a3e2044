//! Asks a running call to stop: raises an exception in its thread at the next bytecode, and ends
//! the processes it started so that whatever waits for them goes on. Native code is not reached.
//!
//! Python's main thread is sent a signal too: in the handler of that, which runs also where the
//! thread waits in a system call, the exception is raised.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use owt_engine::{Context, Note, Sender, Standing};
use parking_lot::Mutex;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::children::Children;
use super::seat::{Deserted, Running, Seat, Wanted};
use owt_system::process::{Process, end_trees, reap};

/// How often a call that goes on regardless is looked at, and asked again: the exception may
/// have landed in a callback that keeps it to itself.
const LOOK: Duration = Duration::from_millis(200);

/// How often one is asked again that cleans up.
const CLEANING: Duration = Duration::from_secs(2);

/// How long a thread may stand still in code that holds locks for a moment before it is
/// interrupted there; and how long one is waited for that goes on, but is in such code each time.
const DELICACY: Duration = Duration::from_millis(50);
const DELICATE_WORK: Duration = Duration::from_secs(1);

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
    /// Takes what was asked and not raised yet, and releases what an interrupted call left locked.
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

    /// Takes an exception that was sent and not raised yet: it must not hit the next call.
    /// Withdrawn instead, it would leave CPython 3.11 and 3.12 looking for it for ever. And when
    /// one of two threads has raised its own there, the other no longer looks for it: so it is
    /// sent once more, to be raised at once.
    fn mop_up(&self) {
        let Some(tools) = TOOLS.get(self.py) else { return };
        // SAFETY: attached; for the calling thread, and the class is a live exception class.
        unsafe {
            let ident = ffi::PyThread_get_thread_ident();
            ffi::PyThreadState_SetAsyncExc(ident as _, tools.cancelled.as_ptr());
        }
        let mut mopped = tools.mop_up.call0(self.py);
        if let Err(error) = &mopped
            && error.get_type(self.py).is(tools.cancelled.bind(self.py))
        {
            mopped = tools.mop_up.call0(self.py);
        }
        if let Err(error) = mopped {
            let (id, trace) = self.whose.marks();
            tracing::error!(id, trace, %error, "what an interrupted call held may stay locked");
        }
    }
}

impl Drop for Interruptible<'_> {
    fn drop(&mut self) {
        self.disarm();
    }
}

/// Processes that a module holds, in a pool of its own for instance: they are no call's.
fn kept(py: Python<'_>) -> Vec<i32> {
    let Some(tools) = TOOLS.get(py) else { return Vec::new() };
    let kept = tools.kept_processes.call0(py).and_then(|kept| kept.extract(py));
    kept.unwrap_or_else(|error| {
        tracing::warn!(%error, "the processes that modules hold cannot be told from a call's");
        Vec::new()
    })
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
        place: 0,
        there_since: now,
    });
    let age = now.saturating_duration_since(deserted.since);
    let loads =
        place == Place::Importing && age < UNWANTED_IMPORT || is_load && age < unwanted_load;
    let goes_on = deserted.place != mark;
    if goes_on {
        deserted.there_since = now;
    }
    let stands = now.saturating_duration_since(deserted.there_since);
    let is_delicate = match place {
        Place::Delicate => stands < DELICACY && age < DELICATE_WORK,
        // What is forked off much memory, beside other threads, takes its time.
        Place::Starting => age < DELICATE_WORK,
        _ => false,
    };
    let cleans = place == Place::Cleaning
        && deserted.interrupted.is_some_and(|before| before.elapsed() < CLEANING);
    let standing = match () {
        () if loads => Standing::Loads,
        () if !goes_on => Standing::Waits,
        () => Standing::Runs,
    };
    deserted.place = mark;
    // A moment later it may be elsewhere.
    deserted.next_look = if is_delicate { now } else { now + LOOK };
    let mut processes = Vec::new();
    if !(loads || is_delicate || cleans) && ask(py, seat, running, place) {
        deserted.interrupted = Some(now);
        // Now, while it stands still: what it starts later may be another's by the time that one
        // looks who holds it.
        processes = running.children.there();
    }
    running.deserted = Some(deserted);
    let note = Note::GoesOn { standing, has_lane: seat.is_lane() };
    Some(Looked { events: running.wanted.events().clone(), note, processes })
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

/// What is to be ended, but for what modules hold.
#[derive(Default)]
struct ToEnd {
    /// Of calls that were asked to end.
    processes: Vec<Process>,
    /// Of calls that have unwound: whoever could have waited for them has gone.
    left: Vec<Process>,
}

impl ToEnd {
    fn is_empty(&self) -> bool {
        self.processes.is_empty() && self.left.is_empty()
    }

    fn add(&mut self, more: Self) {
        self.processes.extend(more.processes);
        self.left.extend(more.left);
    }

    fn end(self) {
        let kept = Python::attach(kept);
        let is_own = |process: &Process| !kept.contains(&process.id);
        let mut processes: Vec<_> = self.processes.into_iter().filter(is_own).collect();
        let left: Vec<_> = self.left.into_iter().filter(is_own).collect();
        processes.extend(left.iter().copied());
        end_aside(processes, left);
    }
}

/// What waits for the thread that sees to it, while there is one.
static TO_END: Mutex<Option<ToEnd>> = Mutex::new(None);

/// Ends the processes of calls on a thread of its own. Which of them are not the calls' takes long to
/// find out where much is imported, and meanwhile the watch has to look at other calls, and a call
/// that has ended has to say so.
fn end_processes(more: ToEnd) {
    if more.is_empty() {
        return;
    }
    let mut to_end = TO_END.lock();
    if let Some(waiting) = &mut *to_end {
        return waiting.add(more);
    }
    let ending = std::thread::Builder::new().name("owt-ending".to_owned());
    match ending.spawn(end_all) {
        Ok(_) => *to_end = Some(more),
        Err(error) => cannot_end(&error),
    }
}

fn cannot_end(error: &std::io::Error) {
    tracing::error!(%error, "the processes of a cancelled call go on");
}

/// Ends all that waits for that.
fn end_all() {
    loop {
        let more = {
            let mut to_end = TO_END.lock();
            match to_end.as_mut().map(std::mem::take).filter(|more| !more.is_empty()) {
                Some(more) => more,
                None => {
                    *to_end = None;
                    return;
                }
            }
        };
        more.end();
    }
}

/// Ends processes on a thread of its own, and lets those go that nobody waits for: that can take a
/// while, and more may come.
fn end_aside(processes: Vec<Process>, left: Vec<Process>) {
    if processes.is_empty() {
        return;
    }
    let ending = std::thread::Builder::new().name("owt-ending".to_owned());
    let ended = ending.spawn(move || {
        end_trees(processes);
        reap(left);
    });
    if let Err(error) = ended {
        cannot_end(&error);
    }
}
