//! Keeps loaded adaptors, and those that are loading: a module body runs once for each distinct
//! code, even if a hundred first calls come at once.
//!
//! A bounded number is kept; the least recently used goes. Of code that is edited and sent again
//! the newest version stays and the one before it, for [`SECOND_THOUGHTS`] or until the next edit.
//! What a call runs in is unloaded when the call is over.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lru::LruCache;
use owt_core::{CodeId, WarmAdaptor};
use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::bridge::Bridge;
use super::job::Job;
use super::lane::{Lane, Owned};
use super::raw::RawCall;
use super::reclaim::Reclaim;
use super::usage::Usage;
use super::versions::{Standing, Version};

/// How long the version before an edit stays without being called.
const SECOND_THOUGHTS: Duration = Duration::from_secs(30);
/// Codes whose version was let go that are remembered: one that comes back is no mere edit.
const LET_GO: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// Calls that take less than this, in microseconds, may run on the main thread beside others.
const QUICK: u32 = 1000;

/// Code that is loaded.
pub struct Adaptor {
    object: Py<PyAny>,
    pub uses_flask: bool,
    uses_libs: bool,
    /// The state of the served libraries that it was loaded with.
    generation: u64,
    version: Version,
    standing: Standing,
    functions: Mutex<HashMap<Arc<str>, Arc<Function>>>,
    /// The thread that it has asked for.
    lane: Option<Owned<Job>>,
    pub usage: Usage,
    /// How long its calls take lately, in microseconds; at first not known to be quick.
    takes: AtomicU32,
    /// The last call that had [come](Adaptors::comes) when its libraries' files were last looked
    /// at, and were as it had loaded them.
    fresh_for: AtomicU64,
}

/// What to call for a `fn_name`.
pub struct Function {
    pub callable: Py<PyAny>,
    /// The name of its first parameter, when that one wants the request.
    pub request_name: Option<Py<PyString>>,
    /// What reads arguments from a body, when its hints ask for that.
    pub reader: Option<Py<PyAny>>,
    /// What reads all arguments from a request, once it was called by its name.
    parameters: PyOnceLock<Py<PyAny>>,
}

impl Function {
    /// The arguments that a request carries to it as a function that is called by its name.
    ///
    /// # Errors
    /// The package's own `Refused` when they do not fit.
    pub fn arguments<'py>(
        &self,
        raw: &Bound<'py, RawCall>,
        bridge: &Bridge,
    ) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyDict>)> {
        let py = raw.py();
        let read = self.parameters.get_or_try_init(py, || {
            bridge.parameters.call1(py, (&self.callable, &self.request_name))
        })?;
        let read = read.bind(py);
        if raw.get().context().is_plain_json() {
            let body = raw.get().body(py)?;
            let named = read.call_method1(intern!(py, "of_object"), (body,))?;
            if let Some(named) = named.extract()? {
                return Ok((PyTuple::empty(py), named));
            }
        }
        let request = bridge.request_for.bind(py).call1((raw,))?;
        read.call1((request,))?.extract()
    }
}

/// `fn_name`s that are remembered for one adaptor; beyond, they are looked up anew.
const MOST_FUNCTIONS: usize = 64;

impl Adaptor {
    fn new(
        object: &Bound<'_, PyAny>,
        lane: Option<Owned<Job>>,
        version: Version,
        standing: Standing,
    ) -> PyResult<Self> {
        Ok(Self {
            uses_flask: object.getattr("uses_flask")?.extract()?,
            uses_libs: object.getattr("uses_libs")?.extract()?,
            generation: object.getattr("generation")?.extract()?,
            object: object.clone().unbind(),
            version,
            standing,
            functions: Mutex::default(),
            lane,
            usage: Usage::default(),
            takes: AtomicU32::new(u32::MAX),
            fresh_for: AtomicU64::new(0),
        })
    }

    /// Which code it is.
    pub fn code_id(&self) -> CodeId {
        self.version.code.id()
    }

    /// The thread that all of it runs on, if it has asked for one.
    pub fn lane(&self) -> Option<&Arc<Lane<Job>>> {
        self.lane.as_ref().map(|owned| &owned.0)
    }

    /// True when its calls do not keep a thread long.
    pub fn is_quick(&self) -> bool {
        self.takes.load(Ordering::Relaxed) < QUICK
    }

    /// One of its calls took that long.
    pub fn took(&self, time: Duration) {
        let time = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        let before = self.takes.load(Ordering::Relaxed);
        let now = if before == u32::MAX { time } else { before / 8 * 7 + time / 8 };
        self.takes.store(now, Ordering::Relaxed);
    }

