//! What came back.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt};
use owt_core::{PROBLEM_JSON, Problem};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;

use crate::error::Error;

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
        let body = reply.bytes().await?;
        Err(match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Error::problem_of(problem),
            Err(error) => {
                Error::unreadable(format!("the problem of a {status} cannot be read"), error)
            }
        })
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
            .map_err(|error| Error::unreadable("the answer is not UTF-8 text", error))
    }

    /// The whole body, read as JSON.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and a body that is no JSON of a `T`.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let body = self.bytes().await?;
        serde_json::from_slice(&body)
            .map_err(|error| Error::unreadable("the answer is not the JSON asked for", error))
    }

    /// The body piece by piece, each as soon as it comes. Where one piece ends
    /// and the next begins is the network's doing.
    ///
    /// A body that is cut short ends with an error, never as if it were whole.
    /// Dropping the stream closes the connection, which cancels the call.
    pub fn chunks(self) -> Chunks {
        let Self { response, server, timeout } = self;
        let stream = response
            .bytes_stream()
            .map(move |chunk| chunk.map_err(|error| Error::transport(error, &server, timeout)));
        Chunks(stream.boxed())
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

/// The body of a [`Reply`] as a stream.
pub struct Chunks(BoxStream<'static, Result<Bytes, Error>>);

impl Stream for Chunks {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks").finish_non_exhaustive()
    }
}
