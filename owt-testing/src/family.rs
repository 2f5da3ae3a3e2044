//! The processes of one server, as /proc shows them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Answer, Folder, Owt, PATIENCE, Start};

/// The server's own process inherits this from its test, and everything that comes of it does.
const MARK: &str = "FAULTS_TEST_FOLDER";
/// What the environment of each process of a worker's tree carries.
const WORKER: &str = "OWT_WORKER=";

/// Looks at a state again until it holds.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "in vain: {what}");
        // The state is another process's: nothing tells when it changes.
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A server with worker processes, and the folder that all its temporary files are in.
pub struct Family {
    pub owt: Owt,
    pub folder: Folder,
    size: usize,
}

impl Family {
    /// With so many workers, which are there when this returns.
    pub fn of(workers: usize, args: &[&str]) -> Self {
        Self::started(workers, Start::new().args(args.iter().copied()))
    }

    pub fn started(workers: usize, start: Start) -> Self {
        let folder = Folder::new();
        let start = start.env(MARK, folder.as_str()).env("TMPDIR", folder.as_str());
        let owt = start.args(["--workers", &workers.to_string()]).start();
        let family = Self { owt, folder, size: workers };
        family.is_whole();
        family
    }

    /// Waits until there are as many workers as there should be, all of which take calls, and
    /// gives their ids.
    #[track_caller]
    pub fn is_whole(&self) -> BTreeSet<u32> {
        let mut workers = BTreeSet::new();
        eventually("all workers are there", || {
            workers = self.workers();
            workers.len() == self.size && self.metric("owt_worker_up") == self.size as f64
        });
        workers
    }

    /// What the server says of itself under that name, all labels together.
    #[track_caller]
    pub fn metric(&self, name: &str) -> f64 {
        let metrics = Answer::of(self.owt.request("GET", "/_owt/metrics").send().unwrap());
        let lines = metrics.ok().lines().filter(|line| line.starts_with(name));
        lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
    }

    /// The workers that are alive. What they leave behind may become the server's child too,
    /// but a worker leads its process group.
    pub fn workers(&self) -> BTreeSet<u32> {
        let is_worker = |process: &Process| {
            process.parent == self.owt.pid()
                && process.group == process.id
                && has(process.id, WORKER)
        };
        processes().into_iter().filter(is_worker).map(|process| process.id).collect()
    }

    /// What came of workers and is none.
    pub fn strays(&self) -> Vec<u32> {
        let mut strays = self.all();
        let workers = self.workers();
        strays.retain(|id| has(*id, WORKER) && !workers.contains(id));
        strays
    }

    /// All that came of the server, as far as it is alive.
    pub fn all(&self) -> Vec<u32> {
        let mark = format!("{MARK}={}", self.folder.as_str());
        processes().into_iter().map(|process| process.id).filter(|id| has(*id, &mark)).collect()
    }

    /// Children that have ended and that the server did not hear of.
    pub fn zombies(&self) -> usize {
        let mut parents = self.workers();
        parents.insert(self.owt.pid());
        let is_zombie = |process: &&Process| process.state == 'Z';
        let all = processes();
        all.iter().filter(is_zombie).filter(|zombie| parents.contains(&zombie.parent)).count()
    }

    /// Files and sockets that the server has open.
    pub fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.owt.pid())).unwrap().count()
    }

    /// The same once the connections of calls that were answered are closed.
    pub fn open_files_at_rest(&self) -> usize {
        let (mut before, mut same) = (0, 0);
        eventually("no more files are opened or closed", || {
            let now = self.open_files();
            same = if now == before { same + 1 } else { 0 };
            before = now;
            same == 20
        });
        before
    }

    /// What is in the temporary folder.
    pub fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path("")).unwrap().count()
    }

    /// Ends the server as its owner would, and sees that nothing is left.
    #[track_caller]
    pub fn ends_well(mut self) {
        self.owt.signal("-TERM");
        let code = self.owt.wait().code();
        assert_eq!(code, Some(0), "the log:\n{}", self.owt.log_with(""));
        eventually("no process is left", || self.all().is_empty());
        assert_eq!(self.files(), 0, "the temporary folder is empty");
    }
}

/// Sends a signal to one process; one that has ended meanwhile does not hear it.
pub fn signal(id: u32, signal: &str) {
    let mut kill = Command::new("kill");
    kill.args([signal, &id.to_string()]).stderr(Stdio::null()).status().unwrap();
}

struct Process {
    id: u32,
    parent: u32,
    group: u32,
    state: char,
}

fn processes() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    entries.filter_map(|folder| process(&folder)).collect()
}

fn process(folder: &Path) -> Option<Process> {
    let id = folder.file_name()?.to_str()?.parse().ok()?;
    let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
    // A name may hold anything, a bracket too: what counts follows the last one.
    let mut rest = stat.rsplit_once(") ")?.1.split(' ');
    let state = rest.next()?.parse().ok()?;
    let parent = rest.next()?.parse().ok()?;
    Some(Process { id, parent, group: rest.next()?.parse().ok()?, state })
}

/// True when some variable of the process's environment begins so.
fn has(id: u32, variable: &str) -> bool {
    let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|entry| entry.starts_with(variable.as_bytes()))
}
