//! A worker's place in a pool: which process holds it, and what comes next.
//!
//! The transitions are pure, so that the whole life of a slot can be read in the table of tests
//! below: [`Slot`] starts nothing and waits for nothing.

use std::collections::HashMap;
use std::time::Duration;

use super::death::Ending;

/// Starts that failed in a row after which nobody waits for the next one.
pub const HOPELESS: u32 = 3;

/// Why the process that holds a slot is to be replaced, and how long its calls may go on then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub why: Ending,
    pub patience: Duration,
}

/// Where a slot stands. `P` is a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State<P> {
    /// Nobody holds it, and nobody is on the way.
    Vacant,
    /// Nobody holds it, and a process is on the way.
    Starting,
    /// That process holds it. Another shall, if that is `wanted`.
    Up { holder: P, wanted: Option<Wanted> },
    /// That process holds it until the one that is on the way is ready.
    Replacing { holder: P, wanted: Wanted },
    /// The pool stops: nobody follows the process that holds it.
    Draining { holder: Option<P> },
}

/// A worker's place, and what became of those that held it.
#[derive(Clone, Debug)]
pub struct Slot<P> {
    state: State<P>,
    /// Ends in a row without a call served, and starts in a row that failed.
    failures: u32,
    starts: u64,
    deaths: HashMap<&'static str, u64>,
}

/// How a process that may hold a slot has ended.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// The reason's name in metrics.
    pub reason: &'static str,
    /// It has served a call.
    pub has_served: bool,
}

impl<P> Default for Slot<P> {
    fn default() -> Self {
        Self { state: State::Vacant, failures: 0, starts: 0, deaths: HashMap::new() }
    }
}

impl<P: Clone + PartialEq> Slot<P> {
    /// The process that takes the slot's calls.
    pub fn holder(&self) -> Option<&P> {
        match &self.state {
            State::Up { holder, .. } | State::Replacing { holder, .. } => Some(holder),
            State::Draining { holder } => holder.as_ref(),
            State::Vacant | State::Starting => None,
        }
    }

    /// A process is on the way.
    pub fn is_starting(&self) -> bool {
        matches!(self.state, State::Starting | State::Replacing { .. })
    }

    /// A process is to be started that nobody starts yet.
    pub fn is_due(&self) -> bool {
        matches!(self.state, State::Vacant | State::Up { wanted: Some(_), .. })
    }

    /// Whoever holds it is to be replaced, or is being replaced.
    pub fn is_wanted(&self) -> bool {
        matches!(self.state, State::Up { wanted: Some(_), .. } | State::Replacing { .. })
    }

    /// Starts that were ready, beyond the first.
    pub fn restarts(&self) -> u64 {
        self.starts.saturating_sub(1)
    }

    /// Ends in a row without a call served, and starts in a row that failed.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// How often processes ended here, by reason.
    pub fn deaths(&self) -> Vec<(&'static str, u64)> {
        self.deaths.iter().map(|(reason, count)| (*reason, *count)).collect()
    }

    /// Wants the process that holds it replaced. The first reason counts.
    pub fn want(&mut self, reason: Wanted) {
        if let State::Up { wanted: wanted @ None, .. } = &mut self.state {
            *wanted = Some(reason);
        }
    }

    /// A process that is due is on the way now. False if none is due.
    pub fn start(&mut self) -> bool {
        let next = match &self.state {
            State::Vacant => State::Starting,
            State::Up { holder, wanted: Some(wanted) } => {
                State::Replacing { holder: holder.clone(), wanted: *wanted }
            }
            _ => return false,
        };
        self.state = next;
        true
    }

    /// Nobody is on the way after all: it is due again.
    pub fn not_started(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Vacant) {
            State::Starting => State::Vacant,
            State::Replacing { holder, wanted } => State::Up { holder, wanted: Some(wanted) },
            other => other,
        };
    }

    /// The start of the process that was on the way failed.
    pub fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// After a failed start: true if another is tried. Whoever holds the slot keeps it after a few.
    pub fn retries(&mut self) -> bool {
        match &self.state {
            State::Starting => true,
            State::Replacing { .. } if self.failures < HOPELESS => true,
            State::Replacing { holder, .. } => {
                self.state = State::Up { holder: holder.clone(), wanted: None };
                false
            }
            State::Vacant | State::Up { .. } | State::Draining { .. } => false,
        }
    }

    /// The process that was on the way holds it now. Gives the one that held it, and why it does
    /// no more.
    pub fn ready(&mut self, process: P) -> Option<(P, Wanted)> {
        self.starts += 1;
        let up = State::Up { holder: process.clone(), wanted: None };
        match std::mem::replace(&mut self.state, up) {
            State::Replacing { holder, wanted } => Some((holder, wanted)),
            State::Draining { .. } => {
                self.state = State::Draining { holder: Some(process) };
                None
            }
            State::Vacant | State::Starting | State::Up { .. } => None,
        }
    }

    /// A process of this slot has ended. True if its keeper is to start another.
    pub fn ended(&mut self, process: &P, end: End) -> bool {
        *self.deaths.entry(end.reason).or_default() += 1;
        if self.holder() != Some(process) {
            return false;
        }
        let is_followed = matches!(self.state, State::Up { .. });
        self.state = match self.state {
            State::Draining { .. } => State::Draining { holder: None },
            _ => State::Starting,
        };
        if is_followed {
            self.failures = if end.has_served { 1 } else { self.failures.saturating_add(1) };
        }
        is_followed
    }

    /// Nobody follows the process that holds it.
    pub fn drain(&mut self) {
        self.state = State::Draining { holder: self.holder().cloned() };
    }
}

