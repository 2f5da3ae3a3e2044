//! The workers together, in the engine's seat for hosts.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use owt_core::{Problem, ProblemKind};
use owt_engine::{Event, Host, HostStatus, Listing, NotTaken, Task, WorkerStatus};
use parking_lot::{Condvar, Mutex};

use super::answers::Room;
use super::command::{Spawner, WorkerCommand};
use super::culprits::Culprits;
use super::guard::Guard;
use super::mark::{Family, Mark};
use super::obituary::{Ending, Obituary};
use super::placement::choose;
use super::plan::Workers;
use super::worker::{Orphan, Worker};
use super::{monitor, post, tree};
use crate::hosting::HostError;
use owt_engine::link::{MOST_LOOPING, Settings};
use owt_system::process::resident_bytes;
use owt_system::sandbox::Walls;

/// In that time so many workers at most are replaced because a call wants a fresh one.
const OUTGROWN: Duration = Duration::from_secs(30);
const MOST_OUTGROWN: usize = 3;

/// How long a worker may take to end by itself once it was told to, beyond what it was given.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a worker may take to say which adaptors it has loaded.
const LISTING: Duration = Duration::from_secs(1);

/// All workers of a server.
#[derive(Debug)]
pub struct Crew {
    pub(super) command: WorkerCommand,
    pub(super) settings: Settings,
    pub(super) walls: Option<Walls>,
    pub(super) spawner: Spawner,
    pub(super) limits: Limits,
    pub(super) room: Arc<Room>,
    pub(super) state: Mutex<State>,
    /// A worker is up, or has ended, or all are to end.
    pub(super) changed: Condvar,
    pub(super) monitor: Mutex<Option<Thread>>,
    /// Nothing is under way; whoever changes that wakes the monitor.
    pub(super) is_idle: AtomicBool,
    /// Some adaptor has killed a worker, or may have: without the lock.
    pub(super) has_culprits: AtomicBool,
    marks: AtomicU64,
    family: Family,
    /// Held, not read: it acts when this process is no more.
    _guard: Guard,
}

/// What workers may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls that wait, in all.
    pub max_queue: usize,
    /// Calls that one worker can have.
    pub most_calls: usize,
    /// Bytes of memory of one worker.
    pub max_memory: Option<u64>,
    /// Calls that one worker serves, more or less.
    pub max_requests: Option<u64>,
    /// What a worker that is replaced may take for what it has to do at its end.
    pub grace: Duration,
}

#[derive(Debug)]
pub(super) struct State {
    pub posts: Vec<Post>,
    /// Calls that no worker can take yet.
    pub waiting: VecDeque<Task>,
    pub culprits: Culprits,
    /// When workers were last replaced because a call wanted a fresh one.
    pub outgrown: VecDeque<Instant>,
    pub is_stopping: bool,
    /// Why no worker starts, while none does.
    pub trouble: Option<String>,
    /// Every process there is, also those that are on their way out.
    pub processes: HashMap<u32, Arc<Process>>,
}

/// A worker's place: whoever holds it now, and what became of those before.
#[derive(Debug, Default)]
pub(super) struct Post {
    pub current: Option<Arc<Process>>,
    /// Somebody is on the way to take the place.
    pub is_coming: bool,
    /// The one that holds it is to be replaced: why, and how long its calls may go on then.
    pub wanted: Option<(Ending, Duration)>,
    /// Ends in a row without a call served.
    pub failures: u32,
    pub starts: u64,
    pub deaths: HashMap<&'static str, u64>,
}

/// A worker as its supervisor sees it.
#[derive(Debug)]
pub(super) struct Process {
    pub worker: Arc<Worker>,
    pub ending: Mutex<Option<Ending>>,
    /// It has no more calls from others, and is ended then at the latest.
    pub retired: Mutex<Option<Instant>>,
    pub was_told: Mutex<Option<Instant>>,
    /// It has said that it is ready.
    pub is_up: AtomicBool,
    /// Calls after which it is replaced.
    pub last_call: Option<u64>,
}

