//! Where calls go, and with whose name.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use owt_core::{Call, to_kwargs};
use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde::Serialize;
use url::Url;

use crate::address::UNIX;
use crate::builder::Builder;
use crate::connections::{Route, settle};
use crate::error::Error;
use crate::key::Key;
use crate::limits::Limits;
use crate::reply::Reply;
use crate::request::{CallRequest, Verb};

/// The longest that is waited before a call is sent again, and the shortest.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// A server to call.
///
/// Connections are kept open for the next call, a minute long. They belong to the tokio runtime
/// that sends the call: all clients in it share them, and a client may be used in several.
#[derive(Clone)]
pub struct Client {
    pub(crate) route: Route,
    pub(crate) base: Url,
    pub(crate) key: Option<Key>,
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retries: u32,
}

impl Client {
    /// A client of the server at this URL.
    ///
    /// `user:password@` in it is sent as basic authentication; a path is where calls go by
    /// default. `http://` may be left out. `unix:PATH` is a server on a Unix socket.
    ///
    /// # Errors
    /// The text is none of that.
    pub fn new(url: impl AsRef<str>) -> Result<Self, Error> {
        Self::builder().url(url.as_ref()).build()
    }

    /// A client of the server at `$OWT_URL`, else at [`DEFAULT_URL`](crate::DEFAULT_URL).
    ///
    /// # Errors
    /// `$OWT_URL` is no http or https URL.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A client with more to say than where the server is.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The server's URL, without name and password; on a Unix socket `http://localhost/`.
    pub fn url(&self) -> &Url {
        &self.base
    }

    /// Sends this name and password along, in the place of any that the URL has.
    #[must_use]
    pub fn basic_auth(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.key = Some(Key::Basic { user: user.into(), password: password.into() });
        self
    }

    /// Sends this token along, in the place of a name and password. Space around it is left out: files
    /// with tokens end with a line end.
    #[must_use]
    pub fn bearer(mut self, token: impl Into<String>) -> Self {
        self.key = Some(Key::Bearer(token.into()));
        self
    }

    /// A call of this code with these arguments; nothing is sent before an answer is asked for.
    ///
    /// The arguments are anything that serializes: a map or struct becomes keyword arguments,
    /// `()` none, anything else one unnamed value. A [`PyExpr`](crate::PyExpr) is evaluated by
    /// the server; all else arrives as the data that it is.
    pub fn owt<M: Verb>(&self, code: impl Into<Arc<str>>, args: impl Serialize) -> CallRequest {
        let mut call = Call::new(code);
        match to_kwargs(&args) {
            Ok(kwargs) => call.kwargs = kwargs.map(Into::into),
            Err(error) => return CallRequest::mistaken(Error::arguments(error)),
        }
        self.call(call).method(M::METHOD)
    }

    /// A request for a call that is made already.
    pub fn call(&self, call: Call) -> CallRequest {
        CallRequest::new(self.clone(), call)
    }

    /// The same request with what opens the server's door.
    pub(crate) fn open(&self, request: RequestBuilder) -> Result<RequestBuilder, Error> {
        match &self.key {
            Some(key) => key.open(request),
            None => Ok(request),
        }
    }

    /// Sends a request, and again where that is safe and asked for.
    pub(crate) async fn execute(
        &self,
        mut request: RequestBuilder,
        total: Option<Duration>,
    ) -> Result<Reply, Error> {
        settle().await;
        let mut pause = SHORTEST_PAUSE;
        for _ in 0..self.retries {
            // A stream of data is gone once it is sent.
            let Some(again) = request.try_clone() else { break };
            let error = match self.send(request, total).await {
                Err(error) if error.has_not_run() => error,
                sent => return sent,
            };
            let wait = error.retry_after().unwrap_or(pause);
            if wait > LONGEST_PAUSE {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            request = again;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.send(request, total).await
    }

    async fn send(
        &self,
        mut request: RequestBuilder,
        total: Option<Duration>,
    ) -> Result<Reply, Error> {
        let limits = Limits::begin(total, self.route.waits);
        if let Some(total) = limits.total() {
            request = request.timeout(total);
        }
        let server = self.server();
        match request.send().await {
            Ok(response) => Reply::new(response, server, limits).await,
            Err(error) => Err(Error::transport(error, &server, &limits)),
        }
    }

    /// Where the server is, for people.
    pub(crate) fn server(&self) -> String {
        match &self.route.socket {
            Some(socket) => format!("{UNIX}{}", socket.display()),
            None => self.base.origin().ascii_serialization(),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.base.as_str())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(any(feature = "tls", feature = "tls-ring")))]
    #[test]
    fn https_without_tls_says_what_is_missing() {
        let error = Client::new("https://127.0.0.1:9876").unwrap_err();
        assert!(error.to_string().contains("feature `tls`"), "{error}");
    }

    #[test]
    fn a_unix_socket_is_named_by_its_path() {
        for written in ["unix:/run/owt/socket", "unix:///run/owt/socket"] {
            let client = Client::new(written).unwrap();
            assert_eq!(client.server(), "unix:/run/owt/socket");
            assert_eq!(client.url().as_str(), "http://localhost/");
        }
    }

    #[test]
    fn the_password_is_kept_apart_and_not_printed() {
        let client = Client::new("http://m%40e:p%3Aw@127.0.0.1:9876/").unwrap();
        let Some(Key::Basic { user, password }) = &client.key else { panic!("no name") };
        assert_eq!((&**user, &**password), ("m@e", "p:w"));
        assert_eq!(client.url().as_str(), "http://127.0.0.1:9876/");
        assert!(!format!("{client:?} {:?}", client.call(Call::new("x"))).contains("p:w"));
    }
}
