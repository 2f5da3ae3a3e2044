//! Decides whose turn it is to run a module body.
//!
//! One runs at a time, on Python's main thread: there signal handlers, start methods and objects
//! that are bound to a thread are right, and two bodies that import the same library at once can
//! break it for good. Another thread runs one only when the main thread does not come free.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::seat::Seat;

/// How long a call may keep the main thread from a module body.
pub const KEPT: Duration = Duration::from_secs(5);

/// And how long one that nobody waits for any more.
pub const LOST: Duration = Duration::from_secs(1);

/// How long a module body that only waits, for a lock or a network, keeps others waiting.
const WAITING: Duration = Duration::from_millis(100);

/// How often it is looked whether it waits.
const LOOK: Duration = Duration::from_millis(25);

/// Module bodies that wait, and the one that runs.
pub struct Turn<W> {
    waiting: VecDeque<W>,
    running: Option<Arc<Seat>>,
    /// The next one may run on any thread, and is on its way there.
    is_released: bool,
}

impl<W> Default for Turn<W> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), running: None, is_released: false }
    }
}

impl<W> Turn<W> {
    /// True when nobody has the turn, and nobody waits for it.
    pub fn is_free(&self) -> bool {
        self.running.is_none() && self.waiting.is_empty() && !self.is_released
    }

    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Who has it.
    pub fn running(&self) -> Option<&Arc<Seat>> {
        self.running.as_ref()
    }

    /// Waits for a turn.
    pub fn push(&mut self, work: W) {
        self.waiting.push_back(work);
    }

    /// The next body, for the main thread, if nobody has the turn.
    pub fn next(&mut self, main: &Arc<Seat>) -> Option<W> {
        if self.running.is_some() || self.is_released {
            return None;
        }
        let work = self.waiting.pop_front()?;
        self.running = Some(Arc::clone(main));
        Some(work)
    }

    /// The next body, for whichever thread takes it, if it may run there.
    pub fn release(&mut self, may: impl FnOnce(&W) -> bool) -> Option<W> {
        if self.is_released || !may(self.waiting.front()?) {
            return None;
        }
        self.is_released = true;
        self.waiting.pop_front()
    }

    /// A thread begins a body.
    pub fn take(&mut self, seat: &Arc<Seat>) {
        self.running = Some(Arc::clone(seat));
        self.is_released = false;
    }

    /// It has ended it. True when others wait.
    pub fn over(&mut self, seat: &Seat) -> bool {
        if self.running.as_ref().is_some_and(|running| std::ptr::eq(&**running, seat)) {
            self.running = None;
        }
        self.running.is_none() && self.has_waiting()
    }

    /// Takes out what waits.
    pub fn clear(&mut self) -> VecDeque<W> {
        std::mem::take(&mut self.waiting)
    }
}

/// Watches whether the thread whose turn it is only waits.
pub struct Patience {
    /// The thread, where it was, and since when it has been there.
    seen: Option<(Arc<Seat>, Option<u64>, Instant)>,
    next_look: Instant,
}

impl Patience {
    pub fn new() -> Self {
        Self { seen: None, next_look: Instant::now() }
    }

    /// True when the body that runs there has waited long enough.
    pub fn is_over(&mut self, running: &Arc<Seat>) -> bool {
        let now = Instant::now();
        let seen = self.seen.take().filter(|(seat, ..)| Arc::ptr_eq(seat, running));
        if now < self.next_look {
            self.seen = seen;
            return false;
        }
        self.next_look = now + LOOK;
        let (before, since) = seen.map_or((None, now), |(_, place, since)| (place, since));
        let (waits, place) = super::interrupt::waits(running, before);
        let since = if waits { since } else { now };
        self.seen = Some((Arc::clone(running), place, since));
        since.elapsed() > WAITING
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seat::Role;

    fn seat() -> Arc<Seat> {
        Arc::new(Seat::new(std::thread::current(), Role::Shared))
    }

    #[test]
    fn one_at_a_time_in_their_order() {
        let (mut turn, main) = (Turn::default(), seat());
        assert!(turn.is_free());
        turn.push(1);
        turn.push(2);
        assert_eq!(turn.next(&main), Some(1));
        assert_eq!(turn.next(&main), None, "the first has not ended");
        assert!(turn.over(&main));
        assert_eq!(turn.next(&main), Some(2));
        assert!(!turn.over(&main));
        assert!(turn.is_free());
    }

    #[test]
    fn one_is_released_at_a_time() {
        let (mut turn, main, other) = (Turn::default(), seat(), seat());
        turn.take(&main);
        turn.push(1);
        turn.push(2);
        assert_eq!(turn.release(|_| false), None);
        assert_eq!(turn.release(|_| true), Some(1));
        assert_eq!(turn.release(|_| true), None, "the one before is on its way");
        turn.take(&other);
        assert!(!turn.over(&main), "it is another's turn by now");
        assert!(turn.over(&other));
        assert_eq!(turn.next(&main), Some(2));
    }
}