impl Process {
    /// Ends it now.
    pub fn kill(&self, why: Ending) {
        self.ending.lock().get_or_insert(why);
        self.worker.close();
        tree::kill(self.worker.pid);
    }
}

/// What the server allows all workers together.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// What a worker that is replaced may take for what it has to do at its end.
    pub grace: Duration,
    /// Bytes of whole answers that wait in the server for their readers, or are kept.
    pub answers: usize,
}

impl Crew {
    /// Starts the workers by that command, behind walls if there are some, and returns when the
    /// first is up.
    ///
    /// # Errors
    /// When none starts.
    pub fn start(
        workers: &Workers,
        command: WorkerCommand,
        settings: Settings,
        walls: Option<Walls>,
        bounds: Bounds,
    ) -> Result<Arc<Self>, HostError> {
        let family = Family::new();
        let max_queue = settings.max_queue;
        let most_calls = max_queue + settings.threads + MOST_LOOPING;
        let crew = Arc::new(Self {
            command,
            // The server counts those that wait; a worker takes what it is given.
            settings: Settings { max_queue: most_calls, ..settings },
            walls,
            spawner: Spawner::new().map_err(HostError::Worker)?,
            limits: Limits {
                max_queue,
                most_calls,
                max_memory: workers.max_memory,
                max_requests: workers.max_requests,
                grace: bounds.grace,
            },
            room: Arc::new(Room::new(bounds.answers)),
            state: Mutex::new(State {
                posts: (0..workers.count).map(|_| Post::default()).collect(),
                waiting: VecDeque::new(),
                culprits: Culprits::default(),
                outgrown: VecDeque::new(),
                is_stopping: false,
                trouble: None,
                processes: HashMap::new(),
            }),
            changed: Condvar::new(),
            monitor: Mutex::new(None),
            is_idle: AtomicBool::new(false),
            has_culprits: AtomicBool::new(false),
            marks: AtomicU64::new(0),
            _guard: Guard::start(&workers.guard, &family).map_err(HostError::Worker)?,
            family,
        });
        tree::adopt_orphans();
        for index in 0..workers.count {
            post::fill(&crew, index).map_err(HostError::Worker)?;
        }
        let failed = {
            let mut state = crew.state.lock();
            while state.trouble.is_none() && state.posts.iter().all(|post| post.current.is_none()) {
                crew.changed.wait(&mut state);
            }
            state.trouble.take().filter(|_| state.posts.iter().all(|post| post.current.is_none()))
        };
        if let Some(why) = failed {
            crew.end(Duration::ZERO);
            return Err(HostError::Worker(io::Error::other(why)));
        }
        monitor::start(&crew).map_err(HostError::Worker)?;
        Ok(crew)
    }

    /// One that no other worker has, here or elsewhere.
    pub(super) fn mark(&self) -> Mark {
        self.family.mark(self.marks.fetch_add(1, Ordering::Relaxed))
    }

    /// Has every worker replaced by a fresh one, without dropping a call.
    pub fn reload(&self) {
        let mut state = self.state.lock();
        for post in &mut state.posts {
            post.wanted = Some((Ending::Replaced, Duration::MAX));
        }
        drop(state);
        self.wake_monitor();
    }

    /// Ends every worker, with all that came of it; what each has to do at its end may take that
    /// long. Nothing may be submitted any more. True when no call was left running that was not
    /// answered.
    pub fn end(&self, patience: Duration) -> bool {
        self.stop(patience);
        if self.all_ended_within(patience + PATIENCE) {
            return true;
        }
        let left: Vec<_> = self.state.lock().processes.values().cloned().collect();
        // One without such calls was slow: still starting, perhaps, or deaf to a deadline, and
        // the monitor was about to end it.
        let unanswered: usize = left.iter().map(|process| process.worker.unanswered()).sum();
        for process in left {
            let (pid, calls) = (process.worker.pid, process.worker.calls());
            tracing::warn!(pid, calls, "a worker did not end by itself, and is killed");
            process.kill(Ending::Stopping);
        }
        if !self.all_ended_within(PATIENCE) {
            tracing::error!("a worker cannot be ended");
        }
        unanswered == 0
    }

