//! How long this end waits: for a connection, for the next bytes, for all of an answer.

use std::time::{Duration, Instant};

/// What a client waits at most. None of it is the server's deadline, which belongs to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waits {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the answer begins, and then between its pieces.
    pub silence: Option<Duration>,
}

impl Default for Waits {
    /// Ten seconds are enough for any network: a server that runs answers a connection at once,
    /// however long its calls take.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), silence: None }
    }
}

/// The limits of a call that is under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// From sending the call to the end of its answer.
    total: Option<Duration>,
    waits: Waits,
    began: Instant,
}

impl Limits {
    /// Of a call that is sent now.
    pub(crate) fn begin(total: Option<Duration>, waits: Waits) -> Self {
        Self { total, waits, began: Instant::now() }
    }

    pub(crate) fn total(&self) -> Option<Duration> {
        self.total
    }

    /// For people: within what no connection stood.
    pub(crate) fn connecting(&self) -> String {
        format!(" within {:?}", self.waits.connect)
    }

    /// For people: what has not come, and within what.
    pub(crate) fn passed(&self) -> String {
        match (self.total, self.waits.silence) {
            (Some(total), silence) if silence.is_none() || self.began.elapsed() >= total => {
                format!("has not answered in full within {total:?}")
            }
            (_, Some(silence)) => format!("has said nothing for {silence:?}"),
            (_, None) => "has not answered in time".to_owned(),
        }
    }
}
