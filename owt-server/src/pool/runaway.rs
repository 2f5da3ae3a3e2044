//! Decides when a call that nobody waits for any more costs its worker.
//!
//! A call that holds the interpreter's lock stops everybody: its worker is killed. One that waits in
//! native code without the lock only keeps a thread: the worker lives on, with all that is warm in
//! it, and is replaced once threads run short. The worker itself reports which of the two it is:
//! whichever thread holds the lock notes again and again what the call does, and a call that keeps
//! the lock lets nobody note anything.

use std::time::{Duration, Instant};

use owt_engine::Standing;

/// How long a call may take to stop once its deadline has passed, or its client has gone. Losing
/// a deadline costs the answer anyway, a client that goes may come back to a warm worker.
const OVERDUE: Duration = Duration::from_secs(2);
const ABANDONED: Duration = Duration::from_secs(10);
/// How much longer it may take to hear of that: other calls may hold the lock in turns.
const STARVING: Duration = Duration::from_secs(1);

/// A thread that a call keeps though nobody waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Lost,
    Loading,
}

impl Kept {
    /// How long others may wait, perhaps for this thread. A load ends some day, and is worth more.
    pub fn patience(self) -> Duration {
        match self {
            Self::Lost => Duration::from_secs(2),
            Self::Loading => Duration::from_secs(10),
        }
    }
}

/// What a worker is ended or exchanged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runaway {
    /// A call goes on past its deadline, and lets no other run.
    Overdue,
    /// A call goes on without its client, and lets no other run.
    Abandoned,
    /// Calls that do not end keep the threads that others need.
    KeepsThreads,
}

/// The call's reader has gone.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    since: Instant,
    is_overdue: bool,
    noted: Option<Noted>,
}

/// What the worker last said of it.
#[derive(Clone, Copy, Debug)]
struct Noted {
    first: Instant,
    at: Instant,
    standing: Standing,
    has_lane: bool,
    /// Since when it runs Python, in one look after the other.
    runs_since: Instant,
}

impl Left {
    pub fn new(is_overdue: bool) -> Self {
        Self { since: Instant::now(), is_overdue, noted: None }
    }

    /// Its deadline has passed, so it is answered.
    pub fn is_overdue(self) -> bool {
        self.is_overdue
    }

    pub fn runaway(self) -> Runaway {
        if self.is_overdue { Runaway::Overdue } else { Runaway::Abandoned }
    }

    /// The worker says that it goes on; `has_lane`: on the one thread of its adaptor.
    pub fn goes_on(&mut self, standing: Standing, has_lane: bool) {
        let at = Instant::now();
        let ran = self.noted.filter(|noted| noted.standing == Standing::Runs);
        let runs_since = ran.map_or(at, |noted| noted.runs_since);
        let first = self.noted.map_or(at, |noted| noted.first);
        self.noted = Some(Noted { first, at, standing, has_lane, runs_since });
    }

    /// Its adaptor's other calls wait for this one.
    pub fn has_lane(self) -> bool {
        self.noted.is_some_and(|noted| noted.has_lane)
    }

    fn patience(self) -> Duration {
        if self.is_overdue { OVERDUE } else { ABANDONED }
    }

    /// It takes from others what they need to run, or more time to stop than it is given.
    pub fn is_harmful(self) -> bool {
        let Some(noted) = self.noted else {
            return self.since.elapsed() > self.patience() + STARVING;
        };
        match noted.standing {
            // Seen so from the first look to the last: the time since then says nothing of it.
            Standing::Runs if noted.at.duration_since(noted.runs_since) > self.patience() => true,
            _ => noted.at.elapsed() > self.patience() + STARVING,
        }
    }

    /// If it does nobody harm but for the thread that it has: whether that is lost, or a load
    /// will give it back.
    pub fn keeps_a_thread(self) -> Option<Kept> {
        let noted = self.noted.filter(|noted| noted.first.elapsed() > self.patience())?;
        match noted.standing {
            Standing::Runs => None,
            Standing::Waits => Some(Kept::Lost),
            Standing::Loads => Some(Kept::Loading),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ago(seconds: u64) -> Instant {
        Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap()
    }

    /// A call whose deadline passed, or whose client went, so long ago; and what was last noted
    /// of it: when first, when last, and what.
    fn left(is_overdue: bool, since: u64, noted: Option<(u64, u64, Standing)>) -> Left {
        let noted = noted.map(|(first, at, standing)| Noted {
            first: ago(first),
            at: ago(at),
            standing,
            has_lane: false,
            runs_since: ago(first),
        });
        Left { since: ago(since), is_overdue, noted }
    }

    #[test]
    fn what_holds_the_lock_is_harmful_and_what_waits_is_not() {
        use Standing::{Loads, Runs, Waits};
        for (overdue, since, noted, harmful, kept) in [
            // Nobody in the worker has had the lock since.
            (true, 1, None, false, None),
            (true, 4, None, true, None),
            (false, 4, None, false, None),
            (false, 12, None, true, None),
            // It ran Python once it was looked at, and has not been looked at again yet.
            (true, 4, Some((2, 2, Runs)), false, None),
            (true, 6, Some((4, 4, Runs)), true, None),
            // It runs Python, and goes on doing so.
            (true, 2, Some((1, 0, Runs)), false, None),
            (true, 9, Some((3, 0, Runs)), true, None),
            (false, 9, Some((3, 0, Runs)), false, None),
            // It waits, for however long.
            (true, 2, Some((1, 0, Waits)), false, None),
            (true, 999, Some((998, 0, Waits)), false, Some(Kept::Lost)),
            (true, 99, Some((98, 0, Loads)), false, Some(Kept::Loading)),
            // It waited, and now nobody has the lock any more.
            (true, 99, Some((98, 4, Waits)), true, Some(Kept::Lost)),
        ] {
            let left = left(overdue, since, noted);
            assert_eq!(left.is_harmful(), harmful, "{left:?}");
            assert_eq!(left.keeps_a_thread(), kept, "{left:?}");
        }
    }
}
