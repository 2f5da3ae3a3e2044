//! Runs a server: HTTP on a thread of its own, Python in workers or on the calling thread.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use owt_engine::Engine;
use rustix::process::DumpableBehavior;
use tokio::sync::mpsc;

use crate::audit::{Audit, AuditError, AuditFileError};
use crate::config::{Config, Exposed};
use crate::descriptors;
use crate::door::Door;
use crate::functions::{Functions, Kept, NotPublishable, Publication};
use crate::hosting::{self, HostError, Hosting};
use crate::http::{self, Program, Site};
use crate::listener::{Address, Listener};
use crate::scratch::Scratch;
use crate::served::Served;
use crate::tls::Tls;
use owt_system::sandbox::SandboxError;

/// What Python may take for its own end when the whole grace was needed for calls.
const LEAST: Duration = Duration::from_millis(800);

/// A server that is ready for its first call.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Where it listens.
    pub address: Address,
    /// The served Python's version.
    pub python_version: String,
    /// Its `sys.prefix`: the virtual environment if it is one.
    pub python_prefix: PathBuf,
    /// Its `sys.executable`.
    pub executable: PathBuf,
}

/// What a server is told while it runs.
pub struct Signals<F> {
    /// Resolves when it shall end.
    pub shutdown: F,
    /// Each message asks for fresh workers, and for the files of TLS and of keys to be read again,
    /// and that of the audit log to be opened again.
    pub reload: mpsc::Receiver<()>,
}

