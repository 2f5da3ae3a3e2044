//! The workers of one served Python: places calls in them, and keeps those that none can take yet.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use owt_core::{Problem, ProblemKind};
use owt_engine::link::{MOST_LOOPING, Settings};
use owt_engine::{Event, Host, HostStatus, Listing, NotTaken, Task, WorkerStatus};
use owt_system::process::resident_bytes;
use owt_system::sandbox::Walls;
use parking_lot::{Condvar, Mutex};

use super::command::WorkerCommand;
use super::death::{Death, Ending};
use super::keeper;
use super::placement::choose;
use super::process::{Phase, Process};
use super::quarantine::Quarantine;
use super::slot::{Slot, Wanted};
use super::supervisor::Supervisor;
use super::worker::{Count, Orphan, Worker};

/// In that time so many workers at most are replaced because a call wants a fresh one.
const OUTGROWN: Duration = Duration::from_secs(30);
const MOST_OUTGROWN: usize = 3;

/// How long a worker that is killed may take to be gone.
const KILLED: Duration = Duration::from_secs(2);

/// How long a worker may take to say which adaptors it has loaded.
const LISTING: Duration = Duration::from_secs(1);

/// Why a call is not taken that comes at the end.
const STOPPING: &str = "the server is stopping";

/// Workers that serve one Python, in the engine's seat for hosts.
#[derive(Debug)]
pub struct Pool {
    pub(super) supervisor: Arc<Supervisor>,
    pub(super) command: WorkerCommand,
    pub(super) settings: Settings,
    pub(super) walls: Option<Walls>,
    pub(super) limits: Limits,
    /// Calls that wait, in all.
    max_queue: usize,
    /// Calls that one worker can have.
    pub(super) most_calls: usize,
    pub(super) state: Mutex<State>,
    /// A worker is up, or has ended, or all are to end.
    pub(super) changed: Condvar,
    /// Some adaptor has killed a worker, or may have: without the lock.
    pub(super) has_suspects: AtomicBool,
}

/// What a pool's workers are, and how many.
#[derive(Debug)]
pub struct PoolPlan {
    /// Workers; one at least.
    pub count: usize,
    /// Starts one.
    pub command: WorkerCommand,
    /// What each is given when it begins.
    pub settings: Settings,
    /// What they are kept behind.
    pub walls: Option<Walls>,
    pub limits: Limits,
}

/// What workers may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of memory of one worker.
    pub max_memory: Option<u64>,
    /// Calls that one worker serves, more or less.
    pub max_requests: Option<u64>,
    /// What a worker that is replaced may take for what it has to do at its end.
    pub grace: Duration,
}

#[derive(Debug)]
pub(super) struct State {
    pub slots: Vec<Slot<Arc<Process>>>,
    /// Calls that no worker can take yet.
    pub waiting: VecDeque<Task>,
    pub quarantine: Quarantine,
    /// When workers were last replaced because a call wanted a fresh one.
    pub outgrown: VecDeque<Instant>,
    pub is_stopping: bool,
    /// Why no worker starts, while none does.
    pub trouble: Option<String>,
    /// Every process there is, also those that are on their way out.
    pub processes: HashMap<u32, Arc<Process>>,
}

impl Pool {
    /// Starts the workers, and returns when the first is up.
    ///
    /// # Errors
    /// When none starts.
    pub fn start(supervisor: Arc<Supervisor>, plan: PoolPlan) -> io::Result<Arc<Self>> {
        let PoolPlan { count, command, settings, walls, limits } = plan;
        let max_queue = settings.max_queue;
        let most_calls = max_queue + settings.threads + MOST_LOOPING;
        let pool = Arc::new(Self {
            supervisor,
            command,
            // The pool counts those that wait; a worker takes what it is given.
            settings: Settings { max_queue: most_calls, ..settings },
            walls,
            limits,
            max_queue,
            most_calls,
            state: Mutex::new(State {
                slots: (0..count).map(|_| Slot::default()).collect(),
                waiting: VecDeque::new(),
                quarantine: Quarantine::default(),
                outgrown: VecDeque::new(),
                is_stopping: false,
                trouble: None,
                processes: HashMap::new(),
            }),
            changed: Condvar::new(),
            has_suspects: AtomicBool::new(false),
        });
        pool.supervisor.watch(&pool);
        let started = (0..count).try_for_each(|index| keeper::fill(&pool, index));
        if let Err(error) = started.and_then(|()| pool.await_first()) {
            pool.stop_workers(Duration::ZERO);
            pool.end(Instant::now() + KILLED);
            return Err(error);
        }
        Ok(pool)
    }

