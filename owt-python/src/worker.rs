//! Runs a worker: hosts Python for the server at the other end of a socket.

mod giving;
mod log;
mod unfetched;

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use owt_core::{Call, Problem, ProblemKind};
use owt_engine::{Context, Event, Far, Gathering, Host, NotTaken, Reins, Task, far_channel};
use parking_lot::Mutex;
use rustix::event::{EventfdFlags, PollFd, PollFlags};
use rustix::io::FdFlags;
use tracing::Level;

use owt_engine::link::{
    Claims, FromWorker, Giving, Inbox, Outbox, Settings, Slimmed, ToWorker, frame,
};
use owt_system::sandbox::{SandboxError, Walls};

use crate::host::{Around, HostError, PythonHost};
use crate::pool::Source;
use crate::reclaim::Slim;
use log::{Forward, Pipe};
use unfetched::Unfetched;

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
    /// This process cannot be kept in as it should be.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The server said something else than how to begin.
    #[error("this is no server's connection")]
    NoServer,
}

thread_local! {
    /// This thread glances before it waits, and so sends what waits to be sent.
    static RESTS: Cell<bool> = const { Cell::new(false) };
}

/// Calls that are here, the way they come, and the way back.
struct Inside {
    outbox: Arc<Outbox>,
    claims: Claims,
    files: Giving,
    answers: Unfetched,
    calls: Mutex<HashMap<u32, Reins>>,
    ear: Mutex<Ear>,
    /// Wakes whoever waits for the server to say something.
    bell: OwnedFd,
    host: OnceLock<Arc<PythonHost>>,
    me: Weak<Self>,
}

/// Calls whose bodies are still on their way, how much has come, and how long they are.
type Bodies = HashMap<u32, (Call, Context, Gathering, usize)>;

/// What hears the server.
struct Ear {
    inbox: Inbox,
    bodies: Bodies,
}

impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside").field("outbox", &self.outbox).finish_non_exhaustive()
    }
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

    fn reins(&self, number: u32, hand: impl FnOnce(&Reins)) {
        if let Some(reins) = self.calls.lock().get(&number) {
            hand(reins);
        }
    }
}

/// Hosts Python for the server at the other end of `socket` until that says stop, or is gone.
///
/// The calling thread becomes Python's main thread. Afterwards the process should end at once,
/// without finalizing what threads may still use.
///
/// # Errors
/// When Python does not start, or the connection breaks.
pub fn run_worker(
    socket: OwnedFd,
    log: OwnedFd,
    claims: OwnedFd,
    files: OwnedFd,
) -> Result<(), WorkerError> {
    let socket = UnixStream::from(socket);
    // What `top` and `ps` show, and not the name of what was run.
    let _ = rustix::thread::set_name(c"owt-worker");
    for fd in [socket.as_fd(), log.as_fd(), claims.as_fd(), files.as_fd()] {
        // Programs that adaptors start do not inherit it.
        rustix::io::fcntl_setfd(fd, FdFlags::CLOEXEC)
            .map_err(|error| WorkerError::Connection(error.into()))?;
    }
    let fds = [socket.as_raw_fd(), log.as_raw_fd(), files.as_raw_fd()];
    let mut inbox = Inbox::new(socket.try_clone().map_err(WorkerError::Connection)?, MOST);
    let (settings, walls) = first_word(&mut inbox)?;
    // Before this process has a second thread.
    let walled = walls.as_ref().map_or(Ok(()), Walls::enter);
    let outbox = Outbox::new(socket, "owt-worker").map_err(WorkerError::Connection)?;
    let table = Claims::open(&claims).map_err(WorkerError::Connection)?;
    drop(claims);
    let bell = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
        .map_err(|error| WorkerError::Connection(error.into()))?;
    let inside = Arc::new_cyclic(|me| Inside {
        outbox: Arc::clone(&outbox),
        claims: table,
        files: Giving::new(files),
        answers: Unfetched::new(settings.answer_bytes),
        calls: Mutex::default(),
        ear: Mutex::new(Ear { inbox, bodies: HashMap::new() }),
        bell,
        host: OnceLock::new(),
        me: Weak::clone(me),
    });
    let pipe = Arc::new(Pipe::new(log).map_err(WorkerError::Connection)?);
    forward_log(&pipe, settings.verbosity);
    let started = walled.map_err(WorkerError::from);
    let host = match started.and_then(|()| start(&settings, &inside, pipe, fds)) {
        Ok(host) => Arc::new(host),
        Err(error) => {
            outbox.push(&FromWorker::Failed(&error.to_string()), &[]);
            outbox.drain();
            return Err(error);
        }
    };
    let host = inside.host.get_or_init(|| host);
    outbox.push(&FromWorker::Ready, &[]);
    outbox.flush();
    host.lead(PATIENCE);
    outbox.drain();
    Ok(())
}

