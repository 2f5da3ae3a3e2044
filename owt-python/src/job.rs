//! Runs one call on a Python thread, from its adaptor to its last event.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lru::LruCache;
use owt_core::{Call, Problem, ProblemKind};
use owt_engine::link::MOST_LOOPING;
use owt_engine::{Clock, Context, Event, Head, Note, PIECE, Sender, Task};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCFunction, PyDict, PyIterator, PyTuple};

use super::adaptors::{Adaptor, Adaptors, Found, Unloaded};
use super::answer::{Answer, answer, pull};
use super::body::{self, Where};
use super::bridge::Bridge;
use super::calling::{Calling, OnLoop};
use super::interrupt::Interruptible;
use super::literals::{Lifted, lift};
use super::places::{Place, Places};
use super::pool::{Pool, Work};
use super::raw::RawCall;
use super::reclaim::Reclaim;
use super::seat::{Seat, Wanted};
use super::sink::{Mailbox, Sink};
use owt_system::process::own_directory;

/// Set in a process that an adaptor forked off this one: it must never go on serving.
pub static FORKED: AtomicBool = AtomicBool::new(false);

/// Compiled `kwargs_b64` texts that are kept, and how long one may be.
const ARGUMENTS_KEPT: NonZeroUsize = NonZeroUsize::new(1024).unwrap();
const ARGUMENTS_LENGTH: usize = 16 << 10;

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
            reclaim,
        }
    }

    /// How many calls run, on a thread or on the event loop.
    pub fn running(&self) -> usize {
        self.pool.busy() + self.looping.taken()
    }

    /// Starts the event loop, before any adaptor can exchange what it is made of.
    ///
    /// # Errors
    /// When the system has no descriptor or thread left for it.
    pub fn start_loop(&self, py: Python<'_>) -> PyResult<()> {
        let mailbox = Arc::clone(&self.mailbox);
        let bell = mailbox.bell();
        let drain = PyCFunction::new_closure(py, None, None, move |_, _| mailbox.drain())?;
        let own_directory = PyCFunction::new_closure(py, None, None, |_, _| own_directory())?;
        self.bridge.start_loop.bind(py).call1((bell, drain, own_directory)).map(drop)
    }

    /// Ends the event loop: its tasks are cancelled, and may take that long to end. True when it
    /// has ended.
    pub fn stop_loop(&self, py: Python<'_>, patience: Duration) -> bool {
        let ended = self.bridge.stop_loop.call1(py, (patience.as_secs_f64(),));
        ended.and_then(|ended| ended.extract(py)).unwrap_or_else(|error| {
            tracing::warn!(%error, "the event loop did not end well");
            false
        })
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
                let make = self.compiled(py, text)?;
                if text.len() <= ARGUMENTS_LENGTH {
                    let old = self.arguments.lock().push(Arc::clone(text), make.clone_ref(py));
                    drop(old);
                }
                make
            }
        };
        make.bind(py).call0()
    }

    /// What makes the value of a text, of which long literals need not pass Python's compiler.
    fn compiled(&self, py: Python<'_>, text: &Arc<str>) -> PyResult<Py<PyAny>> {
        let lifted = if text.len() > PIECE { py.detach(|| lift(text)) } else { None };
        if let Some(Lifted { text, held }) = lifted {
            let held = held.iter().map(|value| PyBytes::new(py, value));
            let held = PyTuple::new(py, held.collect::<Vec<_>>())?;
            let make = self.bridge.arguments.call1(py, (text, held))?;
            if !make.is_none(py) {
                return Ok(make);
            }
        }
        self.bridge.arguments.call1(py, (&**text,))
    }
}

/// A call that waits for its adaptor.
pub struct Waiting {
    pub task: Box<Task>,
    /// Its [number](Adaptors::comes).
    pub arrival: u64,
    /// Its place in the queue, until something of it runs.
    pub place: Option<Place>,
    /// How long the load took that it did for all.
    pub load: Duration,
}

