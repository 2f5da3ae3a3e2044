//! The calls that a worker has, and who has each of them: the worker or the server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lru::LruCache;
use owt_core::{Call, CodeId};
use owt_engine::link::Claims;
use owt_engine::{Context, Sender, Task, Upstream};
use slab::Slab;

use super::answers::Coming;
use crate::pool::placement::Load;
use crate::pool::runaway::{Kept, Left, Runaway};

/// A call that has not begun for this long, where it should have, makes its worker a stuck one.
const STUCK: Duration = Duration::from_millis(50);

/// How long it may take until a worker has told of a call that it loads.
const TOLD: Duration = Duration::from_secs(1);

/// A worker's calls by number, and the adaptors that they warmed up.
#[derive(Debug)]
pub struct CallTable {
    claims: Claims,
    calls: Slab<Entry>,
    warm: LruCache<CodeId, ()>,
    /// How long calls took lately, from submission to end.
    latency: Duration,
    /// When a call last ended, or the first of those that are here came.
    progress: Instant,
}

/// A call that a worker has.
#[derive(Debug)]
pub struct Entry {
    /// As it was given, for another worker if this one dies before the call has begun.
    pub given: Arc<(Call, Context)>,
    pub events: Sender,
    /// When it came.
    pub since: Instant,
    /// An answer of it that comes in pieces.
    pub answer: Option<Coming>,
    /// Its reader has gone.
    pub left: Option<Left>,
    /// Its module body runs, or waits to.
    is_loading: bool,
    /// Since when it could begin if a thread were free, or waits for its load.
    waits_since: Instant,
}

impl Entry {
    pub fn task(&self) -> Task {
        let (call, context) = (*self.given).clone();
        Task { call, context, events: self.events.clone() }
    }

    /// Its module body runs, or does not any more.
    pub fn loads(&mut self, loads: bool) {
        if self.is_loading && !loads {
            self.waits_since = Instant::now();
        }
        self.is_loading = loads;
    }
}

/// Calls that wait, calls that run, and adaptors that are warm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub waiting: usize,
    pub running: usize,
    pub warm: usize,
}

/// What became of a call that was to be entered.
#[derive(Debug)]
pub enum Entered {
    /// It has that number now.
    As(u32),
    /// Its client has gone; nothing has run.
    Gone,
    /// There is no room for it.
    Full(Sender),
}

impl CallTable {
    /// An empty one, of as many calls as there are claims.
    pub fn new(claims: Claims, most_adaptors: usize) -> Self {
        let most = most_adaptors.try_into().unwrap_or(std::num::NonZeroUsize::MIN);
        Self {
            claims,
            calls: Slab::new(),
            warm: LruCache::new(most),
            latency: Duration::ZERO,
            progress: Instant::now(),
        }
    }

    /// What placement needs to know, but for whether the worker is a stuck one.
    pub fn load(&self, adaptor: CodeId) -> Load {
        let calls = self.calls.len();
        let latency = match calls {
            0 => Duration::ZERO,
            _ => self.latency.max(self.progress.elapsed()),
        };
        let adaptors = self.warm.len();
        Load { is_warm: self.warm.contains(&adaptor), calls, latency, adaptors, is_stuck: false }
    }

    pub fn len(&self) -> usize {
        self.calls.len()
    }

    pub fn count(&self) -> Count {
        let (mut waiting, mut running) = (0, 0);
        for (number, _) in &self.calls {
            if self.claims.has_begun(number as u32) {
                running += 1;
            } else if !self.claims.is_withdrawn(number as u32) {
                waiting += 1;
            }
        }
        Count { waiting, running, warm: self.warm.len() }
    }

    /// Calls that are not answered: one whose deadline has passed is, though it may go on, and one
    /// that was taken back is another's to answer.
    pub fn unanswered(&self) -> usize {
        let is_answered = |number: usize, entry: &Entry| {
            entry.left.is_some_and(|left| left.is_overdue())
                || self.claims.is_withdrawn(number as u32)
        };
        self.calls.iter().filter(|(number, entry)| !is_answered(*number, entry)).count()
    }

