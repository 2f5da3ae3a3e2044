//! A call on its way out.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use owt_core::{Call, to_literal};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use url::Url;

use crate::client::Client;
use crate::error::Error;
use crate::reply::Reply;

/// How a call travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// The call in the query string. Mind what comes between: many proxies
    /// stop at 8 KiB, and log what they pass on.
    GET,
    /// The call as a JSON body; with [`data`](CallRequest::data), the call in
    /// the query string and the data as the body.
    #[default]
    POST,
}

/// A call that can be sent. A mistake in making it is told by [`send`](Self::send).
#[must_use = "nothing is sent before `send`"]
pub struct CallRequest {
    client: Client,
    call: Call,
    method: Method,
    path: Option<String>,
    data: Option<Bytes>,
    headers: HeaderMap,
    timeout: Option<Duration>,
    mistake: Option<Error>,
}

impl CallRequest {
    pub(crate) fn new(client: Client, call: Call) -> Self {
        Self {
            timeout: client.timeout(),
            client,
            call,
            method: Method::default(),
            path: None,
            data: None,
            headers: HeaderMap::new(),
            mistake: None,
        }
    }

    /// How the call travels; POST by default.
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The arguments: a map or struct becomes keyword arguments, `()` (or
    /// `None`) none, anything else one unnamed value.
    pub fn args<T: Serialize + ?Sized>(mut self, args: &T) -> Self {
        match to_literal(args) {
            // As an expression it would be one unnamed value, None.
            Ok(literal) if literal == "None" => self.call.kwargs = None,
            Ok(literal) => self.call.kwargs = Some(literal.into()),
            Err(error) => self.mistake = Some(Error::arguments(error)),
        }
        self
    }

    /// The path of the virtual endpoint below the client's URL, which the
    /// adaptor reads as `request.path`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// A body for the adaptor, its `request.data`: an image, a WAV file. Its
    /// type is `application/octet-stream` unless a [`header`](Self::header) says.
    pub fn data(mut self, data: impl Into<Bytes>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// One more header, such as `Accept`.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
        N::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        V::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match (name.try_into(), value.try_into()) {
            (Ok(name), Ok(value)) => {
                self.headers.insert(name, value);
            }
            (Err(error), _) => {
                self.mistake = Some(Error::usage("no name of a header", Some(error.into())))
            }
            (_, Err(error)) => {
                self.mistake = Some(Error::usage("no value of a header", Some(error.into())))
            }
        }
        self
    }

    /// How long this call may take, instead of what the client says.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends the call and waits until its answer begins.
    ///
    /// Whatever status an adaptor gave is an answer; only owt's own problems
    /// are errors.
    ///
    /// # Errors
    /// What could not be sent, or answered: see [`ErrorKind`](crate::ErrorKind).
    pub async fn send(mut self) -> Result<Reply, Error> {
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake);
        }
        let url = self.url();
        let http = self.client.http();
        let mut request = match (self.method, self.data) {
            (Method::GET, Some(_)) => {
                return Err(Error::usage("data needs a body, which a GET has not: use POST", None));
            }
            (Method::GET, None) => http.get(self.call.to_url(&url).map_err(Error::call)?),
            (Method::POST, Some(data)) => http
                .post(self.call.to_url(&url).map_err(Error::call)?)
                .header(CONTENT_TYPE, "application/octet-stream")
                .body(data),
            (Method::POST, None) => http
                .post(url)
                .header(CONTENT_TYPE, "application/json")
                .body(self.call.to_json().to_string()),
        }
        // Replaces what the body would have.
        .headers(self.headers);
        if let Some(login) = self.client.login() {
            request = request.basic_auth(&login.user, Some(&login.password));
        }
        if let Some(timeout) = self.timeout {
            request = request.timeout(timeout);
        }
        let server = self.client.server();
        match request.send().await {
            Ok(response) => Reply::new(response, server, self.timeout).await,
            Err(error) => Err(Error::transport(error, &server, self.timeout)),
        }
    }

    fn url(&self) -> Url {
        let mut url = self.client.url().clone();
        if let Some(path) = &self.path {
            let base = url.path().trim_end_matches('/');
            url.set_path(&format!("{base}/{}", path.trim_start_matches('/')));
        }
        url
    }
}

impl fmt::Debug for CallRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRequest")
            .field("client", &self.client)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("code", &self.call.code.id())
            .finish_non_exhaustive()
    }
}
