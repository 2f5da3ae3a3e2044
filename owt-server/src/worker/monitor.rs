//! Looks after the workers: what hangs, what swells, what has served long enough.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::crew::{Crew, Process};
use super::deaf::Deaf;
use super::obituary::Ending;
use super::{post, tree};
use owt_system::process::resident_bytes;

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

/// Starts the monitor.
///
/// # Errors
/// When there is no thread for it.
pub fn start(crew: &Arc<Crew>) -> io::Result<()> {
    let watched = Arc::clone(crew);
    let thread = std::thread::Builder::new()
        .name("owt-monitor".to_owned())
        .spawn(move || watch(&watched))?;
    *crew.monitor.lock() = Some(thread.thread().clone());
    Ok(())
}

fn watch(crew: &Arc<Crew>) {
    let mut reaped = Instant::now();
    loop {
        let (processes, is_over) = {
            let state = crew.state.lock();
            let processes: Vec<_> = state.processes.values().cloned().collect();
            let is_over = state.is_stopping && processes.is_empty();
            (processes, is_over)
        };
        if is_over {
            return;
        }
        for process in &processes {
            look_at(crew, process);
        }
        lend(crew);
        fetch(crew);
        replace(crew);
        if reaped.elapsed() >= REAPING {
            reaped = Instant::now();
            let pids: Vec<_> = processes.iter().map(|process| process.worker.pid).collect();
            tree::reap_orphans(&pids);
        }
        let is_busy =
            |process: &Arc<Process>| process.worker.calls() > 0 || process.retired.lock().is_some();
        if processes.iter().any(is_busy) {
            std::thread::park_timeout(BUSY);
        } else {
            crew.is_idle.store(true, Ordering::SeqCst);
            std::thread::park_timeout(IDLE);
            crew.is_idle.store(false, Ordering::SeqCst);
        }
    }
}

fn look_at(crew: &Crew, process: &Arc<Process>) {
    let worker = &process.worker;
    worker.look();
    if let Some(most) = crew.limits.max_memory {
        let bytes = resident_bytes(worker.pid);
        if !worker.may_hold(bytes, most) {
            return process.kill(Ending::Memory { bytes, most });
        }
    }
    let told = *process.was_told.lock();
    let retired = *process.retired.lock();
    match worker.deaf(crew.settings.threads) {
        (None, _) => {}
        (Some(Deaf::KeepsThreads), _) => {
            if retired.is_none() {
                want(crew, process, Ending::Short, RECYCLED);
            }
        }
        (Some(Deaf::Overdue), false) => return process.kill(Ending::Overdue),
        (Some(Deaf::Abandoned), false) => return process.kill(Ending::Abandoned),
        (Some(deaf), true) => match &mut *process.retired.lock() {
            // Another has its post already.
            Some(until) => *until = (*until).min(Instant::now() + NEIGHBOURS),
            None if deaf == Deaf::Overdue => want(crew, process, Ending::Overdue, NEIGHBOURS),
            None => want(crew, process, Ending::Abandoned, NEIGHBOURS),
        },
    }
    if let Some(told) = told {
        if told.elapsed() > crew.limits.grace + TOLD {
            let pid = worker.pid;
            tracing::warn!(pid, "a worker that was to end does not, and is killed");
            tree::kill(worker.pid);
        }
    } else if let Some(until) = retired {
        if !worker.is_running() {
            worker.ask_to_stop(crew.limits.grace);
            *process.was_told.lock() = Some(Instant::now());
        } else if Instant::now() > until {
            tree::kill(worker.pid);
        }
    } else if process.last_call.is_some_and(|last| worker.served() >= last) {
        want(crew, process, Ending::Recycled, RECYCLED);
    }
}

/// Notes that the post of this worker is to be filled anew.
fn want(crew: &Crew, process: &Arc<Process>, why: Ending, patience: Duration) {
    let mut state = crew.state.lock();
    let holds = |now: &Arc<Process>| Arc::ptr_eq(now, process);
    let post = state.posts.iter_mut().find(|post| post.current.as_ref().is_some_and(holds));
    if let Some(post) = post {
        post.wanted.get_or_insert((why, patience));
    }
}

/// Starts a worker for a post that is to be filled anew; one at a time, so that no more than
/// one is there twice.
fn replace(crew: &Arc<Crew>) {
    let index = {
        let state = crew.state.lock();
        if state.is_stopping || state.posts.iter().any(|post| post.is_coming) {
            return;
        }
        state.posts.iter().position(|post| post.wanted.is_some())
    };
    if let Some(index) = index
        && let Err(error) = post::fill(crew, index)
    {
        tracing::error!(%error, "a worker cannot be replaced");
    }
}

/// Has answers come that wait in workers, as far as there is room for them by now.
fn fetch(crew: &Crew) {
    while let Some(wanted) = crew.room.next() {
        if let Some(worker) = wanted.worker.upgrade() {
            worker.fetch(wanted.number);
        }
    }
}

/// Offers calls that wait in one worker to another that lets none wait.
fn lend(crew: &Crew) {
    let up: Vec<_> = {
        let state = crew.state.lock();
        state.posts.iter().filter_map(|post| post.current.clone()).collect()
    };
    let (stuck, free): (Vec<_>, Vec<_>) = up.into_iter().partition(|process| process.worker.look());
    let Some(before) = Instant::now().checked_sub(IMPATIENT) else { return };
    if free.is_empty() {
        return;
    }
    for process in stuck {
        for task in process.worker.take_back(before) {
            crew.place(task);
        }
    }
}
