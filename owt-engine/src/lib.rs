//! Admits calls, queues them, answers from the cache, and cancels.
//!
//! One face: [`Engine::submit`]. Whatever hosts Python sits behind [`Host`].

mod cache;
mod channel;
mod context;
mod event;
mod gathering;
pub mod link;
mod opened;
mod permit;
mod postbox;
mod status;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use owt_core::{Call, Problem, ProblemKind, Warm, WarmAdaptor, WarmWorker};

use cache::{Cache, CacheKey, Lookup};
pub use cache::{CacheInput, CacheOutcome, Fingerprint};
use channel::Alone;
pub use channel::{
    Events, Far, Gone, Note, PIECE, Reins, Sender, Standing, Upstream, Watch, channel, far_channel,
};
pub use context::{Context, Headers};
pub use event::{Clock, Event, Head, Timing};
pub use gathering::Gathering;
pub use opened::Opened;
pub use permit::{Permit, PermitIssuer};
pub use postbox::{Outgoing, attend, run_there, soon};
pub use status::{HostStatus, WorkerStatus};

/// A call on its way to Python.
#[derive(Debug)]
pub struct Task {
    /// What it runs.
    pub call: Call,
    /// The request that it came with.
    pub context: Context,
    /// Where its events go. Once nobody takes them, it is cancelled.
    pub events: Sender,
}

/// Where Python runs: in this process, or in a process of its own.
pub trait Host: Send + Sync + 'static {
    /// Takes a task, or gives it back.
    fn submit(&self, task: Task) -> Result<(), NotTaken>;
    /// Takes no more; calls that run are asked to end, those that wait are not begun. What is
    /// left to do then may take that long.
    fn stop(&self, patience: Duration);
    /// The adaptors that are loaded in each process, by its id. One that does not say in time is
    /// left out.
    fn adaptors(&self) -> Listing;
    /// How it is now. Asked by probes and metrics, so rarely.
    fn status(&self) -> HostStatus;
}

/// The adaptors that are loaded in each process, once they are told.
pub type Listing = Pin<Box<dyn Future<Output = Vec<(u32, Vec<WarmAdaptor>)>> + Send>>;

/// Why a host gave a task back; nothing of it has run.
#[derive(Debug)]
pub enum NotTaken {
    /// As many wait as may wait.
    Full(Box<Task>),
    /// The host takes no more.
    Stopping(Box<Task>),
}

/// The engine: one for a server.
pub struct Engine {
    host: Arc<dyn Host>,
    cache: Cache,
    timeout: Option<Duration>,
    runtime: tokio::runtime::Handle,
}

impl Engine {
    /// An engine, and who may let calls into it. `runtime` is where recordings for the cache run;
    /// `timeout` is the deadline of a call that brings none.
    pub fn new(
        host: Arc<dyn Host>,
        cache_bytes: u64,
        timeout: Option<Duration>,
        runtime: tokio::runtime::Handle,
    ) -> (Self, PermitIssuer) {
        let engine = Self { host, cache: Cache::new(cache_bytes), timeout, runtime };
        (engine, PermitIssuer::new())
    }

    /// Runs a call that the issuer has permitted. Dropping the events cancels it. The second value
    /// says what the cache did, when the call asked for it. `context` is asked for the request if
    /// the call runs: a result that is kept needs none.
    pub fn submit(
        &self,
        _: Permit,
        call: Call,
        input: CacheInput<'_>,
        context: impl FnOnce(&Call) -> Context,
    ) -> (Events, Option<CacheOutcome>) {
        let limit = call.timeout.or(self.timeout);
        let (events, outcome) = if call.use_cache {
            let (events, outcome) = self.cached(call, input, context);
            (events, Some(outcome))
        } else {
            let context = context(&call);
            (run(&*self.host, call, context), None)
        };
        (events.within(limit), outcome)
    }

    /// How the host is.
    pub fn status(&self) -> HostStatus {
        self.host.status()
    }

    /// The workers, and the adaptors that are warm in each.
    pub async fn warm(&self) -> Warm {
        // First: one that comes up meanwhile was not asked.
        let status = self.host.status();
        let mut told = self.host.adaptors().await;
        let workers = status.workers.into_iter().map(|worker| WarmWorker {
            index: worker.index,
            pid: worker.pid,
            up: worker.up,
            resident_bytes: worker.resident_bytes,
            running: worker.running,
            adaptors: told
                .iter_mut()
                .find(|(pid, _)| *pid == worker.pid)
                .map(|(_, adaptors)| std::mem::take(adaptors)),
        });
        Warm { workers: workers.collect() }
    }

    /// Bytes of results that are kept for `use_cache`.
    pub fn cache_bytes(&self) -> u64 {
        self.cache.bytes()
    }

    fn cached(
        &self,
        call: Call,
        input: CacheInput<'_>,
        context: impl FnOnce(&Call) -> Context,
    ) -> (Events, CacheOutcome) {
        let max_age = input.max_age;
        let key = CacheKey::of(&call, input);
        match self.cache.lookup(&key, max_age) {
            Lookup::Hit(reader) => (Events::replay(reader), CacheOutcome::Hit),
            Lookup::Join(reader) => {
                let host = Arc::clone(&self.host);
                let context = context(&call);
                let alone = Alone(Box::new(move || run(&*host, call, context)));
                (Events::follow(reader, alone), CacheOutcome::Joined)
            }
            Lookup::Miss(reader, recorder) => {
                let context = context(&call);
                let events = run(&*self.host, call, context);
                self.runtime.spawn(recorder.record(events));
                (Events::replay(reader), CacheOutcome::Miss)
            }
        }
    }
}

fn run(host: &dyn Host, call: Call, context: Context) -> Events {
    let (sender, events) = channel();
    let (task, kind, why) = match host.submit(Task { call, context, events: sender }) {
        Ok(()) => return events,
        Err(NotTaken::Full(task)) => {
            (task, ProblemKind::Busy, "the queue of waiting calls is full")
        }
        Err(NotTaken::Stopping(task)) => (task, ProblemKind::Draining, "the server is stopping"),
    };
    let problem = Problem::new(kind, format!("{why}; nothing of this call has run"))
        .with_retry_after(Duration::from_secs(1));
    task.events.send(Event::Problem(Box::new(problem)));
    events
}
