//! Sends a call's events: the giving end of a channel.

use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::Poll;

use bytes::Bytes;
use owt_core::Problem;
use parking_lot::Mutex;

use super::{Event, Gone, Link, Note, State, Upstream, Way};
use crate::postbox::Reader;

/// The giving end of a call's events. Clones give into the same call; the end of the last
/// one is the call's end.
#[derive(Debug)]
pub struct Sender(Arc<Link>);

/// Tells whether a call's reader is still there.
#[derive(Clone, Debug)]
pub struct Watch(Weak<Link>);

impl Watch {
    /// True when the reader has gone, with all that it was given.
    pub fn has_gone(&self) -> bool {
        self.0.upgrade().is_none_or(|link| link.state.lock().gone)
    }
}

impl Clone for Sender {
    fn clone(&self) -> Self {
        self.0.state.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.senders -= 1;
        if state.senders > 0 {
            return;
        }
        match &mut state.way {
            Way::Here { reader, .. } => {
                let reader = reader.take();
                drop(state);
                reader.into_iter().for_each(Reader::wake);
            }
            Way::There { far, number } => {
                let (far, number) = (Arc::clone(far), *number);
                drop(state);
                far.done(number);
            }
        }
    }
}

impl Sender {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Self(link)
    }

    fn state(&self) -> &Mutex<State> {
        &self.0.state
    }

    fn push(&self, mut state: parking_lot::MutexGuard<'_, State>, event: Event) {
        let reader = state.push(event);
        drop(state);
        reader.into_iter().for_each(Reader::wake);
    }

    /// To be asked before anything of the call runs: false when nobody waits for it any more.
    #[must_use]
    pub fn begin(&self) -> bool {
        let state = self.state().lock();
        match &state.way {
            _ if state.gone => false,
            Way::Here { .. } => true,
            Way::There { far, number } => far.begin(*number),
        }
    }

    /// Says who gives the events from now on: it is told what the reader takes, and when it goes.
    /// True when the reader has gone already.
    pub fn follow(&self, from: Arc<dyn Upstream>, number: u32) -> bool {
        let mut state = self.state().lock();
        if let Way::Here { upstream, .. } = &mut state.way {
            *upstream = Some((from, number));
        }
        state.gone
    }

    /// Sends what ends a call or begins a stream; these always have room.
    pub fn send(&self, event: Event) {
        let state = self.state().lock();
        // A reader that has gone needs no answer; the call's own end is near.
        if !state.gone {
            self.push(state, event);
        }
    }

    /// What tells of the reader, and is no end of the call.
    pub fn watch(&self) -> Watch {
        Watch(Arc::downgrade(&self.0))
    }

    /// Says something of the call to whoever looks after it.
    pub fn note(&self, note: Note) {
        let mut state = self.state().lock();
        match &state.way {
            Way::There { far, number } => {
                let (far, number) = (Arc::clone(far), *number);
                drop(state);
                far.note(number, note);
            }
            Way::Here { .. } => match note {
                Note::Loading => state.is_loading = true,
                Note::Loaded => state.is_loading = false,
                // Whoever ends what goes on hears of it from its worker.
                Note::GoesOn { .. } => {}
            },
        }
    }

    /// The module body of the call failed with this problem, because of what an earlier version of
    /// it has left in this process. Whoever looks after the call may have it run in a fresh one.
    pub fn outgrown(&self, problem: Problem) {
        let state = self.state().lock();
        if let Way::There { far, number } = &state.way {
            let (far, number) = (Arc::clone(far), *number);
            drop(state);
            far.outgrown(number, problem);
        } else {
            drop(state);
            self.send(Event::Problem(Box::new(problem)));
        }
    }

    /// Sends a chunk if there is room for it.
    ///
    /// # Errors
    /// `Gone` when the reader has gone. `Ok(false)` means no room: nothing was taken.
    pub fn try_chunk(&self, chunk: &Bytes) -> Result<bool, Gone> {
        let state = self.state().lock();
        if state.gone {
            return Err(Gone);
        }
        if !state.has_room(chunk.len()) {
            return Ok(false);
        }
        self.push(state, Event::Chunk(chunk.clone()));
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
        self.push(state, Event::Chunk(chunk));
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
        let state = self.state().lock();
        match &state.way {
            _ if state.gone => true,
            Way::Here { .. } => false,
            Way::There { far, number } => far.is_withdrawn(*number),
        }
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
