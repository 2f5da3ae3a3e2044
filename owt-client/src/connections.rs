//! Keeps connections open, and decides which calls share them.

use std::collections::VecDeque;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use owt_core::MEANT;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::task::yield_now;

use crate::error::Error;
use crate::limits::Waits;

/// How long an idle connection is kept: less than servers keep them, so that
/// none ends while a call sets out on it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Runtimes whose connections are kept, and routes in them.
const MOST: usize = 8;

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// What carries the calls, if not TCP.
    pub socket: Option<PathBuf>,
    /// A proxy from the environment has a loopback of its own.
    pub no_proxy: bool,
    /// Whether TLS carries them.
    pub tls: bool,
    pub waits: Waits,
}

impl Route {
    /// Those that all calls in this runtime share.
    ///
    /// An open connection is driven by the runtime that opened it: in another one it would hang
    /// as soon as the first stands still. And they are dear to make: 3 to 10 ms, mostly for TLS.
    pub(crate) fn connections(&self) -> Result<reqwest::Client, Error> {
        static KEPT: Mutex<VecDeque<(Id, Route, reqwest::Client)>> = Mutex::new(VecDeque::new());
        let runtime = current()?.id();
        // Nothing panics under the lock.
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().position(|(id, route, _)| *id == runtime && route == self);
        let entry = match found.and_then(|index| kept.remove(index)) {
            Some(entry) => entry,
            None => {
                check_drivers()?;
                (runtime, self.clone(), self.make()?)
            }
        };
        let http = entry.2.clone();
        kept.push_front(entry);
        kept.truncate(MOST);
        Ok(http)
    }

    /// New ones, none of them open yet.
    fn make(&self) -> Result<reqwest::Client, Error> {
        let meant = [(HeaderName::from_static(MEANT), HeaderValue::from_static("1"))];
        let mut http = reqwest::Client::builder()
            .connect_timeout(self.waits.connect)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .default_headers(meant.into_iter().collect())
            .user_agent(concat!("owt-client/", env!("CARGO_PKG_VERSION")))
            // A redirect is an adaptor's answer. Following it would turn a POST
            // into a GET that carries no call.
            .redirect(Policy::none());
        if let Some(silence) = self.waits.silence {
            http = http.read_timeout(silence);
        }
        if self.no_proxy {
            http = http.no_proxy();
        }
        #[cfg(feature = "tls-ring")]
        {
            http = http.tls_backend_preconfigured(self.trust()?);
        }
        #[cfg(all(feature = "tls", not(feature = "tls-ring")))]
        if self.no_proxy && !self.tls {
            // To read whom the system trusts takes longer than a call.
            http = http.tls_certs_only([]);
        }
        if let Some(socket) = &self.socket {
            http = http.unix_socket(socket.as_path());
        }
        http.build().map_err(Error::client)
    }

    /// Whom it trusts, where nobody has said by what TLS is computed.
    #[cfg(feature = "tls-ring")]
    fn trust(&self) -> Result<rustls::ClientConfig, Error> {
        use std::sync::Arc;

        use rustls::crypto::{CryptoProvider, ring};
        use rustls::{ClientConfig, RootCertStore};
        use rustls_platform_verifier::BuilderVerifierExt;

        let own = || Arc::new(ring::default_provider());
        let provider = CryptoProvider::get_default().cloned().unwrap_or_else(own);
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::tls)?;
        // To read whom the system trusts takes longer than a call.
        let config = if self.no_proxy && !self.tls {
            config.with_root_certificates(RootCertStore::empty())
        } else {
            config.with_platform_verifier().map_err(Error::tls)?
        };
        Ok(config.with_no_client_auth())
    }
}

/// Lets connections hear that the server has ended them: in a runtime of one thread that stood still
/// nobody has listened, and a call that set out on such a connection would fail.
pub(crate) async fn settle() {
    let alone = current().is_ok_and(|it| it.runtime_flavor() == RuntimeFlavor::CurrentThread);
    if alone {
        // After the first the runtime has asked the system, after the second those that it woke have
        // run; TLS takes one more.
        for _ in 0..3 {
            yield_now().await;
        }
    }
}

fn current() -> Result<Handle, Error> {
    Handle::try_current().map_err(|_| Error::usage("a call is awaited in a tokio runtime", None))
}

/// Refuses a runtime that was built without sockets or without timers, which tokio says by a panic.
fn check_drivers() -> Result<(), Error> {
    let has_both = catch_unwind(|| {
        drop(tokio::time::sleep(Duration::ZERO));
        tokio::net::UnixDatagram::unbound().map(drop)
    });
    match has_both {
        Ok(made) => made.map_err(|error| Error::usage("no socket can be made", Some(error.into()))),
        Err(_) => Err(Error::usage(
            "the tokio runtime has no sockets or no timers: build it with enable_all()",
            None,
        )),
    }
}
