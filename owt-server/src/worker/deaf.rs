//! When a call that nobody waits for any more has to be ended with its worker.
//!
//! One that holds the interpreter's lock stops everybody: its worker is ended. One that waits in
//! native code without it takes a thread and nothing else: the worker and all that is warm in it
//! lives on, and is exchanged in peace when threads run short. Which of the two it is, the worker
//! says itself: whoever in it holds the lock notes again and again what the call does, and a
//! call that holds the lock lets nobody note anything.

use std::time::{Duration, Instant};

use crate::engine::Standing;

/// How long a call may take to stop once its deadline has passed, or its client has gone. Losing
/// a deadline costs the answer anyway, a client that goes may come back to a warm worker.
const OVERDUE: Duration = Duration::from_secs(2);
const ABANDONED: Duration = Duration::from_secs(10);
/// How much longer it may take to hear of that: other calls may hold the lock in turns.
const STARVING: Duration = Duration::from_secs(1);

/// What a worker is ended or exchanged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deaf {
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
    at: Instant,
    standing: Standing,
    /// Since when it runs Python.
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

    pub fn deaf(self) -> Deaf {
        if self.is_overdue { Deaf::Overdue } else { Deaf::Abandoned }
    }

    /// The worker says that it goes on.
    pub fn goes_on(&mut self, standing: Standing) {
        let at = Instant::now();
        let ran = self.noted.filter(|noted| noted.standing == Standing::Runs);
        let runs_since = ran.map_or(at, |noted| noted.runs_since);
        self.noted = Some(Noted { at, standing, runs_since });
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
            Standing::Runs if noted.runs_since.elapsed() > self.patience() => true,
            _ => noted.at.elapsed() > self.patience() + STARVING,
        }
    }

    /// It does nobody harm but for the thread that it has.
    pub fn keeps_a_thread(self) -> bool {
        self.noted.is_some_and(|noted| noted.standing != Standing::Runs)
    }
}