    /// Enters a call, whose client `upstream` hears of from now on.
    pub fn enter(
        &mut self,
        given: &Arc<(Call, Context)>,
        events: Sender,
        upstream: Arc<dyn Upstream>,
    ) -> Entered {
        let number = self.calls.vacant_key();
        if number >= self.claims.most() {
            return Entered::Full(events);
        }
        let number = number as u32;
        self.claims.reset(number);
        if events.follow(upstream, number) {
            return Entered::Gone;
        }
        let now = Instant::now();
        if self.calls.is_empty() {
            self.progress = now;
        }
        self.warm.put(given.0.code.id(), ());
        self.calls.insert(Entry {
            given: Arc::clone(given),
            events,
            since: now,
            answer: None,
            left: None,
            is_loading: false,
            waits_since: now,
        });
        Entered::As(number)
    }

    /// That call, unless it was taken back: then it is another's to answer, and a worker that stops
    /// refuses it all the same.
    pub fn get(&mut self, number: u32) -> Option<&mut Entry> {
        let entry = self.calls.get_mut(number as usize)?;
        (!self.claims.is_withdrawn(number)).then_some(entry)
    }

    /// A call has ended. Gives its adaptor.
    pub fn done(&mut self, number: u32) -> Option<CodeId> {
        let entry = self.calls.try_remove(number as usize)?;
        self.latency = (self.latency * 7 + entry.since.elapsed()) / 8;
        self.progress = Instant::now();
        Some(entry.given.0.code.id())
    }

    /// That adaptor is warm no more.
    pub fn unloaded(&mut self, code: CodeId) {
        self.warm.pop(&code);
    }

    /// Notes that nobody reads that call any more. True if it has begun: the worker must be told.
    pub fn leave(&mut self, number: u32, left: Left) -> bool {
        let Some(entry) = self.calls.get_mut(number as usize) else { return false };
        entry.left = Some(left);
        !self.claims.withdraw(number)
    }

    /// Takes calls that came before that moment and have not begun away from the worker, so that
    /// others can have them.
    pub fn take_back(&self, before: Instant) -> Vec<Task> {
        let is_due = |number: u32, entry: &Entry| {
            entry.left.is_none() && entry.since <= before && !self.claims.is_withdrawn(number)
        };
        let calls = self.calls.iter().map(|(number, entry)| (number as u32, entry));
        let due = calls.filter(|(number, entry)| is_due(*number, entry));
        let taken = due.filter(|(number, _)| self.claims.withdraw(*number));
        taken.map(|(_, entry)| entry.task()).collect()
    }

    /// Lets go of what is only kept for calls that have not begun. True when calls wait that should
    /// have.
    pub fn look(&mut self) -> bool {
        let mut is_stuck = false;
        for (number, entry) in &mut self.calls {
            let number = number as u32;
            if self.claims.has_begun(number) {
                // One that loads may need another worker; whether it does is told at once.
                let runs = !entry.is_loading && entry.since.elapsed() > TOLD;
                if runs && !entry.given.1.body.is_empty() {
                    let (call, context) = &*entry.given;
                    let context = Context { body: Bytes::new(), ..context.clone() };
                    entry.given = Arc::new((call.clone(), context));
                }
            } else if !self.claims.is_withdrawn(number) {
                is_stuck |= entry.since.elapsed() > STUCK;
            }
        }
        is_stuck
    }

