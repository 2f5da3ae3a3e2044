//! One call on a Python thread, from its adaptor to its last event.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lru::LruCache;
use owt_core::{Call, CodeId, Problem, ProblemKind};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyDict, PyIterator, PyTuple};

use super::adaptors::{Adaptor, Adaptors, Found, Unloaded};
use super::answer::{Answer, answer, pull};
use super::bridge::Bridge;
use super::calling::{Calling, Entered, OnLoop};
use super::interrupt::Interruptible;
use super::places::{Place, Places};
use super::pool::{Pool, Work};
use super::raw::RawCall;
use super::reclaim::Reclaim;
use super::seat::{Seat, Wanted};
use super::sink::{Mailbox, Sink};
use super::versions::Version;
use crate::engine::{Clock, Context, Event, Head, PIECE, Sender, Task};

/// Set in a process that an adaptor forked off this one: it must never go on serving.
pub static FORKED: AtomicBool = AtomicBool::new(false);

/// Compiled `kwargs_b64` texts that are kept, and how long one may be.
const ARGUMENTS_KEPT: NonZeroUsize = NonZeroUsize::new(1024).unwrap();
const ARGUMENTS_LENGTH: usize = 16 << 10;

/// Calls on the event loop at most.
pub const MOST_LOOPING: usize = 10_000;

/// What every job of a host shares.
pub struct Shared {
    pub bridge: &'static Bridge,
    pub adaptors: Adaptors<Waiting>,
    pub pool: Arc<Pool<Job>>,
    pub mailbox: Arc<Mailbox>,
    pub runtime: tokio::runtime::Handle,
    /// Of calls on the event loop.
    looping: Places,
    arguments: Mutex<LruCache<Arc<str>, Py<PyAny>>>,
    event_loop: PyOnceLock<()>,
    pub reclaim: Arc<Reclaim>,
}

impl Shared {
    pub fn new(
        bridge: &'static Bridge,
        pool: Arc<Pool<Job>>,
        most_adaptors: usize,
        unloaded: Unloaded,
        mailbox: Arc<Mailbox>,
        runtime: tokio::runtime::Handle,
    ) -> Self {
        let reclaim = Arc::new(Reclaim::default());
        Self {
            bridge,
            adaptors: Adaptors::new(most_adaptors, Arc::clone(&reclaim), unloaded),
            pool,
            mailbox,
            runtime,
            looping: Places::new(MOST_LOOPING),
            arguments: Mutex::new(LruCache::new(ARGUMENTS_KEPT)),
            event_loop: PyOnceLock::new(),
            reclaim,
        }
    }

    /// How many calls run, on a thread or on the event loop.
    pub fn running(&self) -> usize {
        self.pool.busy() + self.looping.taken()
    }

    /// Starts the event loop when the first async adaptor needs it.
    fn start_loop(&self, py: Python<'_>) -> PyResult<()> {
        self.event_loop
            .get_or_try_init(py, || {
                let mailbox = Arc::clone(&self.mailbox);
                let bell = mailbox.bell();
                let drain = PyCFunction::new_closure(py, None, None, move |_, _| mailbox.drain())?;
                self.bridge.start_loop.bind(py).call1((bell, drain)).map(drop)
            })
            .copied()
    }

    /// Ends the event loop, if there is one: its tasks are cancelled.
    pub fn stop_loop(&self, py: Python<'_>) {
        if self.event_loop.get(py).is_some()
            && let Err(error) = self.bridge.stop_loop.call0(py)
        {
            tracing::warn!(%error, "the event loop did not end well");
        }
    }

    /// Drops every Python object kept here, for a host that has stopped.
    pub fn clear(&self, attached: Python<'_>) {
        self.reclaim.stop();
        self.adaptors.clear();
        self.forget_arguments(attached);
        self.mailbox.clear();
    }

    /// Drops the compiled arguments.
    pub fn forget_arguments(&self, _attached: Python<'_>) {
        let none = LruCache::new(ARGUMENTS_KEPT);
        let arguments = std::mem::replace(&mut *self.arguments.lock(), none);
        drop(arguments);
    }

    /// The value of a `kwargs_b64` text: compiled once, evaluated anew for each call.
    fn arguments<'py>(&self, py: Python<'py>, text: &Arc<str>) -> PyResult<Bound<'py, PyAny>> {
        let kept = self.arguments.lock().get(text).map(|make| make.clone_ref(py));
        let make = match kept {
            Some(make) => make,
            None => {
                let make = self.bridge.arguments.call1(py, (&**text,))?;
                if text.len() <= ARGUMENTS_LENGTH {
                    let old = self.arguments.lock().push(Arc::clone(text), make.clone_ref(py));
                    drop(old);
                }
                make
            }
        };
        make.bind(py).call0()
    }
}

/// A call that waits for its adaptor.
pub struct Waiting {
    task: Box<Task>,
    place: Place,
}

