//! Hosts Python as configured: in this process or in workers, with its settings, inside its
//! sandbox.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use owt_engine::Host;
use owt_engine::link::Settings;
#[cfg(feature = "embed")]
use owt_python::{Around, PythonHost};
use owt_system::private::{self, FolderError, cache_folder};
use owt_system::sandbox::{SandboxError, Walls};

use crate::config::Config;
use crate::listener::Address;
use crate::pool::{Limits, Pool, PoolPlan, Supervisor};
use crate::served::{Served, ServedError};

/// How long threads that are stuck in an adaptor are waited for once the drain is over.
#[cfg(feature = "embed")]
const PATIENCE: Duration = Duration::from_millis(500);

/// Python cannot be hosted.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// No suitable Python.
    #[error(transparent)]
    Served(#[from] ServedError),
    /// The package `owt` cannot be written anywhere.
    #[error("the Python package owt cannot be laid out: {0}")]
    Package(#[source] std::io::Error),
    /// No worker process starts.
    #[error("no worker process starts: {0}")]
    Worker(#[source] std::io::Error),
    /// It does not start in this process.
    #[cfg(feature = "embed")]
    #[error(transparent)]
    Here(#[from] owt_python::HostError),
}

/// What Python is hosted with. Lays the package out in `scratch`.
///
/// # Errors
/// When it cannot run where it should, or there is nowhere to write.
pub fn settings(
    config: &Config,
    served: &Served,
    address: &Address,
    scratch: &Path,
) -> Result<Settings, HostError> {
    if config.workers.count == 0 {
        served.runs_here()?;
    }
    let adaptors = scratch.join("adaptors");
    std::fs::create_dir_all(&adaptors).map_err(HostError::Package)?;
    let (address, port) = match address {
        Address::Tcp { bound, .. } => (bound.ip().to_string(), bound.port()),
        Address::Unix(_) => (address.to_string(), 0),
    };
    let sandbox = config.workers.sandbox.as_ref();
    Ok(Settings {
        found: served.found.clone(),
        package: served.package(scratch).map_err(HostError::Package)?,
        adaptors,
        binary: std::env::current_exe().unwrap_or_default(),
        address,
        port,
        lib_dirs: lib_dirs(&config.lib_dirs),
        threads: config.threads,
        native_threads: native_threads(config),
        max_queue: config.max_queue.max(1),
        max_adaptors: config.max_adaptors,
        answer_bytes: config.answer_bytes,
        verbosity: config.verbosity,
        keeps_files: sandbox.is_some_and(|kept| kept.writable.is_some()),
        keeps_network: sandbox.is_some_and(|kept| kept.no_network),
    })
}

/// An equal share of the cores that this process may use for each worker, and half of that where
/// calls overlap in one: threads of BLAS and OpenMP that outnumber the cores slow each other down
/// tenfold, and one big computation is to have many all the same.
fn native_threads(config: &Config) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let overlapping = config.threads.clamp(1, 2);
    (cores / config.workers.count.max(1) / overlapping).max(1)
}

/// The same folders, wherever a process of ours goes. Warns of those that others may write to.
fn lib_dirs(named: &[PathBuf]) -> Vec<PathBuf> {
    let absolute =
        |folder: &PathBuf| std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
    let folders: Vec<_> = named.iter().map(absolute).collect();
    for folder in &folders {
        if let Err(FolderError::Shared { path }) = private::check(folder) {
            let (folder, path) = (folder.display(), path.display());
            tracing::warn!(
                "adaptors import modules from {folder}, and others may write to {path}: what \
                 they put there would run as you"
            );
        }
    }
    folders
}

/// What workers are to be kept behind.
pub fn walls(
    config: &Config,
    settings: &Settings,
    scratch: &Path,
) -> Result<Option<Walls>, SandboxError> {
    let Some(sandbox) = &config.workers.sandbox else {
        let has_secrets = config.workers.count > 0 && !config.door.keys.keys().is_empty();
        return Ok(has_secrets.then(Walls::default));
    };
    if config.workers.count == 0 {
        return Err(SandboxError::NoWorkers);
    }
    sandbox.walls(scratch, &settings.adaptors, cache_folder().as_deref()).map(Some)
}

/// Workers, and who looks after them.
#[derive(Clone)]
pub struct Supervised {
    supervisor: Arc<Supervisor>,
    pool: Arc<Pool>,
}

impl Supervised {
    /// Starts the workers that the configuration means; returns when the first is up.
    ///
    /// # Errors
    /// When none starts.
    pub fn start(
        config: &Config,
        served: &Served,
        settings: Settings,
        walls: Option<Walls>,
    ) -> Result<Self, HostError> {
        let plan = PoolPlan {
            count: config.workers.count,
            command: served.command(&config.workers.command, &settings.package),
            settings,
            walls,
            limits: Limits {
                max_memory: config.workers.max_memory,
                max_requests: config.workers.max_requests,
                grace: config.bounded_grace(),
            },
        };
        // What the cache keeps is counted too: it leaves others their room.
        let answers = config.answer_bytes.saturating_add(config.cache_bytes as usize);
        let supervisor =
            Supervisor::start(&config.workers.guard, answers).map_err(HostError::Worker)?;
        let pool = Pool::start(Arc::clone(&supervisor), plan).map_err(HostError::Worker)?;
        Ok(Self { supervisor, pool })
    }

    /// Ends them; what each has to do at its end may take that long. True when no call was left
    /// running that was not answered.
    pub fn end(&self, patience: Duration) -> bool {
        self.supervisor.end(patience)
    }
}

/// Where Python runs.
#[derive(Clone)]
pub enum Hosting {
    #[cfg(feature = "embed")]
    Here(Arc<PythonHost>),
    Workers(Supervised),
}

impl Hosting {
    /// Starts it; returns when it takes calls.
    ///
    /// # Errors
    /// When Python, or no worker, starts.
    pub fn start(
        config: &Config,
        served: &Served,
        settings: Settings,
        walls: Option<Walls>,
        runtime: &tokio::runtime::Handle,
        scratch: &Path,
    ) -> Result<Self, HostError> {
        #[cfg(feature = "embed")]
        if config.workers.count == 0 {
            let around = Around::server(scratch.to_owned());
            let host = PythonHost::start(&settings, around, runtime.clone())?;
            return Ok(Self::Here(Arc::new(host)));
        }
        // Not needed where nothing runs here.
        let _ = (runtime, scratch);
        Supervised::start(config, served, settings, walls).map(Self::Workers)
    }

    /// What the engine gives its calls to.
    pub fn host(&self) -> Arc<dyn Host> {
        match self {
            #[cfg(feature = "embed")]
            Self::Here(host) => Arc::clone(host) as Arc<dyn Host>,
            Self::Workers(workers) => Arc::clone(&workers.pool) as Arc<dyn Host>,
        }
    }

    /// Lends it the calling thread until it is stopped. True when no call was left running.
    pub fn lead(&self) -> bool {
        match self {
            #[cfg(feature = "embed")]
            Self::Here(host) => host.lead(PATIENCE),
            Self::Workers(_) => true,
        }
    }

    /// Ends it; what it has to do at its end may take that long. True when no call was left
    /// running that was not answered.
    pub fn end(&self, patience: Duration) -> bool {
        match self {
            #[cfg(feature = "embed")]
            Self::Here(_) => true,
            Self::Workers(workers) => workers.end(patience),
        }
    }

    /// Has every worker replaced by a fresh one.
    pub fn reload(&self) {
        match self {
            #[cfg(feature = "embed")]
            Self::Here(_) => tracing::warn!("there are no workers to replace (--workers 0)"),
            Self::Workers(workers) => {
                tracing::info!("replacing the workers");
                workers.supervisor.reload();
            }
        }
    }
}
