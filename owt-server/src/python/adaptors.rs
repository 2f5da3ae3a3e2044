//! The adaptors that are loaded, and those that are being loaded: a module
//! body runs once for each distinct code, also when a hundred first calls come
//! at once. A bounded number is kept; the least recently used goes.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lru::LruCache;
use owt_core::CodeId;
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::job::Job;
use super::lane::Lane;
use crate::engine::Context;

/// Calls that take less than this, in microseconds, may run on the main thread beside others.
const QUICK: u32 = 1000;

/// Code that is loaded.
pub struct Adaptor {
    object: Py<PyAny>,
    pub uses_flask: bool,
    uses_libs: bool,
    handlers: Mutex<HashMap<Arc<str>, Arc<Handler>>>,
    /// The thread that it has asked for.
    lane: Option<Arc<Lane<Job>>>,
    /// How long its calls take lately, in microseconds; at first not known to be quick.
    takes: AtomicU32,
}

/// What to call for a `fn_name`.
pub struct Handler {
    pub callable: Py<PyAny>,
    /// The name of its first parameter, when that one wants the request.
    pub request_name: Option<Py<PyString>>,
}

/// `fn_name`s that are remembered for one adaptor; beyond, they are looked up anew.
const MOST_HANDLERS: usize = 64;

impl Adaptor {
    fn new(object: &Bound<'_, PyAny>, lane: Option<Arc<Lane<Job>>>) -> PyResult<Self> {
        Ok(Self {
            uses_flask: object.getattr("uses_flask")?.extract()?,
            uses_libs: object.getattr("uses_libs")?.extract()?,
            object: object.clone().unbind(),
            handlers: Mutex::default(),
            lane,
            takes: AtomicU32::new(u32::MAX),
        })
    }

    /// The thread that all of it runs on, if it has asked for one.
    pub fn lane(&self) -> Option<&Arc<Lane<Job>>> {
        self.lane.as_ref()
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
    pub fn handler(&self, py: Python<'_>, fn_name: &str) -> PyResult<Arc<Handler>> {
        if let Some(handler) = self.handlers.lock().get(fn_name) {
            return Ok(Arc::clone(handler));
        }
        let (callable, request_name) =
            self.object.call_method1(py, "handler", (fn_name,))?.extract(py)?;
        let handler = Arc::new(Handler { callable, request_name });
        let mut handlers = self.handlers.lock();
        if handlers.len() < MOST_HANDLERS {
            handlers.insert(fn_name.into(), Arc::clone(&handler));
        }
        Ok(handler)
    }

    /// False when a served library that it uses has changed since it was loaded.
    fn is_fresh(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(!self.uses_libs || self.object.call_method0(py, "fresh")?.extract(py)?)
    }

    fn unload(&self, py: Python<'_>) -> PyResult<()> {
        self.object.call_method0(py, "unload").map(drop)
    }
}

impl Drop for Adaptor {
    fn drop(&mut self) {
        if let Some(lane) = &self.lane {
            lane.close();
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
}

struct State<W> {
    ready: LruCache<CodeId, Arc<Adaptor>>,
    loading: HashMap<CodeId, Vec<W>>,
}

impl<W> Adaptors<W> {
    pub fn new(most: usize) -> Self {
        let most = NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN);
        let state = State { ready: LruCache::new(most), loading: HashMap::new() };
        Self { state: Mutex::new(state) }
    }

    /// Finds the adaptor of that code, or says who loads it. `waits` is told of a task that has to
    /// wait for a load.
    ///
    /// # Errors
    /// What asking the adaptor for its freshness raised.
    pub fn find(
        &self,
        py: Python<'_>,
        id: CodeId,
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
        // Python may run here, so the lock is free.
        match ready.is_fresh(py) {
            Ok(true) => return Ok(Found::Ready(ready, task)),
            Ok(false) => {}
            Err(error) => return Err((task, error)),
        }
        let mut state = self.state.lock();
        let stale = match state.ready.peek(&id) {
            Some(other) if Arc::ptr_eq(other, &ready) => state.ready.pop(&id),
            _ => None,
        };
        let found = state.wait(id, task, waits);
        drop(state);
        drop(stale);
        Ok(found)
    }

    /// How many are loaded.
    pub fn len(&self) -> usize {
        self.state.lock().ready.len()
    }

    /// True when one of the tasks that wait for this load is as asked.
    pub fn any_waiting(&self, id: CodeId, asked: impl Fn(&W) -> bool) -> bool {
        self.state.lock().loading.get(&id).is_some_and(|waiting| waiting.iter().any(asked))
    }

    /// Ends a load that a call of `whose` did: gives the tasks that waited for it, to be run again, and on success
    /// the adaptor.
    ///
    /// # Errors
    /// When the package gave something else than an adaptor.
    pub fn loaded(
        &self,
        id: CodeId,
        object: Option<&Bound<'_, PyAny>>,
        lane: Option<Arc<Lane<Job>>>,
        whose: &Context,
    ) -> (Vec<W>, PyResult<Option<Arc<Adaptor>>>) {
        let adaptor = object.map(|object| Adaptor::new(object, lane).map(Arc::new)).transpose();
        let mut state = self.state.lock();
        let waiting = state.loading.remove(&id).unwrap_or_default();
        let evicted = match &adaptor {
            Ok(Some(adaptor)) => state.ready.push(id, Arc::clone(adaptor)),
            _ => None,
        };
        drop(state);
        if let (Some((_, old)), Some(object)) = (evicted, object)
            && let Err(error) = old.unload(object.py())
        {
            let (id, trace) = whose.marks();
            tracing::warn!(id, trace, %error, "an adaptor could not be unloaded");
        }
        (waiting, adaptor)
    }

    /// Forgets all that are loaded.
    pub fn clear(&self) {
        let mut state = self.state.lock();
        let most = state.ready.cap();
        let ready = std::mem::replace(&mut state.ready, LruCache::new(most));
        drop(state);
        // Python may run here, so the lock is free.
        drop(ready);
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
}