    /// Whether calls that nobody waits for keep the worker, of so many threads, from the others; and
    /// whether calls that somebody waits for run in it.
    pub fn runaway(&self, threads: usize) -> (Option<Runaway>, bool) {
        let (mut harmful, mut kept, mut has_neighbours) = (None, Vec::new(), false);
        let (mut keeps_the_turn, mut lanes) = (false, Vec::new());
        // For a thread, and for the turn to load or the end of a load.
        let (mut waits, mut waits_to_load) = (Duration::ZERO, Duration::ZERO);
        for (number, entry) in &self.calls {
            match (self.claims.has_begun(number as u32), entry.left) {
                (true, None) => has_neighbours = true,
                (true, Some(left)) if left.is_harmful() => {
                    harmful = harmful.or(Some(left.runaway()))
                }
                (true, Some(left)) => {
                    let Some(thread) = left.keeps_a_thread() else { continue };
                    keeps_the_turn |= thread == Kept::Lost && entry.is_loading;
                    if left.has_lane() {
                        lanes.push((entry.given.0.code.id(), thread));
                    }
                    kept.push(thread);
                }
                (false, None) if entry.is_loading => {
                    waits_to_load = waits_to_load.max(entry.waits_since.elapsed());
                }
                (false, None) => waits = waits.max(entry.waits_since.elapsed()),
                (false, Some(_)) => {}
            }
        }
        // Others take the place of threads that are kept, up to the half of all. That calls wait
        // longer, or loads take their time, says nothing of threads.
        let lost = kept.iter().filter(|kept| **kept == Kept::Lost).count();
        let is_short = 2 * lost > threads
            || 2 * kept.len() > threads && waits > Kept::Loading.patience()
            || keeps_the_turn && waits_to_load > Kept::Loading.patience()
            || lanes.iter().any(|(code, kept)| self.waits_for(*code) > kept.patience());
        (harmful.or(is_short.then_some(Runaway::KeepsThreads)), has_neighbours)
    }

    /// How long calls of that code wait for its one thread.
    fn waits_for(&self, code: CodeId) -> Duration {
        let waits = self.calls.iter().filter(|(number, entry)| {
            let has_begun = self.claims.has_begun(*number as u32);
            entry.given.0.code.id() == code && entry.left.is_none() && !has_begun
        });
        waits.map(|(_, entry)| entry.waits_since.elapsed()).max().unwrap_or_default()
    }

    /// True while calls run whose end is worth waiting for.
    pub fn is_running(&self) -> bool {
        let may_end = |entry: &Entry| entry.left.and_then(Left::keeps_a_thread).is_none();
        let mut calls = self.calls.iter();
        calls.any(|(number, entry)| may_end(entry) && self.claims.has_begun(number as u32))
    }

    /// Takes all calls out, each with whether it had begun. Those that were taken back before, or
    /// that nobody waits for, are left out. Also gives when a call last ended.
    pub fn take_all(&mut self) -> (Vec<(Entry, bool)>, Instant) {
        let claims = &self.claims;
        let left = std::mem::take(&mut self.calls).into_iter().filter_map(|(number, entry)| {
            let number = number as u32;
            let has_begun = claims.has_begun(number);
            let is_waiting = !claims.is_withdrawn(number) && entry.left.is_none();
            (has_begun || is_waiting).then_some((entry, has_begun))
        });
        (left.collect(), self.progress)
    }
}

#[cfg(test)]
mod tests {
    use owt_engine::{Events, channel};

    use super::*;

    /// Who hears of readers, and does not care.
    #[derive(Debug)]
    struct Nobody;

    impl Upstream for Nobody {
        fn credit(&self, _: u32, _: usize) {}
        fn cancel(&self, _: u32, _: bool) {}
    }

    /// A table with that much room, and the worker's view of its claims.
    fn table(room: usize) -> (CallTable, Claims) {
        let (claims, file) = Claims::create(room).unwrap();
        (CallTable::new(claims, 8), Claims::open(&file).unwrap())
    }

    fn enter(table: &mut CallTable, code: &str) -> (Entered, Events) {
        let (sender, events) = channel();
        let given = Arc::new((Call::new(code), Context::default()));
        (table.enter(&given, sender, Arc::new(Nobody)), events)
    }