    /// Waits until a worker is up.
    fn await_first(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        loop {
            if state.slots.iter().any(|slot| slot.holder().is_some()) {
                return Ok(());
            }
            if let Some(why) = state.trouble.take() {
                return Err(io::Error::other(why));
            }
            self.changed.wait(&mut state);
        }
    }

    /// Has every worker replaced by a fresh one, without dropping a call.
    pub fn reload(&self) {
        let reason = Wanted { why: Ending::Replaced, patience: Duration::MAX };
        self.state.lock().slots.iter_mut().for_each(|slot| slot.want(reason));
        self.supervisor.wake_monitor();
    }

    /// Tells every worker to end; what each has to do at its end may take that long.
    pub(super) fn stop_workers(&self, patience: Duration) {
        let (waiting, processes) = {
            let mut state = self.state.lock();
            state.is_stopping = true;
            state.slots.iter_mut().for_each(Slot::drain);
            let processes: Vec<_> = state.processes.values().cloned().collect();
            (std::mem::take(&mut state.waiting), processes)
        };
        for task in waiting {
            refuse(&task, ProblemKind::Draining, STOPPING);
        }
        for process in processes {
            if process.phase() == Phase::Starting {
                // It runs nothing yet, and hears nothing.
                process.kill(Ending::Stopping);
            } else {
                process.end_because(Ending::Stopping);
                process.worker.ask_to_stop(patience);
            }
        }
        self.changed.notify_all();
        self.supervisor.wake_monitor();
    }

    /// Waits until then for workers that were told to end, and kills them. True when no call was
    /// left running that was not answered.
    pub(super) fn end(&self, until: Instant) -> bool {
        if self.all_ended_by(until) {
            return true;
        }
        let left: Vec<_> = self.state.lock().processes.values().cloned().collect();
        // One without such calls was slow: still starting, perhaps, or past a deadline that it did
        // not keep, and the monitor was about to end it.
        let unanswered: usize = left.iter().map(|process| process.worker.unanswered()).sum();
        for process in left {
            let (pid, calls) = (process.worker.pid, process.worker.calls());
            tracing::warn!(pid, calls, "a worker did not end by itself, and is killed");
            process.kill(Ending::Stopping);
        }
        if !self.all_ended_by(Instant::now() + KILLED) {
            tracing::error!("a worker cannot be ended");
        }
        unanswered == 0
    }

    fn all_ended_by(&self, until: Instant) -> bool {
        let mut state = self.state.lock();
        while !state.processes.is_empty() {
            if self.changed.wait_until(&mut state, until).timed_out() {
                return state.processes.is_empty();
            }
        }
        true
    }

    /// Sends a call to a worker, or keeps it until there is one.
    pub(super) fn place(&self, mut task: Task) {
        loop {
            let process = {
                let mut state = self.state.lock();
                if state.is_stopping {
                    drop(state);
                    return refuse(&task, ProblemKind::Draining, STOPPING);
                }
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
                Err(back) if process.worker.calls() < self.most_calls => task = *back,
                Err(back) => {
                    refuse(&back, ProblemKind::Busy, "the worker has as many calls as it can have");
                    break;
                }
            }
        }
        self.supervisor.wake_monitor();
    }