/// Work for a Python thread.
pub struct Job {
    pub shared: Arc<Shared>,
    pub step: Step,
}

pub enum Step {
    /// Run a call from its beginning.
    Begin(Box<Task>, Place),
    /// Pull an iterator that an `async def` gave.
    Pull {
        clock: Clock,
        head: Head,
        stream: Py<PyIterator>,
        call: OnLoop,
        whose: Arc<Context>,
        events: Sender,
    },
}

impl Work for Job {
    fn run(self, py: Python<'_>, seat: &Seat) {
        let shared = self.shared;
        match self.step {
            Step::Begin(task, place) => begin(py, &shared, seat, task, place),
            Step::Pull { clock, head, stream, call, whose, events } => {
                let wanted = Wanted::Call(events.clone());
                let interruptible = Interruptible::new(py, seat, &whose, wanted);
                let context = call.context.bind(py).clone();
                let pulled = Entered::enter(context, Arc::clone(&whose)).and_then(|_entered| {
                    pull(shared.bridge, clock, head, stream.bind(py), &events, &interruptible)
                });
                if let Err(error) = pulled {
                    events.send(failed(&shared, py, &error, &whose));
                }
                call.end(py);
            }
        }
    }

    fn refuse(self, _py: Python<'_>) {
        let events = match &self.step {
            Step::Begin(task, _) => &task.events,
            Step::Pull { events, .. } => events,
        };
        let why = "the server is stopping; nothing of this call has run";
        let problem = Problem::new(ProblemKind::Draining, why);
        events.send(Event::Problem(Box::new(problem.with_retry_after(Duration::from_secs(1)))));
    }
}

fn failed(shared: &Shared, py: Python<'_>, error: &PyErr, whose: &Context) -> Event {
    Event::Problem(Box::new(shared.bridge.problem(py, error, whose)))
}

fn begin(py: Python<'_>, shared: &Arc<Shared>, seat: &Seat, task: Box<Task>, place: Place) {
    if task.events.is_closed() {
        let (id, trace) = task.context.marks();
        tracing::debug!(id, trace, "the client had gone before its turn");
        return;
    }
    let id = task.call.code.id();
    match shared.adaptors.find(py, id, Waiting { task, place }) {
        Ok(Found::Ready(adaptor, Waiting { task, place })) => {
            drop(place);
            if !task.events.begin() {
                return;
            }
            run(py, shared, seat, &adaptor, *task, Duration::ZERO);
        }
        Ok(Found::Waiting) => {}
        Ok(Found::Load(waiting)) => load(py, shared, seat, waiting),
        Err((Waiting { task, .. }, error)) => {
            task.events.send(failed(shared, py, &error, &task.context));
        }
    }
}

/// Loads the adaptor of the first of its calls, then runs that and sends on the others.
fn load(py: Python<'_>, shared: &Arc<Shared>, seat: &Seat, first: Waiting) {
    let Waiting { task, place } = first;
    if !task.events.begin() {
        let version = Version::of(&task.call, &task.context);
        let (waiting, _) = shared.adaptors.loaded(version, None);
        return send_on(py, shared, waiting);
    }
    // It runs already: its place is free for another to wait.
    drop(place);
    let code = &task.call.code;
    // What the module body starts, and has this, may live as long as the adaptor.
    let context = Context { body: Bytes::new(), ..task.context.clone() };
    let (id, context) = (code.id(), Arc::new(context));
    let wanted = wanted_load(shared, id, &task.events);
    let interruptible = Interruptible::new(py, seat, &context, wanted);
    let began = Instant::now();
    let version = Version::of(&task.call, &context);
    shared.adaptors.make_way(py, &version);
    let loaded = Calling::new(py, shared.bridge, RawCall::for_loading(Arc::clone(&context)))
        .and_then(|_calling| shared.bridge.load.bind(py).call1((&**code.source(), id.to_string())));
    exit_if_forked();
    let took = began.elapsed();
    let interrupted = interruptible.disarm();
    let (waiting, adaptor) = shared.adaptors.loaded(version, loaded.as_ref().ok());
    let problem = match loaded.and(adaptor) {
        Ok(Some(adaptor)) => {
            send_on(py, shared, waiting);
            return run(py, shared, seat, &adaptor, *task, took);
        }
        // Whoever came after everybody had gone has the body run anew.
        Err(_) if interrupted => return send_on(py, shared, waiting),
        Ok(None) => Problem::new(ProblemKind::Internal, "the adaptor was loaded and is not there"),
        Err(error) => shared.bridge.problem(py, &error, &context),
    };
    for events in waiting.iter().map(|waiting| &waiting.task.events).chain([&task.events]) {
        events.send(Event::Problem(Box::new(problem.clone())));
    }
}

/// A load is wanted as long as one of its calls is.
fn wanted_load(shared: &Arc<Shared>, id: CodeId, first: &Sender) -> Wanted {
    let (shared, first) = (Arc::clone(shared), first.clone());
    Wanted::Load(Box::new(move || {
        let is_there = |waiting: &Waiting| !waiting.task.events.is_closed();
        !first.is_closed() || shared.adaptors.any_waiting(id, is_there)
    }))
}