    fn all_ended_within(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut state = self.state.lock();
        while !state.processes.is_empty() {
            if self.changed.wait_until(&mut state, until).timed_out() {
                return state.processes.is_empty();
            }
        }
        true
    }

    pub(super) fn wake_monitor(&self) {
        if self.is_idle.load(Ordering::Relaxed)
            && self.is_idle.swap(false, Ordering::SeqCst)
            && let Some(monitor) = &*self.monitor.lock()
        {
            monitor.unpark();
        }
    }

    /// Sends a call to a worker, or keeps it until there is one.
    pub(super) fn place(&self, mut task: Task) {
        loop {
            let process = {
                let mut state = self.state.lock();
                match state.choose(&task) {
                    Some(process) => process,
                    None => {
                        state.waiting.push_back(task);
                        break;
                    }
                }
            };
            match process.worker.put(task) {
                Ok(()) => break,
                // It ended this moment, and somebody else may take the call; or it is full.
                Err(back) if process.worker.calls() < self.limits.most_calls => task = *back,
                Err(back) => {
                    refuse(&back, ProblemKind::Busy, "the worker has as many calls as it can have");
                    break;
                }
            }
        }
        self.wake_monitor();
    }

    /// Has a call run in a worker that takes the place of this one. Not too often: then the
    /// problem is its answer.
    pub(super) fn outgrow(&self, worker: &Arc<Worker>, task: Task, problem: Box<Problem>) {
        let mut state = self.state.lock();
        let State { posts, waiting, outgrown, is_stopping, .. } = &mut *state;
        outgrown.retain(|at| at.elapsed() < OUTGROWN);
        let holds = |process: &Arc<Process>| Arc::ptr_eq(&process.worker, worker);
        let post = posts.iter_mut().find(|post| post.current.as_ref().is_some_and(holds));
        let is_due = |post: &&mut Post| post.wanted.is_some() || outgrown.len() < MOST_OUTGROWN;
        match post.filter(is_due) {
            Some(post) if !*is_stopping => {
                if post.wanted.is_none() {
                    outgrown.push_back(Instant::now());
                    post.wanted = Some((Ending::Outgrown, Duration::MAX));
                }
                waiting.push_back(task);
                drop(state);
                self.wake_monitor();
            }
            _ => {
                drop(state);
                task.events.send(Event::Problem(problem));
            }
        }
    }

    /// Places calls of a worker that is no more, and tells the callers of those that ran.
    pub(super) fn settle(&self, orphans: Vec<Orphan>, obituary: &Obituary) {
        let mut unbegun = Vec::new();
        for orphan in orphans {
            match orphan {
                Orphan::Unbegun(task) => unbegun.push(*task),
                Orphan::Begun(begun) => {
                    let call = begun.id.as_deref().map(|id| (id, begun.since));
                    let problem = obituary.problem(call, begun.alone);
                    begun.events.send(Event::Problem(Box::new(problem)));
                }
            }
        }
        for task in unbegun {
            self.place(task);
        }
    }

    /// Calls that wait: for a worker, or in one.
    fn waiting(&self, state: &State) -> usize {
        let in_workers = state.processes.values().map(|process| process.worker.count().0);
        let nowhere = state.waiting.iter().filter(|task| !task.events.is_closed()).count();
        nowhere + in_workers.sum::<usize>()
    }
}

impl State {
    fn choose(&self, task: &Task) -> Option<Arc<Process>> {
        // One that is closed has ended, or is about to; its post is filled anew soon.
        let is_open = |process: &&Arc<Process>| process.worker.is_open();
        if let [only] = &*self.posts {
            return only.current.as_ref().filter(is_open).cloned();
        }
        let adaptor = task.call.code.id();
        let loads = self.posts.iter().enumerate().filter_map(|(index, post)| {
            let process = post.current.as_ref().filter(is_open)?;
            Some((index, process.worker.load(adaptor)))
        });
        let loads: Vec<_> = loads.collect();
        let index = choose(loads.into_iter())?;
        self.posts.get(index)?.current.clone()
    }
}

