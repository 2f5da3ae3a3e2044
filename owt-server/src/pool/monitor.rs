//! Looks after the workers of all pools: what hangs, what grows, what has served long enough.

use std::io;
use std::sync::{Arc, Weak};
use std::thread::Thread;
use std::time::{Duration, Instant};

use owt_system::process::resident_bytes;

use super::death::Ending;
use super::pool::Pool;
use super::process::{Phase, Process};
use super::runaway::Runaway;
use super::slot::Wanted;
use super::supervisor::Supervisor;
use super::{keeper, tree};

/// How often it looks while calls are under way, and while none are.
const BUSY: Duration = Duration::from_millis(50);
const IDLE: Duration = Duration::from_secs(1);
/// How often it lets adopted processes go that have ended.
const REAPING: Duration = Duration::from_secs(1);

/// How long other calls of a worker may go on when one of them makes its end necessary.
const NEIGHBOURS: Duration = Duration::from_secs(5);
/// And when the worker is only to be replaced after so many calls.
const RECYCLED: Duration = Duration::from_secs(600);
/// How long a worker may take to end when it was told to, beyond what it was given.
const TOLD: Duration = Duration::from_secs(2);
/// Calls that wait this long in a worker are offered to another.
const IMPATIENT: Duration = Duration::from_millis(100);

/// Starts the monitor. It ends once the supervisor is no more.
///
/// # Errors
/// When there is no thread for it.
pub fn start(supervisor: Weak<Supervisor>) -> io::Result<Thread> {
    let thread = std::thread::Builder::new()
        .name("owt-monitor".to_owned())
        .spawn(move || watch(&supervisor))?;
    Ok(thread.thread().clone())
}

fn watch(supervisor: &Weak<Supervisor>) {
    let mut reaped = Instant::now();
    while let Some(supervisor) = supervisor.upgrade() {
        let mut is_busy = false;
        for pool in supervisor.pools() {
            is_busy |= look_after(&pool);
        }
        fetch(&supervisor);
        if reaped.elapsed() >= REAPING {
            reaped = Instant::now();
            supervisor.spawner.with_children(tree::reap_orphans);
        }
        if is_busy {
            std::thread::park_timeout(BUSY);
        } else {
            supervisor.rest(IDLE);
        }
    }
}

/// Looks at one pool. True while something is under way there.
fn look_after(pool: &Arc<Pool>) -> bool {
    let processes: Vec<_> = pool.state.lock().processes.values().cloned().collect();
    for process in &processes {
        look_at(pool, process);
    }
    lend(pool);
    replace(pool);
    processes.iter().any(|process| {
        process.worker.calls() > 0
            || matches!(process.phase(), Phase::Retired { .. } | Phase::Told { .. })
    })
}

fn look_at(pool: &Pool, process: &Arc<Process>) {
    let worker = &process.worker;
    worker.look();
    if let Some(most) = pool.limits.max_memory {
        let bytes = resident_bytes(worker.pid);
        if !worker.may_hold(bytes, most) {
            return process.kill(Ending::Memory { bytes, most });
        }
    }
    match worker.runaway(pool.settings.threads) {
        (None, _) => {}
        (Some(Runaway::KeepsThreads), _) => {
            want(pool, process, Ending::Short, RECYCLED);
        }
        (Some(Runaway::Overdue), false) => return process.kill(Ending::Overdue),
        (Some(Runaway::Abandoned), false) => return process.kill(Ending::Abandoned),
        (Some(runaway), true) => {
            // Its slot is not its own any more, or it is to be filled anew.
            if !process.hasten(Instant::now() + NEIGHBOURS) {
                let why = match runaway {
                    Runaway::Overdue => Ending::Overdue,
                    Runaway::Abandoned | Runaway::KeepsThreads => Ending::Abandoned,
                };
                want(pool, process, why, NEIGHBOURS);
            }
        }
    }
    match process.phase() {
        Phase::Told { since } => {
            if since.elapsed() > pool.limits.grace + TOLD {
                let pid = worker.pid;
                tracing::warn!(pid, "a worker that was to end does not, and is killed");
                tree::kill(pid);
            }
        }
        Phase::Retired { until } => {
            if !worker.is_running() {
                worker.ask_to_stop(pool.limits.grace);
                process.told();
            } else if Instant::now() > until {
                tree::kill(worker.pid);
            }
        }
        Phase::Starting | Phase::Serving => {
            if process.last_call.is_some_and(|last| worker.served() >= last) {
                want(pool, process, Ending::Recycled, RECYCLED);
            }
        }
    }
}

/// Notes that the slot of this worker is to be filled anew. One that holds none is on its way out.
fn want(pool: &Pool, process: &Arc<Process>, why: Ending, patience: Duration) {
    let mut state = pool.state.lock();
    let mut slots = state.slots.iter_mut();
    if let Some(slot) = slots.find(|slot| slot.holder() == Some(process)) {
        slot.want(Wanted { why, patience });
    }
}

/// Starts a worker for a slot that is due; one at a time, so that no more than one is there twice.
fn replace(pool: &Arc<Pool>) {
    let index = {
        let state = pool.state.lock();
        if state.slots.iter().any(|slot| slot.is_starting()) {
            return;
        }
        state.slots.iter().position(|slot| slot.is_due())
    };
    if let Some(index) = index
        && let Err(error) = keeper::fill(pool, index)
    {
        tracing::error!(%error, "a worker cannot be replaced");
    }
}

/// Has answers come that wait in workers, as far as there is room for them by now.
fn fetch(supervisor: &Supervisor) {
    while let Some(wanted) = supervisor.budget.next() {
        if let Some(worker) = wanted.worker.upgrade() {
            worker.fetch(wanted.number);
        }
    }
}

/// Offers calls that wait in one worker to another that lets none wait.
fn lend(pool: &Pool) {
    let up: Vec<_> = {
        let state = pool.state.lock();
        state.slots.iter().filter_map(|slot| slot.holder().cloned()).collect()
    };
    let (stuck, free): (Vec<_>, Vec<_>) = up.into_iter().partition(|process| process.worker.look());
    let Some(before) = Instant::now().checked_sub(IMPATIENT) else { return };
    if free.is_empty() {
        return;
    }
    for process in stuck {
        for task in process.worker.take_back(before) {
            pool.place(task);
        }
    }
}
