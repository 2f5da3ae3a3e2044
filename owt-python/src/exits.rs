//! Runs what was registered for the end of Python (`atexit`) when a host ends.
//!
//! The interpreter is never finalized: threads may still run in it.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use super::bridge::Bridge;
use super::job;

/// What it is given when the time is over, or nearly: most have little to do.
const LEAST: Duration = Duration::from_millis(300);

/// Ends this process.
pub type Leave = Arc<dyn Fn() + Send + Sync>;

/// Runs it on this thread, which is Python's main thread; `leave` is called when it takes longer
/// than `patience`. Nothing runs while calls still do.
pub fn run(py: Python<'_>, bridge: &Bridge, calls_ended: bool, patience: Duration, leave: &Leave) {
    if !calls_ended {
        tracing::warn!("exit handlers (atexit) do not run: calls have not ended");
        return;
    }
    let (leave, patience) = (Arc::clone(leave), patience.max(LEAST));
    let ran = PyCFunction::new_closure(py, None, None, move |args, _| args.py().detach(&*leave))
        .and_then(|leave| bridge.run_exits.bind(py).call1((patience.as_secs_f64(), leave)));
    // A handler may have forked, and its child have come back.
    job::exit_if_forked();
    if let Err(error) = ran {
        tracing::warn!(%error, "not all exit handlers (atexit) have run");
    }
}
