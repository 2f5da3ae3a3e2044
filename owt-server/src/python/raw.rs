//! The request as Python sees it before anybody asks: fields become Python
//! objects when they are read, and most calls read none.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::engine::Context;

/// What `owt.request` is made from.
#[pyclass(frozen, name = "RawCall", module = "owt")]
pub struct RawCall {
    context: Arc<Context>,
    /// The module body runs, once for all calls: nothing of this one may be read.
    loading: bool,
    /// The value of the call's `kwargs_b64`.
    args: parking_lot::Mutex<Option<Py<PyAny>>>,
    /// The `owt.Request` made from this, kept so that it is made once.
    request: parking_lot::Mutex<Option<Py<PyAny>>>,
    /// The `owt._state.State` of the call, when it has one.
    state: parking_lot::Mutex<Option<Py<PyAny>>>,
}

impl RawCall {
    pub fn new(context: Arc<Context>) -> Self {
        Self {
            context,
            loading: false,
            args: parking_lot::Mutex::new(None),
            request: parking_lot::Mutex::new(None),
            state: parking_lot::Mutex::new(None),
        }
    }

    /// For log lines while a module body runs.
    pub fn for_loading(context: Arc<Context>) -> Self {
        Self { loading: true, ..Self::new(context) }
    }

    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    pub fn set_args(&self, args: Py<PyAny>) {
        *self.args.lock() = Some(args);
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
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.context.body)
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
    fn args(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.args.lock().as_ref().map(|args| args.clone_ref(py))
    }
    #[getter]
    fn request(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.request.lock().as_ref().map(|request| request.clone_ref(py))
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
        let _before = std::mem::replace(&mut *self.request.lock(), request);
    }
}
