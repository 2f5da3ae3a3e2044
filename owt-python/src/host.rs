//! Hosts Python inside this process, in the engine's seat for hosts.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use owt_core::{CodeId, WarmAdaptor};
use owt_engine::link::{Found, Line, Settings};
use owt_engine::{Host, HostStatus, Listing, NotTaken, Task, WorkerStatus};
use owt_system::process::resident_bytes;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyCFunction, PyDict};
use pyo3::wrap_pyfunction;

use super::adaptors::Unloaded;
use super::bridge::Bridge;
use super::exits::{self, Leave};
use super::interrupt::{self, Tools};
use super::job::{FORKED, Job, Shared, Step, Waiting};
use super::json;
#[cfg(feature = "embed")]
use super::launch;
use super::lines::{self, Lines};
use super::places::Places;
use super::pool::{Pool, Source};
use super::reclaim::Slim;
use super::sink::Mailbox;

/// Python cannot be hosted.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// It would not start.
    #[cfg(feature = "embed")]
    #[error(transparent)]
    Launch(#[from] launch::LaunchError),
    /// No descriptor for the event loop's bell.
    #[error("no file descriptor for the event loop: {0}")]
    Mailbox(#[source] std::io::Error),
    /// No thread that gives memory back.
    #[error("no thread to give memory back: {0}")]
    Reclaim(#[source] std::io::Error),
    /// The package does not start. Python's own words: the exception cannot leave Python.
    #[error("the Python package owt does not start: {0}")]
    Python(String),
}

/// The interpreter of this process and its threads.
pub struct PythonHost {
    shared: Arc<Shared>,
    /// Of calls that wait, for a thread or for their adaptor.
    queue: Places,
    /// When it shall have ended, once it was told to.
    until: OnceLock<Instant>,
    leave: Leave,
}

/// What a host is given of the process around it.
pub struct Around {
    /// Where lines that adaptors print go.
    pub lines: Arc<dyn Lines>,
    /// Where calls come from that are not submitted by somebody else.
    pub source: Option<Arc<dyn Source>>,
    /// Called in a child that an adaptor forked.
    pub forked: Box<dyn Fn() + Send + Sync>,
    /// Told which adaptors are no longer loaded.
    pub unloaded: Unloaded,
    /// Ends this process, when what runs at Python's end does not.
    pub leave: Leave,
}

impl Around {
    /// Of a host in the server's own process, whose temporary files are in `scratch`.
    pub fn server(scratch: PathBuf) -> Self {
        let leave = move || {
            // What stays is removed by the next server.
            let _ = std::fs::remove_dir_all(&scratch);
            // SAFETY: ends the process at once, as is meant.
            unsafe { libc::_exit(0) }
        };
        Self {
            lines: Arc::new(lines::Here),
            source: None,
            forked: Box::new(|| {}),
            unloaded: Box::new(|_: &[CodeId]| {}),
            leave: Arc::new(leave),
        }
    }
}

impl PythonHost {
    /// Starts Python with the calling thread as its main thread.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(
        settings: &Settings,
        around: Around,
        runtime: tokio::runtime::Handle,
    ) -> Result<Self, HostError> {
        #[cfg(feature = "embed")]
        launch::launch(&settings.found)?;
        let mailbox = Arc::new(Mailbox::new().map_err(HostError::Mailbox)?);
        let Around { lines, source, forked, unloaded, leave } = around;
        let bridge = Python::attach(|py| {
            let start = || {
                #[cfg(feature = "extension")]
                adopt_environment(py)?;
                add_path(py, &settings.package)?;
                let bridge = import_package(py)?;
                install(py, bridge, settings, lines, forked)?;
                equip(py)?;
                PyResult::Ok(bridge)
            };
            start().map_err(|error| said(py, &settings.found, error))
        })?;
        let pool = Pool::new(settings.threads, source);
        let queue = Places::new(settings.max_queue);
        let most = settings.max_adaptors;
        let shared = Arc::new(Shared::new(bridge, pool, most, unloaded, mailbox, runtime));
        let started = Python::attach(|py| {
            shared.start_loop(py).map_err(|error| said(py, &settings.found, error))
        });
        started?;
        shared.reclaim.start(Arc::clone(&shared)).map_err(HostError::Reclaim)?;
        Ok(Self { shared, queue, until: OnceLock::new(), leave })
    }

    /// Has adaptors unloaded until this process holds no more than that.
    pub fn slim(&self, slim: Slim) {
        self.shared.reclaim.slim(slim);
    }

    /// Makes the calling thread, which must be Python's main thread, the first that runs
    /// calls, until the host is stopped. Threads that are stuck in an adaptor are given
    /// `patience`; true when none was left behind. Then what was registered for the end of
    /// Python runs.
    pub fn lead(&self, patience: Duration) -> bool {
        let all_left = self.shared.pool.lead(patience);
        Python::attach(|py| {
            let has_ended = self.shared.stop_loop(py, self.left() / 2);
            exits::run(py, self.shared.bridge, all_left && has_ended, self.left(), &self.leave);
            self.shared.clear(py);
        });
        all_left
    }

    /// The adaptors that are loaded.
    pub fn warm(&self) -> Vec<WarmAdaptor> {
        self.shared.adaptors.warm()
    }

    /// What is left of the time to end in.
    fn left(&self) -> Duration {
        let until = self.until.get().copied();
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }
}

impl Host for PythonHost {
    fn submit(&self, task: Task) -> Result<(), NotTaken> {
        let task = Box::new(task);
        let Some(place) = self.queue.take().or_else(|| {
            // Calls that nobody waits for any more make room. They hold nothing of Python's.
            let deserted = |job: &Job| match &job.step {
                Step::Begin(waiting) => waiting.task.events.is_closed(),
                Step::Load(..) | Step::Pull { .. } => false,
            };
            drop(self.shared.pool.take_out(deserted));
            self.queue.take()
        }) else {
            return Err(NotTaken::Full(task));
        };
        let arrival = self.shared.adaptors.comes();
        let waiting = Waiting { task, arrival, place: Some(place), load: Duration::ZERO };
        let step = Step::Begin(waiting);
        match self.shared.pool.submit(Job { shared: Arc::clone(&self.shared), step }) {
            Err(Job { step: Step::Begin(Waiting { task, .. }), .. }) => {
                Err(NotTaken::Stopping(task))
            }
            // Only what was submitted comes back, and that was a beginning.
            Err(_) | Ok(()) => Ok(()),
        }
    }

    fn stop(&self, patience: Duration) {
        self.until.get_or_init(|| Instant::now() + patience);
        self.shared.pool.stop();
    }

    fn adaptors(&self) -> Listing {
        let own = (std::process::id(), self.warm());
        Box::pin(std::future::ready(vec![own]))
    }

    fn status(&self) -> HostStatus {
        let ready = self.shared.pool.is_open();
        let pid = std::process::id();
        let worker = WorkerStatus {
            pid,
            up: ready,
            running: self.shared.running(),
            warm_adaptors: self.shared.adaptors.len(),
            resident_bytes: resident_bytes(pid),
            ..WorkerStatus::default()
        };
        HostStatus { ready, waiting: self.queue.taken(), workers: vec![worker] }
    }
}

/// Puts a folder first on `sys.path`.
///
/// # Errors
/// When an embedding program has made `sys.path` something else than a list.
fn add_path(py: Python<'_>, folder: &Path) -> PyResult<()> {
    let path = py.import("sys")?.getattr("path")?;
    path.call_method1("insert", (0, folder.as_os_str())).map(drop)
}

/// Imports the package. Its bytecode is kept also where the operator wants none to be written
/// (`PYTHONDONTWRITEBYTECODE`), if its folder is owt's own: compiling it anew takes as long as all
/// else that a worker does at its start.
///
/// # Errors
/// When the package cannot be imported.
fn import_package(py: Python<'_>) -> PyResult<&'static Bridge> {
    const SETTING: &str = "dont_write_bytecode";
    if cfg!(feature = "extension") {
        return Bridge::get(py);
    }
    let sys = py.import("sys")?;
    let before = sys.getattr(SETTING)?;
    sys.setattr(SETTING, false)?;
    let bridge = Bridge::get(py);
    sys.setattr(SETTING, before)?;
    bridge
}

/// Has Python see the environment as it is now: it looked before this process was kept in, which
/// has its own places for temporary files.
///
/// # Errors
/// When a program in `site-packages` has made `os.environ` something else than a mapping.
#[cfg(feature = "extension")]
fn adopt_environment(py: Python<'_>) -> PyResult<()> {
    let environment = py.import("os")?.getattr("environ")?;
    for (name, value) in std::env::vars_os() {
        let (name, value) = (name.into_pyobject(py)?, value.into_pyobject(py)?);
        if !environment.call_method1("get", (&name,))?.eq(&value)? {
            environment.set_item(name, value)?;
        }
    }
    Ok(())
}

/// Turns an exception into text and drops it, attached.
#[cfg_attr(not(feature = "embed"), allow(unused_variables, reason = "what is linked can mislead"))]
fn said(py: Python<'_>, found: &Found, error: PyErr) -> HostError {
    let text = error.to_string();
    #[cfg(feature = "embed")]
    let text = text + &launch::what_misleads(found);
    error.print(py);
    HostError::Python(text)
}

/// Hands what interrupts calls over. On the main thread, which is to hear its signal.
fn equip(py: Python<'_>) -> PyResult<()> {
    let tools = py.import("owt._interrupted")?;
    let take = |name: &str| tools.getattr(name).map(Bound::unbind);
    tools.call_method1("listen", (interrupt::signal(),))?;
    interrupt::equip(
        py,
        Tools {
            cancelled: take("Cancelled")?,
            whereabouts: take("whereabouts")?,
            pause: take("pause")?,
            mop_up: take("mop_up")?,
            kept_processes: take("kept_processes")?,
        },
    );
    Ok(())
}

fn install(
    py: Python<'_>,
    bridge: &Bridge,
    with: &Settings,
    lines: Arc<dyn Lines>,
    forked: Box<dyn Fn() + Send + Sync>,
) -> PyResult<()> {
    let forked = PyCFunction::new_closure(py, None, None, move |_, _| {
        FORKED.store(true, Ordering::Relaxed);
        interrupt::forked();
        forked();
    })?;
    let is_call = PyCFunction::new_closure(py, None, None, |_, _| interrupt::is_call())?;
    let log = PyCFunction::new_closure(py, None, None, move |args, _| -> PyResult<()> {
        type Text = PyBackedStr;
        let (level, logger, id, text, trace): (u8, Text, Text, Text, Text) = args.extract()?;
        let line = Line { level, logger: &logger, id: &id, trace: &trace, text: &text };
        if !lines.put(&line) {
            // Whoever reads the log is slow: only who writes waits for it.
            args.py().detach(|| lines.put_waiting(&line));
        }
        Ok(())
    })?;
    let lib_dirs: Vec<_> = with.lib_dirs.iter().map(|folder| folder.as_os_str()).collect();
    let settings = PyDict::new(py);
    settings.set_item("address", with.address.as_str())?;
    settings.set_item("port", with.port)?;
    settings.set_item("binary", with.binary.as_os_str())?;
    settings.set_item("adaptors_dir", with.adaptors_of(std::process::id()).as_os_str())?;
    settings.set_item("lib_dirs", lib_dirs)?;
    settings.set_item("native_threads", with.native_threads)?;
    settings.set_item("verbosity", with.verbosity)?;
    settings.set_item("keeps_files", with.keeps_files)?;
    settings.set_item("keeps_network", with.keeps_network)?;
    settings.set_item("log", log)?;
    settings.set_item("forked", forked)?;
    settings.set_item("is_call", is_call)?;
    settings.set_item("write_json", wrap_pyfunction!(json::write_json, py)?)?;
    bridge.install.bind(py).call((), Some(&settings)).map(drop)
}
