//! Guards against a killed server: a small process that outlives it by a moment and ends whatever
//! its workers have started.
//!
//! The kernel ends a worker with its server, but not what the worker has started.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use super::command::WorkerCommand;
use super::mark::{self, Family};
use super::spawner::{close_on_exec_from, forget_secrets};
use owt_system::process::{Process, end_trees};

/// How long processes that were killed are waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The server's side: while this lives, the guard waits.
#[derive(Debug)]
pub struct Guard(ChildStdin);

impl Guard {
    /// Starts it, for processes of that family. To be called before this process adopts orphans,
    /// since the guard shall not be one of its descendants.
    ///
    /// # Errors
    /// When there is no process for it.
    #[allow(clippy::disallowed_methods, reason = "this is the module that starts processes")]
    pub fn start(command: &WorkerCommand, family: &Family) -> io::Result<Self> {
        let mut process = Command::new(&command.program);
        process
            .arg0(&command.name)
            .args(&command.args)
            .arg(family.text())
            // It belongs to no worker, also where this server was started from one.
            .env_remove(mark::VARIABLE)
            // Signals for the server's terminal are not for it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        forget_secrets(&mut process);
        // SAFETY: one system call between fork and exec, and nothing is allocated.
        unsafe { process.pre_exec(|| close_on_exec_from(3)) };
        let mut child = process.spawn()?;
        let stdin = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        // It leaves another process behind, and ends.
        child.wait()?;
        Ok(Self(stdin))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // It has nothing to do any more; only closing its standard input would have it look.
        let _ = self.0.write_all(b".");
    }
}

/// The guard's side: waits until the server has ended, then ends every process that bears a mark
/// of the `family`.
///
/// Moves to a process of its own first, out of the server's family: what ends that family
/// must not end its guard. To be called while this process has one thread.
pub fn run_guard(family: &str) {
    // SAFETY: this process has one thread, so the child is as good as its parent.
    if unsafe { libc::fork() } != 0 {
        // The child is on its own; or there is none, and nobody to tell who could help it.
        return;
    }
    let mut farewell = [0];
    // A word is the server's ordinary end, which leaves nothing behind.
    if io::stdin().read(&mut farewell).is_ok_and(|length| length > 0) {
        return;
    }
    let until = Instant::now() + PATIENCE;
    let family = Family::read(family);
    while Instant::now() < until {
        let is_left = |process: &Process| !process.is_zombie && family.is_on(process);
        let left: Vec<_> = Process::all().filter(is_left).collect();
        if left.is_empty() {
            return;
        }
        end_trees(left);
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
