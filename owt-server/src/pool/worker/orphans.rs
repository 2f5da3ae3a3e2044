//! Gives back the calls of a worker that has ended.

use std::collections::HashMap;
use std::time::Instant;

use owt_core::CodeId;
use owt_engine::{Sender, Task};

use super::calls::Entry;
use super::{Worker, rebuilt};

/// A call that was in a worker that is no more.
#[derive(Debug)]
pub enum Orphan {
    /// Nothing of it has run.
    Unbegun(Box<Task>),
    /// It was running.
    Begun(Begun),
}

/// A call that ran in a worker to its end.
#[derive(Debug)]
pub struct Begun {
    pub adaptor: CodeId,
    /// When it came.
    pub since: Instant,
    pub events: Sender,
    /// Its id, if no other call there had it.
    pub id: Option<String>,
    /// Since when it was the only one there that ran, if it was.
    pub alone: Option<Instant>,
}

impl Worker {
    /// It has ended: gives the calls that it had.
    pub fn take_orphans(&self) -> Vec<Orphan> {
        self.outbox.close();
        self.close();
        let (calls, progress) = self.calls.lock().take_all();
        let begun = calls.iter().filter(|(_, has_begun)| *has_begun);
        let mut ids = HashMap::new();
        begun.for_each(|(entry, _)| *ids.entry(entry.given.1.id.clone()).or_insert(0) += 1);
        let is_alone = ids.values().sum::<usize>() == 1;
        let orphan = |(entry, has_begun): (Entry, bool)| {
            if !has_begun {
                return Orphan::Unbegun(Box::new(rebuilt(entry.given, entry.events)));
            }
            let (call, context) = &*entry.given;
            Orphan::Begun(Begun {
                adaptor: call.code.id(),
                since: entry.since,
                events: entry.events,
                id: (ids.get(&context.id) == Some(&1)).then(|| context.id.clone()),
                alone: is_alone.then(|| progress.max(entry.since)),
            })
        };
        calls.into_iter().map(orphan).collect()
    }
}