/// Puts calls that waited for their adaptor back into the queue.
fn send_on(py: Python<'_>, shared: &Arc<Shared>, waiting: Vec<Waiting>) {
    for Waiting { task, place } in waiting {
        let step = Step::Begin(task, place);
        if let Err(job) = shared.pool.submit(Job { shared: Arc::clone(shared), step }) {
            job.refuse(py);
        }
    }
}

fn run(
    py: Python<'_>,
    shared: &Arc<Shared>,
    seat: &Seat,
    adaptor: &Arc<Adaptor>,
    task: Task,
    load: Duration,
) {
    let clock = Clock::start(load);
    let Task { call, mut context, events } = task;
    let body = std::mem::take(&mut context.body);
    let mut passed = body.len();
    let context = Arc::new(context);
    let interruptible = Interruptible::new(py, seat, &context, Wanted::Call(events.clone()));
    let outcome = (|| {
        let raw = RawCall::new(Arc::clone(&context), body, Arc::clone(adaptor));
        let calling = Calling::new(py, shared.bridge, raw)?;
        let value = invoke(py, shared, adaptor, &call, &calling)?;
        exit_if_forked();
        match answer(shared.bridge, &value, context.headers.get("accept"))? {
            Answer::Whole(mut event) => {
                event.head_mut().into_iter().for_each(|head| clock.stamp(head));
                passed += event.weight();
                events.send(event);
            }
            Answer::Stream(head, stream) => {
                pull(shared.bridge, clock, head, &stream, &events, &interruptible)?;
            }
            Answer::Loop { kind, head, payload } => {
                let Some(place) = shared.looping.take() else {
                    return refuse_to_loop(&payload, &events);
                };
                let whose = Arc::clone(&context);
                let call = calling.leave();
                let within = call.context.clone_ref(py);
                let sink = Sink::new(shared, clock, whose, events.clone(), call, head, place);
                shared.start_loop(py)?;
                shared.bridge.drive.bind(py).call1((payload, kind, sink, within))?;
            }
        }
        PyResult::Ok(())
    })();
    exit_if_forked();
    drop(interruptible);
    if let Err(error) = outcome {
        events.send(failed(shared, py, &error, &context));
    }
    if passed > PIECE {
        shared.reclaim.passed(passed);
    }
}

/// As many calls as may be are on the event loop. What the adaptor gave has not begun.
fn refuse_to_loop(payload: &Bound<'_, PyAny>, events: &Sender) -> PyResult<()> {
    let why = format!("{MOST_LOOPING} calls are on the event loop; this one has not begun");
    let problem = Problem::new(ProblemKind::Busy, why).with_retry_after(Duration::from_secs(1));
    events.send(Event::Problem(Box::new(problem)));
    // A coroutine that is never awaited complains unless it is closed.
    match payload.getattr_opt("close")? {
        Some(close) => close.call0().map(drop),
        None => Ok(()),
    }
}

/// Calls the adaptor's function with the call's arguments (WIRE §3).
fn invoke<'py>(
    py: Python<'py>,
    shared: &Shared,
    adaptor: &Adaptor,
    call: &Call,
    calling: &Calling<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let bridge = shared.bridge;
    let handler = adaptor.handler(py, call.fn_name())?;
    let value = match &call.kwargs {
        Some(text) => Some(shared.arguments(py, text)?),
        None => None,
    };
    if let Some(value) = &value {
        calling.raw().get().set_args(value.clone().unbind());
    }
    if adaptor.uses_flask {
        let pop = bridge.push_flask.bind(py).call1((calling.raw(),))?;
        if !pop.is_none() {
            calling.raw().get().set_pop_flask(pop.unbind());
        }
    }
    let named = value.as_ref().and_then(|value| value.cast::<PyDict>().ok());
    let wants = match (&handler.request_name, named) {
        (Some(name), Some(named)) => !named.contains(name)?,
        (name, _) => name.is_some(),
    };
    let request = match wants {
        true => Some(bridge.request_for.bind(py).call1((calling.raw(),))?),
        false => None,
    };
    let unnamed = value.as_ref().filter(|_| named.is_none());
    let args: Vec<_> = request.iter().chain(unnamed).collect();
    let args = PyTuple::new(py, args)?;
    let callable = handler.callable.bind(py);
    callable.call(&args, named).map_err(|error| {
        let whose = calling.raw().get().context();
        bridge.fitting(py, callable, &args, named.map(|named| named.as_any()), error, whose)
    })
}

/// An adaptor forked and its child came back: that child is no server, and must not
/// answer a second time.
fn exit_if_forked() {
    if FORKED.load(Ordering::Relaxed) {
        // SAFETY: ends this process at once, as a forked child shall.
        unsafe { libc::_exit(0) };
    }
}
