//! Ends the processes of interrupted calls, but for those that modules hold.

use owt_system::process::{Process, end_trees, reap};
use parking_lot::Mutex;
use pyo3::prelude::*;

use super::TOOLS;

/// Processes that a module holds, in a pool of its own for instance: they are no call's.
fn kept(py: Python<'_>) -> Vec<i32> {
    let Some(tools) = TOOLS.get(py) else { return Vec::new() };
    let kept = tools.kept_processes.call0(py).and_then(|kept| kept.extract(py));
    kept.unwrap_or_else(|error| {
        tracing::warn!(%error, "the processes that modules hold cannot be told from a call's");
        Vec::new()
    })
}

/// What is to be ended, but for what modules hold.
#[derive(Default)]
pub struct ToEnd {
    /// Of calls that were asked to end.
    pub processes: Vec<Process>,
    /// Of calls that have unwound: whoever could have waited for them has gone.
    pub left: Vec<Process>,
}

impl ToEnd {
    fn is_empty(&self) -> bool {
        self.processes.is_empty() && self.left.is_empty()
    }

    fn add(&mut self, more: Self) {
        self.processes.extend(more.processes);
        self.left.extend(more.left);
    }

    fn end(self) {
        let kept = Python::attach(kept);
        let is_own = |process: &Process| !kept.contains(&process.id);
        let mut processes: Vec<_> = self.processes.into_iter().filter(is_own).collect();
        let left: Vec<_> = self.left.into_iter().filter(is_own).collect();
        processes.extend(left.iter().copied());
        end_aside(processes, left);
    }
}

/// What waits for the thread that sees to it, while there is one.
static TO_END: Mutex<Option<ToEnd>> = Mutex::new(None);

/// Ends the processes of calls on a thread of its own. Which of them are not the calls' takes long to
/// find out where much is imported, and meanwhile the watch has to look at other calls, and a call
/// that has ended has to say so.
pub fn end_processes(more: ToEnd) {
    if more.is_empty() {
        return;
    }
    let mut to_end = TO_END.lock();
    if let Some(waiting) = &mut *to_end {
        return waiting.add(more);
    }
    let ending = std::thread::Builder::new().name("owt-ending".to_owned());
    match ending.spawn(end_all) {
        Ok(_) => *to_end = Some(more),
        Err(error) => cannot_end(&error),
    }
}

fn cannot_end(error: &std::io::Error) {
    tracing::error!(%error, "the processes of a cancelled call go on");
}

/// Ends all that waits for that.
fn end_all() {
    loop {
        let more = {
            let mut to_end = TO_END.lock();
            match to_end.as_mut().map(std::mem::take).filter(|more| !more.is_empty()) {
                Some(more) => more,
                None => {
                    *to_end = None;
                    return;
                }
            }
        };
        more.end();
    }
}

/// Ends processes on a thread of its own, and lets those go that nobody waits for: that can take a
/// while, and more may come.
fn end_aside(processes: Vec<Process>, left: Vec<Process>) {
    if processes.is_empty() {
        return;
    }
    let ending = std::thread::Builder::new().name("owt-ending".to_owned());
    let ended = ending.spawn(move || {
        end_trees(processes);
        reap(left);
    });
    if let Err(error) = ended {
        cannot_end(&error);
    }
}
