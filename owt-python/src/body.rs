//! Runs module bodies: on which thread, and what becomes of the calls that wait for one.
//!
//! A body that has begun ends, though its callers may have gone: whoever calls next finds it
//! further on, or done. So a deadline that is shorter than the load does not begin it for ever.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use owt_core::{CodeId, Origin, Problem, ProblemKind};
use owt_engine::{Context, Event, Note, Sender};
use pyo3::prelude::*;

use super::calling::Calling;
use super::interrupt::Interruptible;
use super::job::{Job, Shared, Step, Waiting, exit_if_forked, go_on};
use super::lane::Owned;
use super::pool::Work;
use super::raw::RawCall;
use super::seat::{Seat, Wanted};
use super::versions::Version;

/// What source has that says how it wants to be run.
const WISHES: &str = "__owt__";

/// Where a body is to run.
pub enum Where {
    /// On the main thread, or wherever else when that does not come free.
    Main,
    /// On whichever thread takes it.
    Anywhere,
    /// On the main thread and nowhere else: it has failed elsewhere for that.
    MainAlone,
    /// On the adaptor's own.
    Lane(Owned<Job>),
}

/// Begins a body on this thread, or has it wait for its turn.
pub fn begin(py: Python<'_>, shared: &Arc<Shared>, seat: &Arc<Seat>, first: Waiting) {
    let has_wishes = first.task.call.code.source().contains(WISHES);
    if !has_wishes && shared.pool.begin_body(seat) {
        return load(py, shared, seat, first, None);
    }
    first.task.events.note(Note::Loading);
    wait_for_turn(py, shared, first, Where::Main);
}

fn wait_for_turn(py: Python<'_>, shared: &Arc<Shared>, first: Waiting, place: Where) {
    let job = Job { shared: Arc::clone(shared), step: Step::Load(first, place) };
    if let Err(job) = shared.pool.submit_body(job) {
        job.refuse(py);
    }
}

/// Runs a body whose turn it is.
pub fn run(py: Python<'_>, shared: &Arc<Shared>, seat: &Arc<Seat>, first: Waiting, place: Where) {
    shared.pool.take_turn(seat);
    let lane = match place {
        Where::Lane(lane) => Some(lane),
        Where::MainAlone => None,
        Where::Main | Where::Anywhere => match lane_for(py, shared, &first) {
            Ok(None) => None,
            Ok(Some(owned)) => {
                let lane = Arc::clone(&owned.0);
                let step = Step::Load(first, Where::Lane(owned));
                if let Err(job) = lane.submit(Job { shared: Arc::clone(shared), step }) {
                    shared.pool.end_body(seat);
                    job.refuse(py);
                }
                return;
            }
            Err(problem) => {
                shared.pool.end_body(seat);
                return fail(shared, &first, &problem);
            }
        },
    };
    load(py, shared, seat, first, lane);
}

/// A thread of its own for an adaptor that wants one.
fn lane_for(
    py: Python<'_>,
    shared: &Arc<Shared>,
    first: &Waiting,
) -> Result<Option<Owned<Job>>, Box<Problem>> {
    let source = first.task.call.code.source();
    if !source.contains(WISHES) {
        return Ok(None);
    }
    let wants = shared.bridge.wants_own_thread.call1(py, (&**source,));
    match wants.and_then(|wants| wants.extract(py)) {
        Ok(false) => Ok(None),
        Ok(true) => shared.pool.open_lane().map(|lane| Some(Owned(lane))).ok_or_else(|| {
            let why = "no thread of its own could be started for this adaptor";
            let problem = Problem::new(ProblemKind::Busy, why);
            Box::new(problem.with_retry_after(Duration::from_secs(1)))
        }),
        Err(error) => Err(Box::new(shared.bridge.problem(py, &error, &first.task.context))),
    }
}

