//! Connects a channel whose two ends are in different processes.

use std::fmt::Debug;
use std::sync::Arc;

use owt_core::Problem;

use super::{Event, Link, Note, wake};

/// On the giving side: the way to the reader in another process.
pub trait Far: Debug + Send + Sync {
    /// Something of the call is about to run. False when its reader has taken it back: then
    /// it must not.
    fn begin(&self, number: u32) -> bool;
    /// True when the reader has taken the call back before it began.
    fn is_withdrawn(&self, number: u32) -> bool;
    /// Writes an event down.
    fn give(&self, number: u32, event: Event);
    /// Says something of a call.
    fn note(&self, number: u32, note: Note);
    /// The module body of the call does not run beside an earlier version of it.
    fn outgrown(&self, number: u32, problem: Problem);
    /// Nothing of the call runs any more.
    fn done(&self, number: u32);
}

/// On the reading side: the way back to whoever gives the events.
pub trait Upstream: Debug + Send + Sync {
    /// The reader has taken that many bytes of chunks.
    fn credit(&self, number: u32, bytes: usize);
    /// The reader has gone before the last event; `overdue` when its deadline has passed.
    fn cancel(&self, number: u32, overdue: bool);
}

/// The far reader's hand in a call that runs here.
#[derive(Debug)]
pub struct Reins(Arc<Link>);

impl Reins {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Self(link)
    }

    /// The reader has taken that many bytes.
    pub fn credit(&self, bytes: usize) {
        let givers = {
            let mut state = self.0.state.lock();
            state.bytes = state.bytes.saturating_sub(bytes);
            std::mem::take(&mut state.givers)
        };
        self.0.room.notify_all();
        wake(givers);
    }

    /// The reader has gone.
    pub fn cancel(&self) {
        let givers = {
            let mut state = self.0.state.lock();
            state.gone = true;
            std::mem::take(&mut state.givers)
        };
        self.0.room.notify_all();
        wake(givers);
    }
}