    fn codes(tasks: Vec<Task>) -> Vec<String> {
        tasks.into_iter().map(|task| task.call.code.source().to_string()).collect()
    }

    #[test]
    fn calls_wait_then_run_then_end() {
        let (mut table, worker) = table(4);
        let _readers = ["a", "b"].map(|code| enter(&mut table, code));
        assert_eq!(table.count(), Count { waiting: 2, running: 0, warm: 2 });
        assert!(worker.begin(1));
        assert_eq!(table.count(), Count { waiting: 1, running: 1, warm: 2 });
        assert_eq!(table.done(1), Some(Call::new("b").code.id()));
        assert_eq!(table.done(1), None);
        assert_eq!(table.count(), Count { waiting: 1, running: 0, warm: 2 });
        table.unloaded(Call::new("b").code.id());
        assert!(!table.load(Call::new("b").code.id()).is_warm);
        assert!(table.load(Call::new("a").code.id()).is_warm);
    }

    #[test]
    fn there_is_room_for_as_many_calls_as_claims() {
        let (mut table, _worker) = table(2);
        let readers = ["a", "b", "c"].map(|code| enter(&mut table, code));
        let kept = readers.each_ref().map(|(entered, _)| matches!(entered, Entered::As(_)));
        assert_eq!(kept, [true, true, false]);
        assert!(matches!(readers[2].0, Entered::Full(_)));
        table.done(0);
        assert!(matches!(enter(&mut table, "d").0, Entered::As(0)), "a number is used again");
    }

    #[test]
    fn nothing_is_entered_for_a_client_that_has_gone() {
        let (mut table, _worker) = table(2);
        let (sender, events) = channel();
        drop(events);
        let given = Arc::new((Call::new("a"), Context::default()));
        assert!(matches!(table.enter(&given, sender, Arc::new(Nobody)), Entered::Gone));
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn only_what_has_not_begun_is_taken_back_and_it_cannot_begin_any_more() {
        let (mut table, worker) = table(4);
        let _readers = ["begun", "waits"].map(|code| enter(&mut table, code));
        assert!(worker.begin(0));
        let before = Instant::now().checked_sub(Duration::from_secs(9)).unwrap();
        assert_eq!(codes(table.take_back(before)), [""; 0], "both came later");
        assert_eq!(codes(table.take_back(Instant::now())), ["waits"]);
        assert_eq!(codes(table.take_back(Instant::now())), [""; 0], "once is enough");
        assert!(!worker.begin(1));
        assert!(table.get(0).is_some() && table.get(1).is_none());
        assert_eq!(table.count(), Count { waiting: 0, running: 1, warm: 2 });
        assert_eq!(table.unanswered(), 1);
    }

    #[test]
    fn the_worker_hears_of_a_reader_that_left_only_if_the_call_has_begun() {
        let (mut table, worker) = table(4);
        let _readers = ["begun", "waits"].map(|code| enter(&mut table, code));
        assert!(worker.begin(0));
        assert!(table.leave(0, Left::new(false)));
        assert!(!table.leave(1, Left::new(false)));
        assert!(!table.leave(2, Left::new(false)), "there is none");
        assert!(!worker.begin(1));
        assert_eq!(table.unanswered(), 1, "its client left, but no deadline passed");
    }

    #[test]
    fn a_worker_leaves_what_it_has_and_somebody_wants() {
        let (mut table, worker) = table(4);
        let _readers = ["begun", "waits", "left", "taken"].map(|code| enter(&mut table, code));
        assert!(worker.begin(0));
        table.leave(2, Left::new(true));
        assert!(table.claims.withdraw(3));
        let (left, _) = table.take_all();
        let left: Vec<_> = left
            .into_iter()
            .map(|(entry, has_begun)| (entry.given.0.code.source().to_string(), has_begun))
            .collect();
        assert_eq!(left, [("begun".to_owned(), true), ("waits".to_owned(), false)]);
        assert_eq!(table.len(), 0);
    }
}