/// Why a server did not serve, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Others reach it, and nobody is asked who they are.
    #[error(transparent)]
    Exposed(#[from] Exposed),
    /// Python cannot be hosted.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Workers cannot be kept in as they should be.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The audit log cannot be written.
    #[error(transparent)]
    AuditFile(#[from] AuditFileError),
    /// Some of the audit log was not written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// There is no such module to publish.
    #[error(transparent)]
    NotPublishable(#[from] NotPublishable),
    /// The listener, a thread or the scratch folder.
    #[error("{0}: {1}")]
    Io(&'static str, #[source] io::Error),
    /// Calls did not end within the grace period.
    #[error("ended with calls still running after the grace period")]
    Stuck,
}

/// Serves until told to shut down and the calls under way have ended, at most for the
/// grace period.
///
/// Blocks the calling thread. Without workers it becomes Python's main thread and runs
/// calls: some libraries insist on that one. A process can host Python once at a time.
/// With workers this process adopts what they leave behind, and waits for it.
///
/// # Errors
/// When the server cannot start, or calls outlive the grace period; then threads may be
/// left behind and the process should end.
pub fn serve(
    listener: Listener,
    config: Config,
    ready: impl FnOnce(&Ready) + Send + 'static,
    signals: Signals<impl Future<Output = ()> + Send + 'static>,
) -> Result<(), ServeError> {
    let address = listener.address().map_err(|error| ServeError::Io("the listener", error))?;
    check(&address, &config)?;
    let audit = config.audit.as_deref().map(Audit::open).transpose()?.map(Arc::new);
    if config.workers.count > 0 {
        descriptors::raise();
    }
    let scratch =
        Scratch::new().map_err(|error| ServeError::Io("a folder for temporary files", error))?;
    // Recordings, and what watches calls of the event loop; one thread is plenty.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("owt-engine")
        .enable_all()
        .build()
        .map_err(|error| ServeError::Io("the engine's runtime", error))?;
    let served = Served::find(config.python.as_deref()).map_err(HostError::from)?;
    let located = locate(&config, &served)?;
    let settings = hosting::settings(&config, &served, &address, scratch.path())?;
    let walls = hosting::walls(&config, &settings, scratch.path())?;
    if walls.is_some() {
        // Workers are the same user's: without this they could read the keys in this memory. Root
        // could even so, and gives that up in them.
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
            .map_err(|error| ServeError::Io("hiding the server's memory", error.into()))?;
    }
    let announcement = Ready {
        address,
        python_version: settings.found.version.clone(),
        python_prefix: settings.found.prefix.clone(),
        executable: settings.found.executable.clone(),
    };
    let scratch_path = scratch.path();
    let hosting =
        Hosting::start(&config, &served, settings, walls, runtime.handle(), scratch_path)?;
    let (engine, permits) =
        Engine::new(hosting.host(), config.cache_bytes, config.timeout, runtime.handle().clone());
    let door = Door::new(config.door.clone(), permits)
        .map_err(|error| ServeError::Io("the door's secret", error))?;
    let door = Arc::new(door);
    let site = Site {
        engine,
        door: Arc::clone(&door),
        max_body: config.max_body,
        body_timeout: config.body_timeout,
        stall_timeout: config.stall_timeout,
        python_version: announcement.python_version.clone(),
        program: config.tarp.as_deref().map(Program::new),
        metrics: Arc::default(),
        audit: audit.clone(),
        mcp: config.mcp,
        functions: Arc::new(Functions::new(
            config.published.clone(),
            located,
            config.state.as_deref().map(Kept::below),
        )),
    };
    let Signals { shutdown, reload } = signals;
    let files = Files { tls: listener.tls(), door, audit: audit.clone() };
    runtime.spawn(reload_at(hosting.clone(), reload, files));
    let stopper = hosting.host();
    let http = std::thread::Builder::new()
        .name("owt-http".to_owned())
        .spawn(move || {
            let asked = Arc::new(OnceLock::new());
            let noting = Arc::clone(&asked);
            let shutdown = async move {
                shutdown.await;
                noting.get_or_init(Instant::now);
            };
            let served = listen(listener, &config, site, || ready(&announcement), shutdown);
            let grace = config.bounded_grace();
            let used = asked.get().map_or(grace, Instant::elapsed);
            let patience = grace.saturating_sub(used).max(LEAST);
            stopper.stop(patience);
            (served, patience)
        })
        .map_err(|error| ServeError::Io("the HTTP thread", error))?;
    let all_left = hosting.lead();
    let (served, patience) = http
        .join()
        .unwrap_or_else(|_| (Err(io::Error::other("the HTTP thread panicked")), Duration::ZERO));
    let all_ended = hosting.end(patience);
    runtime.shutdown_background();
    audit.map_or(Ok(()), |audit| audit.close())?;
    served.map_err(|error| ServeError::Io("the HTTP server", error))?;
    if all_left && all_ended { Ok(()) } else { Err(ServeError::Stuck) }
}

/// Finds the files of the modules that are published by their names.
fn locate(config: &Config, served: &Served) -> Result<HashMap<String, PathBuf>, ServeError> {
    let names: Vec<_> = config.published.iter().filter_map(Publication::module).collect();
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let located = served.locate(&config.lib_dirs, &names).map_err(HostError::from)?;
    let named = names.into_iter().zip(located).map(|(name, path)| {
        let missing = || NotPublishable::Module(name.to_owned());
        Ok((name.to_owned(), path.ok_or_else(missing)?))
    });
    named.collect()
}

/// Sees to it that whoever reaches it is asked for a key, or that this was said aloud; and
/// warns of what can be read or done by others on the network.
fn check(address: &Address, config: &Config) -> Result<(), Exposed> {
    let &Address::Tcp { bound, is_tls } = address else { return Ok(()) };
    config.may_listen(bound.ip())?;
    if bound.ip().is_loopback() {
        return Ok(());
    }
    if config.door.keys.keys().is_empty() {
        tracing::error!(
            "NOBODY IS ASKED FOR A KEY: whoever reaches {address} can run any code as this user, \
             read and delete files (--insecure-no-auth)"
        );
    }
    if !is_tls {
        tracing::warn!(
            "{address} is not encrypted: others on the network can read and change keys, code \
             and answers; --tls self-signed, or --tls-cert and --tls-key, keep them out"
        );
    }
    Ok(())
}

async fn reload_at(hosting: Hosting, mut asked: mpsc::Receiver<()>, files: Files) {
    while asked.recv().await.is_some() {
        // Files may be slow to read, and this thread watches calls.
        tokio::task::block_in_place(|| files.read_again());
        hosting.reload();
    }
}

/// What is from files that may change while the server runs.
struct Files {
    tls: Option<Arc<Tls>>,
    door: Arc<Door>,
    audit: Option<Arc<Audit>>,
}

impl Files {
    fn read_again(&self) {
        match self.tls.as_ref().map(|tls| tls.reload()) {
            Some(Ok(())) => tracing::info!("read the certificate again"),
            Some(Err(error)) => tracing::error!("the certificate stays as it was: {error}"),
            None => {}
        }
        match self.door.reload_keys() {
            Some(Ok(())) => tracing::info!("read the keys again"),
            Some(Err(error)) => tracing::error!("the keys stay as they were: {error}"),
            None => {}
        }
        if let Some(audit) = &self.audit {
            audit.reopen();
        }
    }
}

fn listen(
    listener: Listener,
    config: &Config,
    site: Site,
    ready: impl FnOnce(),
    shutdown: impl Future<Output = ()> + 'static,
) -> io::Result<()> {
    actix_web::rt::System::new().block_on(async {
        // The socket's file goes when the server has.
        let (server, _place) = http::server(listener, config, site)?;
        let handle = server.handle();
        actix_web::rt::spawn(async move {
            shutdown.await;
            tracing::info!("stopping; calls under way may end");
            handle.stop(true).await;
        });
        ready();
        server.await
    })
}
