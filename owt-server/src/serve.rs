//! Puts the rooms together: HTTP on a thread of its own, Python in workers or on the
//! calling thread.

use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::config::Config;
use crate::door::Door;
use crate::engine::{Engine, Host};
use crate::http::{self, Site};
use crate::python::{Around, HostError, PythonHost, Settings};
use crate::scratch::Scratch;
use crate::worker::Crew;

/// How long threads that are stuck in an adaptor are waited for once the drain is over.
const PATIENCE: Duration = Duration::from_millis(500);

/// A server that is ready for its first call.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Where it listens.
    pub url: String,
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
    /// Each message asks for fresh workers.
    pub reload: mpsc::Receiver<()>,
}

/// Why a server did not serve, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is open to others and nobody is asked who they are.
    #[error(
        "refusing to serve on {0} without --auth: whoever reaches it could run any code here; \
         give --auth USER:SHA256HEX, or stay on a loopback address such as 127.0.0.1"
    )]
    Open(std::net::IpAddr),
    /// Python cannot be hosted.
    #[error(transparent)]
    Host(#[from] HostError),
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
    listener: TcpListener,
    config: Config,
    ready: impl FnOnce(&Ready) + Send + 'static,
    signals: Signals<impl Future<Output = ()> + Send + 'static>,
) -> Result<(), ServeError> {
    let bound = listener.local_addr().map_err(|error| ServeError::Io("the listener", error))?;
    if !bound.ip().is_loopback() && config.door.keys.is_empty() {
        return Err(ServeError::Open(bound.ip()));
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
    let settings = Settings::new(&config, bound, scratch.path())?;
    let announcement = Ready {
        url: format!("http://{bound}"),
        python_version: settings.found.version.clone(),
        python_prefix: settings.found.prefix.clone(),
        executable: settings.found.executable.clone(),
    };
    let hosting = Hosting::start(&config, settings, runtime.handle().clone())?;
    let engine =
        Engine::new(hosting.host(), config.cache_bytes, config.timeout, runtime.handle().clone());
    let door =
        Door::new(config.door.clone()).map_err(|error| ServeError::Io("random bytes", error))?;
    let site = Site {
        engine,
        door,
        max_body: config.max_body,
        body_timeout: config.body_timeout,
        stall_timeout: config.stall_timeout,
        python_version: announcement.python_version.clone(),
        metrics: Arc::default(),
    };
    let Signals { shutdown, reload } = signals;
    runtime.spawn(hosting.clone().reload_at(reload));
    let stopper = hosting.host();
    let http = std::thread::Builder::new()
        .name("owt-http".to_owned())
        .spawn(move || {
            let served = listen(listener, &config, site, || ready(&announcement), shutdown);
            stopper.stop();
            served
        })
        .map_err(|error| ServeError::Io("the HTTP thread", error))?;
    let all_left = hosting.lead();
    let served = http.join().unwrap_or_else(|_| Err(io::Error::other("the HTTP thread panicked")));
    let all_ended = hosting.end();
    runtime.shutdown_background();
    served.map_err(|error| ServeError::Io("the HTTP server", error))?;
    if all_left && all_ended { Ok(()) } else { Err(ServeError::Stuck) }
}

/// Where Python runs.
#[derive(Clone)]
enum Hosting {
    Here(Arc<PythonHost>),
    Workers(Arc<Crew>),
}

impl Hosting {
    fn start(
        config: &Config,
        settings: Settings,
        runtime: tokio::runtime::Handle,
    ) -> Result<Self, HostError> {
        Ok(match config.workers {
            0 => Self::Here(Arc::new(PythonHost::start(&settings, Around::server(), runtime)?)),
            _ => Self::Workers(Crew::start(config, settings)?),
        })
    }

    fn host(&self) -> Arc<dyn Host> {
        match self {
            Self::Here(host) => Arc::clone(host) as Arc<dyn Host>,
            Self::Workers(crew) => Arc::clone(crew) as Arc<dyn Host>,
        }
    }

    /// Lends it the calling thread until it is stopped. True when no call was left running.
    fn lead(&self) -> bool {
        match self {
            Self::Here(host) => host.lead(PATIENCE),
            Self::Workers(_) => true,
        }
    }

    /// Ends it. True when no call was left running.
    fn end(&self) -> bool {
        match self {
            Self::Here(_) => true,
            Self::Workers(crew) => crew.end(),
        }
    }

    async fn reload_at(self, mut asked: mpsc::Receiver<()>) {
        while asked.recv().await.is_some() {
            match &self {
                Self::Here(_) => tracing::warn!("there are no workers to replace (--workers 0)"),
                Self::Workers(crew) => {
                    tracing::info!("replacing the workers");
                    crew.reload();
                }
            }
        }
    }
}

fn listen(
    listener: TcpListener,
    config: &Config,
    site: Site,
    ready: impl FnOnce(),
    shutdown: impl Future<Output = ()> + 'static,
) -> io::Result<()> {
    actix_web::rt::System::new().block_on(async {
        let server = http::server(listener, config, site)?;
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