fn first_word(inbox: &mut Inbox) -> Result<(Settings, Option<Walls>), WorkerError> {
    let mut word = None;
    while word.is_none() {
        let goes_on = inbox
            .read(|bytes| {
                if let Ok((ToWorker::Begin(settings, walls), _)) = frame::read(bytes) {
                    word = Some((*settings, walls));
                }
                Ok(())
            })
            .map_err(WorkerError::Connection)?;
        if !goes_on {
            return Err(WorkerError::NoServer);
        }
    }
    word.ok_or(WorkerError::NoServer)
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
    fds: [i32; 3],
) -> Result<PythonHost, WorkerError> {
    // What watches calls of the event loop; one thread is plenty.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("owt-engine")
        .enable_all()
        .build()
        .map_err(WorkerError::Connection)?;
    let (outbox, last) = (Arc::clone(&inside.outbox), Arc::clone(&inside.outbox));
    let around = Around {
        lines,
        source: Some(Arc::clone(inside) as Arc<dyn Source>),
        // A child must not hold the connection open when this process ends, or speak in it.
        forked: Box::new(move || {
            for fd in fds {
                // SAFETY: in a forked child, where nothing else uses this descriptor again.
                unsafe { libc::close(fd) };
            }
        }),
        unloaded: Box::new(move |codes| {
            let codes = codes.iter().map(|code| *code.as_bytes()).collect();
            outbox.push(&FromWorker::Unloaded { codes }, &[]);
            outbox.nudge();
        }),
        leave: Arc::new(move || {
            last.drain();
            // SAFETY: ends the process at once, as is meant.
            unsafe { libc::_exit(0) }
        }),
    };
    let host = PythonHost::start(settings, around, runtime.handle().clone());
    // Lives as long as the process: what it runs refers to Python.
    std::mem::forget(runtime);
    Ok(host?)
}

impl Source for Inside {
    fn wait(&self) {
        RESTS.set(true);
        self.outbox.flush();
        // Only one thread leads, and others only glance.
        let mut ear = self.ear.lock();
        if self.listen(&mut ear) {
            return;
        }
        let socket = ear.inbox.socket();
        let mut both =
            [PollFd::new(&socket, PollFlags::IN), PollFd::new(&self.bell, PollFlags::IN)];
        // Whatever ends it, the next look says what there is.
        let _ = rustix::event::poll(&mut both, None);
        let [_, bell] = both.map(|fd| !fd.revents().is_empty());
        if bell {
            // Rung anew from now on; it is empty only if somebody was quicker.
            let _ = rustix::io::read(&self.bell, &mut [0_u8; 8]);
        }
        self.listen(&mut ear);
    }

    fn wake(&self) {
        // A full counter, the only failure, means that it rings already.
        let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
    }

    fn glance(&self) {
        RESTS.set(true);
        if let Some(mut ear) = self.ear.try_lock() {
            self.listen(&mut ear);
        }
        self.outbox.flush();
    }
}

