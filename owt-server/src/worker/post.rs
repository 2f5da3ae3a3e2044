//! A worker's life, from the server's side: started, heard, buried, replaced.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use owt_core::ProblemKind;
use owt_engine::run_there;
use parking_lot::Mutex;
use tokio::io::Interest;
use tokio::net::UnixStream;

use super::crew::{Crew, Process, refuse};
use super::obituary::{NotReady, Obituary, pause};
use super::tree;
use super::words::Words;
use super::worker::{Heard, Orphan, Worker};
use owt_engine::link::Inbox;
use owt_engine::link::Outbox;
use owt_engine::link::frame::{self, FromWorker, ToWorker};

/// Bytes of a frame from a worker at most.
const MOST: usize = 256 << 20;
/// How long a worker may take to start.
const STARTING: Duration = Duration::from_secs(60);
/// How long a worker may take to end once it has closed the connection.
const CLOSED: Duration = Duration::from_millis(500);
/// As good as no limit.
const ENDLESS: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Starts that failed in a row after which calls are told so instead of waiting.
const HOPELESS: u32 = 3;

/// Has a worker take that post, on a thread that stays with the worker to its end.
///
/// # Errors
/// When there is no thread for it.
pub(super) fn fill(crew: &Arc<Crew>, index: usize) -> io::Result<()> {
    if let Some(post) = crew.state.lock().posts.get_mut(index) {
        post.is_coming = true;
    }
    let hiring = Arc::clone(crew);
    let thread = std::thread::Builder::new().name(format!("owt-post-{index}"));
    let started = thread.spawn(move || while hold(&hiring, index) {});
    if started.is_err()
        && let Some(post) = crew.state.lock().posts.get_mut(index)
    {
        post.is_coming = false;
    }
    started.map(drop)
}

/// One worker's life. True when another one shall follow it here.
fn hold(crew: &Arc<Crew>, index: usize) -> bool {
    let failed = match start(crew) {
        Ok(started) => return live(crew, index, started),
        Err(error) => error,
    };
    tracing::error!(index, "a worker does not start: {failed}");
    let mut state = crew.state.lock();
    let Some(post) = state.posts.get_mut(index) else { return false };
    post.failures += 1;
    let failures = post.failures;
    let is_vacant = post.current.is_none();
    state.trouble = Some(failed.to_string());
    let hopeless = failures >= HOPELESS && state.posts.iter().all(|post| post.current.is_none());
    let waiting = if hopeless { std::mem::take(&mut state.waiting) } else { Default::default() };
    crew.changed.notify_all();
    drop(state);
    for task in waiting {
        refuse(&task, ProblemKind::Busy, &format!("no worker starts ({failed})"));
    }
    rest(crew, pause(failures));
    let mut state = crew.state.lock();
    let go_on = !state.is_stopping && (is_vacant || failures < HOPELESS);
    if !go_on && let Some(post) = state.posts.get_mut(index) {
        // Whoever holds the post keeps it.
        post.is_coming = false;
        post.wanted = None;
    }
    go_on
}

/// Waits that long, or until the server stops.
fn rest(crew: &Crew, pause: Duration) {
    let until = Instant::now() + pause;
    let mut state = crew.state.lock();
    while !state.is_stopping && !crew.changed.wait_until(&mut state, until).timed_out() {}
}

/// A worker that has said that it is ready.
struct Started {
    process: Arc<Process>,
    inbox: Inbox,
    words: Words,
    exit: Receiver<io::Result<ExitStatus>>,
}

fn start(crew: &Arc<Crew>) -> io::Result<Started> {
    let mark = crew.mark();
    let born = crew.spawner.spawn(&crew.command, &mark, crew.limits.most_calls)?;
    let pid = born.child.id();
    let outbox = Outbox::new(born.socket.try_clone()?, &format!("owt-{pid}"))?;
    let words = Words::listen(pid, born.log, born.words)?;
    let exit = wait_for(born.child, Arc::clone(&outbox))?;
    let (claims, files) = (born.claims, born.files);
    let most_adaptors = crew.settings.max_adaptors;
    let room = Arc::clone(&crew.room);
    let worker = Worker::new(pid, mark, Arc::clone(&outbox), claims, files, room, most_adaptors);
    let jittered = |most: u64| (most as f64 * (0.9 + 0.2 * fastrand::f64())).max(1.0) as u64;
    let process = Arc::new(Process {
        worker,
        ending: Mutex::default(),
        retired: Mutex::default(),
        was_told: Mutex::default(),
        is_up: AtomicBool::new(false),
        last_call: crew.limits.max_requests.map(jittered),
    });
    // Known from now on: whoever ends all workers ends this one too.
    let is_stopping = {
        let mut state = crew.state.lock();
        state.processes.insert(pid, Arc::clone(&process));
        state.is_stopping
    };
    born.socket.set_read_timeout(Some(STARTING))?;
    let mut inbox = Inbox::new(born.socket, MOST);
    outbox.push(&ToWorker::Begin(Box::new(crew.settings.clone()), crew.walls.clone()), &[]);
    outbox.flush();
    let started = if is_stopping {
        Err(io::Error::other("the server stops").into())
    } else {
        greet(&mut inbox)
    };
    match started {
        Ok(()) => {
            inbox.patience(None)?;
            Ok(Started { process, inbox, words, exit })
        }
        Err(error) => {
            tree::kill(pid);
            let obituary = bury(crew, &process, &words, &exit);
            Err(io::Error::other(obituary.of_a_start(error)))
        }
    }
}

