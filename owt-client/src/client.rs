//! Where calls go, and with whose name.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use owt_core::{
    CODE_PATH, Call, Catalogue, FUNCTIONS_PATH, MCP_PATH, PYTHON_TYPES, SentCode, WARM_PATH, Warm,
    to_kwargs,
};
use percent_encoding::percent_decode_str;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, RequestBuilder};
use serde::Serialize;
use url::{Host, Url};

use crate::connections::{Route, settle};
use crate::error::Error;
use crate::limits::{Limits, Waits};
use crate::reply::Reply;
use crate::request::{CallRequest, Verb, header};

/// The environment variable with the URL of the server to call.
pub const URL_VARIABLE: &str = "OWT_URL";

/// The server to call when nothing says otherwise.
pub const DEFAULT_URL: &str = "http://127.0.0.1:9876";

/// What the place of a server on a Unix socket begins with.
const UNIX: &str = "unix:";

/// The URL of a server behind a Unix socket, whatever its path.
const BEHIND_SOCKET: &str = "http://localhost";

/// The longest that is waited before a call is sent again, and the shortest.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// A server to call.
///
/// Connections are kept open for the next call, a minute long. They belong to the tokio runtime
/// that sends the call: all clients in it share them, and a client may be used in several.
#[derive(Clone)]
pub struct Client {
    route: Route,
    base: Url,
    key: Option<Key>,
    headers: HeaderMap,
    timeout: Option<Duration>,
    retries: u32,
}

/// What opens the server's door. Nothing prints it.
#[derive(Clone)]
pub(crate) enum Key {
    /// RFC 7617.
    Basic { user: String, password: String },
    /// RFC 6750.
    Bearer(String),
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

    /// A client of the server at `$OWT_URL`, else at [`DEFAULT_URL`].
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

    /// The adaptors that are warm in the server's workers. Of a server that asks for keys, one of
    /// the scope `run` is wanted.
    ///
    /// # Errors
    /// What could not be sent, or answered: see [`ErrorKind`](crate::ErrorKind).
    pub async fn warm(&self) -> Result<Warm, Error> {
        let mut url = self.base.clone();
        url.set_path(WARM_PATH);
        url.set_query(None);
        let request = self.route.connections()?.get(url).headers(self.headers.clone());
        let request = self.open(request.header(ACCEPT, "application/json"))?;
        self.execute(request, self.timeout).await?.json().await
    }