    /// Has a call run in a worker that takes the place of this one. Not too often: then the
    /// problem is its answer.
    pub(super) fn outgrow(&self, worker: &Arc<Worker>, task: Task, problem: Box<Problem>) {
        let mut state = self.state.lock();
        let State { slots, waiting, outgrown, is_stopping, .. } = &mut *state;
        outgrown.retain(|at| at.elapsed() < OUTGROWN);
        let holds = |process: &Arc<Process>| Arc::ptr_eq(&process.worker, worker);
        let slot = slots.iter_mut().find(|slot| slot.holder().is_some_and(holds));
        let is_due = |slot: &&mut Slot<_>| slot.is_wanted() || outgrown.len() < MOST_OUTGROWN;
        match slot.filter(is_due) {
            Some(slot) if !*is_stopping => {
                if !slot.is_wanted() {
                    outgrown.push_back(Instant::now());
                    slot.want(Wanted { why: Ending::Outgrown, patience: Duration::MAX });
                }
                waiting.push_back(task);
                drop(state);
                self.supervisor.wake_monitor();
            }
            _ => {
                drop(state);
                task.events.send(Event::Problem(problem));
            }
        }
    }

    /// Places calls of a worker that is no more, and tells the callers of those that ran.
    pub(super) fn settle(&self, orphans: Vec<Orphan>, death: &Death) {
        let mut unbegun = Vec::new();
        for orphan in orphans {
            match orphan {
                Orphan::Unbegun(task) => unbegun.push(*task),
                Orphan::Begun(begun) => {
                    let call = begun.id.as_deref().map(|id| (id, begun.since));
                    let problem = death.problem(call, begun.alone);
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
        let in_workers = state.processes.values().map(|process| process.worker.count().waiting);
        let nowhere = state.waiting.iter().filter(|task| !task.events.is_closed()).count();
        nowhere + in_workers.sum::<usize>()
    }
}

impl State {
    fn choose(&self, task: &Task) -> Option<Arc<Process>> {
        // One that is closed has ended, or is about to; its slot is filled anew soon.
        let is_open = |process: &&Arc<Process>| process.worker.is_open();
        if let [only] = &*self.slots {
            return only.holder().filter(is_open).cloned();
        }
        let adaptor = task.call.code.id();
        let loads = self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let process = slot.holder().filter(is_open)?;
            Some((index, process.worker.load(adaptor)))
        });
        let loads: Vec<_> = loads.collect();
        let index = choose(loads.into_iter())?;
        self.slots.get(index)?.holder().cloned()
    }
}

/// Tells a caller that nothing of the call has run.
pub(super) fn refuse(task: &Task, kind: ProblemKind, why: &str) {
    let problem = Problem::new(kind, format!("{why}; nothing of this call has run"))
        .with_retry_after(Duration::from_secs(1));
    task.events.send(Event::Problem(Box::new(problem)));
}

impl Host for Pool {
    fn submit(&self, task: Task) -> Result<(), NotTaken> {
        {
            let state = self.state.lock();
            if state.is_stopping {
                return Err(NotTaken::Stopping(Box::new(task)));
            }
            if !state.quarantine.is_empty()
                && let Some(left) = state.quarantine.refused(task.call.code.id(), Instant::now())
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
            if calls + state.waiting.len() >= self.max_queue
                && self.waiting(&state) >= self.max_queue
            {
                return Err(NotTaken::Full(Box::new(task)));
            }
        }
        self.place(task);
        Ok(())
    }

    fn stop(&self, patience: Duration) {
        self.stop_workers(patience);
    }

    fn adaptors(&self) -> Listing {
        let current: Vec<_> = {
            let state = self.state.lock();
            state.slots.iter().filter_map(|slot| slot.holder().cloned()).collect()
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
        let workers = state.slots.iter().enumerate().map(|(index, slot)| {
            let (deaths, restarts) = (slot.deaths(), slot.restarts());
            let open = slot.holder().filter(|process| process.worker.is_open());
            let Some(process) = open else {
                return WorkerStatus { index, restarts, deaths, ..WorkerStatus::default() };
            };
            let Count { running, warm, .. } = process.worker.count();
            let pid = process.worker.pid;
            WorkerStatus {
                index,
                pid,
                up: true,
                restarts,
                deaths,
                running,
                warm_adaptors: warm,
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
