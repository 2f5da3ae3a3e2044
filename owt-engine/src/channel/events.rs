//! Reads a call's events: the receiving end of a channel.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use owt_core::{Problem, ProblemKind};
use tokio::time::Instant;

use super::{Event, Link, ROOM, Way, wake};
use crate::cache;
use crate::postbox::Reader;

/// The receiving end of a call's events. Dropping it cancels the call.
#[derive(Debug)]
pub struct Events {
    source: Source,
    /// Of a run that is followed, until its answer has begun.
    alone: Option<Alone>,
    deadline: Option<(Instant, Duration)>,
    over: bool,
}

#[derive(Debug)]
enum Source {
    Direct(Receiver),
    Replay(cache::Reader),
}

/// Begins a run of our own, in the place of one that is followed.
pub struct Alone(pub Box<dyn FnOnce() -> Events + Send + Sync>);

impl fmt::Debug for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alone")
    }
}

#[derive(Debug)]
struct Receiver {
    link: Arc<Link>,
    overdue: bool,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let (givers, left, upstream) = {
            let mut state = self.link.state.lock();
            state.gone = true;
            let wanted = !state.ended && state.senders > 0;
            let (left, upstream) = match &mut state.way {
                Way::Here { waiting, upstream, reader, .. } => {
                    // The reader's task and thread may end long before the call does.
                    let left = (std::mem::take(waiting), reader.take());
                    (left, upstream.take().filter(|_| wanted))
                }
                Way::There { .. } => Default::default(),
            };
            (std::mem::take(&mut state.givers), left, upstream)
        };
        self.link.room.notify_all();
        wake(givers);
        drop(left);
        if let Some((upstream, number)) = upstream {
            upstream.cancel(number, self.overdue);
        }
    }
}

impl Receiver {
    /// The deadline has passed. True when the module body has not ended by then.
    fn is_overdue(&mut self) -> bool {
        self.overdue = true;
        self.link.state.lock().is_loading
    }

    fn take(&self, context: Option<&Context<'_>>) -> Poll<Event> {
        let mut guard = self.link.state.lock();
        let state = &mut *guard;
        let Way::Here { waiting, reader, upstream, uncredited } = &mut state.way else {
            return Poll::Ready(lost());
        };
        let Some(event) = waiting.pop_front() else {
            if state.senders == 0 {
                return Poll::Ready(lost());
            }
            if let Some(context) = context {
                *reader = Some(Reader::of(context));
            }
            return Poll::Pending;
        };
        if event.is_last() {
            // Nothing is to be told any more, and this may be kept for long.
            *upstream = None;
        }
        if let Event::Chunk(_) = event {
            state.bytes -= event.weight();
            *uncredited += event.weight();
            let credit = match upstream {
                // Not at every chunk: the giver counts on a quarter of the room being taken.
                Some((upstream, number)) if *uncredited >= ROOM / 4 => {
                    Some((Arc::clone(upstream), *number, std::mem::take(uncredited)))
                }
                _ => None,
            };
            // Nor here: who waited for room shall find room for many.
            if state.bytes <= ROOM / 2 {
                let givers = std::mem::take(&mut state.givers);
                drop(guard);
                self.link.room.notify_all();
                wake(givers);
            } else {
                drop(guard);
            }
            if let Some((upstream, number, bytes)) = credit {
                upstream.credit(number, bytes);
            }
        }
        Poll::Ready(event)
    }
}

/// Every sender went away without a last event: whoever ran the call is gone.
fn lost() -> Event {
    Event::Problem(Box::new(Problem::new(
        ProblemKind::Internal,
        "the call ended without an answer; the server's log says more",
    )))
}

fn overdue(limit: Duration, is_loading: bool) -> Problem {
    let mut detail = format!("the call did not end within its {} s", limit.as_secs_f64());
    if is_loading {
        detail += ": its module body is still loading, and goes on without it; the next call of \
                   this code finds it further on, or done";
    }
    Problem::new(ProblemKind::DeadlinePassed, detail)
}

impl Events {
    pub(super) fn of(link: Arc<Link>) -> Self {
        Self::new(Source::Direct(Receiver { link, overdue: false }))
    }

    fn new(source: Source) -> Self {
        Self { source, alone: None, deadline: None, over: false }
    }

    pub(crate) fn replay(reader: cache::Reader) -> Self {
        Self::new(Source::Replay(reader))
    }

    /// Another call's run, unless its answer turns out to be meant for its own client.
    pub(crate) fn follow(reader: cache::Reader, alone: Alone) -> Self {
        Self { alone: Some(alone), ..Self::replay(reader) }
    }

    /// Gives the call this long, counted from now; then a 504 ends it.
    #[must_use]
    pub fn within(mut self, limit: Option<Duration>) -> Self {
        self.deadline = limit.map(|limit| (Instant::now() + limit, limit));
        self
    }

    /// The next event; `None` after the last one.
    pub async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        let event = match self.deadline {
            None => self.upcoming().await,
            Some((at, limit)) => match tokio::time::timeout_at(at, self.upcoming()).await {
                Ok(event) => event,
                Err(_) => {
                    let is_loading = match &mut self.source {
                        Source::Direct(receiver) => receiver.is_overdue(),
                        Source::Replay(_) => false,
                    };
                    Event::Problem(Box::new(overdue(limit, is_loading)))
                }
            },
        };
        self.over = event.is_last();
        Some(event)
    }

    async fn upcoming(&mut self) -> Event {
        let event = self.source.next().await;
        match self.alone.take() {
            Some(Alone(begin)) if event.is_private() => {
                self.source = begin().source;
                self.source.next().await
            }
            _ => event,
        }
    }

    /// The next event if it is there already: for sending many small chunks as one.
    pub fn ready(&mut self) -> Option<Event> {
        if self.over || self.alone.is_some() {
            return None;
        }
        let event = match &mut self.source {
            Source::Direct(receiver) => match receiver.take(None) {
                Poll::Ready(event) => event,
                Poll::Pending => return None,
            },
            Source::Replay(reader) => reader.ready()?,
        };
        self.over = event.is_last();
        Some(event)
    }
}

impl Source {
    async fn next(&mut self) -> Event {
        match self {
            Self::Direct(receiver) => poll_fn(|context| receiver.take(Some(context))).await,
            Self::Replay(reader) => reader.next().await,
        }
    }
}
