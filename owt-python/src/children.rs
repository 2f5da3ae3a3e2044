//! Ends the processes that a cancelled call has started, and what they have started in turn.
//!
//! Linux tells which thread started a process, and when. Whoever in Python waits for them reaps
//! them; once the call has unwound, owt does.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Pid;
use rustix::time::{ClockId, clock_gettime};

use owt_system::process::Process;

/// A call that ends sooner has started no process, and is spared the look.
const QUICKEST: Duration = Duration::from_micros(50);

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

    /// The thread's id.
    pub fn thread(&self) -> i32 {
        self.thread.as_raw_pid()
    }

    /// Those that are there.
    pub fn there(&self) -> Vec<Process> {
        let mut found = started_by(self.thread);
        found.retain(|id| !self.elder.contains(id));
        let (me, began) = (std::process::id().cast_signed(), in_ticks(self.began));
        let own = |process: &Process| process.parent == me && process.start >= began;
        found.into_iter().filter_map(Process::look).filter(own).collect()
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
