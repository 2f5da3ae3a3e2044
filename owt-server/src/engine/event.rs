//! What a call gives while it runs, and the bounded way there.
//!
//! The bound is in bytes, not in events: a stream of tiny chunks may run far
//! ahead, a stream of huge ones may not, and neither can fill the memory while
//! its reader sleeps.

use std::borrow::Cow;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use owt_core::{Problem, ProblemKind};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use super::cache::Reader;

/// Bytes that may wait between a call and its reader.
const ROOM: usize = 1 << 20;
/// What an event costs beside its own bytes.
const OVERHEAD: usize = 64;
/// Larger chunks travel in pieces, so that one chunk never exceeds the room.
pub const PIECE: usize = 64 << 10;

/// The beginning of an answer: what HTTP calls status and headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The HTTP status code.
    pub status: u16,
    /// The media type; `None` when it should be told from the content.
    pub content_type: Option<Cow<'static, str>>,
    /// Every other header, in order; a name may stand more than once.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// A 200 with this media type and nothing else.
    #[must_use]
    pub fn ok(content_type: &'static str) -> Self {
        Self { status: 200, content_type: Some(Cow::Borrowed(content_type)), headers: Vec::new() }
    }
}

/// One thing that a call gave. An answer is `Answer`, or `File`, or `Head`
/// then any number of `Chunk` then `End`; a `Problem` ends any of them.
#[derive(Clone, Debug)]
pub enum Event {
    /// The whole answer at once: head, body and end.
    Answer(Head, Bytes),
    /// The answer is this file.
    File(Head, PathBuf),
    /// A stream begins.
    Head(Head),
    /// A piece of the stream.
    Chunk(Bytes),
    /// The stream ended as it should.
    End,
    /// The call failed, before or in the middle of its answer.
    Problem(Box<Problem>),
}

impl Event {
    /// True when nothing follows this event.
    #[must_use]
    pub fn is_last(&self) -> bool {
        !matches!(self, Self::Head(_) | Self::Chunk(_))
    }

    /// Bytes this event holds in memory, as the bounds count them.
    #[must_use]
    pub fn weight(&self) -> usize {
        OVERHEAD
            + match self {
                Self::Answer(_, bytes) | Self::Chunk(bytes) => bytes.len(),
                _ => 0,
            }
    }
}

/// The reader has gone; nobody wants the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// The giving end of a call's events. Clones give into the same call.
#[derive(Clone, Debug)]
pub struct Sender(Arc<Giving>);

#[derive(Debug)]
struct Giving {
    events: mpsc::UnboundedSender<Event>,
    /// What bounds the unbounded channel: permits are bytes.
    room: Arc<Semaphore>,
}

impl Sender {
    /// Sends what ends a call or begins a stream; these always have room.
    pub fn send(&self, event: Event) {
        // A reader that has gone needs no answer; the call's own end is near.
        let _ = self.0.events.send(event);
    }

    /// Sends a chunk if there is room for it.
    ///
    /// # Errors
    /// `Gone` when the reader has gone. `Ok(false)` means no room: nothing was taken.
    pub fn try_chunk(&self, chunk: &Bytes) -> Result<bool, Gone> {
        match self.0.room.try_acquire_many(cost(chunk.len())) {
            Ok(permit) => {
                permit.forget();
                self.push(chunk.clone()).map(|()| true)
            }
            Err(tokio::sync::TryAcquireError::NoPermits) => Ok(false),
            Err(tokio::sync::TryAcquireError::Closed) => Err(Gone),
        }
    }

    /// Sends a chunk, waiting for room with this thread blocked.
    ///
    /// # Errors
    /// `Gone` when the reader has gone, also while waiting.
    pub fn blocking_chunk(&self, chunk: Bytes) -> Result<(), Gone> {
        // tokio's synchronisation needs no runtime: this merely parks the thread.
        let permit = block_on(self.0.room.acquire_many(cost(chunk.len()))).map_err(|_| Gone)?;
        permit.forget();
        self.push(chunk)
    }

    /// Waits until a chunk of that many bytes would have room.
    ///
    /// # Errors
    /// `Gone` when the reader has gone, also while waiting.
    pub async fn room(&self, length: usize) -> Result<(), Gone> {
        self.0.room.acquire_many(cost(length)).await.map(drop).map_err(|_| Gone)
    }

    /// True when the reader has gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.events.is_closed()
    }

    /// Resolves when the reader has gone.
    pub async fn closed(&self) {
        self.0.events.closed().await;
    }

    fn push(&self, chunk: Bytes) -> Result<(), Gone> {
        self.0.events.send(Event::Chunk(chunk)).map_err(|_| Gone)
    }
}

/// Never more than the whole room, or it could not be granted at all.
fn cost(length: usize) -> u32 {
    u32::try_from((length + OVERHEAD).min(ROOM)).unwrap_or(u32::MAX)
}

fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::park();
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
    Direct(Direct),
    Replay(Reader),
}

#[derive(Debug)]
struct Direct {
    events: mpsc::UnboundedReceiver<Event>,
    room: Arc<Semaphore>,
}

impl Drop for Direct {
    fn drop(&mut self) {
        // Wakes a sender that waits for room, so that it learns at once.
        self.room.close();
    }
}

/// A pair of ends for one call.
#[must_use]
pub fn channel() -> (Sender, Events) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let room = Arc::new(Semaphore::new(ROOM));
    let giving = Giving { events: sender, room: Arc::clone(&room) };
    let direct = Direct { events: receiver, room };
    (Sender(Arc::new(giving)), Events::new(Source::Direct(direct)))
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
        let event = self.source.ready()?;
        self.over = event.is_last();
        Some(event)
    }
}

impl Source {
    async fn next(&mut self) -> Event {
        match self {
            Self::Direct(direct) => match direct.events.recv().await {
                Some(event) => direct.taken(event),
                None => lost(),
            },
            Self::Replay(reader) => reader.next().await,
        }
    }

    fn ready(&mut self) -> Option<Event> {
        match self {
            Self::Direct(direct) => {
                let event = direct.events.try_recv().ok()?;
                Some(direct.taken(event))
            }
            Self::Replay(reader) => reader.ready(),
        }
    }
}

impl Direct {
    fn taken(&self, event: Event) -> Event {
        if let Event::Chunk(chunk) = &event {
            self.room.add_permits(cost(chunk.len()) as usize);
        }
        event
    }
}

/// Every sender went away without a last event: whoever ran the call is gone.
fn lost() -> Event {
    Event::Problem(Box::new(Problem::new(
        ProblemKind::Internal,
        "the call ended without an answer; the server's log says more",
    )))
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
    async fn a_reader_that_goes_wakes_the_waiting_sender() {
        let (sender, events) = channel();
        let waiting = std::thread::spawn(move || {
            let chunk = Bytes::from(vec![0_u8; PIECE]);
            while sender.blocking_chunk(chunk.clone()).is_ok() {}
        });
        drop(events);
        waiting.join().unwrap();
    }

    #[tokio::test]
    async fn a_lost_sender_is_a_problem_and_then_the_end() {
        let (sender, mut events) = channel();
        drop(sender);
        assert!(matches!(events.next().await, Some(Event::Problem(_))));
        assert!(events.next().await.is_none());
    }
}
