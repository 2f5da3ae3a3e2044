//! Keeps a slot filled: starts a process, has it heard to its end, and starts the next.

use std::collections::VecDeque;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use owt_core::ProblemKind;
use owt_engine::link::frame::ToWorker;
use owt_engine::link::{Inbox, Outbox};

use super::death::{Death, Ending, pause};
use super::hearing::{greet, hear_out};
use super::output::Output;
use super::pool::{Pool, refuse};
use super::process::Process;
use super::slot::{End, HOPELESS, Slot, Wanted};
use super::spawner::Child;
use super::tree;
use super::worker::{Orphan, Worker};

/// Bytes of a frame from a worker at most.
const MOST: usize = 256 << 20;
/// How long a worker may take to start.
const STARTING: Duration = Duration::from_secs(60);
/// How long a worker may take to end once it has closed the connection.
const CLOSED: Duration = Duration::from_millis(500);
/// As good as no limit.
const ENDLESS: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Has a process take that slot, if one is due there, on a thread that stays with it to its end.
///
/// # Errors
/// When there is no thread for it.
pub fn fill(pool: &Arc<Pool>, index: usize) -> io::Result<()> {
    if !with_slot(pool, index, Slot::start).unwrap_or(false) {
        return Ok(());
    }
    let keeping = Arc::clone(pool);
    let thread = std::thread::Builder::new().name(format!("owt-slot-{index}"));
    let started = thread.spawn(move || while keep(&keeping, index) {});
    if started.is_err() {
        with_slot(pool, index, Slot::not_started);
    }
    started.map(drop)
}

/// Does that with the slot.
fn with_slot<T>(
    pool: &Pool,
    index: usize,
    change: impl FnOnce(&mut Slot<Arc<Process>>) -> T,
) -> Option<T> {
    pool.state.lock().slots.get_mut(index).map(change)
}

/// One process's life. True when another one shall follow it here.
fn keep(pool: &Arc<Pool>, index: usize) -> bool {
    match start(pool) {
        Ok(started) => live(pool, index, started),
        Err(error) => tell_failed(pool, index, &error),
    }
}

/// Tells whoever waits for that process that it does not start. True when another one is tried.
fn tell_failed(pool: &Pool, index: usize, error: &io::Error) -> bool {
    tracing::error!(index, "a worker does not start: {error}");
    let (failures, waiting) = {
        let mut state = pool.state.lock();
        let Some(slot) = state.slots.get_mut(index) else { return false };
        slot.failed();
        let failures = slot.failures();
        state.trouble = Some(error.to_string());
        let nobody = state.slots.iter().all(|slot| slot.holder().is_none());
        let is_hopeless = failures >= HOPELESS && nobody;
        (failures, if is_hopeless { std::mem::take(&mut state.waiting) } else { VecDeque::new() })
    };
    pool.changed.notify_all();
    for task in waiting {
        refuse(&task, ProblemKind::Busy, &format!("no worker starts ({error})"));
    }
    rest(pool, pause(failures));
    with_slot(pool, index, Slot::retries).unwrap_or(false)
}

/// Waits that long, or until the server stops.
fn rest(pool: &Pool, pause: Duration) {
    let until = Instant::now() + pause;
    let mut state = pool.state.lock();
    while !state.is_stopping && !pool.changed.wait_until(&mut state, until).timed_out() {}
}

/// A worker that has said that it is ready.
struct Started {
    process: Arc<Process>,
    inbox: Inbox,
    output: Output,
    exit: Receiver<io::Result<ExitStatus>>,
}

fn start(pool: &Arc<Pool>) -> io::Result<Started> {
    let mark = pool.supervisor.mark();
    let born = pool.supervisor.spawner.spawn(&pool.command, &mark, pool.most_calls)?;
    let pid = born.child.id();
    let outbox = Outbox::new(born.socket.try_clone()?, &format!("owt-{pid}"))?;
    let output = Output::listen(pid, born.log, born.output)?;
    let exit = wait_for(born.child, Arc::clone(&outbox))?;
    let (claims, files) = (born.claims, born.files);
    let most_adaptors = pool.settings.max_adaptors;
    let budget = Arc::clone(&pool.supervisor.budget);
    let worker = Worker::new(pid, mark, Arc::clone(&outbox), claims, files, budget, most_adaptors);
    let jittered = |most: u64| (most as f64 * (0.9 + 0.2 * fastrand::f64())).max(1.0) as u64;
    let process = Process::new(worker, pool.limits.max_requests.map(jittered));
    // Known from now on: whoever ends all workers ends this one too.
    let is_stopping = {
        let mut state = pool.state.lock();
        state.processes.insert(pid, Arc::clone(&process));
        state.is_stopping
    };
    born.socket.set_read_timeout(Some(STARTING))?;
    let mut inbox = Inbox::new(born.socket, MOST);
    outbox.push(&ToWorker::Begin(Box::new(pool.settings.clone()), pool.walls.clone()), &[]);
    outbox.flush();
    let started = if is_stopping {
        Err(io::Error::other("the server stops").into())
    } else {
        greet(&mut inbox)
    };
    match started {
        Ok(()) => {
            inbox.patience(None)?;
            Ok(Started { process, inbox, output, exit })
        }
        Err(error) => {
            tree::kill(pid);
            let death = bury(pool, &process, &output, &exit);
            Err(io::Error::other(death.of_a_start(error)))
        }
    }
}