/// Work for a Python thread.
pub struct Job {
    pub shared: Arc<Shared>,
    pub step: Step,
}

pub enum Step {
    /// Run a call from its beginning.
    Begin(Waiting),
    /// Run the module body that calls wait for.
    Load(Waiting, Where),
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
    fn run(self, py: Python<'_>, seat: &Arc<Seat>) {
        let shared = self.shared;
        match self.step {
            Step::Begin(waiting) => begin(py, &shared, seat, waiting),
            Step::Load(waiting, place) => body::run(py, &shared, seat, waiting, place),
            Step::Pull { clock, head, stream, call, whose, events } => {
                let wanted = Wanted::Call(events.clone());
                let interruptible = Interruptible::new(py, seat, &whose, wanted);
                let context = call.context.bind(py).clone();
                let pulled = shared.bridge.contexts.within(&context, || {
                    pull(shared.bridge, clock, head, stream.bind(py), &events, &interruptible)
                });
                drop(interruptible);
                if let Err(error) = pulled {
                    events.send(failed(&shared, py, &error, &whose));
                }
                shared.bridge.leave(call.raw.bind(py), true);
                call.end(py);
            }
        }
    }

    fn refuse(self, _py: Python<'_>) {
        let why = "the server is stopping; nothing of this call has run";
        let problem = Problem::new(ProblemKind::Draining, why);
        let problem = problem.with_retry_after(Duration::from_secs(1));
        match &self.step {
            Step::Begin(Waiting { task, .. }) => {
                task.events.send(Event::Problem(Box::new(problem)));
            }
            Step::Load(waiting, _) => body::fail(&self.shared, waiting, &problem),
            Step::Pull { events, .. } => events.send(Event::Problem(Box::new(problem))),
        }
    }

    fn may_run_anywhere(&self) -> bool {
        !matches!(&self.step, Step::Load(_, Where::MainAlone))
    }

    fn anywhere(self) -> Self {
        match self.step {
            Step::Load(waiting, Where::Main) => {
                Self { step: Step::Load(waiting, Where::Anywhere), ..self }
            }
            step => Self { step, ..self },
        }
    }
}

pub fn failed(shared: &Shared, py: Python<'_>, error: &PyErr, whose: &Context) -> Event {
    Event::Problem(Box::new(shared.bridge.problem(py, error, whose)))
}

fn begin(py: Python<'_>, shared: &Arc<Shared>, seat: &Arc<Seat>, waiting: Waiting) {
    if waiting.task.events.is_closed() {
        let (id, trace) = waiting.task.context.marks();
        tracing::debug!(id, trace, "the client had gone before its turn");
        return;
    }
    let id = waiting.task.call.code.id();
    let loads = |waiting: &Waiting| waiting.task.events.note(Note::Loading);
    match shared.adaptors.find(py, id, waiting.arrival, waiting, loads) {
        Ok(Found::Ready(adaptor, waiting)) => {
            go_on(py, shared, seat, &adaptor, waiting);
        }
        Ok(Found::Waiting) => {}
        Ok(Found::Load(waiting)) => body::begin(py, shared, seat, waiting),
        Err((Waiting { task, .. }, error)) => {
            task.events.send(failed(shared, py, &error, &task.context));
        }
    }
}