impl Inside {
    /// Takes what the server has said so far. True when it was anything.
    fn listen(&self, ear: &mut Ear) -> bool {
        let Ear { inbox, bodies } = ear;
        let error = match inbox.read_now(|bytes| self.hear(bodies, bytes)) {
            Ok(None) => return false,
            Ok(Some(true)) => return true,
            // Without the server nobody is answered: what runs shall end with it, whatever it
            // does.
            // SAFETY: ends the process at once, as is meant.
            Ok(Some(false)) => unsafe { libc::_exit(0) },
            Err(error) => error,
        };
        // On the descriptor itself: nothing else is sure to work any more.
        let words = format!("{}\n", WorkerError::Connection(error));
        let _ = std::io::stderr().write_all(words.as_bytes());
        // SAFETY: as above.
        unsafe { libc::_exit(70) }
    }

    fn hear(&self, bodies: &mut Bodies, bytes: &[u8]) -> io::Result<()> {
        let (message, payload) = frame::read(bytes).map_err(io::Error::other)?;
        match message {
            ToWorker::Begin(..) => {}
            ToWorker::Call(frame) => {
                let (number, length) = (frame.number, frame.length);
                let (call, context) = frame.into_call();
                if payload.len() == length {
                    self.submit(number, call, context, Bytes::copy_from_slice(payload));
                } else {
                    let mut body = Gathering::with_capacity(length);
                    body.push(payload);
                    bodies.insert(number, (call, context, body, length));
                }
            }
            ToWorker::Body { number } => {
                let whole = bodies.get_mut(&number).is_some_and(|(_, _, body, length)| {
                    body.push(payload);
                    body.len() >= *length
                });
                if whole && let Some((call, context, body, _)) = bodies.remove(&number) {
                    self.submit(number, call, context, body.freeze());
                }
            }
            ToWorker::Fetch { number } => self.let_go(number, true),
            ToWorker::Cancel { number } => {
                self.reins(number, Reins::cancel);
                self.let_go(number, false);
            }
            ToWorker::Credit { number, bytes } => {
                self.reins(number, |reins| reins.credit(bytes));
            }
            ToWorker::Slim { most } => self.slim(most),
            ToWorker::List => {
                let loaded = self.host.get().map(|host| host.warm()).unwrap_or_default();
                self.outbox.push(&FromWorker::Adaptors { loaded }, &[]);
                self.send();
            }
            ToWorker::Stop { patience } => {
                if let Some(host) = self.host.get() {
                    host.stop(patience);
                }
            }
        }
        Ok(())
    }

    /// Has the host hold no more than that, and tells the server what became of it.
    fn slim(&self, most: u64) {
        // Set before the server watches this process's memory.
        let Some(host) = self.host.get() else { return };
        let outbox = Arc::clone(&self.outbox);
        let done = move |Slimmed { unloaded, bytes }| {
            outbox.push(&FromWorker::Slimmed { unloaded, bytes }, &[]);
            outbox.flush();
        };
        host.slim(Slim { most, done: Box::new(done) });
    }

    fn submit(&self, number: u32, call: Call, mut context: Context, body: Bytes) {
        // Set before the server is told that calls are welcome.
        let (Some(me), Some(host)) = (self.me.upgrade(), self.host.get()) else { return };
        context.body = body;
        let (events, reins) = far_channel(me as Arc<dyn Far>, number);
        self.calls.lock().insert(number, reins);
        let (task, kind) = match host.submit(Task { call, context, events }) {
            Ok(()) => return,
            Err(NotTaken::Full(task)) => (task, ProblemKind::Busy),
            Err(NotTaken::Stopping(task)) => (task, ProblemKind::Draining),
        };
        let why = "the worker takes no more; nothing of this call has run";
        let problem = Problem::new(kind, why).with_retry_after(Duration::from_secs(1));
        task.events.send(Event::Problem(Box::new(problem)));
    }
}