/// Waits until the worker says that it is ready.
fn greet(inbox: &mut Inbox) -> Result<(), NotReady> {
    let mut answer = None;
    while answer.is_none() {
        let goes_on = inbox.read(|bytes| {
            match frame::read::<FromWorker<'_>>(bytes).map_err(io::Error::other)?.0 {
                FromWorker::Ready => answer = Some(Ok(())),
                FromWorker::Failed(why) => answer = Some(Err(NotReady::Said(why.to_owned()))),
                _ => {}
            }
            Ok(())
        })?;
        if !goes_on && answer.is_none() {
            return Err(io::Error::other("it ended before it was ready").into());
        }
    }
    answer.unwrap_or(Ok(()))
}

/// Waits for the process's end on a thread of its own, and ends the connection then: a child
/// that it left may hold the other end open.
fn wait_for(mut child: Child, outbox: Arc<Outbox>) -> io::Result<Receiver<io::Result<ExitStatus>>> {
    let (tell, told) = sync_channel(1);
    std::thread::Builder::new().name(format!("owt-wait-{}", child.id())).spawn(move || {
        let status = child.wait();
        outbox.close();
        // Nobody may ask any more.
        let _ = tell.send(status);
    })?;
    Ok(told)
}

fn live(crew: &Arc<Crew>, index: usize, started: Started) -> bool {
    let Started { process, inbox, words, exit } = started;
    let pid = process.worker.pid;
    take_post(crew, index, &process);
    if let Err(error) = hear_out(crew, &process, inbox) {
        tracing::error!(%error, pid, "a worker does not make sense");
        tree::kill(pid);
    }
    process.worker.close();
    let obituary = bury(crew, &process, &words, &exit);
    leave_post(crew, index, &process, &obituary)
}

/// Hears the worker to its end.
///
/// On an HTTP thread as soon as there is one: half of the answers or more are for the thread
/// that reads them, and cost no knock. On another one when that ends before the worker does.
fn hear_out(crew: &Arc<Crew>, process: &Arc<Process>, mut inbox: Inbox) -> io::Result<()> {
    let (tell, told) = sync_channel(1);
    loop {
        let hearing = Hearing {
            crew: Arc::clone(crew),
            process: Arc::clone(process),
            inbox: Some(inbox),
            tell: tell.clone(),
        };
        let back = match run_there(hearing, |hearing| Box::pin(hear_there(hearing))) {
            Ok(()) => match told.recv() {
                Ok(Told::End(end)) => return end,
                Ok(Told::Back(inbox)) => Some(inbox),
                Err(_) => None,
            },
            Err(mut hearing) => hearing.inbox.take(),
        };
        inbox = back.ok_or_else(|| io::Error::other("the connection was lost on its way"))?;
        if !inbox.read(|bytes| hear(crew, process, bytes))? {
            return Ok(());
        }
    }
}

/// A worker that is heard elsewhere.
struct Hearing {
    crew: Arc<Crew>,
    process: Arc<Process>,
    inbox: Option<Inbox>,
    tell: SyncSender<Told>,
}

/// What became of it there.
enum Told {
    End(io::Result<()>),
    /// That place is no more.
    Back(Inbox),
}

impl Drop for Hearing {
    fn drop(&mut self) {
        if let Some(inbox) = self.inbox.take() {
            // Whoever waits for it does so to the end.
            let _ = self.tell.send(Told::Back(inbox));
        }
    }
}

async fn hear_there(mut hearing: Hearing) {
    let (crew, process) = (Arc::clone(&hearing.crew), Arc::clone(&hearing.process));
    // Left where it is: this may be dropped while it waits.
    let Some(inbox) = hearing.inbox.as_mut() else { return };
    let end = hear_all(&crew, &process, inbox).await;
    hearing.inbox = None;
    // As above.
    let _ = hearing.tell.send(Told::End(end));
}

