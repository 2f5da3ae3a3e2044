//! Answers before a request has been read to its end, and hears the rest of it for a while.
//!
//! Closing at once would be a reset, and that may reach the client before it has read the answer
//! (RFC 9112, 9.6); reading to the end would be for as long as the client likes. So what still
//! comes is read for a moment, up to a bound, and thrown away.

use std::error::Error;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload;
use actix_web::http::ConnectionType;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, poll};
use tokio::time::{Instant, Sleep, sleep_until};

use super::quiet::Watched;

/// Bytes of the body that are read after the answer.
const MOST: usize = 16 << 20;
/// For how long, and how long nothing of it may come.
const LONGEST: Duration = Duration::from_secs(5);
const QUIET: Duration = Duration::from_secs(1);

/// The answer, and then the connection's end, if the request has a body of which something has
/// not been read.
pub(super) async fn unread(
    response: HttpResponse,
    mut rest: Payload,
    connection: Option<Rc<Watched>>,
) -> HttpResponse {
    if matches!(rest, Payload::None) || matches!(poll!(rest.next()), Poll::Ready(None)) {
        return response;
    }
    let now = Instant::now();
    let mut response = response.map_body(|_, answer| {
        let quiet = Box::pin(sleep_until(now + QUIET));
        let end = now + LONGEST;
        BoxBody::new(Lingering { answer: Some(answer), rest, left: MOST, quiet, end, connection })
    });
    response.head_mut().set_connection_type(ConnectionType::Close);
    response
}

/// An answer that is over when what follows it has been read, or is too much.
///
/// actix-http reads on into a body that somebody still holds and reads only as fast as they do;
/// one that nobody holds it would read to its end.
struct Lingering {
    /// Until it has been given.
    answer: Option<BoxBody>,
    rest: Payload,
    left: usize,
    quiet: Pin<Box<Sleep>>,
    end: Instant,
    connection: Option<Rc<Watched>>,
}

impl MessageBody for Lingering {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.answer.as_ref().map_or(BodySize::None, BoxBody::size)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if let Some(answer) = &mut self.answer {
            if let Some(piece) = ready!(Pin::new(answer).poll_next(cx)) {
                return Poll::Ready(Some(piece));
            }
            self.answer = None;
        }
        if !ready!(self.poll_rest(cx)) {
            self.connection.iter().for_each(|connection| connection.leaves_unread());
        }
        Poll::Ready(None)
    }
}

impl Lingering {
    /// Whether all of the body has come, or there is no more of it; false when it was too much.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        while let Poll::Ready(piece) = Pin::new(&mut self.rest).poll_next(cx) {
            let Some(Ok(piece)) = piece else { return Poll::Ready(true) };
            let Some(left) = self.left.checked_sub(piece.len()) else {
                return Poll::Ready(false);
            };
            self.left = left;
            let until = self.end.min(Instant::now() + QUIET);
            self.quiet.as_mut().reset(until);
        }
        self.quiet.as_mut().poll(cx).map(|()| false)
    }
}
