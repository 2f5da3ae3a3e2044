//! What came back.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use owt_core::{PROBLEM_JSON, Problem};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Answer, Error, REQUEST_ID};
use crate::event::Event;
use crate::limits::Limits;
use crate::stream::{ReplyStream, without_mark};

/// What is kept of an answer that is an error.
const ERROR_BODY: usize = 1 << 20;

/// The answer of an adaptor: a head that has come, and a body that may be coming still.
pub struct Reply {
    response: reqwest::Response,
    server: String,
    limits: Limits,
}

impl Reply {
    /// The answer, unless it is a problem: then its body is read, and it is an error.
    pub(crate) async fn new(
        response: reqwest::Response,
        server: String,
        limits: Limits,
    ) -> Result<Self, Error> {
        let reply = Self { response, server, limits };
        if reply.status().as_u16() < 400 || !reply.is(PROBLEM_JSON) {
            return Ok(reply);
        }
        let (server, answer) = reply.failed().await;
        Err(match serde_json::from_slice::<Problem>(&answer.body) {
            Ok(problem) => Error::refused(problem, answer),
            Err(_) => Error::answered(&server, answer),
        })
    }

    /// The reply, if it is no error and no redirect; else its body is read, and it is an error.
    ///
    /// # Errors
    /// [`ErrorKind::Answered`](crate::ErrorKind::Answered), and
    /// [`ErrorKind::Redirected`](crate::ErrorKind::Redirected).
    pub async fn success(self) -> Result<Self, Error> {
        let to = self.redirection();
        if self.status().as_u16() < 400 && to.is_none() {
            return Ok(self);
        }
        let (server, answer) = self.failed().await;
        Err(match to {
            Some(to) => Error::redirected(&server, &to, answer),
            None => Error::answered(&server, answer),
        })
    }

    /// Where a redirect leads to, without name, password and query, which may hold secrets.
    fn redirection(&self) -> Option<String> {
        let location = self.headers().get(LOCATION).filter(|_| self.status().is_redirection())?;
        let location = String::from_utf8_lossy(location.as_bytes());
        let Ok(mut to) = self.response.url().join(&location) else {
            return Some("what is no address".to_owned());
        };
        // None of them fails for a URL that has a host; another shows its scheme.
        let _ = to.set_username("");
        let _ = to.set_password(None);
        to.set_query(None);
        to.set_fragment(None);
        Some(to.into())
    }

    /// As much of an answer that is an error as one keeps, and whose it is.
    async fn failed(self) -> (String, Answer) {
        let (status, headers) = (self.status(), self.headers().clone());
        let server = self.server.clone();
        let mut body = BytesMut::new();
        let mut chunks = self.stream();
        // The status says more than that its body was cut short.
        while body.len() < ERROR_BODY
            && let Ok(Some(chunk)) = chunks.try_next().await
        {
            body.extend_from_slice(&chunk);
        }
        body.truncate(ERROR_BODY);
        (server, Answer { status, headers, body: body.freeze() })
    }

    /// The status, which an adaptor may have chosen.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The `Content-Type`, if there is one that is text.
    pub fn content_type(&self) -> Option<&str> {
        self.headers().get(CONTENT_TYPE)?.to_str().ok()
    }

    /// The request's name in the server's log.
    pub fn request_id(&self) -> Option<&str> {
        self.headers().get(REQUEST_ID)?.to_str().ok()
    }

    /// What the server took its time for, by `Server-Timing`: `queue`, `load`, `run`.
    pub fn timings(&self) -> Vec<(String, Duration)> {
        let lines = self.headers().get_all("server-timing").into_iter();
        let texts = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        texts.filter_map(timing).collect()
    }

    /// Whether it is of that media type, whatever its letters and parameters.
    fn is(&self, media_type: &str) -> bool {
        let essence = self.content_type().and_then(|given| given.split(';').next());
        essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(media_type))
    }

    /// The whole body.
    ///
    /// # Errors
    /// The connection broke, or the timeout passed, before the end of it.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let Self { response, server, limits } = self;
        response.bytes().await.map_err(|error| Error::transport(error, &server, &limits))
    }

    /// The whole body as text, in the charset that its type names, else in UTF-8. Bytes that are
    /// none become U+FFFD, and a byte order mark is no part of it.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub async fn text(self) -> Result<String, Error> {
        let Self { response, server, limits } = self;
        response.text().await.map_err(|error| Error::transport(error, &server, &limits))
    }

    /// The whole body, read as JSON.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and a body that is no JSON of a `T`.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let body = self.bytes().await?;
        let unreadable = |error| Error::unreadable("the answer is not the JSON asked for", error);
        let text = std::str::from_utf8(&body).map_err(|error| unreadable(Some(error.into())))?;
        serde_json::from_str(without_mark(text)).map_err(|error| unreadable(Some(error.into())))
    }

    /// The whole body as the value that it is: JSON, or else the text that a function answers, which
    /// comes without quotes; nothing at all is null.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub async fn value<T: DeserializeOwned>(self) -> Result<T, Error> {
        let value = match self.content_type() {
            None => Value::Null,
            Some(_) if self.is("application/json") => return self.json().await,
            Some(_) => self.text().await?.into(),
        };
        serde_json::from_value(value).map_err(|error| {
            Error::unreadable("the answer is not the value asked for", Some(error.into()))
        })
    }

    /// The body piece by piece, each as soon as it comes. Where one piece ends
    /// and the next begins is the network's doing.
    pub fn stream(self) -> ReplyStream<Bytes> {
        let Self { response, server, limits } = self;
        ReplyStream::new(
            response.bytes_stream().map_err(move |error| Error::transport(error, &server, &limits)),
        )
    }

    /// The body as server-sent events, what `sse(...)` gives in an adaptor.
    ///
    /// # Errors
    /// The answer is not `text/event-stream`.
    pub fn events(self) -> Result<ReplyStream<Event>, Error> {
        if self.is("text/event-stream") {
            return Ok(self.stream().events());
        }
        let given = self.content_type().unwrap_or("of no type");
        Err(Error::unreadable(
            format!("the answer is {given}, no stream of events: let the adaptor give sse(...)"),
            None,
        ))
    }

    /// The body as JSON lines, what an adaptor's generator of dicts, lists and numbers gives.
    /// A line that is no JSON of a `T` is an error, the next one may be read.
    pub fn lines<T: DeserializeOwned + Send + 'static>(self) -> ReplyStream<T> {
        self.stream().lines()
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status())
            .field("content_type", &self.content_type())
            .finish_non_exhaustive()
    }
}

/// One entry of `Server-Timing`: its name, and its duration in milliseconds.
fn timing(entry: &str) -> Option<(String, Duration)> {
    let mut parts = entry.split(';').map(str::trim);
    let name = parts.next()?.to_owned();
    let milliseconds: f64 = parts.find_map(|part| part.strip_prefix("dur="))?.parse().ok()?;
    Some((name, Duration::try_from_secs_f64(milliseconds / 1000.0).ok()?))
}
