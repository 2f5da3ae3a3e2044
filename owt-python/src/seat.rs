//! Tells others about a thread of the pool: whether it runs something, and what.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use owt_engine::Sender;
use parking_lot::Mutex;

use super::children::Children;

/// A Python thread's place in the pool.
pub struct Seat {
    thread: Thread,
    /// Set, then unparked: a wake-up cannot be lost.
    called: AtomicBool,
    /// Microseconds since the pool's birth when the running task began; 0 when idle.
    busy_since: AtomicU64,
    running: Mutex<Option<Running>>,
    role: Role,
}

/// Whose thread it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Python's main thread.
    Main,
    /// One of those that all calls share.
    Shared,
    /// One adaptor's own.
    Lane,
}

/// What a seat runs, as far as others need to know to interrupt it.
pub struct Running {
    /// No other has it.
    pub number: u64,
    pub wanted: Wanted,
    /// Python's identifier of the thread.
    pub ident: libc::c_ulong,
    /// The processes that it has started.
    pub children: Children,
    /// Since nobody waits for it any more.
    pub deserted: Option<Deserted>,
}

/// A call, or a load, that nobody waits for any more.
#[derive(Clone, Copy)]
pub struct Deserted {
    /// When that was first seen.
    pub since: Instant,
    /// When it is to be looked at again.
    pub next_look: Instant,
    /// When it was last interrupted.
    pub interrupted: Option<Instant>,
    /// It has not been taken back since.
    pub is_pending: bool,
    /// Where it was when it was last looked at, and since when.
    pub place: u64,
    pub there_since: Instant,
    /// What its thread had computed by then, where that tells whether it goes on.
    pub computed: Option<Duration>,
    /// How often it was in code that holds locks for a moment.
    pub delicate_looks: u32,
}

/// Whether anybody still waits for what a seat runs.
pub enum Wanted {
    /// By the reader of these events.
    Call(Sender),
    /// By the reader of the events of the call that began it, or by others.
    Load(Sender, Box<dyn Fn() -> bool + Send>),
}

impl Wanted {
    pub fn is_deserted(&self) -> bool {
        match self {
            Self::Call(events) => events.is_closed(),
            Self::Load(events, others) => events.is_closed() && !others(),
        }
    }

    /// Of the call that it runs for.
    pub fn events(&self) -> &Sender {
        match self {
            Self::Call(events) | Self::Load(events, _) => events,
        }
    }
}

impl Seat {
    pub fn new(thread: Thread, role: Role) -> Self {
        Self {
            thread,
            called: AtomicBool::new(false),
            busy_since: AtomicU64::new(0),
            running: Mutex::new(None),
            role,
        }
    }

    /// True for Python's main thread.
    pub fn is_main(&self) -> bool {
        self.role == Role::Main
    }

    /// True for the thread of one adaptor.
    pub fn is_lane(&self) -> bool {
        self.role == Role::Lane
    }

    /// What runs here, for whoever wants to interrupt it. Changed only while attached.
    pub fn running(&self) -> &Mutex<Option<Running>> {
        &self.running
    }

    /// True when nobody has waited for what runs here for so long.
    pub fn is_deserted_since(&self, time: Duration) -> bool {
        let deserted = self.running.lock().as_ref().and_then(|running| running.deserted);
        deserted.is_some_and(|deserted| deserted.since.elapsed() > time)
    }

    /// A task begins at that time, in microseconds since the pool's birth and never 0.
    pub fn set_busy(&self, now: u64) {
        self.busy_since.store(now, Ordering::Release);
    }

    /// The task is over.
    pub fn set_idle(&self) {
        self.busy_since.store(0, Ordering::Release);
    }

    /// When the running task began; 0 when none runs.
    pub fn busy_since(&self) -> u64 {
        self.busy_since.load(Ordering::Acquire)
    }

    pub fn is_busy(&self) -> bool {
        self.busy_since() != 0
    }

    /// Ends its wait, now or the next time. False on its own thread: it is awake, and perhaps on
    /// its way to wait.
    pub fn call(&self) -> bool {
        self.called.store(true, Ordering::Release);
        let is_elsewhere = self.thread.id() != std::thread::current().id();
        if is_elsewhere {
            self.thread.unpark();
        }
        is_elsewhere
    }

    /// Waits until it is called.
    pub fn wait(&self) {
        while !self.called.swap(false, Ordering::Acquire) {
            std::thread::park();
        }
    }
}
