//! The worker's side: hosts Python and talks to the server.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use owt_core::{Call, Problem, ProblemKind};
use parking_lot::Mutex;
use tracing::Level;

use super::claims::Claims;
use super::frame::{self, FromWorker, ToWorker};
use super::inbox::Inbox;
use super::log::{Forward, Pipe};
use super::outbox::Outbox;
use crate::engine::{Context, Event, Far, Host, NotTaken, Reins, Task, far_channel};
use crate::python::{Around, HostError, PythonHost, Settings};

/// Bytes of a frame from the server at most: a call's code may be long.
const MOST: usize = 1 << 30;
/// How long threads that are stuck in an adaptor are waited for at the end.
const PATIENCE: Duration = Duration::from_millis(500);

/// A worker that did not end as it should, and its exit status.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The connection to the server broke: its descriptor is no longer what it was.
    #[error("the connection to the server broke (did an adaptor close it?): {0}")]
    Connection(#[source] io::Error),
    /// Python does not start.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The server said something else than how to begin.
    #[error("this is no server's connection")]
    NoServer,
}

thread_local! {
    /// This thread calls `rest` before it waits.
    static RESTS: Cell<bool> = const { Cell::new(false) };
}

/// Calls that are here, and the way back.
#[derive(Debug)]
struct Inside {
    outbox: Arc<Outbox>,
    claims: Claims,
    calls: Mutex<HashMap<u32, Reins>>,
}

impl Inside {
    /// Written at once, unless this thread sees to it before it waits.
    fn send(&self) {
        if RESTS.get() {
            self.outbox.nudge();
        } else {
            self.outbox.flush();
        }
    }

    fn rest(&self) {
        RESTS.set(true);
        self.outbox.flush();
    }

    fn reins(&self, number: u32, hand: impl FnOnce(&Reins)) {
        if let Some(reins) = self.calls.lock().get(&number) {
            hand(reins);
        }
    }
}

impl Far for Inside {
    fn begin(&self, number: u32) -> bool {
        self.claims.begin(number)
    }

    fn is_withdrawn(&self, number: u32) -> bool {
        self.claims.is_withdrawn(number)
    }

    fn give(&self, number: u32, event: Event) {
        // The last event of a call that runs on a thread that rests travels with its end.
        let is_last = event.is_last();
        match event {
            Event::Answer(head, body) => {
                let length = body.len();
                let (first, rest) = frame::pieces(&body);
                self.outbox.push(&FromWorker::Answer { number, head, length }, &first);
                self.outbox.push_pieces(&FromWorker::Rest { number }, rest);
            }
            Event::File(head, path) => {
                self.outbox.push(&FromWorker::File { number, head }, path.as_os_str().as_bytes());
            }
            Event::Head(head) => self.outbox.push(&FromWorker::Head { number, head }, &[]),
            Event::Chunk(chunk) => self.outbox.push(&FromWorker::Chunk { number }, &chunk),
            Event::End => self.outbox.push(&FromWorker::End { number }, &[]),
            Event::Problem(problem) => {
                let json = serde_json::to_vec(&problem).unwrap_or_default();
                self.outbox.push(&FromWorker::Problem { number }, &json);
            }
        }
        if !is_last || !RESTS.get() {
            self.send();
        }
    }

    fn done(&self, number: u32) {
        let reins = self.calls.lock().remove(&number);
        drop(reins);
        self.outbox.push(&FromWorker::Done { number }, &[]);
        self.send();
    }
}

/// Hosts Python for the server at the other end of `socket` until that says stop, or is gone.
///
/// The calling thread becomes Python's main thread. Afterwards the process should end at once,
/// without finalizing what threads may still use.
///
/// # Errors
/// When Python does not start, or the connection breaks.
pub fn run_worker(socket: OwnedFd, log: OwnedFd, claims: OwnedFd) -> Result<(), WorkerError> {
    let socket = UnixStream::from(socket);
    // What `top` and `ps` show, and not the name of what was run.
    let _ = rustix::thread::set_name(c"owt-worker");
    for fd in [socket.as_raw_fd(), log.as_raw_fd(), claims.as_raw_fd()] {
        keep_to_ourselves(fd)?;
    }
    let fds = [socket.as_raw_fd(), log.as_raw_fd()];
    let mut inbox = Inbox::new(socket.try_clone().map_err(WorkerError::Connection)?, MOST);
    let outbox = Outbox::new(socket, "owt-worker").map_err(WorkerError::Connection)?;
    let inside = Arc::new(Inside {
        outbox: Arc::clone(&outbox),
        claims: Claims::open(&claims).map_err(WorkerError::Connection)?,
        calls: Mutex::default(),
    });
    drop(claims);
    let settings = first_word(&mut inbox)?;
    let pipe = Arc::new(Pipe::new(log).map_err(WorkerError::Connection)?);
    forward_log(&pipe, settings.verbosity);
    let host = match start(&settings, &inside, pipe, fds) {
        Ok(host) => Arc::new(host),
        Err(error) => {
            outbox.push(&FromWorker::Failed(&error.to_string()), &[]);
            outbox.drain();
            return Err(error);
        }
    };
    let ended = Arc::new(Mutex::new(Ok(())));
    let listening = Listening { host: Arc::clone(&host), inside, bodies: HashMap::new() };
    outbox.push(&FromWorker::Ready, &[]);
    outbox.flush();
    let why = Arc::clone(&ended);
    std::thread::Builder::new()
        .name("owt-reader".to_owned())
        .spawn(move || listening.listen(inbox, &why))
        .map_err(WorkerError::Connection)?;
    host.lead(PATIENCE);
    outbox.drain();
    let result = std::mem::replace(&mut *ended.lock(), Ok(()));
    result.map_err(WorkerError::Connection)
}

