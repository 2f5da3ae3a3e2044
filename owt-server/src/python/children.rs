//! The processes that a call has started: of a cancelled call none goes on, nor what they
//! have started in turn.
//!
//! Linux tells which thread started a process, and when. They are ended but not reaped: that
//! is for whoever in Python waits for them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::time::{ClockId, clock_gettime};

/// A call that ends sooner has started no process, and is spared the look.
const QUICKEST: Duration = Duration::from_micros(50);

/// How often it is looked whether a tree of processes has grown meanwhile, at most.
const ROUNDS: usize = 20;

thread_local! {
    static THREAD: Cell<Option<Pid>> = const { Cell::new(None) };
    /// What earlier calls left here. The start of a process is known to the hundredth of a
    /// second only, which does not tell the end of one call from the beginning of the next.
    static ELDER: RefCell<Arc<[i32]>> = RefCell::default();
}

/// The child processes that one thread has started from some moment on.
///
/// When a thread ends, the main thread becomes the parent of what it left: there, such a child
/// is taken for one of the call that runs, if it is younger than that call.
#[derive(Clone)]
pub struct Children {
    thread: Pid,
    began: Duration,
    elder: Arc<[i32]>,
}

impl Children {
    /// Those that the calling thread will start.
    pub fn from_now() -> Self {
        let thread = THREAD.get().unwrap_or_else(rustix::thread::gettid);
        THREAD.set(Some(thread));
        Self { thread, began: since_boot(), elder: ELDER.with_borrow(Arc::clone) }
    }

    /// On their thread: whatever it starts from now on is none of them.
    pub fn leave(self) {
        if since_boot().saturating_sub(self.began) >= QUICKEST {
            ELDER.set(started_by(self.thread).into());
        }
    }

    /// Ends those that are there, and all their descendants. Nothing is done unless
    /// `are_these` still says so once the thread's children are known.
    pub fn end(&self, are_these: impl FnOnce() -> bool) {
        let mut found = started_by(self.thread);
        found.retain(|id| !self.elder.contains(id));
        if found.is_empty() || !are_these() {
            return;
        }
        let (me, began) = (std::process::id().cast_signed(), in_ticks(self.began));
        let own = |process: &Process| process.parent == me && process.start >= began;
        let mut tree = HashMap::new();
        // Stopped first, all of them: one that is killed while another is looked for may have
        // started a third, which would then be an orphan and not be found.
        let stop = |tree: &mut HashMap<_, _>, process: Process| {
            process.signal(Signal::STOP);
            tree.insert(process.id, process);
        };
        for process in found.into_iter().filter_map(Process::look).filter(own) {
            stop(&mut tree, process);
        }
        for _ in 0..ROUNDS {
            let known = tree.len();
            for process in Process::all() {
                if tree.contains_key(&process.parent) && !tree.contains_key(&process.id) {
                    stop(&mut tree, process);
                }
            }
            if tree.len() == known {
                break;
            }
        }
        for process in tree.values() {
            process.signal(Signal::KILL);
        }
    }
}

/// A process, as `/proc` shows it.
struct Process {
    id: i32,
    parent: i32,
    /// In ticks since the machine started; with the id it names a process for good.
    start: u64,
}

impl Process {
    fn look(id: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name in brackets, which comes before, may hold anything.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let parent = fields.nth(1)?.parse().ok()?;
        let start = fields.nth(17)?.parse().ok()?;
        Some(Self { id, parent, start })
    }

    fn all() -> impl Iterator<Item = Self> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter_map(Self::look)
    }

    /// Sends it a signal; never to another that has got its id since.
    fn signal(&self, signal: Signal) {
        let Some(id) = Pid::from_raw(self.id) else { return };
        let Ok(handle) = pidfd_open(id, PidfdFlags::empty()) else { return };
        // Looked at after it was opened: either this is what was opened, or that has ended.
        if Self::look(self.id).is_some_and(|now| now.start == self.start) {
            // What has ended, or is another user's by now, is out of reach.
            let _ = pidfd_send_signal(&handle, signal);
        }
    }
}

/// The children of one thread of this process; none where Linux was built without that list.
fn started_by(thread: Pid) -> Vec<i32> {
    let path = format!("/proc/self/task/{}/children", thread.as_raw_pid());
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().filter_map(|id| id.parse().ok()).collect()
}

/// By the clock that dates processes.
fn since_boot() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}

fn in_ticks(time: Duration) -> u64 {
    let ticks = u128::from(rustix::param::clock_ticks_per_second());
    (time.as_nanos() * ticks / 1_000_000_000) as u64
}