    /// What to call for this name.
    ///
    /// # Errors
    /// The package's own `Refused` when the code does not define it.
    pub fn function(&self, py: Python<'_>, fn_name: &str) -> PyResult<Arc<Function>> {
        if let Some(function) = self.functions.lock().get(fn_name) {
            return Ok(Arc::clone(function));
        }
        let (callable, request_name) =
            self.object.call_method1(py, "function", (fn_name,))?.extract(py)?;
        let reader = self.object.call_method1(py, "reader", (fn_name,))?.extract(py)?;
        let parameters = PyOnceLock::new();
        let function = Arc::new(Function { callable, request_name, reader, parameters });
        let mut functions = self.functions.lock();
        if functions.len() < MOST_FUNCTIONS {
            functions.insert(fn_name.into(), Arc::clone(&function));
        }
        Ok(function)
    }

    /// What is told of it.
    fn as_warm(&self) -> WarmAdaptor {
        let Version { code, path, fn_name, code_name } = &self.version;
        WarmAdaptor {
            code: code.id().to_string(),
            code_name: code_name.as_deref().map(str::to_owned),
            path: path.to_string(),
            fn_name: fn_name.to_string(),
            calls: self.usage.calls(),
            running: self.usage.running(),
            idle_seconds: self.usage.idle().as_secs_f64(),
        }
    }

    /// False when a served library that it uses has changed between its load and that call.
    fn is_fresh(&self, py: Python<'_>, arrival: u64, arrivals: &AtomicU64) -> PyResult<bool> {
        if !self.uses_libs || self.fresh_for.load(Ordering::Relaxed) >= arrival {
            return Ok(true);
        }
        // Before the files are looked at: whoever comes meanwhile may come after an edit.
        let come = arrivals.load(Ordering::Acquire);
        let fresh = self.object.call_method0(py, intern!(py, "fresh"))?.extract(py)?;
        if fresh {
            self.fresh_for.fetch_max(come, Ordering::Relaxed);
        }
        Ok(fresh)
    }

    /// Takes it out of the interpreter. What still refers to its functions goes on.
    fn unload(&self, py: Python<'_>) {
        if let Err(error) = self.object.call_method0(py, "unload") {
            tracing::warn!(%error, code = %self.version.code.id(), "an adaptor stays loaded");
        }
    }
}

/// What a call finds when it looks for its adaptor.
pub enum Found<W> {
    /// It is loaded; the caller has its task back.
    Ready(Arc<Adaptor>, W),
    /// The caller shall load it, then call [`Adaptors::loaded`]; it has its task back.
    Load(W),
    /// Somebody loads it; the task waits there.
    Waiting,
}

/// All adaptors. `W` is a task that waits for a load.
pub struct Adaptors<W> {
    state: Mutex<State<W>>,
    /// How many calls have come.
    arrivals: AtomicU64,
    reclaim: Arc<Reclaim>,
    unloaded: Unloaded,
}

/// Told which adaptors are not loaded: not any more, or because their load failed.
pub type Unloaded = Box<dyn Fn(&[CodeId]) + Send + Sync>;

struct State<W> {
    ready: LruCache<CodeId, Arc<Adaptor>>,
    loading: HashMap<CodeId, Vec<W>>,
    /// Those that an edit took the place of, and when.
    superseded: HashMap<CodeId, Instant>,
    /// No longer ready, but a call runs in them.
    leaving: Vec<Arc<Adaptor>>,
    /// Superseded, and let go for it.
    let_go: LruCache<CodeId, ()>,
}

