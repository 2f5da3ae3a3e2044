//! An answer that comes bit by bit.

use std::fmt;
use std::future::ready;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::io::AsyncBufReadExt;
use futures_util::stream::{BoxStream, Stream, StreamExt, TryStreamExt, try_unfold};
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::event::{Event, Parser};

/// The body of a [`Reply`](crate::Reply) as a [`Stream`]: of bytes, events or lines.
///
/// It is read as fast as the stream is, so that a slow reader slows down the adaptor. A body
/// that is cut short ends with an error, never as if it were whole. Dropping the stream closes
/// the connection, which cancels the call.
#[must_use = "nothing is read before the stream is polled"]
pub struct ReplyStream<T>(BoxStream<'static, Result<T, Error>>);

impl<T> ReplyStream<T> {
    pub(crate) fn new(stream: impl Stream<Item = Result<T, Error>> + Send + 'static) -> Self {
        Self(stream.boxed())
    }

    /// The next piece, when it has come; `None` after the last. As `StreamExt::next`, without
    /// the trait.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        self.0.next().await
    }
}

impl ReplyStream<Bytes> {
    /// The same bytes, read as server-sent events. A problem that one of them tells is the stream's
    /// last word.
    pub(crate) fn events(self) -> ReplyStream<Event> {
        ReplyStream::new(try_unfold((self, Parser::default()), async |(mut bytes, mut parser)| {
            loop {
                if let Some(event) = parser.events.pop_front() {
                    return match event.problem() {
                        Some(problem) => Err(Error::problem_of(problem)),
                        None => Ok(Some((event, (bytes, parser)))),
                    };
                }
                match bytes.next().await {
                    Some(piece) => parser.feed(&piece?),
                    None => return Ok(None),
                }
            }
        }))
    }

    /// The same bytes, each line of them read as JSON.
    pub(crate) fn lines<T: DeserializeOwned + Send + 'static>(self) -> ReplyStream<T> {
        let lines = self.0.map_err(io::Error::other).into_async_read().lines();
        let read = |(number, line): (usize, io::Result<String>)| {
            let line = match line {
                Ok(line) => line,
                Err(error) => return Some(Err(line_error(error))),
            };
            let line = without_mark(&line);
            (!line.trim().is_empty()).then(|| {
                serde_json::from_str(line).map_err(|error| {
                    let what =
                        format!("line {} of the answer is not the JSON asked for", number + 1);
                    Error::unreadable(what, Some(error.into()))
                })
            })
        };
        ReplyStream::new(lines.enumerate().filter_map(move |line| ready(read(line))))
    }
}

impl<T> Stream for ReplyStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl<T> fmt::Debug for ReplyStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyStream").finish_non_exhaustive()
    }
}

/// JSON without the byte order mark that some write before it (RFC 8259, 8.1).
pub(crate) fn without_mark(json: &str) -> &str {
    json.strip_prefix('\u{feff}').unwrap_or(json)
}

fn line_error(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => ours,
        Err(error) => Error::unreadable("the answer is not UTF-8 text", Some(error.into())),
    }
}
