//! Starts worker processes.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use owt_core::SECRETS;
use owt_engine::link::{self, Claims, Taking};
use rustix::io::FdFlags;
use rustix::pipe::PipeFlags;
use rustix::process::{Resource, Signal, setrlimit};

use super::mark::{self, Mark};
use crate::descriptors;

/// How a process of the server's is started: this program in one of its roles, or anything else
/// that does the same with the descriptors that it is given.
#[derive(Clone, Debug)]
pub struct WorkerCommand {
    /// What is run.
    pub program: PathBuf,
    /// What it is told that it is called (`argv[0]`).
    pub name: OsString,
    /// Its arguments, before the descriptors' numbers: socket, log, table of claims, socket for
    /// files.
    pub args: Vec<OsString>,
}

impl WorkerCommand {
    /// This program in one of its roles.
    #[must_use]
    pub fn this(role: &str) -> Self {
        // Not by its path: the file may have been replaced by a newer program since.
        Self { program: "/proc/self/exe".into(), name: "owt".into(), args: vec![role.into()] }
    }
}

/// A worker that was started, and this side's ends of what connects it.
#[derive(Debug)]
pub struct Born {
    pub child: Child,
    pub socket: UnixStream,
    /// Its log, in frames.
    pub log: OwnedFd,
    /// What it and its children write to standard output and error.
    pub words: OwnedFd,
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
pub struct Spawner(Sender<Order>);

impl Spawner {
    /// # Errors
    /// When there is no thread for it.
    pub fn new() -> io::Result<Self> {
        let (give, take) = channel();
        std::thread::Builder::new().name("owt-spawner".to_owned()).spawn(move || work(&take))?;
        Ok(Self(give))
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
        self.0.send(Order { command, mark, most_calls, reply }).map_err(|_| gone(()))?;
        born.recv().map_err(|_| gone(()))?
    }
}

fn work(orders: &Receiver<Order>) {
    for Order { command, mark, most_calls, reply } in orders {
        // Whoever asked waits for exactly this.
        let _ = reply.send(spawn(&command, mark, most_calls));
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the room that starts workers")]
fn spawn(command: &WorkerCommand, mark: Mark, most_calls: usize) -> io::Result<Born> {
    let (socket, its_socket) = UnixStream::pair()?;
    let (log, its_log) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    let (words, its_words) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
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
        .stdout(its_words.try_clone()?)
        .stderr(its_words)
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
    let child = process.spawn()?;
    Ok(Born { child, socket, log, words, claims, files: Taking::new(files) })
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