impl<W> Adaptors<W> {
    pub fn new(most: usize, reclaim: Arc<Reclaim>, unloaded: Unloaded) -> Self {
        let most = NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN);
        let state = State {
            ready: LruCache::new(most),
            loading: HashMap::new(),
            superseded: HashMap::new(),
            leaving: Vec::new(),
            let_go: LruCache::new(LET_GO),
        };
        Self { state: Mutex::new(state), arrivals: AtomicU64::new(0), reclaim, unloaded }
    }

    /// Counts a call that has come, and gives its number. A look at the files of its libraries
    /// from then on is as good as one of its own: what was edited before it came is seen.
    pub fn comes(&self) -> u64 {
        self.arrivals.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Finds the adaptor of that code for the call that [came](Adaptors::comes) by that number, or
    /// says who loads it. `waits` is told of a task that has to wait for a load.
    ///
    /// # Errors
    /// What asking the adaptor for its freshness raised.
    pub fn find(
        &self,
        py: Python<'_>,
        id: CodeId,
        arrival: u64,
        task: W,
        waits: impl FnOnce(&W),
    ) -> Result<Found<W>, (W, PyErr)> {
        let ready = {
            let mut state = self.state.lock();
            match state.ready.get(&id).cloned() {
                Some(adaptor) => adaptor,
                None => return Ok(state.wait(id, task, waits)),
            }
        };
        ready.standing.called();
        // Python may run here, so the lock is free.
        match ready.is_fresh(py, arrival, &self.arrivals) {
            Ok(true) => return Ok(Found::Ready(ready, task)),
            Ok(false) => {}
            Err(error) => return Err((task, error)),
        }
        let (found, stale) = {
            let mut state = self.state.lock();
            let stale = state.take_stale(ready.generation);
            (state.wait(id, task, waits), stale)
        };
        drop(ready);
        self.leave(py, stale);
        Ok(found)
    }

    /// How many are loaded.
    pub fn len(&self) -> usize {
        self.state.lock().ready.len()
    }

    /// Those that are loaded, the most recently used first.
    pub fn warm(&self) -> Vec<WarmAdaptor> {
        self.state.lock().ready.iter().map(|(_, adaptor)| adaptor.as_warm()).collect()
    }

    /// True when one of the tasks that wait for this load is as asked.
    pub fn any_waiting(&self, id: CodeId, asked: impl Fn(&W) -> bool) -> bool {
        self.state.lock().loading.get(&id).is_some_and(|waiting| waiting.iter().any(asked))
    }

    /// True when an earlier version of that code is loaded, as far as one can tell by its text.
    pub fn has_predecessor(&self, version: &Version) -> bool {
        self.state.lock().ready.iter().any(|(_, other)| version.is_edit_of(&other.version))
    }

    /// That code is about to be loaded: of two versions before it the earlier one goes.
    pub fn make_way(&self, py: Python<'_>, version: &Version) {
        let going = {
            let mut state = self.state.lock();
            // What came back is no edit of the others: they take turns.
            match state.let_go.contains(&version.code.id()) {
                true => Vec::new(),
                false => state.take_superseded(|other, _| version.is_edit_of(&other.version)),
            }
        };
        self.leave(py, going);
        self.reclaim.before_load(py);
    }

    /// Ends a load: gives the tasks that waited for it, to be run again, and on success the
    /// adaptor.
    ///
    /// # Errors
    /// When the package gave something else than an adaptor.
    pub fn loaded(
        &self,
        version: Version,
        object: Option<&Bound<'_, PyAny>>,
        lane: Option<Owned<Job>>,
    ) -> (Vec<W>, PyResult<Option<Arc<Adaptor>>>) {
        let id = version.code.id();
        let mut state = self.state.lock();
        let waiting = state.loading.remove(&id).unwrap_or_default();
        let Some(object) = object else {
            drop(state);
            (self.unloaded)(&[id]);
            return (waiting, Ok(None));
        };
        let is_back = state.let_go.pop(&id).is_some();
        drop(state);
        let standing = if is_back { Standing::in_use() } else { Standing::default() };
        // Python may run here, so the lock is free.
        let adaptor = match Adaptor::new(object, lane, version, standing) {
            Ok(adaptor) => Arc::new(adaptor),
            Err(error) => return (waiting, Err(error)),
        };
        let mut state = self.state.lock();
        if !is_back && state.supersede_by(&adaptor.version) {
            self.reclaim.tidy_after(SECOND_THOUGHTS);
        }
        let evicted = state.ready.push(id, Arc::clone(&adaptor));
        drop(state);
        self.leave(object.py(), evicted.into_iter().map(|(_, old)| old).collect());
        (waiting, Ok(Some(adaptor)))
    }

    /// Lets go of superseded versions that had their time, and unloads what calls were still
    /// running in.
    pub fn tidy(&self, py: Python<'_>) {
        let (going, next) = {
            let mut state = self.state.lock();
            let mut going = state.take_superseded(|_, since| since.elapsed() >= SECOND_THOUGHTS);
            going.append(&mut state.leaving);
            let oldest = state.superseded.values().min();
            (going, oldest.map(|since| SECOND_THOUGHTS.saturating_sub(since.elapsed())))
        };
        if let Some(next) = next {
            // One that has had its time, and in which a call runs, is looked at again.
            self.reclaim.tidy_after(next.max(Reclaim::PAUSE));
        }
        self.leave(py, going);
    }

    /// Unloads half of the adaptors that no call runs in, the least recently used. Gives how many
    /// that were; none when there is none left.
    pub fn unload_half(&self, py: Python<'_>) -> usize {
        let going = {
            let mut state = self.state.lock();
            let is_idle = |adaptor: &Arc<Adaptor>| Arc::strong_count(adaptor) == 1;
            let idle: Vec<_> = state.ready.iter().rev().filter(|(_, one)| is_idle(one)).collect();
            let half: Vec<_> =
                idle.iter().take(idle.len().div_ceil(2)).map(|(id, _)| **id).collect();
            half.into_iter().filter_map(|id| state.take(id)).collect::<Vec<_>>()
        };
        let count = going.len();
        self.leave(py, going);
        count
    }

    /// Unloads those that are no longer ready, or has it done when their calls are over. The lock
    /// is free.
    fn leave(&self, py: Python<'_>, going: Vec<Arc<Adaptor>>) {
        if going.is_empty() {
            return;
        }
        let mut gone: Vec<_> = going.iter().map(|adaptor| adaptor.version.code.id()).collect();
        // Nobody finds them any more: who has one besides is a call that runs in it.
        let (idle, busy): (Vec<_>, Vec<_>) =
            going.into_iter().partition(|adaptor| Arc::strong_count(adaptor) == 1);
        if !busy.is_empty() {
            self.reclaim.tidy_after(Reclaim::PAUSE);
        }
        {
            let mut state = self.state.lock();
            gone.retain(|id| !state.loading.contains_key(id) && !state.ready.contains(id));
            state.leaving.extend(busy);
        }
        (self.unloaded)(&gone);
        if !idle.is_empty() {
            idle.iter().for_each(|adaptor| adaptor.unload(py));
            drop(idle);
            self.reclaim.collect_soon();
        }
    }

    /// Forgets all that are loaded.
    pub fn clear(&self) {
        let mut state = self.state.lock();
        let most = state.ready.cap();
        let ready = std::mem::replace(&mut state.ready, LruCache::new(most));
        let leaving = std::mem::take(&mut state.leaving);
        drop(state);
        // Python may run here, so the lock is free.
        drop((ready, leaving));
    }
}