/// Runs a call whose adaptor is loaded, on the thread where it belongs.
pub fn go_on(
    py: Python<'_>,
    shared: &Arc<Shared>,
    seat: &Arc<Seat>,
    adaptor: &Arc<Adaptor>,
    waiting: Waiting,
) {
    let job = |waiting| Job { shared: Arc::clone(shared), step: Step::Begin(waiting) };
    let mut waiting = waiting;
    if let Some(lane) = adaptor.lane()
        && !lane.is_here(seat)
    {
        let Err(back) = lane.submit(job(waiting)) else { return };
        // The adaptor was let go this moment: it is loaded anew.
        return back.run(py, seat);
    }
    if !adaptor.is_quick() {
        match shared.pool.pass_on(seat, job(waiting)) {
            Err(Job { step: Step::Begin(back), .. }) => waiting = back,
            // Only what was passed on comes back, and that was a beginning.
            Err(_) | Ok(()) => return,
        }
    }
    let Waiting { task, place, load, .. } = waiting;
    drop(place);
    if task.events.begin() {
        run(py, shared, seat, adaptor, *task, load);
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
    let (mut raw, mut over) = (None, true);
    let own = RawCall::new(Arc::clone(&context), body, Arc::clone(adaptor));
    let outcome = Calling::run(py, shared.bridge, own, |calling| {
        raw = Some(calling.raw().clone());
        let value = invoke(py, shared, adaptor, &call, calling)?;
        exit_if_forked();
        match answer(shared.bridge, &value, &context)? {
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
                    return refuse_to_loop(&payload, &events).map(|()| None);
                };
                return Ok(Some((kind, head, payload, place, calling.leave())));
            }
        }
        Ok(None)
    });
    // Not before this thread has left the call's context: the loop's enters it.
    let outcome = outcome.and_then(|goes_on| {
        let Some((kind, head, payload, place, call)) = goes_on else { return Ok(()) };
        let within = call.context.clone_ref(py);
        let whose = Arc::clone(&context);
        let sink = Sink::new(shared, clock, whose, events.clone(), call, head, place);
        shared.bridge.drive.bind(py).call1((payload, kind, sink, within))?;
        over = false;
        Ok(())
    });
    exit_if_forked();
    drop(interruptible);
    adaptor.took(clock.elapsed());
    if let Err(error) = outcome {
        events.send(failed(shared, py, &error, &context));
    }
    raw.iter().for_each(|raw| shared.bridge.leave(raw, over));
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

/// Calls the adaptor's function with the call's arguments (§3 of `docs/wire.md`).
fn invoke<'py>(
    py: Python<'py>,
    shared: &Shared,
    adaptor: &Adaptor,
    call: &Call,
    calling: &Calling<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let bridge = shared.bridge;
    let function = adaptor.function(py, call.fn_name())?;
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
    if call.by_name {
        let (args, named) = function.arguments(calling.raw(), bridge)?;
        return function.callable.bind(py).call(&args, Some(&named));
    }
    let named = value.as_ref().and_then(|value| value.cast::<PyDict>().ok());
    let unnamed = value.as_ref().filter(|_| named.is_none());
    let read = match &function.reader {
        Some(reader) if calling.raw().get().has_body(py) => {
            let request = bridge.request_for.bind(py).call1((calling.raw(),))?;
            let given = named.cloned().unwrap_or_else(|| PyDict::new(py));
            let read = reader.bind(py).call1((request, given, unnamed.is_some()))?;
            read.extract::<Option<Bound<'_, PyDict>>>()?
        }
        _ => None,
    };
    let named = read.as_ref().or(named);
    let wants = match (&function.request_name, named) {
        (Some(name), Some(named)) => !named.contains(name)?,
        (name, _) => name.is_some(),
    };
    let request = match wants {
        true => Some(bridge.request_for.bind(py).call1((calling.raw(),))?),
        false => None,
    };
    let args: Vec<_> = request.iter().chain(unnamed).collect();
    let args = PyTuple::new(py, args)?;
    let callable = function.callable.bind(py);
    callable.call(&args, named).map_err(|error| {
        let whose = calling.raw().get().context();
        bridge.fitting(py, callable, &args, named.map(|named| named.as_any()), error, whose)
    })
}

/// An adaptor forked and its child came back: that child is no server, and must not
/// answer a second time.
pub fn exit_if_forked() {
    if FORKED.load(Ordering::Relaxed) {
        // SAFETY: ends this process at once, as a forked child shall.
        unsafe { libc::_exit(0) };
    }
}