/// Tells a caller that nothing of the call has run.
pub(super) fn refuse(task: &Task, kind: ProblemKind, why: &str) {
    let problem = Problem::new(kind, format!("{why}; nothing of this call has run"))
        .with_retry_after(Duration::from_secs(1));
    task.events.send(Event::Problem(Box::new(problem)));
}

impl Host for Crew {
    fn submit(&self, task: Task) -> Result<(), NotTaken> {
        {
            let state = self.state.lock();
            if state.is_stopping {
                return Err(NotTaken::Stopping(Box::new(task)));
            }
            if !state.culprits.is_empty()
                && let Some(left) = state.culprits.refused(task.call.code.id(), Instant::now())
            {
                drop(state);
                let detail = "this adaptor killed the worker that ran it three times in a row; \
                              nothing of this call has run";
                let problem =
                    Problem::new(ProblemKind::AdaptorRefused, detail).with_retry_after(left);
                task.events.send(Event::Problem(Box::new(problem)));
                return Ok(());
            }
            // Counting those that wait looks at every call: only where there are so many.
            let calls: usize = state.processes.values().map(|process| process.worker.calls()).sum();
            if calls + state.waiting.len() >= self.limits.max_queue
                && self.waiting(&state) >= self.limits.max_queue
            {
                return Err(NotTaken::Full(Box::new(task)));
            }
        }
        self.place(task);
        Ok(())
    }

    fn stop(&self, patience: Duration) {
        let (waiting, processes) = {
            let mut state = self.state.lock();
            state.is_stopping = true;
            let processes: Vec<_> = state.processes.values().cloned().collect();
            (std::mem::take(&mut state.waiting), processes)
        };
        for task in waiting {
            refuse(&task, ProblemKind::Draining, "the server is stopping");
        }
        for process in processes {
            if process.is_up.load(Ordering::SeqCst) {
                process.ending.lock().get_or_insert(Ending::Stopping);
                process.worker.ask_to_stop(patience);
            } else {
                // It runs nothing yet, and hears nothing.
                process.kill(Ending::Stopping);
            }
        }
        self.changed.notify_all();
        self.wake_monitor();
    }

    fn adaptors(&self) -> Listing {
        let current: Vec<_> = {
            let state = self.state.lock();
            state.posts.iter().filter_map(|post| post.current.clone()).collect()
        };
        let asked = current.into_iter().filter(|process| process.worker.is_open());
        let asked: Vec<_> =
            asked.map(|process| (process.worker.pid, process.worker.ask_for_adaptors())).collect();
        Box::pin(async move {
            let until = tokio::time::Instant::now() + LISTING;
            let mut told = Vec::new();
            for (pid, answer) in asked {
                if let Ok(Ok(adaptors)) = tokio::time::timeout_at(until, answer).await {
                    told.push((pid, adaptors));
                }
            }
            told
        })
    }

    fn status(&self) -> HostStatus {
        let state = self.state.lock();
        let workers = state.posts.iter().enumerate().map(|(index, post)| {
            let deaths = post.deaths.iter().map(|(name, count)| (*name, *count)).collect();
            let restarts = post.starts.saturating_sub(1);
            let open = post.current.as_ref().filter(|process| process.worker.is_open());
            let Some(process) = open else {
                return WorkerStatus { index, restarts, deaths, ..WorkerStatus::default() };
            };
            let (_, running, warm_adaptors) = process.worker.count();
            let pid = process.worker.pid;
            WorkerStatus {
                index,
                pid,
                up: true,
                restarts,
                deaths,
                running,
                warm_adaptors,
                resident_bytes: resident_bytes(pid),
            }
        });
        let workers: Vec<_> = workers.collect();
        HostStatus {
            ready: !state.is_stopping && workers.iter().any(|worker| worker.up),
            waiting: self.waiting(&state),
            workers,
        }
    }
}
