//! Reads processes from `/proc`, and ends them with everything they started.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, waitpid,
};

/// How long it is waited for a tree of processes to stand still, and how often it is looked.
const PATIENCE: Duration = Duration::from_secs(2);
const ROUND: Duration = Duration::from_millis(2);
/// Looks in a row that find nothing new, once all stand still: one may have missed a child beside
/// another that ended just then.
pub const LOOKS: usize = 2;

/// One process.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    /// Its id, as the kernel counts.
    pub id: i32,
    /// Its parent's.
    pub parent: i32,
    /// In ticks since the machine started; with the id it names a process for good.
    pub start: u64,
    /// It has ended, and its parent has not asked how.
    pub is_zombie: bool,
}

impl Process {
    /// The process of that id, if there is one.
    pub fn look(id: i32) -> Option<Self> {
        let stat = stat(&format!("/proc/{id}"))?;
        let mut fields = stat.split_ascii_whitespace();
        let is_zombie = fields.next()? == "Z";
        let parent = fields.next()?.parse().ok()?;
        let start = fields.nth(17)?.parse().ok()?;
        Some(Self { id, parent, start, is_zombie })
    }

    /// True when each of its threads is stopped or has ended.
    fn stands_still(&self) -> bool {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.id));
        tasks.into_iter().flatten().flatten().all(|task| {
            let stat = stat(&task.path().to_string_lossy());
            stat.is_none_or(|stat| stat.starts_with(['T', 't', 'Z', 'X']))
        })
    }

    /// All of this machine. That takes the longer the more there are, whosever they are.
    pub fn all() -> impl Iterator<Item = Self> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter_map(Self::look)
    }

    /// The children of that process, also those that it has adopted. While one of them ends, those
    /// after it may be missing.
    pub fn children_of(parent: i32) -> Vec<Self> {
        let is_child = |process: &Self| process.parent == parent;
        if !lists_children() {
            return Self::all().filter(is_child).collect();
        }
        let threads = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten();
        let mut found = Vec::new();
        for thread in threads.flatten() {
            let ids = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            let ids = ids.split_ascii_whitespace().filter_map(|id| id.parse().ok());
            found.extend(ids.filter_map(Self::look).filter(is_child));
        }
        found
    }

    /// True when it was started with a variable in its environment that begins so.
    pub fn carries(&self, prefix: &str) -> bool {
        let environment = std::fs::read(format!("/proc/{}/environ", self.id)).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|one| one.starts_with(prefix.as_bytes()))
    }

    /// How long it may compute at a stretch in real time, in microseconds; `None` is no limit.
    pub fn realtime_limit(&self) -> Option<u64> {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", self.id)).ok()?;
        let line = limits.lines().find_map(|line| line.strip_prefix("Max realtime timeout"))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    }

    /// Sends it a signal; never to another that has got its id since. False when it has ended, or
    /// is another user's by now.
    fn signal(&self, signal: Signal) -> bool {
        let Some(id) = Pid::from_raw(self.id) else { return false };
        let Ok(handle) = pidfd_open(id, PidfdFlags::empty()) else { return false };
        // Looked at after it was opened: either this is what was opened, or that has ended.
        Self::look(self.id).is_some_and(|now| now.start == self.start)
            && pidfd_send_signal(&handle, signal).is_ok()
    }
}

/// Whether the kernel tells which children a thread has (`CONFIG_PROC_CHILDREN`).
fn lists_children() -> bool {
    static LISTS: LazyLock<bool> =
        LazyLock::new(|| std::fs::exists("/proc/thread-self/children").unwrap_or_default());
    *LISTS
}

/// What the system tells of a process or thread, from its state on.
fn stat(folder: &str) -> Option<String> {
    let stat = std::fs::read_to_string(format!("{folder}/stat")).ok()?;
    // The name in brackets, which comes before, may hold anything.
    stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned())
}