async fn hear_all(crew: &Crew, process: &Process, inbox: &mut Inbox) -> io::Result<()> {
    let socket = std::os::unix::net::UnixStream::from(inbox.socket().try_clone_to_owned()?);
    socket.set_nonblocking(true)?;
    let socket = UnixStream::from_std(socket)?;
    loop {
        socket.readable().await?;
        let heard = socket.try_io(Interest::READABLE, || {
            let heard = inbox.read_now(|bytes| hear(crew, process, bytes))?;
            heard.ok_or_else(|| io::ErrorKind::WouldBlock.into())
        });
        match heard {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

fn hear(crew: &Crew, process: &Process, bytes: &[u8]) -> io::Result<()> {
    let (message, payload) = frame::read(bytes).map_err(io::Error::other)?;
    match process.worker.hear(message, payload)? {
        Heard::Ended(adaptor) if crew.has_culprits.load(Ordering::Relaxed) => {
            let mut state = crew.state.lock();
            state.culprits.absolve(adaptor);
            crew.has_culprits.store(!state.culprits.is_empty(), Ordering::Relaxed);
        }
        Heard::Nothing | Heard::Ended(_) => {}
        Heard::Outgrown(task, problem) => crew.outgrow(&process.worker, *task, problem),
    }
    Ok(())
}

/// The new worker is the post's; who held it before has no new calls and ends in peace.
fn take_post(crew: &Crew, index: usize, process: &Arc<Process>) {
    let pid = process.worker.pid;
    let (before, waiting) = {
        let mut state = crew.state.lock();
        state.trouble = None;
        process.is_up.store(true, Ordering::SeqCst);
        if state.is_stopping {
            process.worker.ask_to_stop(Duration::ZERO);
        }
        let Some(post) = state.posts.get_mut(index) else { return };
        post.is_coming = false;
        post.starts += 1;
        let wanted = post.wanted.take();
        let before = post.current.replace(Arc::clone(process)).zip(wanted);
        (before, std::mem::take(&mut state.waiting))
    };
    crew.changed.notify_all();
    tracing::debug!(pid, index, "a worker is up");
    if let Some((old, (why, patience))) = before {
        old.ending.lock().get_or_insert(why);
        old.worker.close();
        let now = Instant::now();
        let unbegun = old.worker.take_back(now);
        // Not before: a retired worker that runs nothing is told to stop, and would refuse what
        // still waits in it.
        *old.retired.lock() = Some(now.checked_add(patience).unwrap_or(now + ENDLESS));
        for task in unbegun {
            crew.place(task);
        }
    }
    for task in waiting {
        // Some of them want this very one.
        if let Err(back) = process.worker.put(task) {
            crew.place(*back);
        }
    }
}

/// Waits for the process's end, ends what came of it, and finds out how it was.
fn bury(
    crew: &Crew,
    process: &Process,
    words: &Words,
    exit: &Receiver<io::Result<ExitStatus>>,
) -> Obituary {
    let pid = process.worker.pid;
    let status = exit.recv_timeout(CLOSED).or_else(|_| {
        // It closed the connection and lives on.
        tree::kill(pid);
        exit.recv()
    });
    tree::sweep(pid, &process.worker.mark);
    let sources = crew.settings.adaptors_of(pid);
    if let Err(error) = std::fs::remove_dir_all(&sources)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::debug!(%error, "{} stays until the server ends", sources.display());
    }
    crew.state.lock().processes.remove(&pid);
    crew.changed.notify_all();
    Obituary {
        pid,
        status: status.ok().and_then(Result::ok),
        ending: *process.ending.lock(),
        last_words: words.last(),
    }
}

/// True when somebody else shall have the post.
fn leave_post(crew: &Crew, index: usize, process: &Arc<Process>, obituary: &Obituary) -> bool {
    let served = process.worker.served();
    let orphans = process.worker.bury();
    let pause = {
        let mut state = crew.state.lock();
        let begun = orphans.iter().filter_map(|orphan| match orphan {
            Orphan::Begun(begun) => Some((begun.adaptor, begun.since)),
            Orphan::Unbegun(_) => None,
        });
        if obituary.ending.is_none_or(|ending| ending.is_an_adaptors_doing()) {
            state.culprits.blame(begun, Instant::now());
            crew.has_culprits.store(!state.culprits.is_empty(), Ordering::Relaxed);
        }
        let is_stopping = state.is_stopping;
        let Some(post) = state.posts.get_mut(index) else { return false };
        *post.deaths.entry(obituary.name()).or_default() += 1;
        let was_current = post.current.as_ref().is_some_and(|now| Arc::ptr_eq(now, process));
        if was_current {
            post.current = None;
        }
        if is_stopping || !was_current || post.is_coming {
            None
        } else {
            post.is_coming = true;
            post.wanted = None;
            post.failures = if served > 0 { 1 } else { post.failures + 1 };
            // What the server did itself is no failure to recover from.
            Some(if obituary.ending.is_some() { Duration::ZERO } else { pause(post.failures) })
        }
    };
    if let Some(how) = obituary.surprise() {
        tracing::warn!(index, "the worker (process {}) was to end, and {how}", obituary.pid);
    }
    match obituary.ending {
        Some(ending) if !ending.is_an_adaptors_doing() => {
            tracing::debug!(index, "the worker (process {}) {}", obituary.pid, obituary.how());
        }
        _ => tracing::warn!(index, "the worker (process {}) {}", obituary.pid, obituary.how()),
    }
    crew.settle(orphans, obituary);
    if let Some(pause) = pause {
        rest(crew, pause);
    }
    pause.is_some() && !crew.state.lock().is_stopping
}
