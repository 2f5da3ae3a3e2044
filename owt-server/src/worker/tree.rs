//! Ends processes with all that came of them.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};

use super::command::MARKER;

/// How long processes that were killed are waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Makes processes whose parents have ended children of this one, so that they can be found.
pub fn adopt_orphans() {
    if let Err(error) = rustix::process::set_child_subreaper(Some(rustix::process::getpid())) {
        tracing::warn!(%error, "what adaptors leave behind may escape");
    }
}

/// Kills a worker with its process group, and what descends from it.
pub fn kill(pid: u32) {
    let processes = processes();
    let descendants = descendants(&processes, [pid]);
    if let Some(group) = raw(pid) {
        // Ended already, or ended now.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
        let _ = rustix::process::kill_process(group, Signal::KILL);
    }
    for process in descendants {
        kill_one(process.pid, process.born);
    }
}

/// Kills what is left of a worker that has ended: its process group, and orphans that were
/// adopted; until there are none.
pub fn sweep(group: u32, marker: &str) {
    let until = Instant::now() + PATIENCE;
    if let Some(group) = raw(group) {
        // None left of it, or ended now.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
    let wanted = format!("{MARKER}={marker}");
    let mut killed = HashSet::new();
    loop {
        let processes = processes();
        let own = std::process::id();
        let left: Vec<_> = processes
            .values()
            .filter(|process| {
                let mine = process.parent == own;
                mine && (killed.contains(&process.pid) || carries(process.pid, &wanted))
            })
            .collect();
        if left.is_empty() {
            return;
        }
        for process in descendants(&processes, left.iter().map(|process| process.pid)) {
            kill_one(process.pid, process.born);
        }
        for process in left {
            killed.insert(process.pid);
            kill_one(process.pid, process.born);
            reap(process.pid);
        }
        if Instant::now() > until {
            tracing::warn!(marker, "processes that a worker left cannot be ended");
            return;
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Lets adopted processes that have ended go. `workers` are waited for elsewhere.
pub fn reap_orphans(workers: &[u32]) {
    let own = std::process::id();
    for process in processes().values() {
        if process.parent == own && process.is_zombie && !workers.contains(&process.pid) {
            reap(process.pid);
        }
    }
}

/// Bytes that a process holds in memory (its resident set).
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

fn raw(pid: u32) -> Option<Pid> {
    Pid::from_raw(pid.cast_signed())
}

fn reap(pid: u32) {
    // Not ended yet, or no child of this process: another time, or never.
    let _ = rustix::process::waitpid(raw(pid), WaitOptions::NOHANG);
}

/// Kills that process and no other that has its number by now.
fn kill_one(pid: u32, born: u64) {
    let Some(raw) = raw(pid) else { return };
    let Ok(handle) = rustix::process::pidfd_open(raw, PidfdFlags::empty()) else { return };
    if Process::read(pid).is_some_and(|process| process.born == born) {
        // Ended meanwhile is as good.
        let _ = rustix::process::pidfd_send_signal(handle, Signal::KILL);
    }
}

/// True when the process was started with that in its environment.
fn carries(pid: u32, wanted: &str) -> bool {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|one| one == wanted.as_bytes())
}

#[derive(Debug)]
struct Process {
    pid: u32,
    parent: u32,
    is_zombie: bool,
    /// When it began, in clock ticks since the system did: with its number, its identity.
    born: u64,
}

impl Process {
    fn read(pid: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name before the last parenthesis may hold anything (proc(5)).
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let is_zombie = fields.next()? == "Z";
        let parent = fields.next()?.parse().ok()?;
        let born = fields.nth(17)?.parse().ok()?;
        Some(Self { pid, parent, is_zombie, born })
    }
}

fn processes() -> HashMap<u32, Process> {
    let entries = std::fs::read_dir(Path::new("/proc")).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, Process::read(pid)?)))
        .collect()
}

fn descendants(
    processes: &HashMap<u32, Process>,
    of: impl IntoIterator<Item = u32>,
) -> Vec<&Process> {
    let mut children: HashMap<u32, Vec<&Process>> = HashMap::new();
    for process in processes.values() {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut ancestors: Vec<u32> = of.into_iter().collect();
    while let Some(ancestor) = ancestors.pop() {
        for child in children.remove(&ancestor).unwrap_or_default() {
            ancestors.push(child.pid);
            found.push(child);
        }
    }
    found
}
