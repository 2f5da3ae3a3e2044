//! Shows Python the request without converting it: fields become Python objects when they are read,
//! and most calls read none.

use std::sync::Arc;

use bytes::Bytes;
use owt_engine::Context;
use parking_lot::Mutex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::{PyTraverseError, PyVisit};

use super::adaptors::Adaptor;
use super::usage::InUse;

/// What `owt.request` is made from.
///
/// Whoever has a copy of a call's context (a task, a thread, a timer that goes on when the call
/// is over) has this too, so what is large in it goes with the call: see [`RawCall::end`].
#[pyclass(frozen, name = "RawCall", module = "owt")]
pub struct RawCall {
    /// Without the body, which is among what is kept.
    context: Arc<Context>,
    /// The module body runs, once for all calls: nothing of this one may be read.
    loading: bool,
    kept: Mutex<Kept>,
    /// The `owt._state.State` of the call, when it has one.
    state: Mutex<Option<Py<PyAny>>>,
}

/// What a call holds until it is over.
#[derive(Default)]
struct Kept {
    body: Body,
    /// The value of the call's `kwargs_b64`.
    args: Option<Py<PyAny>>,
    /// The `owt.Request` made from this, kept so that it is made once. It holds a
    /// [detached](RawCall::detached) call and not this one, which would be a cycle.
    request: Option<Py<PyAny>>,
    /// Ends the call's flask context.
    pop_flask: Option<Py<PyAny>>,
    /// What runs is counted, and not unloaded.
    adaptor: Option<InUse>,
}

#[derive(Default)]
enum Body {
    /// As it came.
    Unread(Bytes),
    /// Python's copy, made once.
    Read(Py<PyBytes>),
    #[default]
    Gone,
}

impl RawCall {
    /// The call with that body, which `context` need not have.
    pub fn new(context: Arc<Context>, body: Bytes, adaptor: Arc<Adaptor>) -> Self {
        let adaptor = Some(InUse::new(adaptor));
        let kept = Kept { body: Body::Unread(body), adaptor, ..Kept::default() };
        Self { context, loading: false, kept: Mutex::new(kept), state: Mutex::default() }
    }

    /// For log lines while a module body runs.
    pub fn for_loading(context: Arc<Context>) -> Self {
        Self { context, loading: true, kept: Mutex::default(), state: Mutex::default() }
    }

    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Whether it came with a body.
    pub fn has_body(&self, py: Python<'_>) -> bool {
        match &self.kept.lock().body {
            Body::Unread(bytes) => !bytes.is_empty(),
            Body::Read(bytes) => !bytes.bind(py).as_bytes().is_empty(),
            Body::Gone => false,
        }
    }

    pub fn set_args(&self, args: Py<PyAny>) {
        self.kept.lock().args = Some(args);
    }

    /// Has this called, in the call's context, when the call is over.
    pub fn set_pop_flask(&self, pop: Py<PyAny>) {
        self.kept.lock().pop_flask = Some(pop);
    }

    /// The call is over: lets go of its body, its arguments and its request. Attached, and in
    /// the call's `context` unless that is given.
    pub fn end(&self, py: Python<'_>, context: Option<&Bound<'_, PyAny>>) {
        // Python may run when something goes, so the lock is free by then.
        let kept = std::mem::take(&mut *self.kept.lock());
        if let Some(pop) = &kept.pop_flask {
            let popped = match context {
                Some(context) => context.call_method1("run", (pop,)).map(drop),
                None => pop.call0(py).map(drop),
            };
            if let Err(error) = popped {
                let (id, trace) = self.context.marks();
                tracing::debug!(id, trace, %error, "a flask context was not ended");
            }
        }
    }
}

