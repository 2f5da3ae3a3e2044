//! Sends frames, many in one write: whichever thread comes by writes for all.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::Thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::SendFlags;
use serde::Serialize;

use super::frame::{self, PREFIX};
use crate::{Outgoing, PIECE};

/// Bytes that go into one write.
const BATCH: usize = 256 << 10;
/// The shortest piece in bytes, but for the last of a payload.
const LEAST: usize = 4 << 10;
/// Frames wait this long at most for company, while their writer is busy anyway.
const COMPANY: Duration = Duration::from_micros(100);

/// The sending half of a socket.
///
/// Nobody waits for the other side: what the socket does not take at once is written by a
/// thread of its own. What may be in here is bounded by those who put it in.
#[derive(Debug)]
pub struct Outbox {
    socket: UnixStream,
    state: Mutex<State>,
    porter: Mutex<Option<Thread>>,
}

#[derive(Debug)]
struct State {
    /// Goes before everything that has not begun to go.
    urgent: Vec<u8>,
    queue: VecDeque<Item>,
    /// Frames behind the queue.
    tail: Vec<u8>,
    /// What was written in part.
    begun: Vec<u8>,
    written: usize,
    is_writing: bool,
    /// The socket was full: the porter writes.
    is_stuck: bool,
    is_closed: bool,
    last_flush: Instant,
}

#[derive(Debug)]
enum Item {
    Frames(Vec<u8>),
    /// A long payload, whose pieces are framed when their turn comes.
    Pieces {
        message: Vec<u8>,
        rest: Bytes,
    },
}

impl State {
    fn is_empty(&self) -> bool {
        self.begun.is_empty()
            && self.urgent.is_empty()
            && self.queue.is_empty()
            && self.tail.is_empty()
    }

    /// Begins a new tail behind this one.
    fn cut_tail(&mut self) {
        let tail = std::mem::take(&mut self.tail);
        if !tail.is_empty() {
            self.queue.push_back(Item::Frames(tail));
        }
    }

    /// The next bytes to write.
    fn take(&mut self) -> Vec<u8> {
        let mut batch = std::mem::take(&mut self.urgent);
        if matches!(self.queue.front(), Some(Item::Pieces { .. })) {
            if batch.is_empty() && self.tail.is_empty() {
                // Reuse the memory of the last batch.
                batch = std::mem::take(&mut self.tail);
            }
            // A vector that grows copies what it holds already.
            batch.reserve(BATCH.saturating_sub(batch.len()));
        }
        while batch.len() < BATCH {
            match self.queue.front_mut() {
                None if batch.is_empty() => {
                    batch = std::mem::take(&mut self.tail);
                    break;
                }
                None => {
                    batch.append(&mut self.tail);
                    break;
                }
                Some(Item::Frames(frames)) => {
                    batch.append(frames);
                    self.queue.pop_front();
                }
                Some(Item::Pieces { message, rest }) => {
                    let room = BATCH.saturating_sub(batch.len() + PREFIX + message.len());
                    if room < LEAST && !batch.is_empty() {
                        break;
                    }
                    let piece = rest.split_to(rest.len().min(room.clamp(LEAST, PIECE)));
                    let length = (message.len() + piece.len()) as u32;
                    batch.extend_from_slice(&length.to_le_bytes());
                    batch.extend_from_slice(message);
                    batch.extend_from_slice(&piece);
                    if rest.is_empty() {
                        self.queue.pop_front();
                    }
                }
            }
        }
        batch
    }
}

impl Outgoing for Outbox {
    fn send(&self) {
        self.flush();
    }
}

impl Outbox {
    /// # Errors
    /// When there is no thread for it.
    pub fn new(socket: UnixStream, name: &str) -> io::Result<Arc<Self>> {
        let outbox = Arc::new(Self {
            socket,
            state: Mutex::new(State {
                urgent: Vec::new(),
                queue: VecDeque::new(),
                tail: Vec::new(),
                begun: Vec::new(),
                written: 0,
                is_writing: false,
                is_stuck: false,
                is_closed: false,
                last_flush: Instant::now(),
            }),
            porter: Mutex::new(None),
        });
        let carrying = Arc::downgrade(&outbox);
        let porter =
            std::thread::Builder::new().name(format!("{name}-porter")).spawn(move || {
                loop {
                    std::thread::park();
                    let Some(outbox) = carrying.upgrade() else { return };
                    if !outbox.carry() {
                        return;
                    }
                }
            })?;
        *outbox.porter.lock() = Some(porter.thread().clone());
        Ok(outbox)
    }

