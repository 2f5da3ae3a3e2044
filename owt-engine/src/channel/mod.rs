//! Carries events from whoever runs a call to whoever reads them, bounded in bytes.
//!
//! Bytes, not events: a stream of tiny chunks may run far ahead, a stream of huge
//! ones may not, and neither can fill the memory while its reader sleeps. Most calls
//! give one event, so a pair of ends is one allocation and an event one short lock;
//! the general channels of the libraries cost several times that per call, which
//! shows in the rate of small calls.
//!
//! The two ends may be in two processes: then a [`Far`] writes the events down for
//! the other side, which gives them into an ordinary channel that knows its [`Upstream`].
//! The bound is the same one: what the reader has taken is credited back.

mod events;
mod far;
mod note;
mod sender;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use parking_lot::{Condvar, Mutex};

use super::event::Event;
use super::postbox::Reader;

pub use events::{Alone, Events};
pub use far::{Far, Reins, Upstream};
pub use note::{Note, Standing};
pub use sender::{Sender, Watch};

/// Bytes that may wait between a call and its reader.
const ROOM: usize = 1 << 20;
/// Larger chunks travel in pieces, so that one chunk never exceeds the room.
pub const PIECE: usize = 64 << 10;

/// The reader has gone; nobody wants the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

#[derive(Debug)]
struct Link {
    state: Mutex<State>,
    /// A thread that waits for room waits here.
    room: Condvar,
}

#[derive(Debug)]
struct State {
    way: Way,
    /// Of chunks that the reader has not taken.
    bytes: usize,
    /// Tasks that wait for room, or for the reader to go.
    givers: Vec<Waker>,
    senders: usize,
    /// The reader has gone.
    gone: bool,
    /// The last event was given.
    ended: bool,
    /// The module body that the call needs has not ended.
    is_loading: bool,
}

/// Where events go.
#[derive(Debug)]
enum Way {
    /// To a reader in this process.
    Here {
        waiting: VecDeque<Event>,
        reader: Option<Reader>,
        /// Who gives the events, if that is another process, and its name for this call.
        upstream: Option<(Arc<dyn Upstream>, u32)>,
        /// Bytes taken by the reader and not credited to the upstream yet.
        uncredited: usize,
    },
    /// To another process, which knows this call by the number.
    There { far: Arc<dyn Far>, number: u32 },
}

impl State {
    fn new(way: Way) -> Self {
        Self {
            way,
            bytes: 0,
            givers: Vec::new(),
            senders: 1,
            gone: false,
            ended: false,
            is_loading: false,
        }
    }

    /// Room for one more: an empty channel takes anything, so that nothing waits for ever.
    fn has_room(&self, length: usize) -> bool {
        self.bytes == 0 || self.bytes + length <= ROOM
    }

    /// Gives who is to be woken for it.
    fn push(&mut self, event: Event) -> Option<Reader> {
        self.ended = event.is_last();
        if let Event::Chunk(_) = event {
            self.bytes += event.weight();
        }
        match &mut self.way {
            Way::Here { waiting, reader, .. } => {
                waiting.push_back(event);
                reader.take()
            }
            Way::There { far, number } => {
                far.give(*number, event);
                None
            }
        }
    }
}

impl Link {
    fn new(way: Way) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State::new(way)), room: Condvar::new() })
    }
}

/// Never under the lock: a waker may run the reader at once.
fn wake(wakers: impl IntoIterator<Item = Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}

/// A pair of ends for one call.
#[must_use]
pub fn channel() -> (Sender, Events) {
    let way = Way::Here { waiting: VecDeque::new(), reader: None, upstream: None, uncredited: 0 };
    let link = Link::new(way);
    (Sender::new(Arc::clone(&link)), Events::of(link))
}

/// The giving end of a call whose reader is in another process, and that reader's hand in it.
#[must_use]
pub fn far_channel(far: Arc<dyn Far>, number: u32) -> (Sender, Reins) {
    let link = Link::new(Way::There { far, number });
    (Sender::new(Arc::clone(&link)), Reins::new(link))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use owt_core::ProblemKind;

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