/// Kills these processes and all their descendants.
#[allow(clippy::disallowed_methods, reason = "there is nothing that tells when a process stops")]
pub fn end_trees(roots: impl IntoIterator<Item = Process>) {
    let mut tree = HashMap::new();
    // Stopped first, all of them: one that is killed while another is looked for may have
    // started a third, which would then be an orphan and not be found.
    let stop = |tree: &mut HashMap<_, Process>, process: Process| {
        // What has ended may have left its id, and children by that name, to another.
        if process.signal(Signal::STOP) {
            tree.insert(process.id, process);
        }
    };
    for process in roots {
        stop(&mut tree, process);
    }
    if tree.is_empty() {
        return;
    }
    let began = Instant::now();
    let mut nothing_new = 0;
    while nothing_new < LOOKS && began.elapsed() < PATIENCE {
        // Asked before the next look: what does not stand yet may be starting one.
        let stood_still = tree.values().all(Process::stands_still);
        let known: Vec<_> = tree.keys().copied().collect();
        for process in known.iter().flat_map(|parent| Process::children_of(*parent)) {
            if !tree.contains_key(&process.id) {
                stop(&mut tree, process);
            }
        }
        nothing_new = if stood_still && tree.len() == known.len() { nothing_new + 1 } else { 0 };
        std::thread::sleep(ROUND);
    }
    // The youngest first: the end of a parent can wake its stopped children.
    let mut all: Vec<_> = tree.into_values().collect();
    all.sort_by_key(|process| Reverse(process.start));
    for process in all {
        process.signal(Signal::KILL);
    }
}

/// Lets children of this process go that were killed, as they end; those that take long stay.
#[allow(clippy::disallowed_methods, reason = "nothing tells when one of several processes ends")]
pub fn reap(mut children: Vec<Process>) {
    let began = Instant::now();
    loop {
        let is_there = |child: &Process| {
            let ended = waitpid(Pid::from_raw(child.id), WaitOptions::NOHANG);
            // An error: somebody else has let it go.
            matches!(ended, Ok(None))
        };
        children.retain(is_there);
        if children.is_empty() || began.elapsed() > PATIENCE {
            return;
        }
        std::thread::sleep(ROUND);
    }
}

/// Gives the calling thread a working directory and a umask of its own, as they are now.
pub fn own_directory() {
    // SAFETY: concerns this thread alone, and takes no memory.
    if unsafe { libc::unshare(libc::CLONE_FS) } != 0 {
        let error = std::io::Error::last_os_error();
        tracing::warn!(%error, "calls that change the working directory change it for others too");
    }
}

/// Memory of that process that is in RAM; 0 when the kernel does not say.
#[must_use]
pub fn resident_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
    kibibytes.map_or(0, |kibibytes: u64| kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "a process of the test's own")]
    fn children_are_found_whatever_thread_started_them_and_theirs_are_not() {
        let start = || {
            let mut shell = Command::new("sh");
            shell.args(["-c", "sleep 60 & echo started; wait"]).stdout(Stdio::piped());
            let mut shell = shell.process_group(0).spawn().unwrap();
            let mut line = String::new();
            BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
            shell
        };
        let (done, go_on) = std::sync::mpsc::channel::<()>();
        let (give, take) = std::sync::mpsc::channel();
        let other = std::thread::spawn(move || {
            give.send(start()).unwrap();
            go_on.recv().unwrap_err();
        });
        let mut shell = take.recv().unwrap();
        let id = shell.id().cast_signed();
        let ids = |parent| -> Vec<_> {
            Process::children_of(parent).iter().map(|process| process.id).collect()
        };
        assert!(ids(std::process::id().cast_signed()).contains(&id));
        let below = ids(id);
        assert_eq!(below.len(), 1, "{below:?}");
        assert!(!ids(std::process::id().cast_signed()).contains(&below[0]));
        let every: Vec<_> = Process::all().filter(|process| process.parent == id).collect();
        assert_eq!(every.iter().map(|process| process.id).collect::<Vec<_>>(), below);
        end_trees(Process::look(id));
        assert!(!shell.wait().unwrap().success());
        let is_there = || Process::look(below[0]).is_some_and(|process| !process.is_zombie);
        while is_there() {
            std::thread::yield_now();
        }
        drop(done);
        other.join().unwrap();
    }

    #[test]
    fn this_process_has_memory_and_no_process_has_none() {
        assert!(resident_bytes(std::process::id()) > 1 << 16);
        assert_eq!(resident_bytes(u32::MAX), 0);
    }
}
