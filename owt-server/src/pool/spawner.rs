//! Starts worker processes, and knows which are there.

use std::collections::HashSet;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use owt_core::SECRETS;
use owt_engine::link::{self, Claims, Taking};
use parking_lot::Mutex;
use rustix::io::FdFlags;
use rustix::pipe::PipeFlags;
use rustix::process::{Resource, Signal, setrlimit};

use super::command::WorkerCommand;
use super::mark::{self, Mark};
use crate::descriptors;

/// The worker processes that are there and were not waited for yet.
type Children = Arc<Mutex<HashSet<u32>>>;

/// A worker that was started, and this side's ends of what connects it.
#[derive(Debug)]
pub struct Born {
    pub child: Child,
    pub socket: UnixStream,
    /// Its log, in frames.
    pub log: OwnedFd,
    /// What it and its children write to standard output and error.
    pub output: OwnedFd,
    pub claims: Claims,
    pub files: Taking,
}

struct Order {
    command: WorkerCommand,
    mark: Mark,
    most_calls: usize,
    reply: SyncSender<io::Result<Born>>,
}

/// The one thread that starts processes. It lives as long as they: the kernel ends a process
/// that asked to end with its parent when the *thread* that started it ends.
#[derive(Debug)]
pub struct Spawner {
    orders: Sender<Order>,
    children: Children,
}

/// A process that was started. Dropped without having been waited for, it is killed.
#[derive(Debug)]
pub struct Child {
    child: std::process::Child,
    children: Children,
}

impl Child {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When the kernel does not say how it ended.
    pub fn wait(mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both do nothing where it was waited for.
        let ended = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = ended {
            tracing::error!(%error, pid = self.id(), "a worker cannot be ended");
        }
        self.children.lock().remove(&self.child.id());
    }
}

impl Spawner {
    /// # Errors
    /// When there is no thread for it.
    pub fn new() -> io::Result<Self> {
        let (orders, take) = channel();
        let children = Children::default();
        let known = Arc::clone(&children);
        let thread = std::thread::Builder::new().name("owt-spawner".to_owned());
        thread.spawn(move || work(&take, &known))?;
        Ok(Self { orders, children })
    }

    /// Starts a worker.
    ///
    /// # Errors
    /// When the process, or a descriptor for it, is refused.
    pub fn spawn(
        &self,
        command: &WorkerCommand,
        mark: &Mark,
        most_calls: usize,
    ) -> io::Result<Born> {
        let (reply, born) = sync_channel(1);
        let (command, mark) = (command.clone(), mark.clone());
        let gone = |_| io::Error::other("the thread that starts workers has ended");
        self.orders.send(Order { command, mark, most_calls, reply }).map_err(|_| gone(()))?;
        born.recv().map_err(|_| gone(()))?
    }

    /// Does that with the ids of the processes that are there, of which none is added meanwhile.
    pub fn with_children(&self, look: impl FnOnce(&HashSet<u32>)) {
        look(&self.children.lock());
    }
}

fn work(orders: &Receiver<Order>, children: &Children) {
    for Order { command, mark, most_calls, reply } in orders {
        // Whoever asked waits for exactly this.
        let _ = reply.send(spawn(&command, mark, most_calls, children));
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the module that starts workers")]
fn spawn(
    command: &WorkerCommand,
    mark: Mark,
    most_calls: usize,
    children: &Children,
) -> io::Result<Born> {
    let (socket, its_socket) = UnixStream::pair()?;
    let (log, its_log) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    let (output, its_output) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    let (claims, its_claims) = Claims::create(most_calls)?;
    let (files, its_files) = link::way()?;
    let inherited = [OwnedFd::from(its_socket), its_log, its_claims, its_files];
    let numbers = inherited.each_ref().map(|fd| fd.as_raw_fd().to_string());
    let server = rustix::process::getpid();
    let limit = descriptors::original();
    let mut process = Command::new(&command.program);
    process
        .arg0(&command.name)
        .args(&command.args)
        .args(numbers)
        .env(mark::VARIABLE, mark.text())
        .stdin(Stdio::null())
        .stdout(its_output.try_clone()?)
        .stderr(its_output)
        .process_group(0);
    forget_secrets(&mut process);
    // SAFETY: only system calls between fork and exec, and nothing is allocated.
    unsafe {
        process.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            if rustix::process::getppid() != Some(server) {
                // The server ended before it could be told to take this process along.
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            mark.put_limit();
            // What this program was itself handed down is not for workers.
            close_on_exec_from(3)?;
            if let Some(limit) = &limit {
                setrlimit(Resource::Nofile, *limit)?;
            }
            for fd in &inherited {
                rustix::io::fcntl_setfd(fd, FdFlags::empty())?;
            }
            Ok(())
        })
    };
    let child = {
        // Held from before it is there: nobody takes it for an orphan that has ended.
        let mut known = children.lock();
        let child = process.spawn()?;
        known.insert(child.id());
        Child { child, children: Arc::clone(children) }
    };
    Ok(Born { child, socket, log, output, claims, files: Taking::new(files) })
}

/// Keeps the server's keys from a process: they are not for adaptors to read.
pub(super) fn forget_secrets(process: &mut Command) {
    for name in SECRETS {
        process.env_remove(name);
    }
}

/// Has every descriptor from that one on closed when this process becomes another program.
pub(super) fn close_on_exec_from(first: u32) -> io::Result<()> {
    // SAFETY: sets a flag of descriptors; none is closed here.
    let set =
        unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if set < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