/// Waits for the process's end on a thread of its own, and ends the connection then: a child
/// that it left may hold the other end open.
fn wait_for(child: Child, outbox: Arc<Outbox>) -> io::Result<Receiver<io::Result<ExitStatus>>> {
    let (tell, told) = sync_channel(1);
    std::thread::Builder::new().name(format!("owt-wait-{}", child.id())).spawn(move || {
        let status = child.wait();
        outbox.close();
        // Nobody may ask any more.
        let _ = tell.send(status);
    })?;
    Ok(told)
}

fn live(pool: &Arc<Pool>, index: usize, started: Started) -> bool {
    let Started { process, inbox, output, exit } = started;
    let pid = process.worker.pid;
    take_slot(pool, index, &process);
    if let Err(error) = hear_out(pool, &process, inbox) {
        tracing::error!(%error, pid, "a worker sent what cannot be read, and is killed");
        tree::kill(pid);
    }
    process.worker.close();
    let death = bury(pool, &process, &output, &exit);
    leave_slot(pool, index, &process, &death)
}

/// The new process holds the slot; whoever held it before has no new calls and ends in peace.
fn take_slot(pool: &Pool, index: usize, process: &Arc<Process>) {
    let pid = process.worker.pid;
    process.serve();
    let (before, waiting, is_stopping) = {
        let mut state = pool.state.lock();
        state.trouble = None;
        let Some(slot) = state.slots.get_mut(index) else { return };
        let before = slot.ready(Arc::clone(process));
        (before, std::mem::take(&mut state.waiting), state.is_stopping)
    };
    pool.changed.notify_all();
    tracing::debug!(pid, index, "a worker is up");
    if is_stopping {
        // Whoever stopped the pool may have taken it for one that has not started yet.
        process.end_because(Ending::Stopping);
        process.worker.ask_to_stop(Duration::ZERO);
    }
    if let Some((old, Wanted { why, patience })) = before {
        old.end_because(why);
        old.worker.close();
        let now = Instant::now();
        let unbegun = old.worker.take_back(now);
        // Not before: a retired worker that runs nothing is told to stop, and would refuse what
        // still waits in it.
        old.retire(now.checked_add(patience).unwrap_or(now + ENDLESS));
        for task in unbegun {
            pool.place(task);
        }
    }
    for task in waiting {
        // Some of them want this very one.
        if let Err(back) = process.worker.put(task) {
            pool.place(*back);
        }
    }
}

/// Waits for the process's end, ends what came of it, and finds out how it was.
fn bury(
    pool: &Pool,
    process: &Process,
    output: &Output,
    exit: &Receiver<io::Result<ExitStatus>>,
) -> Death {
    let pid = process.worker.pid;
    let status = exit.recv_timeout(CLOSED).or_else(|_| {
        // It closed the connection and lives on.
        tree::kill(pid);
        exit.recv()
    });
    tree::sweep(pid, &process.worker.mark);
    let sources = pool.settings.adaptors_of(pid);
    if let Err(error) = std::fs::remove_dir_all(&sources)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::debug!(%error, "{} stays until the server ends", sources.display());
    }
    pool.state.lock().processes.remove(&pid);
    pool.changed.notify_all();
    Death {
        pid,
        status: status.ok().and_then(Result::ok),
        ending: process.ending(),
        last_lines: output.last(),
    }
}

/// True when another process shall have the slot.
fn leave_slot(pool: &Pool, index: usize, process: &Arc<Process>, death: &Death) -> bool {
    let end = End { reason: death.name(), has_served: process.worker.served() > 0 };
    let orphans = process.worker.take_orphans();
    let (is_followed, failures) = {
        let mut state = pool.state.lock();
        let begun = orphans.iter().filter_map(|orphan| match orphan {
            Orphan::Begun(begun) => Some((begun.adaptor, begun.since)),
            Orphan::Unbegun(_) => None,
        });
        if death.ending.is_none_or(|ending| ending.is_an_adaptors_doing()) {
            state.quarantine.blame(begun, Instant::now());
            pool.has_suspects.store(!state.quarantine.is_empty(), Ordering::Relaxed);
        }
        let Some(slot) = state.slots.get_mut(index) else { return false };
        (slot.ended(process, end), slot.failures())
    };
    if let Some(how) = death.surprise() {
        tracing::warn!(index, "the worker (process {}) was to end, and {how}", death.pid);
    }
    match death.ending {
        Some(ending) if !ending.is_an_adaptors_doing() => {
            tracing::debug!(index, "the worker (process {}) {}", death.pid, death.how());
        }
        _ => tracing::warn!(index, "the worker (process {}) {}", death.pid, death.how()),
    }
    pool.settle(orphans, death);
    // What the server did itself is no failure to recover from.
    if is_followed && death.ending.is_none() {
        rest(pool, pause(failures));
    }
    is_followed && !pool.state.lock().is_stopping
}