    /// Sends a message of MCP, which is JSON, with these headers, to a server that speaks it. The
    /// reply is JSON or a stream of events, or a problem.
    ///
    /// # Errors
    /// What could not be sent: see [`ErrorKind`](crate::ErrorKind).
    pub async fn mcp(
        &self,
        message: impl Into<Body>,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Result<Reply, Error> {
        let mut url = self.base.clone();
        url.set_path(MCP_PATH);
        url.set_query(None);
        let request = self.route.connections()?.post(url).body(message);
        let request = request.headers(self.headers.clone());
        let request = request.headers(headers.into_iter().collect());
        let request = request.header(ACCEPT, "application/json, text/event-stream");
        let request = self.open(request.header(CONTENT_TYPE, "application/json"))?;
        self.execute(request, self.timeout).await
    }

    /// The functions that the server publishes. Of a server that asks for keys, one of the scope
    /// `run` is wanted.
    ///
    /// # Errors
    /// What could not be sent, or answered: see [`ErrorKind`](crate::ErrorKind).
    pub async fn functions(&self) -> Result<Catalogue, Error> {
        let mut url = self.base.clone();
        url.set_path(FUNCTIONS_PATH);
        url.set_query(None);
        let request = self.route.connections()?.get(url).headers(self.headers.clone());
        let request = self.open(request.header(ACCEPT, "application/json"))?;
        self.execute(request, self.timeout).await?.json().await
    }

    /// Sends code to be called by its hash, and by a name if it is given one: until the server
    /// ends, or with `keep` by the next one too. `code_name` is what tracebacks call it.
    ///
    /// # Errors
    /// What could not be sent, or answered: see [`ErrorKind`](crate::ErrorKind).
    pub async fn publish(
        &self,
        code: &str,
        code_name: Option<&str>,
        name: Option<&str>,
        keep: bool,
    ) -> Result<SentCode, Error> {
        let mut url = self.base.clone();
        url.set_path(CODE_PATH);
        url.set_query(None);
        let fields = [("code_name", code_name), ("name", name), ("keep", keep.then_some("true"))];
        for (field, value) in fields {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(field, value);
            }
        }
        let [python, ..] = PYTHON_TYPES;
        let request = self.route.connections()?.put(url).headers(self.headers.clone());
        let request = request.header(CONTENT_TYPE, python).body(code.to_owned());
        self.execute(self.open(request)?, self.timeout).await?.json().await
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

    /// The same request with what opens the server's door.
    pub(crate) fn open(&self, request: RequestBuilder) -> Result<RequestBuilder, Error> {
        match &self.key {
            Some(Key::Basic { user, password }) => Ok(request.basic_auth(user, Some(password))),
            Some(Key::Bearer(token)) => Ok(request.bearer_auth(checked(token)?)),
            None => Ok(request),
        }
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Where the server is, for people.
    pub(crate) fn server(&self) -> String {
        match &self.route.socket {
            Some(socket) => format!("{UNIX}{}", socket.display()),
            None => self.base.origin().ascii_serialization(),
        }
    }

    pub(crate) fn route(&self) -> &Route {
        &self.route
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    pub(crate) fn retries(&self) -> u32 {
        self.retries
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

/// Settings of a [`Client`].
#[derive(Clone, Default)]
pub struct Builder {
    url: Option<String>,
    headers: HeaderMap,
    timeout: Option<Duration>,
    waits: Waits,
    retries: u32,
}

impl Builder {
    /// Where the server is, as for [`Client::new`], instead of `$OWT_URL`.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// How long a call may take, from sending it to the end of its answer; no
    /// limit by default.
    ///
    /// This is the client's own clock. [`CallRequest::timeout`] is the server's,
    /// which can say more about what it stopped.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long a connection may take to stand; 10 seconds by default.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.waits.connect = timeout;
        self
    }

    /// How long the server may say nothing, until its answer begins and then between two pieces of
    /// it; no limit by default. Sending the call counts: give uploads their time.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.waits.silence = Some(timeout);
        self
    }

    /// How often a call is sent again where it is certain that nothing of it has run: nobody
    /// listened, or the server is full, ends, or has a quota that is used up. It waits in between as
    /// long as the server says; where that is more than 30 seconds, the error is given at once. Data and
    /// files that are streams go out once. Never by default.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// A header of every call; [`CallRequest::header`] replaces it.
    ///
    /// # Errors
    /// It is no header.
    pub fn header<N, V>(mut self, name: N, value: V) -> Result<Self, Error>
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
        N::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        V::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (name, value) = header(name, value)?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Makes the client; no connection is opened yet.
    ///
    /// # Errors
    /// The URL is no http or https URL, or it is https in a program without the feature `tls`.
    pub fn build(self) -> Result<Client, Error> {
        let from_env = || std::env::var(URL_VARIABLE).ok().filter(|url| !url.is_empty());
        let url = self.url.or_else(from_env).unwrap_or_else(|| DEFAULT_URL.to_owned());
        let socket = socket(&url);
        let mut base = server_url(if socket.is_some() { BEHIND_SOCKET } else { &url })?;
        if cfg!(not(any(feature = "tls", feature = "tls-ring"))) && base.scheme() == "https" {
            return Err(Error::no_tls());
        }
        let key = take_login(&mut base);
        let route = Route {
            socket: socket.map(Path::to_owned),
            no_proxy: is_loopback(&base),
            tls: base.scheme() == "https",
            waits: self.waits,
        };
        let Self { headers, timeout, retries, .. } = self;
        Ok(Client { route, base, key, headers, timeout, retries })
    }
}

/// The token as it is sent. One that cannot be is not shown.
fn checked(token: &str) -> Result<&str, Error> {
    let token = token.trim();
    let why = if token.is_empty() {
        "the token is empty"
    } else if token.contains(['\r', '\n']) {
        "the token has a line break in it: give one token, which is one line"
    } else if !token.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        "the token has characters in it that no header takes: it is visible ASCII"
    } else {
        return Ok(token);
    };
    Err(Error::usage(why, None))
}

/// The path of a Unix socket, if the text is one: `unix:/run/owt/socket`.
fn socket(text: &str) -> Option<&Path> {
    let path = text.trim().strip_prefix(UNIX)?;
    let path = path.strip_prefix("//").unwrap_or(path);
    path.starts_with('/').then(|| Path::new(path))
}

/// Reads a server's URL as people write it: `http://` may be left out.
///
/// # Errors
/// The text is no http or https URL.
pub fn server_url(text: &str) -> Result<Url, Error> {
    let text = text.trim();
    if text.starts_with(UNIX) {
        return Err(Error::socket());
    }
    let url =
        if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    let url = url.map_err(Error::url)?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err(Error::scheme(url.scheme()))
    }
}

/// Takes name and password out of the URL, so that nothing prints them with it.
pub(crate) fn take_login(url: &mut Url) -> Option<Key> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let (user, password) = (decoded(url.username()), decoded(url.password().unwrap_or_default()));
    // Neither fails for http(s), which always has a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(Key::Basic { user, password })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
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
    use crate::ErrorKind;

    #[test]
    fn urls_as_people_write_them() {
        for (written, url) in [
            ("http://localhost:9876", "http://localhost:9876/"),
            ("localhost:9876/owt", "http://localhost:9876/owt"),
            (" http://[::1]:1/\n", "http://[::1]:1/"),
        ] {
            assert_eq!(Client::new(written).unwrap().url().as_str(), url);
        }
        assert_eq!(server_url("https://a.example").unwrap().as_str(), "https://a.example/");
        for no_url in ["", "http://", "ftp://a.example", "unix:", "unix://", "unix:here"] {
            let error = Client::new(no_url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage, "{no_url}");
        }
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

    #[test]
    fn loopback_needs_no_proxy() {
        let loopback = |url: &str| is_loopback(&Url::parse(url).unwrap());
        assert!(
            loopback("http://127.8.0.1")
                && loopback("http://[::1]")
                && loopback("http://a.localhost")
        );
        assert!(!loopback("http://localhost.example") && !loopback("http://10.0.0.1"));
    }
}
