//! What came back.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use owt_core::{PROBLEM_JSON, Problem};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::event::Event;
use crate::stream::ReplyStream;

/// What is kept of an answer that is an error.
const ERROR_BODY: usize = 1 << 20;

/// The answer of an adaptor: a head that has come, and a body that may be coming still.
pub struct Reply {
    response: reqwest::Response,
    server: String,
    timeout: Option<Duration>,
}

impl Reply {
    /// The answer, unless it is a problem: then its body is read, and it is an error.
    pub(crate) async fn new(
        response: reqwest::Response,
        server: String,
        timeout: Option<Duration>,
    ) -> Result<Self, Error> {
        let reply = Self { response, server, timeout };
        if reply.status().as_u16() < 400 || reply.essence() != Some(PROBLEM_JSON) {
            return Ok(reply);
        }
        let status = reply.status();
        let body = reply.beginning().await?;
        Err(match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Error::problem_of(problem),
            Err(error) => Error::unreadable(
                format!("the problem of a {status} cannot be read"),
                Some(error.into()),
            ),
        })
    }

    /// The reply, if its status is below 400; else its body is read, and it is an error.
    ///
    /// # Errors
    /// [`ErrorKind::Answered`](crate::ErrorKind::Answered).
    pub async fn success(self) -> Result<Self, Error> {
        let status = self.status();
        if status.as_u16() < 400 {
            return Ok(self);
        }
        Err(Error::answered(status, self.beginning().await?))
    }

    /// As much of the body as an error keeps.
    async fn beginning(self) -> Result<Bytes, Error> {
        let mut body = BytesMut::new();
        let mut chunks = self.stream();
        while body.len() < ERROR_BODY
            && let Some(chunk) = chunks.try_next().await?
        {
            body.extend_from_slice(&chunk);
        }
        body.truncate(ERROR_BODY);
        Ok(body.freeze())
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

    /// The media type without its parameters.
    fn essence(&self) -> Option<&str> {
        self.content_type()?.split(';').next().map(str::trim)
    }

    /// The whole body.
    ///
    /// # Errors
    /// The connection broke, or the timeout passed, before the end of it.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let Self { response, server, timeout } = self;
        response.bytes().await.map_err(|error| Error::transport(error, &server, timeout))
    }

    /// The whole body as text.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and a body that is not UTF-8.
    pub async fn text(self) -> Result<String, Error> {
        let body = self.bytes().await?;
        String::from_utf8(body.into())
            .map_err(|error| Error::unreadable("the answer is not UTF-8 text", Some(error.into())))
    }

    /// The whole body, read as JSON.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and a body that is no JSON of a `T`.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let body = self.bytes().await?;
        serde_json::from_slice(&body).map_err(|error| {
            Error::unreadable("the answer is not the JSON asked for", Some(error.into()))
        })
    }

    /// The body piece by piece, each as soon as it comes. Where one piece ends
    /// and the next begins is the network's doing.
    pub fn stream(self) -> ReplyStream<Bytes> {
        let Self { response, server, timeout } = self;
        ReplyStream::new(
            response.bytes_stream().map_err(move |error| Error::transport(error, &server, timeout)),
        )
    }

    /// The body as server-sent events, what `sse(...)` gives in an adaptor.
    ///
    /// # Errors
    /// The answer is not `text/event-stream`.
    pub fn events(self) -> Result<ReplyStream<Event>, Error> {
        if self.essence() == Some("text/event-stream") {
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
