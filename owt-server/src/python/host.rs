//! Python inside this process, in the engine's seat for hosts.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};

use super::bridge::Bridge;
use super::discover::{DiscoverError, Found, check_version, discover};
use super::job::{FORKED, Job, Shared, Step};
use super::launch::{self, LaunchError};
use super::places::Places;
use super::pool::Pool;
use super::sink::Mailbox;
use super::{interrupt, package};
use crate::config::Config;
use crate::engine::{Host, NotTaken, Task};

/// Python cannot be hosted.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// No suitable Python.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// It would not start.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The package `owt` cannot be written anywhere.
    #[error("the Python package owt cannot be laid out: {0}")]
    Package(#[source] std::io::Error),
    /// No descriptor for the event loop's bell.
    #[error("no file descriptor for the event loop: {0}")]
    Mailbox(#[source] std::io::Error),
    /// The package does not start. Python's own words: the exception cannot leave Python.
    #[error("the Python package owt does not start: {0}")]
    Python(String),
}

/// The interpreter of this process and its threads.
pub struct PythonHost {
    shared: Arc<Shared>,
    /// Of calls that wait, for a thread or for their adaptor.
    queue: Places,
    found: Found,
}

impl PythonHost {
    /// Starts Python with the calling thread as its main thread.
    ///
    /// # Errors
    /// When no suitable Python is found or it does not start.
    pub fn start(
        config: &Config,
        bound: SocketAddr,
        scratch: &Path,
        runtime: tokio::runtime::Handle,
    ) -> Result<Self, HostError> {
        let found = discover(config.python.as_deref())?;
        check_version(&found)?;
        launch::launch(&found)?;
        let folder = package::lay_out(scratch).map_err(HostError::Package)?;
        let adaptors = scratch.join("adaptors");
        std::fs::create_dir_all(&adaptors).map_err(HostError::Package)?;
        let mailbox = Arc::new(Mailbox::new().map_err(HostError::Mailbox)?);
        let bridge = Python::attach(|py| {
            let start = || {
                launch::add_path(py, &folder)?;
                let bridge = Bridge::get(py)?;
                install(py, bridge, config, bound, &adaptors)?;
                interrupt::equip(py, bridge.cancelled.clone_ref(py), bridge.mop_up.clone_ref(py));
                PyResult::Ok(bridge)
            };
            start().map_err(|error| said(py, error))
        })?;
        let pool = Pool::new(config.threads);
        let queue = Places::new(config.max_queue.max(1));
        let shared = Shared::new(bridge, pool, config.max_adaptors, mailbox, runtime);
        Ok(Self { shared: Arc::new(shared), queue, found })
    }

    /// What the served interpreter said of itself.
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// Makes the calling thread, which must be Python's main thread, the first that runs
    /// calls, until the host is stopped. Threads that are stuck in an adaptor are given
    /// `patience`; true when none was left behind.
    pub fn lead(&self, patience: Duration) -> bool {
        let all_left = self.shared.pool.lead(patience);
        Python::attach(|py| {
            self.shared.stop_loop(py);
            self.shared.clear(py);
        });
        all_left
    }
}

impl Host for PythonHost {
    fn submit(&self, task: Task) -> Result<(), NotTaken> {
        let task = Box::new(task);
        let Some(place) = self.queue.take() else {
            return Err(NotTaken::Full(task));
        };
        let job = Job { shared: Arc::clone(&self.shared), step: Step::Begin(task, place) };
        match self.shared.pool.submit(job) {
            Err(Job { step: Step::Begin(task, _), .. }) => Err(NotTaken::Stopping(task)),
            // Only what was submitted comes back, and that was a beginning.
            Err(Job { step: Step::Pull { .. }, .. }) | Ok(()) => Ok(()),
        }
    }

    fn stop(&self) {
        self.shared.pool.stop();
    }
}

/// Turns an exception into text and drops it, attached.
fn said(py: Python<'_>, error: PyErr) -> HostError {
    let text = error.to_string();
    error.print(py);
    HostError::Python(text)
}

fn install(
    py: Python<'_>,
    bridge: &Bridge,
    config: &Config,
    bound: SocketAddr,
    adaptors: &Path,
) -> PyResult<()> {
    let forked = PyCFunction::new_closure(py, None, None, |_, _| {
        FORKED.store(true, Ordering::Relaxed);
        interrupt::forked();
    })?;
    let is_call = PyCFunction::new_closure(py, None, None, |_, _| interrupt::is_call())?;
    let log = PyCFunction::new_closure(py, None, None, |args, _| -> PyResult<()> {
        let (level, logger, id, line): (u8, String, String, String) = args.extract()?;
        log(level, &logger, &id, &line);
        Ok(())
    })?;
    let binary = std::env::current_exe().unwrap_or_default();
    let lib_dirs: Vec<_> = config
        .lib_dirs
        .iter()
        .map(|folder| std::path::absolute(folder).unwrap_or_else(|_| folder.clone()))
        .map(|folder| folder.into_os_string())
        .collect();
    let settings = PyDict::new(py);
    settings.set_item("address", bound.ip().to_string())?;
    settings.set_item("port", bound.port())?;
    settings.set_item("binary", binary.into_os_string())?;
    settings.set_item("adaptors_dir", adaptors.as_os_str())?;
    settings.set_item("lib_dirs", lib_dirs)?;
    settings.set_item("verbosity", config.verbosity)?;
    settings.set_item("log", log)?;
    settings.set_item("forked", forked)?;
    settings.set_item("is_call", is_call)?;
    bridge.install.bind(py).call((), Some(&settings)).map(drop)
}

/// A line that an adaptor printed or logged, at Python's numeric level.
fn log(level: u8, logger: &str, id: &str, line: &str) {
    match level {
        40.. => tracing::error!(target: "adaptor", id, logger, "{line}"),
        30.. => tracing::warn!(target: "adaptor", id, logger, "{line}"),
        20.. => tracing::info!(target: "adaptor", id, logger, "{line}"),
        _ => tracing::debug!(target: "adaptor", id, logger, "{line}"),
    }
}
