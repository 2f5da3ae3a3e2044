//! From whoever runs a call to whoever reads its events, bounded in bytes.
//!
//! Bytes, not events: a stream of tiny chunks may run far ahead, a stream of huge
//! ones may not, and neither can fill the memory while its reader sleeps. Most calls
//! give one event, so a pair of ends is one allocation and an event one short lock;
//! the general channels of the libraries cost several times that per call, which
//! shows in the rate of small calls.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use owt_core::{Problem, ProblemKind};
use parking_lot::{Condvar, Mutex};
use tokio::time::Instant;

use super::cache::Reader;
use super::event::Event;

/// Bytes that may wait between a call and its reader.
const ROOM: usize = 1 << 20;
/// Larger chunks travel in pieces, so that one chunk never exceeds the room.
pub const PIECE: usize = 64 << 10;

/// The reader has gone; nobody wants the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

#[derive(Debug, Default)]
struct Link {
    state: Mutex<State>,
    /// A thread that waits for room waits here.
    room: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Event>,
    bytes: usize,
    reader: Option<Waker>,
    /// Tasks that wait for room, or for the reader to go.
    givers: Vec<Waker>,
    senders: usize,
    /// The reader has gone.
    gone: bool,
}

impl State {
    /// Room for one more: an empty channel takes anything, so that nothing waits for ever.
    fn has_room(&self, length: usize) -> bool {
        self.waiting.is_empty() || self.bytes + length <= ROOM
    }

    fn push(&mut self, event: Event) -> Option<Waker> {
        self.bytes += event.weight();
        self.waiting.push_back(event);
        self.reader.take()
    }
}

/// The giving end of a call's events. Clones give into the same call; the end of the last
/// one is the call's end.
#[derive(Debug)]
pub struct Sender(Arc<Link>);

impl Clone for Sender {
    fn clone(&self) -> Self {
        self.0.state.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.0.state.lock();
            state.senders -= 1;
            if state.senders == 0 { state.reader.take() } else { None }
        };
        wake(waker);
    }
}

fn wake(wakers: impl IntoIterator<Item = Waker>) {
    // Never under the lock: a waker may run the reader at once.
    wakers.into_iter().for_each(Waker::wake);
}

impl Sender {
    fn state(&self) -> &Mutex<State> {
        &self.0.state
    }

    /// Sends what ends a call or begins a stream; these always have room.
    pub fn send(&self, event: Event) {
        let mut state = self.state().lock();
        // A reader that has gone needs no answer; the call's own end is near.
        if !state.gone {
            let waker = state.push(event);
            drop(state);
            wake(waker);
        }
    }

    /// Sends a chunk if there is room for it.
    ///
    /// # Errors
    /// `Gone` when the reader has gone. `Ok(false)` means no room: nothing was taken.
    pub fn try_chunk(&self, chunk: &Bytes) -> Result<bool, Gone> {
        let mut state = self.state().lock();
        if state.gone {
            return Err(Gone);
        }
        if !state.has_room(chunk.len()) {
            return Ok(false);
        }
        let waker = state.push(Event::Chunk(chunk.clone()));
        drop(state);
        wake(waker);
        Ok(true)
    }

    /// Sends a chunk, waiting for room with this thread blocked.
    ///
    /// # Errors
    /// `Gone` when the reader has gone, also while waiting.
    pub fn blocking_chunk(&self, chunk: Bytes) -> Result<(), Gone> {
        let mut state = self.state().lock();
        while !state.gone && !state.has_room(chunk.len()) {
            self.0.room.wait(&mut state);
        }
        if state.gone {
            return Err(Gone);
        }
        let waker = state.push(Event::Chunk(chunk));
        drop(state);
        wake(waker);
        Ok(())
    }

    /// Resolves when a chunk of that many bytes has room, or the reader has gone.
    pub async fn room(&self, length: usize) {
        self.until(|state| state.gone || state.has_room(length)).await;
    }

    /// Resolves when the reader has gone.
    pub async fn closed(&self) {
        self.until(|state| state.gone).await;
    }

