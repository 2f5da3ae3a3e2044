//! The `contextvars` context of one call: what it sets there is gone with it.

use std::sync::Arc;

use owt_engine::Context;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;

use super::bridge::Bridge;
use super::raw::RawCall;

/// A context that this thread is in, until dropped.
pub struct Entered<'py> {
    context: Bound<'py, PyAny>,
    /// The request whose call it is.
    whose: Arc<Context>,
}

impl<'py> Entered<'py> {
    /// Enters a context.
    ///
    /// # Errors
    /// When somebody is in it already.
    pub fn enter(context: Bound<'py, PyAny>, whose: Arc<Context>) -> PyResult<Self> {
        // SAFETY: attached, and a context object, or Python raises a TypeError.
        if unsafe { ffi::PyContext_Enter(context.as_ptr()) } != 0 {
            return Err(raised(context.py()));
        }
        Ok(Self { context, whose })
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        // SAFETY: attached; this thread entered it and nothing entered since is open.
        if unsafe { ffi::PyContext_Exit(self.context.as_ptr()) } != 0 {
            let error = raised(self.context.py());
            let (id, trace) = self.whose.marks();
            tracing::error!(id, trace, %error, "a call's context could not be left");
        }
    }
}

/// A call that runs on this thread: its own context, with the request in it. It is over when
/// this is dropped, unless it was [left](Calling::leave).
pub struct Calling<'py> {
    entered: Entered<'py>,
    raw: Bound<'py, RawCall>,
    goes_on: bool,
}

impl<'py> Calling<'py> {
    /// Enters a new context and puts the request in.
    ///
    /// # Errors
    /// What Python raises when it has no memory.
    pub fn new(py: Python<'py>, bridge: &Bridge, raw: RawCall) -> PyResult<Self> {
        // SAFETY: attached; gives a new reference or NULL with an exception set.
        let context = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_New()) }?;
        let whose = Arc::clone(raw.context());
        let raw = Bound::new(py, raw)?;
        let entered = Entered::enter(context, whose)?;
        // SAFETY: attached, and a context variable; gives a token or NULL.
        let token = unsafe {
            Bound::from_owned_ptr_or_err(
                py,
                ffi::PyContextVar_Set(bridge.current.as_ptr(), raw.as_ptr()),
            )
        }?;
        drop(token);
        Ok(Self { entered, raw, goes_on: false })
    }

    pub fn raw(&self) -> &Bound<'py, RawCall> {
        &self.raw
    }

    /// Leaves the context, for the event loop to go on in it.
    pub fn leave(mut self) -> OnLoop {
        self.goes_on = true;
        OnLoop { context: self.entered.context.clone().unbind(), raw: self.raw.clone().unbind() }
    }
}

impl Drop for Calling<'_> {
    fn drop(&mut self) {
        if !self.goes_on {
            self.raw.get().end(self.raw.py(), None);
        }
    }
}

/// A call that goes on elsewhere: on the event loop, or on the thread that pulls what came of it
/// there.
pub struct OnLoop {
    pub context: Py<PyAny>,
    pub raw: Py<RawCall>,
}

impl OnLoop {
    /// The call is over. Nobody may be in its context.
    pub fn end(self, py: Python<'_>) {
        self.raw.get().end(py, Some(self.context.bind(py)));
    }
}

fn raised(py: Python<'_>) -> PyErr {
    PyErr::take(py).unwrap_or_else(|| PyRuntimeError::new_err("no reason given"))
}
