//! Processes of this machine, as `/proc` shows them, and how to end them with all that
//! came of them.

use std::collections::HashMap;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// How often it is looked whether a tree of processes has grown meanwhile, at most.
const ROUNDS: usize = 20;

/// One process.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    pub id: i32,
    pub parent: i32,
    /// In ticks since the machine started; with the id it names a process for good.
    pub start: u64,
    /// It has ended, and its parent has not asked how.
    pub is_zombie: bool,
}

impl Process {
    pub fn look(id: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name in brackets, which comes before, may hold anything.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let is_zombie = fields.next()? == "Z";
        let parent = fields.next()?.parse().ok()?;
        let start = fields.nth(17)?.parse().ok()?;
        Some(Self { id, parent, start, is_zombie })
    }

    pub fn all() -> impl Iterator<Item = Self> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter_map(Self::look)
    }

    /// Sends it a signal; never to another that has got its id since.
    fn signal(&self, signal: Signal) {
        let Some(id) = Pid::from_raw(self.id) else { return };
        let Ok(handle) = pidfd_open(id, PidfdFlags::empty()) else { return };
        // Looked at after it was opened: either this is what was opened, or that has ended.
        if Self::look(self.id).is_some_and(|now| now.start == self.start) {
            // What has ended, or is another user's by now, is out of reach.
            let _ = pidfd_send_signal(&handle, signal);
        }
    }
}

/// Kills these processes and all their descendants.
pub fn end_trees(roots: impl IntoIterator<Item = Process>) {
    let mut tree = HashMap::new();
    // Stopped first, all of them: one that is killed while another is looked for may have
    // started a third, which would then be an orphan and not be found.
    let stop = |tree: &mut HashMap<_, _>, process: Process| {
        process.signal(Signal::STOP);
        tree.insert(process.id, process);
    };
    for process in roots {
        stop(&mut tree, process);
    }
    for _ in 0..ROUNDS {
        let known = tree.len();
        for process in Process::all() {
            if tree.contains_key(&process.parent) && !tree.contains_key(&process.id) {
                stop(&mut tree, process);
            }
        }
        if tree.len() == known {
            break;
        }
    }
    for process in tree.values() {
        process.signal(Signal::KILL);
    }
}
