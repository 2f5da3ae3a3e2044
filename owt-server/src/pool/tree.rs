//! Kills a worker with everything it started, including what has left its process group.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitOptions, waitid};

use super::mark::Mark;
use owt_system::process::{LOOKS, Process, end_trees};

/// How long processes that were killed are waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Makes processes whose parents have ended children of this one, so that they can be found.
pub fn adopt_orphans() {
    if let Err(error) = rustix::process::set_child_subreaper(Some(rustix::process::getpid())) {
        tracing::warn!(%error, "what adaptors leave behind may escape");
    }
}

/// Kills a worker, and what descends from it.
pub fn kill(worker: u32) {
    end_trees(Process::look(worker.cast_signed()));
    kill_group(worker);
}

/// Kills what is left of a worker that has ended: its process group, and orphans of its that
/// this process has adopted; until there are none.
pub fn sweep(worker: u32, mark: &Mark) {
    let until = Instant::now() + PATIENCE;
    kill_group(worker);
    let (mut killed, mut nothing_left) = (Vec::new(), 0);
    loop {
        let mine = std::process::id().cast_signed();
        let is_left = |process: &Process| killed.contains(&process.id) || mark.is_on(process);
        let left: Vec<_> = Process::children_of(mine).into_iter().filter(is_left).collect();
        nothing_left = if left.is_empty() { nothing_left + 1 } else { 0 };
        if nothing_left == LOOKS {
            return;
        }
        killed.extend(left.iter().map(|process| process.id));
        end_trees(left.iter().filter(|process| !process.is_zombie).copied());
        left.iter().for_each(|process| reap(process.id));
        if nothing_left == 0 && Instant::now() > until {
            tracing::warn!(worker, "processes that a worker left cannot be ended");
            return;
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Lets adopted processes that have ended go. `workers` are waited for elsewhere.
pub fn reap_orphans(workers: &HashSet<u32>) {
    // One question to the kernel where nothing has ended, which is nearly always.
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    if !matches!(waitid(WaitId::All, ended), Ok(Some(_))) {
        return;
    }
    let is_due = |process: &Process| {
        let is_worker = workers.contains(&process.id.cast_unsigned());
        process.is_zombie && !is_worker
    };
    let mine = Process::children_of(std::process::id().cast_signed());
    mine.iter().filter(|process| is_due(process)).for_each(|process| reap(process.id));
}

fn kill_group(worker: u32) {
    if let Some(group) = Pid::from_raw(worker.cast_signed()) {
        // None left of it, or ended now.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

fn reap(process: i32) {
    // Not ended yet, or no child of this process: another time, or never.
    let _ = rustix::process::waitpid(Pid::from_raw(process), WaitOptions::NOHANG);
}