    /// Puts a frame in line.
    pub fn push(&self, message: &impl Serialize, payload: &[u8]) {
        let mut state = self.state.lock();
        if state.tail.len() >= BATCH {
            // Many streams fill it faster than the socket takes it: not into one vector, which
            // would be copied each time that it grows, and leave holes of every size behind.
            state.cut_tail();
        }
        if !state.is_closed
            && let Err(error) = frame::write(&mut state.tail, message, payload)
        {
            tracing::error!(%error, "a frame could not be written");
            self.shut(&mut state);
        }
    }

    /// Puts frames of that message in line, with the payload in pieces.
    pub fn push_pieces(&self, message: &impl Serialize, payload: Bytes) {
        if payload.is_empty() {
            return;
        }
        let mut state = self.state.lock();
        match postcard::to_stdvec(message) {
            _ if state.is_closed => {}
            Ok(message) => {
                state.cut_tail();
                state.queue.push_back(Item::Pieces { message, rest: payload });
            }
            Err(error) => {
                tracing::error!(%error, "a frame could not be written");
                self.shut(&mut state);
            }
        }
    }

    /// Puts a frame before all others.
    pub fn push_urgent(&self, message: &impl Serialize) {
        let mut state = self.state.lock();
        if !state.is_closed
            && let Err(error) = frame::write(&mut state.urgent, message, &[])
        {
            tracing::error!(%error, "a frame could not be written");
            self.shut(&mut state);
        }
    }

    /// Writes what waits, as far as the socket takes it at once.
    pub fn flush(&self) {
        self.flush_locked(self.state.lock());
    }

    /// Writes what waits unless something was written this very moment: then more may come,
    /// and whoever put it in flushes when nothing does.
    pub fn nudge(&self) {
        let state = self.state.lock();
        let is_much = state.tail.len() >= PIECE || !state.queue.is_empty();
        if is_much || state.last_flush.elapsed() >= COMPANY {
            self.flush_locked(state);
        }
    }

    fn flush_locked(&self, mut state: parking_lot::MutexGuard<'_, State>) {
        // Whoever writes takes along what came meanwhile.
        if state.is_writing || state.is_stuck || state.is_closed {
            return;
        }
        state.is_writing = true;
        while !state.is_closed && !state.is_empty() {
            if state.begun.is_empty() {
                state.begun = state.take();
                state.written = 0;
            }
            let bytes = std::mem::take(&mut state.begun);
            let from = state.written;
            let sent = parking_lot::MutexGuard::unlocked(&mut state, || {
                let rest = bytes.get(from..).unwrap_or_default();
                rustix::net::send(&self.socket, rest, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)
            });
            match sent {
                Ok(length) if from + length == bytes.len() => {
                    if state.tail.is_empty()
                        && state.tail.capacity() == 0
                        && bytes.capacity() <= BATCH
                    {
                        // Its memory serves again.
                        state.tail = bytes;
                        state.tail.clear();
                    }
                }
                Ok(length) => {
                    state.written = from + length;
                    state.begun = bytes;
                }
                Err(Errno::INTR) => state.begun = bytes,
                Err(Errno::AGAIN) => {
                    state.begun = bytes;
                    state.is_stuck = true;
                    break;
                }
                // The other side has gone; whoever reads from it will know why.
                Err(_) => self.shut(&mut state),
            }
        }
        state.is_writing = false;
        state.last_flush = Instant::now();
        let is_stuck = state.is_stuck;
        drop(state);
        if is_stuck && let Some(porter) = &*self.porter.lock() {
            porter.unpark();
        }
    }

    /// Waits until the socket takes bytes again and writes them. False when it is closed.
    fn carry(&self) -> bool {
        loop {
            {
                let mut state = self.state.lock();
                if state.is_closed {
                    return false;
                }
                if !state.is_stuck {
                    return true;
                }
                state.is_stuck = false;
                self.flush_locked(state);
            }
            if !self.state.lock().is_stuck {
                return true;
            }
            let socket = self.socket.as_fd();
            // Whatever it answers, the next write says what holds.
            let _ = rustix::event::poll(&mut [PollFd::new(&socket, PollFlags::OUT)], None);
        }
    }

    /// Returns when everything has been taken by the socket, or nothing will be any more.
    pub fn drain(&self) {
        self.flush();
        loop {
            let state = self.state.lock();
            if state.is_closed || state.is_empty() {
                return;
            }
            drop(state);
            let socket = self.socket.as_fd();
            let _ = rustix::event::poll(&mut [PollFd::new(&socket, PollFlags::OUT)], None);
            std::thread::yield_now();
        }
    }

    /// Closes the connection, both ways: the reading half comes to its end.
    pub fn close(&self) {
        let mut state = self.state.lock();
        self.shut(&mut state);
        drop(state);
        if let Some(porter) = self.porter.lock().take() {
            porter.unpark();
        }
    }