/// Loads the adaptor of the first of its calls, then runs that and sends on the others.
fn load(
    py: Python<'_>,
    shared: &Arc<Shared>,
    seat: &Arc<Seat>,
    first: Waiting,
    lane: Option<Owned<Job>>,
) {
    let Waiting { task, arrival, place, .. } = first;
    let (id, source) = (task.call.code.id(), task.call.code.source());
    if !task.events.begin() {
        // Nobody waits for it, or another worker has it by now.
        shared.pool.end_body(seat);
        let version = Version::of(&task.call, &task.context);
        let (waiting, _) = shared.adaptors.loaded(version, None, lane);
        return send_on(py, shared, waiting);
    }
    // It runs already: its place is free for another to wait.
    drop(place);
    task.events.note(Note::Loading);
    // What the module body starts, and has this, may live as long as the adaptor.
    let context = Arc::new(Context { body: Bytes::new(), ..task.context.clone() });
    let wanted = wanted(shared, id, &task.events);
    let interruptible = Interruptible::new(py, seat, &context, wanted);
    let began = Instant::now();
    let version = Version::of(&task.call, &context);
    shared.adaptors.make_way(py, &version);
    let mut raw = None;
    let own = RawCall::for_loading(Arc::clone(&context));
    let loaded = Calling::run(py, shared.bridge, own, |calling| {
        raw = Some(calling.raw().clone());
        let origin = task.call.code.origin();
        let origin = origin.map(|Origin { module, path }| (&**module, &**path));
        shared.bridge.load.bind(py).call1((&**source, id.to_string(), origin))
    });
    exit_if_forked();
    let took = began.elapsed();
    let interrupted = interruptible.disarm();
    raw.iter().for_each(|raw| shared.bridge.leave(raw, true));
    shared.pool.end_body(seat);
    if let Err(error) = &loaded
        && lane.is_none()
        && !seat.is_main()
        && wants_main(error)
    {
        return wait_for_turn(
            py,
            shared,
            Waiting { task, arrival, place: None, load: Duration::ZERO },
            Where::MainAlone,
        );
    }
    let has_predecessor = loaded.is_err() && shared.adaptors.has_predecessor(&version);
    let (waiting, adaptor) = shared.adaptors.loaded(version, loaded.as_ref().ok(), lane);
    task.events.note(Note::Loaded);
    let problem = match loaded.and(adaptor) {
        Ok(Some(adaptor)) => {
            send_on(py, shared, waiting);
            if !task.events.is_closed() {
                let waiting = Waiting { task, arrival, place: None, load: took };
                go_on(py, shared, seat, &adaptor, waiting);
            }
            return;
        }
        // Whoever came after everybody had gone has the body run anew.
        Err(_) if interrupted => return send_on(py, shared, waiting),
        Ok(None) => Problem::new(ProblemKind::Internal, "the adaptor was loaded and is not there"),
        Err(error) => shared.bridge.problem(py, &error, &context),
    };
    let all = waiting.iter().map(|waiting| &waiting.task.events).chain([&task.events]);
    if has_predecessor && has_registered(&problem) {
        outgrow(all, problem);
    } else {
        refuse(all, &problem);
    }
}

/// True when a body failed because it ran on another thread than the main one.
fn wants_main(error: &PyErr) -> bool {
    let text = error.to_string();
    text.contains("main thread") || text.contains("no current event loop in thread")
}

/// True when a body failed, by all that can be seen, because something is there already that it
/// makes: a metric, a handler, a start method.
fn has_registered(problem: &Problem) -> bool {
    let said = problem.detail.to_lowercase();
    ["already", "duplicate", "more than once", "twice"].iter().any(|word| said.contains(word))
}

/// An earlier version of the code is warm in this process, and in the way of this one.
fn outgrow<'a>(all: impl Iterator<Item = &'a Sender>, mut problem: Problem) {
    problem.detail += "; an earlier version of this code is warm in this process, and may be what \
                       is in the way: SIGHUP to the server exchanges its workers for fresh ones, \
                       and so does a restart";
    for events in all {
        events.outgrown(problem.clone());
    }
}

/// Nothing of that body runs: gives the problem to all that wait for it.
pub fn fail(shared: &Shared, first: &Waiting, problem: &Problem) {
    let task = &first.task;
    let version = Version::of(&task.call, &task.context);
    let (waiting, _) = shared.adaptors.loaded(version, None, None);
    refuse(waiting.iter().map(|waiting| &waiting.task.events).chain([&task.events]), problem);
}

fn refuse<'a>(all: impl Iterator<Item = &'a Sender>, problem: &Problem) {
    for events in all {
        events.send(Event::Problem(Box::new(problem.clone())));
    }
}

/// A load is wanted as long as one of its calls is.
fn wanted(shared: &Arc<Shared>, id: CodeId, first: &Sender) -> Wanted {
    let shared = Arc::clone(shared);
    let others = move || {
        let is_there = |waiting: &Waiting| !waiting.task.events.is_closed();
        shared.adaptors.any_waiting(id, is_there)
    };
    Wanted::Load(first.clone(), Box::new(others))
}

/// Puts calls that waited for their adaptor back into the queue.
fn send_on(py: Python<'_>, shared: &Arc<Shared>, waiting: Vec<Waiting>) {
    for waiting in waiting {
        waiting.task.events.note(Note::Loaded);
        let job = Job { shared: Arc::clone(shared), step: Step::Begin(waiting) };
        if let Err(job) = shared.pool.submit(job) {
            job.refuse(py);
        }
    }
}
