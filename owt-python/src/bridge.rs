//! Looks up the functions of the Python package that Rust calls, once.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

use owt_core::{Exception, Problem, ProblemKind};
use owt_engine::Context;

use super::calling::Contexts;
use super::raw::RawCall;

/// `owt._host`, taken apart.
pub struct Bridge {
    pub contexts: Contexts,
    pub load: Py<PyAny>,
    pub arguments: Py<PyAny>,
    pub parameters: Py<PyAny>,
    pub respond: Py<PyAny>,
    pub opening: Py<PyAny>,
    pub check_call: Py<PyAny>,
    pub request_for: Py<PyAny>,
    pub push_flask: Py<PyAny>,
    pub drive: Py<PyAny>,
    pub start_loop: Py<PyAny>,
    pub stop_loop: Py<PyAny>,
    pub run_exits: Py<PyAny>,
    pub install: Py<PyAny>,
    pub wants_own_thread: Py<PyAny>,
    leave: Py<PyAny>,
    describe: Py<PyAny>,
    refused: Py<PyAny>,
}

/// What `owt._host.describe` tells of an exception: slug, field, detail, type, message, traceback,
/// line and errors.
type Told = (String, Option<String>, String, String, String, String, Option<u32>, Option<String>);

static BRIDGE: PyOnceLock<Bridge> = PyOnceLock::new();

impl Bridge {
    /// The one bridge of this process's interpreter. The package's folder must be on
    /// `sys.path` by then.
    ///
    /// # Errors
    /// When the package cannot be imported.
    pub fn get(py: Python<'_>) -> PyResult<&'static Self> {
        BRIDGE.get_or_try_init(py, || {
            let host = py.import("owt._host")?;
            let take = |name: &str| host.getattr(name).map(Bound::unbind);
            Ok(Self {
                contexts: Contexts::new(py, &host.getattr("current")?)?,
                load: take("load")?,
                arguments: take("arguments")?,
                parameters: take("parameters")?,
                respond: take("respond")?,
                opening: take("opening")?,
                check_call: take("check_call")?,
                request_for: take("request_for")?,
                push_flask: take("push_flask")?,
                drive: take("drive")?,
                start_loop: take("start_loop")?,
                stop_loop: take("stop_loop")?,
                run_exits: take("run_exits")?,
                install: take("install")?,
                wants_own_thread: take("wants_own_thread")?,
                leave: take("leave")?,
                describe: take("describe")?,
                refused: take("Refused")?,
            })
        })
    }

    /// Says what an exception means to the caller.
    pub fn problem(&self, py: Python<'_>, error: &PyErr, whose: &Context) -> Problem {
        self.described(py, error, whose).unwrap_or_else(|second| {
            let (id, trace) = whose.marks();
            tracing::error!(id, trace, %error, %second, "an exception could not be described");
            Problem::new(
                ProblemKind::Internal,
                format!("an exception that cannot be shown: {error}"),
            )
        })
    }

    fn described(&self, py: Python<'_>, error: &PyErr, whose: &Context) -> PyResult<Problem> {
        let (slug, field, detail, r#type, message, traceback, line, errors): Told = {
            let raised = error.clone_ref(py).into_value(py);
            self.describe.call1(py, (raised, whose.code_name.as_deref()))?.extract(py)?
        };
        let kind = ProblemKind::from_slug(&slug).unwrap_or(ProblemKind::AdaptorRaised);
        let mut problem = Problem::new(kind, detail);
        if let Some(line) = line {
            problem = problem.with_line(line);
        }
        if let Some(field) = field {
            problem = problem.with_field(field);
        }
        if let Some(errors) = errors {
            let errors = serde_json::from_str(&errors);
            problem = problem.with_errors(errors.map_err(|error| {
                pyo3::exceptions::PyValueError::new_err(format!("no faults: {error}"))
            })?);
        }
        // What owt itself refused needs no traceback into owt.
        let own = error.matches(py, &self.refused).unwrap_or(false);
        if !own {
            problem = problem.with_exception(Exception { r#type, message, traceback });
        }
        Ok(problem)
    }

    /// Undoes what a call has done to the thread it leaves and, when it is over, to the process.
    /// Most calls have done nothing.
    pub fn leave(&self, raw: &Bound<'_, RawCall>, over: bool) {
        let py = raw.py();
        let Some(state) = raw.get().state(py) else { return };
        if let Err(error) = self.leave.call1(py, (state, over)) {
            let (id, trace) = raw.get().context().marks();
            tracing::warn!(id, trace, %error, "what a call has changed could not be undone");
        }
    }

    /// A better error than Python's when the arguments do not fit the function.
    pub fn fitting(
        &self,
        py: Python<'_>,
        callable: &Bound<'_, PyAny>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyAny>>,
        error: PyErr,
        whose: &Context,
    ) -> PyErr {
        if !error.is_instance_of::<pyo3::exceptions::PyTypeError>(py) {
            return error;
        }
        let none = pyo3::types::PyDict::new(py).into_any();
        let kwargs = kwargs.unwrap_or(&none);
        let raised = error.clone_ref(py).into_value(py);
        match self.check_call.call1(py, (callable, args, kwargs, raised)) {
            Ok(refused) if !refused.is_none(py) => PyErr::from_value(refused.into_bound(py)),
            Ok(_) => error,
            Err(second) => {
                let (id, trace) = whose.marks();
                tracing::debug!(id, trace, %second, "the signature could not be checked");
                error
            }
        }
    }
}
