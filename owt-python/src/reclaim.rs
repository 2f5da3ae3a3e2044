//! Has Python collect garbage, and gives freed memory back to the system, on a thread beside the
//! calls.
//!
//! A full collection of a large heap takes a good part of a second and holds everybody up, so many
//! wishes make one collection, and there is a pause after it that is much longer than it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use pyo3::prelude::*;

use super::job::Shared;
use owt_engine::link::Slimmed;
use owt_system::memory;
use owt_system::process::resident_bytes;

/// Bytes of bodies and answers after which freed memory is given back, and Python collects.
const MUCH: u64 = 8 << 20;
const VERY_MUCH: u64 = 64 << 20;
/// By how much a worker grows until a collection goes before a load: what was let go is in the
/// way of what is coming.
const IN_THE_WAY: u64 = 32 << 20;
/// How many times as long as it took a collection is not repeated.
const REST: u32 = 50;

/// What is to be done, and who waits to do it.
#[derive(Default)]
pub struct Reclaim {
    state: Mutex<State>,
    changed: Condvar,
    /// Bytes of bodies and answers that went through since memory was last given back.
    passed: AtomicU64,
}

#[derive(Default)]
struct State {
    /// Something was let go that only a collection finds.
    has_garbage: bool,
    /// Freed memory is to be given back.
    has_room: bool,
    /// Somebody wants the worker to hold less than that.
    slim: Option<Slim>,
    /// When an adaptor may have had its time.
    tidy_at: Option<Instant>,
    is_over: bool,
    /// When the last collection ended, how long it took, and what was resident then.
    last: Option<(Instant, Duration, u64)>,
}

/// A wish that the worker hold at most so many bytes.
pub struct Slim {
    pub most: u64,
    /// Told what became of it.
    pub done: Box<dyn FnOnce(Slimmed) + Send>,
}

enum Next {
    Slim(Slim),
    Sweep { collect: bool },
    Tidy,
    Leave,
}

impl Reclaim {
    /// How long wishes wait for others, at least.
    pub const PAUSE: Duration = Duration::from_secs(1);

    /// Does it on a thread of its own until [`Reclaim::stop`].
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn start(self: &Arc<Self>, shared: Arc<Shared>) -> std::io::Result<()> {
        let reclaim = Arc::clone(self);
        let work = move || {
            while reclaim.work(&shared) {}
            // The last reference may be this one, and it holds Python objects.
            Python::attach(|_| drop(shared));
        };
        std::thread::Builder::new().name("owt-reclaim".to_owned()).spawn(work).map(drop)
    }

    pub fn stop(&self) {
        self.state.lock().is_over = true;
        self.changed.notify_all();
    }

    /// Something was let go that only a collection finds.
    pub fn collect_soon(&self) {
        self.state.lock().has_garbage = true;
        self.changed.notify_all();
    }

    /// A call is over whose body and answer had so many bytes.
    pub fn passed(&self, bytes: usize) {
        let before = self.passed.fetch_add(bytes as u64, Ordering::Relaxed);
        if before + bytes as u64 >= MUCH {
            self.state.lock().has_room = true;
            self.changed.notify_all();
        }
    }

    /// After that time an adaptor may have had its own.
    pub fn tidy_after(&self, pause: Duration) {
        let at = Instant::now() + pause;
        let mut state = self.state.lock();
        state.tidy_at = Some(state.tidy_at.map_or(at, |before| before.min(at)));
        drop(state);
        self.changed.notify_all();
    }

    /// Has adaptors unloaded until the process holds no more than that.
    pub fn slim(&self, slim: Slim) {
        self.state.lock().slim = Some(slim);
        self.changed.notify_all();
    }

    /// A module body is about to run. Where what was let go is large, it is collected first:
    /// otherwise both would be in memory.
    pub fn before_load(&self, py: Python<'_>) {
        {
            let state = self.state.lock();
            let least = state.last.map_or(0, |(_, _, bytes)| bytes) + IN_THE_WAY;
            if !state.has_garbage || resident_bytes(std::process::id()) < least {
                return;
            }
        }
        self.collect(py);
    }

    fn collect(&self, py: Python<'_>) {
        self.state.lock().has_garbage = false;
        let began = Instant::now();
        if let Err(error) = py.import("gc").and_then(|gc| gc.call_method0("collect")) {
            tracing::warn!(%error, "Python does not collect");
        }
        let took = began.elapsed();
        let bytes = resident_bytes(std::process::id());
        self.state.lock().last = Some((Instant::now(), took, bytes));
    }

    /// Does the next thing. False at the end.
    fn work(&self, shared: &Shared) -> bool {
        match self.next() {
            Next::Leave => return false,
            Next::Slim(slim) => self.grow_slim(shared, slim),
            Next::Sweep { collect } => {
                if collect {
                    Python::attach(|py| self.collect(py));
                }
                memory::give_back();
            }
            Next::Tidy => Python::attach(|py| shared.adaptors.tidy(py)),
        }
        true
    }

    /// Waits until there is something to do, and until it is time to do it.
    fn next(&self) -> Next {
        let mut state = self.state.lock();
        let mut due = None;
        loop {
            if state.is_over {
                return Next::Leave;
            }
            if let Some(slim) = state.slim.take() {
                return Next::Slim(slim);
            }
            let now = Instant::now();
            if (state.has_garbage || state.has_room) && due.is_none() {
                let rest = state.last.map_or(now, |(at, took, _)| at + took * REST);
                due = Some(rest.max(now + Self::PAUSE));
            }
            if due.is_some_and(|due| due <= now) {
                let much = self.passed.swap(0, Ordering::Relaxed) >= VERY_MUCH;
                let collect = state.has_garbage || much;
                state.has_room = false;
                return Next::Sweep { collect };
            }
            if state.tidy_at.is_some_and(|at| at <= now) {
                state.tidy_at = None;
                return Next::Tidy;
            }
            match due.into_iter().chain(state.tidy_at).min() {
                Some(until) => drop(self.changed.wait_until(&mut state, until)),
                None => self.changed.wait(&mut state),
            }
        }
    }

    fn grow_slim(&self, shared: &Shared, slim: Slim) {
        Python::attach(|py| {
            shared.forget_arguments(py);
            self.collect(py);
        });
        let mut unloaded = 0;
        let mut bytes = given_back();
        while bytes > slim.most {
            let count = Python::attach(|py| {
                let count = shared.adaptors.unload_half(py);
                if count > 0 {
                    self.collect(py);
                }
                count
            });
            if count == 0 {
                break;
            }
            unloaded += count;
            bytes = given_back();
        }
        (slim.done)(Slimmed { unloaded, bytes });
    }
}

/// Gives freed memory back; what is resident then.
fn given_back() -> u64 {
    memory::give_back();
    resident_bytes(std::process::id())
}
