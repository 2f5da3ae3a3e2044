//! Module bodies and long calls: what is kept for the main thread, and what is kept from it.

use std::sync::Arc;

use pyo3::prelude::*;

use super::{Pool, Work};
use crate::seat::Seat;
use crate::turn::{KEPT, LOST, Patience};

impl<W: Work> Pool<W> {
    /// Queues a module body, for the main thread as soon as it is free and no other runs.
    ///
    /// # Errors
    /// Gives it back when the pool stops.
    pub fn submit_body(&self, work: W) -> Result<(), W> {
        let main = {
            let mut state = self.state.lock();
            if state.stopping {
                return Err(work);
            }
            state.turn.push(work);
            state.idle_main()
        };
        if let Some(main) = main {
            self.call(&main);
        }
        self.wake_watch();
        Ok(())
    }

    /// Begins a module body at once where it belongs: on the main thread, if it is free.
    pub fn begin_body(&self, seat: &Arc<Seat>) -> bool {
        let mut state = self.state.lock();
        let begins = seat.is_main() && state.turn.is_free();
        if begins {
            state.turn.take(seat);
        }
        begins
    }

    /// A body begins that was released to run on this thread.
    pub fn take_turn(&self, seat: &Arc<Seat>) {
        self.state.lock().turn.take(seat);
    }

    /// That thread has ended a module body.
    pub fn end_body(&self, seat: &Seat) {
        let main = {
            let mut state = self.state.lock();
            state.turn.over(seat).then(|| state.idle_main()).flatten()
        };
        if let Some(main) = main {
            self.call(&main);
        }
    }

    /// Passes a task that may take long from the main thread to another, if anything else is to
    /// run: then the main thread stays free for module bodies.
    ///
    /// # Errors
    /// Gives it back when it is alone, or there is no other thread.
    pub fn pass_on(self: &Arc<Self>, seat: &Arc<Seat>, work: W) -> Result<(), W> {
        let called = {
            let mut state = self.state.lock();
            if !seat.is_main() || state.stopping || state.is_alone(seat) {
                return Err(work);
            }
            if state.leads(seat) {
                if state.followers.is_empty() && state.seats.len() >= self.most_seats() {
                    return Err(work);
                }
                state.queue.push_front(work);
                self.replace_leader(&mut state)
            } else {
                state.queue.push_front(work);
                if std::mem::take(&mut state.leader_waits) {
                    state.leader.clone()
                } else {
                    self.replace_stuck_leader(&mut state)
                }
            }
        };
        if let Some(other) = called {
            self.call(&other);
        }
        self.wake_watch();
        Ok(())
    }

    /// Has the next module body run on any thread when the main one does not come free: a call
    /// keeps it, or a body that only waits.
    pub(super) fn release_body(self: &Arc<Self>, patience: &mut Patience) {
        let running = {
            let state = self.state.lock();
            if !state.turn.has_waiting() || state.stopping {
                return;
            }
            state.turn.running().cloned()
        };
        let is_due = match &running {
            Some(seat) => patience.is_over(seat),
            None => self.main_is_kept(),
        };
        let body = {
            let mut state = self.state.lock();
            // It may have ended meanwhile.
            let is_the_same =
                state.turn.running().map(Arc::as_ptr) == running.as_ref().map(Arc::as_ptr);
            (is_due && is_the_same).then(|| state.turn.release(W::may_run_anywhere)).flatten()
        };
        if let Some(body) = body
            && let Err(body) = self.submit(body.anywhere())
        {
            Python::attach(|py| body.refuse(py));
        }
    }

    fn main_is_kept(&self) -> bool {
        let Some(main) = self.state.lock().main.clone() else { return false };
        let since = main.busy_since();
        let is_kept = since != 0 && self.now().saturating_sub(since) > KEPT.as_micros() as u64;
        // One that nobody waits for, and that does not end, may keep it for ever.
        is_kept || main.is_deserted_since(LOST)
    }
}