    fn shut(&self, state: &mut State) {
        state.is_closed = true;
        state.urgent = Vec::new();
        state.queue = VecDeque::new();
        state.tail = Vec::new();
        state.begun = Vec::new();
        // Shut already when the other side has gone.
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Inbox;
    use crate::link::frame::ToWorker;

    /// An outbox, and what reads at its other end.
    fn pair() -> (Arc<Outbox>, Inbox) {
        let (here, there) = UnixStream::pair().unwrap();
        (Outbox::new(here, "test").unwrap(), Inbox::new(there, 1 << 20))
    }

    /// Reads until the end, or until `take` has had enough.
    fn read(inbox: &mut Inbox, mut take: impl FnMut(ToWorker<'_>, &[u8]) -> bool) {
        let mut goes_on = true;
        while goes_on {
            let is_open = inbox.read(|bytes| {
                let (message, payload) = frame::read(bytes).unwrap();
                goes_on &= take(message, payload);
                Ok(())
            });
            goes_on &= is_open.unwrap();
        }
    }

    #[test]
    fn frames_of_many_threads_arrive_whole_and_each_threads_in_order() {
        const THREADS: u32 = 4;
        const FRAMES: usize = 5000;
        let (outbox, mut inbox) = pair();
        let send = |number: u32| {
            let outbox = Arc::clone(&outbox);
            move || {
                for bytes in 0..FRAMES {
                    outbox.push(&ToWorker::Credit { number, bytes }, &[]);
                    if bytes % 3 == 0 { outbox.flush() } else { outbox.nudge() }
                }
                // Whoever put it in line sends it, at the latest when nothing more comes.
                outbox.flush();
            }
        };
        let threads: Vec<_> = (0..THREADS).map(|number| std::thread::spawn(send(number))).collect();
        let (mut next, mut left) = ([0; THREADS as usize], THREADS as usize * FRAMES);
        read(&mut inbox, |message, _| {
            let ToWorker::Credit { number, bytes } = message else { panic!("{message:?}") };
            assert_eq!(bytes, next[number as usize]);
            next[number as usize] += 1;
            left -= 1;
            left > 0
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }

    #[test]
    fn a_full_socket_holds_nobody_up_and_everything_arrives() {
        let (outbox, mut inbox) = pair();
        let body = Bytes::from((0..8 << 20).map(|at: u32| (at % 251) as u8).collect::<Vec<_>>());
        outbox.push_pieces(&ToWorker::Body { number: 7 }, body.clone());
        // Returns though nobody reads yet.
        outbox.flush();
        outbox.push(&ToWorker::Cancel { number: 7 }, &[]);
        outbox.push_urgent(&ToWorker::Cancel { number: 1 });
        outbox.flush();
        let (mut came, mut cancelled) = (Vec::new(), Vec::new());
        read(&mut inbox, |message, payload| {
            match message {
                ToWorker::Body { number: 7 } => came.extend_from_slice(payload),
                ToWorker::Cancel { number } => cancelled.push((number, came.len())),
                other => panic!("{other:?}"),
            }
            cancelled.len() < 2
        });
        assert!(came == body);
        let [(1, early), (7, late)] = cancelled[..] else { panic!("{cancelled:?}") };
        assert!(early < body.len(), "what is urgent overtakes the pieces");
        assert_eq!(late, body.len(), "and nothing else does");
    }

    #[test]
    fn what_is_urgent_goes_first() {
        let (outbox, mut inbox) = pair();
        outbox.push(&ToWorker::Fetch { number: 1 }, &[]);
        outbox.push_urgent(&ToWorker::Cancel { number: 2 });
        outbox.push(&ToWorker::Fetch { number: 3 }, &[]);
        outbox.drain();
        let mut numbers = Vec::new();
        read(&mut inbox, |message, _| {
            if let ToWorker::Fetch { number } | ToWorker::Cancel { number } = message {
                numbers.push(number);
            }
            numbers.len() < 3
        });
        assert_eq!(numbers, [2, 1, 3]);
    }

    #[test]
    fn a_closed_one_takes_nothing_and_its_reader_comes_to_the_end() {
        let (outbox, mut inbox) = pair();
        outbox.push_pieces(&ToWorker::Body { number: 1 }, Bytes::from(vec![0; 8 << 20]));
        outbox.flush();
        outbox.close();
        outbox.push(&ToWorker::List, &[]);
        outbox.flush();
        outbox.drain();
        assert!(outbox.state.lock().is_empty());
        read(&mut inbox, |message, _| {
            assert!(matches!(message, ToWorker::Body { .. }));
            true
        });
    }
}
