//! Enters the `contextvars` context of a call: what the call sets there ends with it.
//!
//! A context is entered by its own `run`, the one way in that every Python has. What is to run
//! there is handed over by the thread, so that no Python object is made for it.

use std::cell::Cell;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::wrap_pyfunction;

use super::bridge::Bridge;
use super::raw::RawCall;

/// What this thread runs in the context that it is about to enter. It is taken out by [`here`].
type Next = *mut dyn FnMut();

thread_local! {
    static NEXT: Cell<Option<Next>> = const { Cell::new(None) };
}

/// Runs what the thread has handed over, in the context that it is in now.
#[pyfunction]
#[pyo3(signature = (*_args))]
fn here(_args: &Bound<'_, PyTuple>) {
    if let Some(next) = NEXT.take() {
        // SAFETY: `within` put it there, and waits for this.
        unsafe { (*next)() };
    }
}

/// What contexts are made of and entered by.
pub struct Contexts {
    make: Py<PyAny>,
    /// The variable that holds the call.
    set_current: Py<PyAny>,
    here: Py<PyAny>,
}

impl Contexts {
    /// Of calls that are found in that variable.
    ///
    /// # Errors
    /// What Python raises when it has no memory.
    pub fn new(py: Python<'_>, current: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            make: py.import("contextvars")?.getattr("Context")?.unbind(),
            set_current: current.getattr("set")?.unbind(),
            here: wrap_pyfunction!(here, py)?.into_any().unbind(),
        })
    }

    /// Runs that in a context, and gives what came of it.
    ///
    /// # Errors
    /// When somebody is in the context already.
    pub fn within<T>(
        &self,
        context: &Bound<'_, PyAny>,
        run: impl FnOnce() -> PyResult<T>,
    ) -> PyResult<T> {
        let (mut run, mut done) = (Some(run), None);
        let mut next = || done = run.take().map(|run| run());
        let next: *mut (dyn FnMut() + '_) = &mut next;
        // SAFETY: only the lifetime goes; it is out of there before `next` does.
        NEXT.set(Some(unsafe { std::mem::transmute::<*mut (dyn FnMut() + '_), Next>(next) }));
        let entered = context.call_method1(pyo3::intern!(context.py(), "run"), (&self.here,));
        NEXT.set(None);
        let nothing = || PyRuntimeError::new_err("the context ran nothing");
        match (entered, done) {
            (Ok(_), Some(done)) => done,
            (Ok(_), None) => Err(nothing()),
            (Err(error), _) => Err(error),
        }
    }
}

/// A call that runs on this thread, in its own context with the request in it.
pub struct Calling<'a, 'py> {
    context: &'a Bound<'py, PyAny>,
    raw: Bound<'py, RawCall>,
    goes_on: Cell<bool>,
}

impl<'py> Calling<'_, 'py> {
    /// Runs that as the call, in a new context. The call is over then, unless it was
    /// [left](Calling::leave).
    ///
    /// # Errors
    /// What `run` gives, or what Python raises when it has no memory.
    pub fn run<T>(
        py: Python<'py>,
        bridge: &Bridge,
        raw: RawCall,
        run: impl FnOnce(&Calling<'_, 'py>) -> PyResult<T>,
    ) -> PyResult<T> {
        let contexts = &bridge.contexts;
        let context = contexts.make.bind(py).call0()?;
        let raw = Bound::new(py, raw)?;
        contexts.within(&context, || {
            contexts.set_current.bind(py).call1((&raw,))?;
            let calling = Calling { context: &context, raw, goes_on: Cell::new(false) };
            let done = run(&calling);
            if !calling.goes_on.get() {
                calling.raw.get().end(py, None);
            }
            done
        })
    }

    pub fn raw(&self) -> &Bound<'py, RawCall> {
        &self.raw
    }

    /// Has the call go on when this thread has left the context, for the event loop to enter it.
    pub fn leave(&self) -> OnLoop {
        self.goes_on.set(true);
        OnLoop { context: self.context.clone().unbind(), raw: self.raw.clone().unbind() }
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
