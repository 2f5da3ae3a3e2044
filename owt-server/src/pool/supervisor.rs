//! Starts, watches and ends all worker processes of a server, in however many pools.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::Thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::budget::Budget;
use super::command::WorkerCommand;
use super::guard::Guard;
use super::mark::{Family, Mark};
use super::pool::Pool;
use super::spawner::Spawner;
use super::{monitor, tree};

/// How long a worker may take to end by itself once it was told to, beyond what it was given.
const PATIENCE: Duration = Duration::from_secs(2);

/// One for each server.
#[derive(Debug)]
pub struct Supervisor {
    pub spawner: Spawner,
    /// For whole answers, of all pools together.
    pub budget: Arc<Budget>,
    pools: Mutex<Vec<Weak<Pool>>>,
    monitor: OnceLock<Thread>,
    /// Nothing is under way; whoever changes that wakes the monitor.
    is_idle: AtomicBool,
    marks: AtomicU64,
    family: Family,
    /// Held, not read: it acts when this process is no more.
    _guard: Guard,
}

impl Supervisor {
    /// Starts one. This process adopts from now on what its workers leave behind.
    ///
    /// `guard` starts the process that ends what workers leave when the server is killed. `answers`:
    /// bytes of whole answers that wait in the server for their readers, or are kept.
    ///
    /// # Errors
    /// When there is no thread or no process for it.
    pub fn start(guard: &WorkerCommand, answers: usize) -> io::Result<Arc<Self>> {
        let family = Family::new();
        let supervisor = Arc::new(Self {
            // Before orphans are adopted: the guard shall be no descendant of this process.
            _guard: Guard::start(guard, &family)?,
            spawner: Spawner::new()?,
            budget: Arc::new(Budget::new(answers)),
            pools: Mutex::default(),
            monitor: OnceLock::new(),
            is_idle: AtomicBool::new(false),
            marks: AtomicU64::new(0),
            family,
        });
        tree::adopt_orphans();
        let thread = monitor::start(Arc::downgrade(&supervisor))?;
        supervisor.monitor.get_or_init(|| thread);
        Ok(supervisor)
    }

    /// One that no other worker has, here or elsewhere.
    pub fn mark(&self) -> Mark {
        self.family.mark(self.marks.fetch_add(1, Ordering::Relaxed))
    }

    /// Watches that pool's workers, for as long as it is there.
    pub fn watch(&self, pool: &Arc<Pool>) {
        let mut pools = self.pools.lock();
        pools.retain(|pool| pool.strong_count() > 0);
        pools.push(Arc::downgrade(pool));
    }

    /// The pools that are there.
    pub fn pools(&self) -> Vec<Arc<Pool>> {
        self.pools.lock().iter().filter_map(Weak::upgrade).collect()
    }

    /// Has every worker replaced by a fresh one, without dropping a call.
    pub fn reload(&self) {
        self.pools().iter().for_each(|pool| pool.reload());
    }

    /// Ends every worker, with all that came of it; what each has to do at its end may take that
    /// long. Nothing may be submitted any more. True when no call was left running that was not
    /// answered.
    pub fn end(&self, patience: Duration) -> bool {
        let pools = self.pools();
        pools.iter().for_each(|pool| pool.stop_workers(patience));
        let until = Instant::now() + patience + PATIENCE;
        let left_calls = pools.iter().filter(|pool| !pool.end(until));
        left_calls.count() == 0
    }

    /// Has the monitor look at once, and often while calls are under way.
    pub fn wake_monitor(&self) {
        if self.is_idle.load(Ordering::Relaxed)
            && self.is_idle.swap(false, Ordering::SeqCst)
            && let Some(monitor) = self.monitor.get()
        {
            monitor.unpark();
        }
    }

    /// The monitor's: waits that long, or until it is woken.
    pub fn rest(&self, pause: Duration) {
        self.is_idle.store(true, Ordering::SeqCst);
        std::thread::park_timeout(pause);
        self.is_idle.store(false, Ordering::SeqCst);
    }
}