impl<W> State<W> {
    fn wait(&mut self, id: CodeId, task: W, waits: impl FnOnce(&W)) -> Found<W> {
        match self.loading.get_mut(&id) {
            Some(waiting) => {
                waits(&task);
                waiting.push(task);
                Found::Waiting
            }
            None => {
                self.loading.insert(id, Vec::new());
                Found::Load(task)
            }
        }
    }

    fn take(&mut self, id: CodeId) -> Option<Arc<Adaptor>> {
        self.superseded.remove(&id);
        self.ready.pop(&id)
    }

    /// Takes out all that were loaded with that state of the served libraries or an earlier one:
    /// each of them would keep the old libraries in memory until it is called again.
    fn take_stale(&mut self, generation: u64) -> Vec<Arc<Adaptor>> {
        let is_stale = |adaptor: &Adaptor| adaptor.uses_libs && adaptor.generation <= generation;
        let stale = self.ready.iter().filter(|(_, adaptor)| is_stale(adaptor));
        let stale: Vec<_> = stale.map(|(id, _)| *id).collect();
        stale.into_iter().filter_map(|id| self.take(id)).collect()
    }

    /// Takes out those of the superseded that are as asked and that no call runs in.
    fn take_superseded(&mut self, asked: impl Fn(&Adaptor, Instant) -> bool) -> Vec<Arc<Adaptor>> {
        let ready = &self.ready;
        // What was called since is not superseded any more, and what is not there is no concern.
        self.superseded
            .retain(|id, _| ready.peek(id).is_some_and(|adaptor| adaptor.standing.is_superseded()));
        let due = self.superseded.iter().filter(|(id, since)| {
            ready
                .peek(id)
                .is_some_and(|adaptor| Arc::strong_count(adaptor) == 1 && asked(adaptor, **since))
        });
        let due: Vec<_> = due.map(|(id, _)| *id).collect();
        for id in &due {
            self.let_go.put(*id, ());
        }
        due.into_iter().filter_map(|id| self.take(id)).collect()
    }

    /// Notes that the others that this was edited from have been replaced by it. True when there
    /// are any.
    fn supersede_by(&mut self, version: &Version) -> bool {
        let now = Instant::now();
        for (id, other) in &self.ready {
            if version.is_edit_of(&other.version) && other.standing.supersede() {
                self.superseded.insert(*id, now);
            }
        }
        !self.superseded.is_empty()
    }
}
