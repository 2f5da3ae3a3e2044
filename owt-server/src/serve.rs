//! Puts the rooms together: Python on the calling thread, HTTP on its own.

use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::door::Door;
use crate::engine::{Engine, Host};
use crate::http::{self, Site};
use crate::python::{HostError, PythonHost};
use crate::scratch::Scratch;

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

/// Why a server did not serve, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is open to others and nobody is asked who they are.
    #[error(
        "refusing to serve on {0} without --auth: whoever reaches it could run any code here; \
         give --auth USER:SHA256HEX, or stay on a loopback address such as 127.0.0.1"
    )]
    Open(std::net::IpAddr),
    /// Worker processes were asked for.
    #[error("--workers {0}: worker processes are not there yet; 0 hosts Python in this process")]
    Workers(usize),
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

/// Serves until `shutdown` resolves and the calls under way have ended, at most for the
/// grace period.
///
/// Blocks the calling thread, which becomes Python's main thread and runs calls: some
/// libraries insist on that one. A process can host Python once at a time.
///
/// # Errors
/// When the server cannot start, or calls outlive the grace period; then threads are
/// left behind and the process should end.
pub fn serve(
    listener: TcpListener,
    config: Config,
    ready: impl FnOnce(&Ready) + Send + 'static,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let bound = listener.local_addr().map_err(|error| ServeError::Io("the listener", error))?;
    if !bound.ip().is_loopback() && config.auth.is_none() {
        return Err(ServeError::Open(bound.ip()));
    }
    if config.workers > 0 {
        return Err(ServeError::Workers(config.workers));
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
    let host = PythonHost::start(&config, bound, scratch.path(), runtime.handle().clone())?;
    let host = Arc::new(host);
    let found = host.found();
    let announcement = Ready {
        url: format!("http://{bound}"),
        python_version: found.version.clone(),
        python_prefix: found.prefix.clone(),
        executable: found.executable.clone(),
    };
    let engine = Engine::new(
        Arc::clone(&host) as Arc<dyn Host>,
        config.cache_bytes,
        config.timeout,
        runtime.handle().clone(),
    );
    let site = Site {
        engine,
        door: Door::new(config.auth.clone()),
        max_body: config.max_body,
        body_timeout: config.body_timeout,
        python_version: found.version.clone(),
        metrics: Arc::default(),
    };
    let stopper = Arc::clone(&host);
    let http = std::thread::Builder::new()
        .name("owt-http".to_owned())
        .spawn(move || {
            let served = listen(listener, &config, site, || ready(&announcement), shutdown);
            stopper.stop();
            served
        })
        .map_err(|error| ServeError::Io("the HTTP thread", error))?;
    let all_left = host.lead(PATIENCE);
    let served = http.join().unwrap_or_else(|_| Err(io::Error::other("the HTTP thread panicked")));
    runtime.shutdown_background();
    served.map_err(|error| ServeError::Io("the HTTP server", error))?;
    if all_left { Ok(()) } else { Err(ServeError::Stuck) }
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
