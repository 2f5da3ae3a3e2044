//! Defines what is reported of a call beside its events, to whoever looks after it.

use serde::{Deserialize, Serialize};

/// Something to know of a call that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Note {
    /// The module body that it needs runs, or waits for its turn.
    Loading,
    /// That body has ended.
    Loaded,
    /// Nobody waits for the call any more, and it goes on.
    GoesOn {
        /// What it does.
        standing: Standing,
        /// It has the thread on which all calls of its adaptor run, one after the other.
        has_lane: bool,
    },
}

/// What a call does that nobody waits for any more. Said again and again, by a thread that holds
/// the interpreter's lock at that moment: so the call does not hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It runs Python.
    Runs,
    /// It waits in native code, which does not hear.
    Waits,
    /// It imports, or runs a module body: that may end.
    Loads,
}
