//! Gives an adaptor a thread of its own: its module body and its calls run there, one at a time.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::seat::Seat;

/// The thread's queue.
pub struct Lane<W> {
    seat: OnceLock<Arc<Seat>>,
    state: Mutex<State<W>>,
}

/// A lane in its adaptor's hands, or in those of the load that makes the adaptor: closed when they
/// let go.
pub struct Owned<W>(pub Arc<Lane<W>>);

impl<W> Drop for Owned<W> {
    fn drop(&mut self) {
        self.0.close();
    }
}

struct State<W> {
    queue: VecDeque<W>,
    is_closed: bool,
}

/// What the thread is to do.
pub enum Next<W> {
    Run(W),
    Wait,
    Leave,
}

impl<W> Lane<W> {
    pub fn new() -> Arc<Self> {
        let state = State { queue: VecDeque::new(), is_closed: false };
        Arc::new(Self { seat: OnceLock::new(), state: Mutex::new(state) })
    }

    /// Its thread, once that runs.
    pub fn seat(&self) -> Option<&Arc<Seat>> {
        self.seat.get()
    }

    /// Says which thread it is. Once.
    pub fn begin(&self, seat: Arc<Seat>) {
        self.seat.get_or_init(|| seat);
    }

    /// True on its thread.
    pub fn is_here(&self, seat: &Seat) -> bool {
        self.seat.get().is_some_and(|own| std::ptr::eq(&**own, seat))
    }

    /// Queues a task.
    ///
    /// # Errors
    /// Gives it back when the thread has left.
    pub fn submit(&self, work: W) -> Result<(), W> {
        {
            let mut state = self.state.lock();
            if state.is_closed {
                return Err(work);
            }
            state.queue.push_back(work);
        }
        self.call();
        Ok(())
    }

    /// The thread leaves when nothing is queued any more.
    pub fn close(&self) {
        self.state.lock().is_closed = true;
        self.call();
    }

    fn call(&self) {
        if let Some(seat) = self.seat.get() {
            seat.call();
        }
    }

    /// On its thread. `busy` is called when there is a task, before anybody can see it gone.
    pub fn next(&self, busy: impl FnOnce()) -> Next<W> {
        let mut state = self.state.lock();
        match state.queue.pop_front() {
            Some(work) => {
                busy();
                Next::Run(work)
            }
            None if state.is_closed => Next::Leave,
            None => Next::Wait,
        }
    }

    /// Takes no more, and gives what is queued.
    pub fn clear(&self) -> VecDeque<W> {
        let mut state = self.state.lock();
        state.is_closed = true;
        std::mem::take(&mut state.queue)
    }
}