    /// True when the reader has gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state().lock().gone
    }

    async fn until(&self, reached: impl Fn(&State) -> bool) {
        poll_fn(|context| {
            let mut state = self.state().lock();
            if reached(&state) {
                return Poll::Ready(());
            }
            if !state.givers.iter().any(|waker| waker.will_wake(context.waker())) {
                state.givers.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

/// The receiving end of a call's events. Dropping it cancels the call.
#[derive(Debug)]
pub struct Events {
    source: Source,
    deadline: Option<(Instant, Duration)>,
    over: bool,
}

#[derive(Debug)]
enum Source {
    Direct(Receiver),
    Replay(Reader),
}

#[derive(Debug)]
struct Receiver(Arc<Link>);

impl Drop for Receiver {
    fn drop(&mut self) {
        let (givers, waiting) = {
            let mut state = self.0.state.lock();
            state.gone = true;
            (std::mem::take(&mut state.givers), std::mem::take(&mut state.waiting))
        };
        self.0.room.notify_all();
        wake(givers);
        drop(waiting);
    }
}

impl Receiver {
    fn take(&self, context: Option<&std::task::Context<'_>>) -> Poll<Event> {
        let mut state = self.0.state.lock();
        let Some(event) = state.waiting.pop_front() else {
            if state.senders == 0 {
                return Poll::Ready(lost());
            }
            if let Some(context) = context {
                state.reader = Some(context.waker().clone());
            }
            return Poll::Pending;
        };
        state.bytes -= event.weight();
        // Not at every chunk: who waited for room shall find room for many.
        if matches!(event, Event::Chunk(_)) && state.bytes <= ROOM / 2 {
            let givers = std::mem::take(&mut state.givers);
            drop(state);
            self.0.room.notify_all();
            wake(givers);
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

/// A pair of ends for one call.
#[must_use]
pub fn channel() -> (Sender, Events) {
    let link = Arc::new(Link::default());
    link.state.lock().senders = 1;
    let sender = Sender(Arc::clone(&link));
    (sender, Events::new(Source::Direct(Receiver(link))))
}

impl Events {
    fn new(source: Source) -> Self {
        Self { source, deadline: None, over: false }
    }

    pub(super) fn replay(reader: Reader) -> Self {
        Self::new(Source::Replay(reader))
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
            None => self.source.next().await,
            Some((at, limit)) => match tokio::time::timeout_at(at, self.source.next()).await {
                Ok(event) => event,
                Err(_) => Event::Problem(Box::new(Problem::new(
                    ProblemKind::DeadlinePassed,
                    format!("the call did not end within its {} s", limit.as_secs_f64()),
                ))),
            },
        };
        self.over = event.is_last();
        Some(event)
    }

    /// The next event if it is there already: for sending many small chunks as one.
    pub fn ready(&mut self) -> Option<Event> {
        if self.over {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeping_reader_bounds_what_waits() {
        let (sender, mut events) = channel();
        let chunk = Bytes::from(vec![0_u8; PIECE]);
        let mut taken = 0;
        while sender.try_chunk(&chunk) == Ok(true) {
            taken += 1;
        }
        assert!((1..=ROOM / PIECE).contains(&taken), "{taken} pieces");
        assert!(matches!(events.next().await, Some(Event::Chunk(_))));
        assert_eq!(sender.try_chunk(&chunk), Ok(true));
    }

    #[tokio::test]
    async fn a_chunk_larger_than_the_room_passes_an_empty_channel() {
        let (sender, mut events) = channel();
        let huge = Bytes::from(vec![0_u8; 2 * ROOM]);
        assert_eq!(sender.try_chunk(&huge), Ok(true));
        assert_eq!(sender.try_chunk(&huge), Ok(false));
        assert!(matches!(events.next().await, Some(Event::Chunk(_))));
        sender.room(huge.len()).await;
        assert_eq!(sender.try_chunk(&huge), Ok(true));
    }

    #[tokio::test]
    async fn a_reader_that_goes_wakes_whoever_waits() {
        let (sender, events) = channel();
        let watching = tokio::spawn({
            let sender = sender.clone();
            async move { sender.closed().await }
        });
        let waiting = std::thread::spawn(move || {
            let chunk = Bytes::from(vec![0_u8; PIECE]);
            while sender.blocking_chunk(chunk.clone()).is_ok() {}
        });
        drop(events);
        waiting.join().unwrap();
        watching.await.unwrap();
    }

    #[tokio::test]
    async fn a_lost_sender_is_a_problem_and_then_the_end() {
        let (sender, mut events) = channel();
        drop(sender);
        assert!(matches!(events.next().await, Some(Event::Problem(_))));
        assert!(events.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_passed_deadline_is_a_504() {
        let (_sender, events) = channel();
        let mut events = events.within(Some(Duration::from_secs(3)));
        let Some(Event::Problem(problem)) = events.next().await else { panic!("no problem") };
        assert_eq!(problem.kind, ProblemKind::DeadlinePassed);
    }
}