/// So that programs that adaptors start do not inherit it.
fn keep_to_ourselves(fd: i32) -> Result<(), WorkerError> {
    // SAFETY: sets a flag of a descriptor that is open.
    let set = unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    if set < 0 {
        return Err(WorkerError::Connection(io::Error::last_os_error()));
    }
    Ok(())
}

fn first_word(inbox: &mut Inbox) -> Result<Settings, WorkerError> {
    let mut settings = None;
    while settings.is_none() {
        let goes_on = inbox
            .read(|bytes| {
                if let Ok((ToWorker::Begin(first), _)) = frame::read(bytes) {
                    settings = Some(*first);
                }
                Ok(())
            })
            .map_err(WorkerError::Connection)?;
        if !goes_on {
            return Err(WorkerError::NoServer);
        }
    }
    settings.ok_or(WorkerError::NoServer)
}

fn forward_log(pipe: &Arc<Pipe>, verbosity: i8) {
    let most = match verbosity {
        ..0 => Level::WARN,
        0 => Level::INFO,
        _ => Level::DEBUG,
    };
    let forward = Forward { pipe: Arc::clone(pipe), most };
    // Set once: this process is a worker and nothing else.
    let _ = tracing::subscriber::set_global_default(forward);
}

fn start(
    settings: &Settings,
    inside: &Arc<Inside>,
    lines: Arc<Pipe>,
    fds: [i32; 2],
) -> Result<PythonHost, WorkerError> {
    // What watches calls of the event loop; one thread is plenty.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("owt-engine")
        .enable_all()
        .build()
        .map_err(WorkerError::Connection)?;
    let resting = Arc::clone(inside);
    let around = Around {
        lines,
        rest: Box::new(move || resting.rest()),
        // A child must not hold the connection open when this process ends, or speak in it.
        forked: Box::new(move || {
            for fd in fds {
                // SAFETY: in a forked child, where nothing else uses this descriptor again.
                unsafe { libc::close(fd) };
            }
        }),
    };
    let host = PythonHost::start(settings, around, runtime.handle().clone());
    // Lives as long as the process: what it runs refers to Python.
    std::mem::forget(runtime);
    Ok(host?)
}

/// Whoever reads what the server says.
struct Listening {
    host: Arc<PythonHost>,
    inside: Arc<Inside>,
    /// Calls whose bodies are still on their way.
    bodies: HashMap<u32, (Call, Context, BytesMut, usize)>,
}

impl Listening {
    fn listen(mut self, mut inbox: Inbox, why: &Mutex<io::Result<()>>) {
        let end = loop {
            match inbox.read(|bytes| self.hear(bytes)) {
                Ok(true) => self.inside.outbox.flush(),
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        // Without the server nobody is answered: what runs shall end with it, whatever it does.
        match end {
            // SAFETY: ends the process at once, as is meant.
            Ok(()) => unsafe { libc::_exit(0) },
            Err(error) => {
                let broken = WorkerError::Connection(error);
                // On the descriptor itself: nothing else is sure to work any more.
                let words = format!("{broken}\n");
                let _ = std::io::stderr().write_all(words.as_bytes());
                *why.lock() = Err(io::Error::other(words));
                // SAFETY: as above.
                unsafe { libc::_exit(70) }
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (message, payload) = frame::read(bytes).map_err(io::Error::other)?;
        match message {
            ToWorker::Begin(_) => {}
            ToWorker::Call(frame) => {
                let (number, length) = (frame.number, frame.length);
                let (call, context) = frame.into_call();
                if payload.len() == length {
                    self.submit(number, call, context, Bytes::copy_from_slice(payload));
                } else {
                    let mut body = BytesMut::with_capacity(length);
                    body.extend_from_slice(payload);
                    self.bodies.insert(number, (call, context, body, length));
                }
            }
            ToWorker::Body { number } => {
                let whole = self.bodies.get_mut(&number).is_some_and(|(_, _, body, length)| {
                    body.extend_from_slice(payload);
                    body.len() >= *length
                });
                if whole && let Some((call, context, body, _)) = self.bodies.remove(&number) {
                    self.submit(number, call, context, body.freeze());
                }
            }
            ToWorker::Cancel { number } => self.inside.reins(number, Reins::cancel),
            ToWorker::Credit { number, bytes } => {
                self.inside.reins(number, |reins| reins.credit(bytes));
            }
            ToWorker::Stop => self.host.stop(),
        }
        Ok(())
    }

    fn submit(&self, number: u32, call: Call, mut context: Context, body: Bytes) {
        context.body = body;
        let (events, reins) = far_channel(Arc::clone(&self.inside) as Arc<dyn Far>, number);
        self.inside.calls.lock().insert(number, reins);
        let (task, kind) = match self.host.submit(Task { call, context, events }) {
            Ok(()) => return,
            Err(NotTaken::Full(task)) => (task, ProblemKind::Busy),
            Err(NotTaken::Stopping(task)) => (task, ProblemKind::Draining),
        };
        let why = "the worker takes no more; nothing of this call has run";
        let problem = Problem::new(kind, why).with_retry_after(Duration::from_secs(1));
        task.events.send(Event::Problem(Box::new(problem)));
    }
}