#[cfg(test)]
mod tests {
    use super::State::{Draining, Replacing, Starting, Up, Vacant};
    use super::*;

    const OLD: u32 = 1;
    const NEW: u32 = 2;
    const MEMORY: Wanted =
        Wanted { why: Ending::Memory { bytes: 2, most: 1 }, patience: Duration::ZERO };
    const RELOAD: Wanted = Wanted { why: Ending::Replaced, patience: Duration::MAX };

    fn up(wanted: Option<Wanted>) -> State<u32> {
        Up { holder: OLD, wanted }
    }

    /// Every state that a slot can be in.
    fn states() -> [State<u32>; 7] {
        [
            Vacant,
            Starting,
            up(None),
            up(Some(MEMORY)),
            Replacing { holder: OLD, wanted: MEMORY },
            Draining { holder: Some(OLD) },
            Draining { holder: None },
        ]
    }

    /// What becomes of each of these states, in their order, and what is given back.
    fn check<T: PartialEq + std::fmt::Debug>(
        failures: u32,
        event: impl Fn(&mut Slot<u32>) -> T,
        expected: [(State<u32>, T); 7],
    ) {
        for (from, (state, given)) in states().into_iter().zip(expected) {
            let mut slot = Slot { state: from.clone(), failures, ..Slot::default() };
            assert_eq!(event(&mut slot), given, "{from:?}");
            assert_eq!(slot.state, state, "{from:?}");
        }
    }

    /// Those states, unchanged but for some.
    fn unchanged<T: Clone>(
        given: T,
        changed: impl IntoIterator<Item = (usize, (State<u32>, T))>,
    ) -> [(State<u32>, T); 7] {
        let mut expected = states().map(|state| (state, given.clone()));
        for (index, row) in changed {
            expected[index] = row;
        }
        expected
    }

    #[test]
    fn only_what_is_due_is_started() {
        let replacing = Replacing { holder: OLD, wanted: MEMORY };
        check(0, Slot::start, unchanged(false, [(0, (Starting, true)), (3, (replacing, true))]));
        for (slot, is_due) in states().into_iter().zip([true, false, false, true]) {
            assert_eq!(Slot { state: slot, ..Slot::default() }.is_due(), is_due);
        }
    }

    #[test]
    fn what_could_not_be_started_is_due_again() {
        let expected = unchanged((), [(1, (Vacant, ())), (4, (up(Some(MEMORY)), ()))]);
        check(0, Slot::not_started, expected);
    }

    #[test]
    fn the_first_reason_to_replace_a_process_counts() {
        let wants = |slot: &mut Slot<u32>| slot.want(RELOAD);
        check(0, wants, unchanged((), [(2, (up(Some(RELOAD)), ()))]));
    }

    #[test]
    fn whoever_is_ready_holds_the_slot() {
        let new = || Up { holder: NEW, wanted: None };
        let draining = || Draining { holder: Some(NEW) };
        let replaced = Some((OLD, MEMORY));
        check(
            0,
            |slot| slot.ready(NEW),
            [
                (new(), None),
                (new(), None),
                (new(), None),
                (new(), None),
                (new(), replaced),
                (draining(), None),
                (draining(), None),
            ],
        );
    }

    #[test]
    fn an_end_is_followed_by_a_start_unless_one_is_on_the_way() {
        let end = End { reason: "signal", has_served: false };
        let nobody = (5, (Draining { holder: None }, false));
        check(
            0,
            |slot| slot.ended(&OLD, end),
            unchanged(
                false,
                [(2, (Starting, true)), (3, (Starting, true)), (4, (Starting, false)), nobody],
            ),
        );
        // Another process's end is only counted.
        check(0, |slot| slot.ended(&NEW, end), unchanged(false, []));
        let mut slot = Slot::<u32>::default();
        slot.ended(&NEW, end);
        slot.ended(&NEW, end);
        assert_eq!(slot.deaths(), [("signal", 2)]);
    }

    #[test]
    fn a_start_is_tried_until_it_succeeds_where_nobody_holds_the_slot() {
        check(
            HOPELESS - 1,
            Slot::retries,
            unchanged(
                false,
                [(1, (Starting, true)), (4, (Replacing { holder: OLD, wanted: MEMORY }, true))],
            ),
        );
        let kept = (4, (up(None), false));
        check(HOPELESS, Slot::retries, unchanged(false, [(1, (Starting, true)), kept]));
    }

    #[test]
    fn failures_are_counted_in_a_row() {
        let mut slot = Slot { state: Starting, ..Slot::default() };
        slot.failed();
        slot.failed();
        assert_eq!(slot.failures(), 2);
        slot.ready(OLD);
        assert!(slot.ended(&OLD, End { reason: "exit", has_served: false }));
        assert_eq!(slot.failures(), 3);
        slot.ready(NEW);
        assert!(slot.ended(&NEW, End { reason: "exit", has_served: true }));
        assert_eq!(slot.failures(), 1);
        assert_eq!(slot.restarts(), 1);
    }

    #[test]
    fn a_drained_slot_starts_nobody() {
        let left = |holder| (Draining { holder }, ());
        check(
            0,
            Slot::drain,
            [
                left(None),
                left(None),
                left(Some(OLD)),
                left(Some(OLD)),
                left(Some(OLD)),
                left(Some(OLD)),
                left(None),
            ],
        );
    }
}