#[pymethods]
impl RawCall {
    #[getter]
    fn id(&self) -> &str {
        &self.context.id
    }
    /// The id of the trace that the request is part of, or the empty text.
    #[getter]
    fn trace(&self) -> &str {
        self.context.trace().unwrap_or_default()
    }
    /// What the call names its code.
    #[getter]
    fn code_name(&self) -> Option<&str> {
        self.context.code_name.as_deref()
    }
    /// The SHA-256 of the code that runs, in hexadecimal digits; None when the call is over.
    #[getter]
    fn code(&self) -> Option<String> {
        self.kept.lock().adaptor.as_ref().map(|adaptor| adaptor.code_id().to_string())
    }
    #[getter]
    fn loading(&self) -> bool {
        self.loading
    }
    #[getter]
    fn method(&self) -> &'static str {
        self.context.method
    }
    /// As it came, percent-encoded.
    #[getter]
    fn path(&self) -> &str {
        &self.context.path
    }
    #[getter]
    fn query(&self) -> &str {
        &self.context.query
    }
    /// The values as Latin-1 text, as WSGI has them.
    #[getter]
    fn headers(&self) -> Vec<(&str, &str)> {
        self.context.headers.iter().collect()
    }
    #[getter]
    pub fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let unread = match &self.kept.lock().body {
            Body::Unread(bytes) => bytes.clone(),
            Body::Read(bytes) => return Ok(bytes.bind(py).clone()),
            Body::Gone => {
                return Err(PyRuntimeError::new_err(
                    "the call is over, and its body is gone: what goes on afterwards takes along \
                     what it needs of it",
                ));
            }
        };
        // Making it may run Python, so the lock is free. Another thread may be first.
        let made = PyBytes::new(py, &unread);
        let mut kept = self.kept.lock();
        if let Body::Unread(_) = kept.body {
            kept.body = Body::Read(made.clone().unbind());
        }
        Ok(made)
    }
    #[getter]
    fn scheme(&self) -> &'static str {
        self.context.scheme
    }
    #[getter]
    fn host(&self) -> &str {
        self.context.headers.get("host")
    }
    #[getter]
    fn remote(&self) -> String {
        self.context.remote.map(|address| address.ip().to_string()).unwrap_or_default()
    }
    #[getter]
    fn user(&self) -> Option<&str> {
        self.context.user.as_deref()
    }
    #[getter]
    fn args(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.kept.lock().args.as_ref().map(|args| args.clone_ref(py))
    }
    #[getter]
    fn request(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.kept.lock().request.as_ref().map(|request| request.clone_ref(py))
    }
    #[getter]
    pub fn state(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.state.lock().as_ref().map(|state| state.clone_ref(py))
    }
    #[setter]
    fn set_state(&self, state: Option<Py<PyAny>>) {
        let _before = std::mem::replace(&mut *self.state.lock(), state);
    }
    #[setter]
    fn set_request(&self, request: Option<Py<PyAny>>) {
        // Bound first: what was there before is dropped after the lock is free.
        let _before = std::mem::replace(&mut self.kept.lock().request, request);
    }

    /// The same request for whoever holds on to it: it refers to nothing, and outlives the call.
    fn detached(&self, py: Python<'_>) -> Self {
        let body = match &self.kept.lock().body {
            Body::Unread(bytes) => Body::Unread(bytes.clone()),
            Body::Read(bytes) => Body::Read(bytes.clone_ref(py)),
            Body::Gone => Body::Gone,
        };
        let kept = Mutex::new(Kept { body, ..Kept::default() });
        let context = Arc::clone(&self.context);
        Self { context, loading: self.loading, kept, state: Mutex::default() }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // A collection may begin while this very thread has the lock; what is not visited is
        // taken for needed.
        let Some(kept) = self.kept.try_lock() else { return Ok(()) };
        visit.call(&kept.args)?;
        visit.call(&kept.request)?;
        visit.call(&kept.pop_flask)?;
        let Some(state) = self.state.try_lock() else { return Ok(()) };
        visit.call(&*state)
    }

    fn __clear__(&self) {
        let kept = std::mem::take(&mut *self.kept.lock());
        let state = self.state.lock().take();
        drop((kept, state));
    }
}
