//! What a worker leaves when it has ended: the calls that it had.

use std::collections::HashMap;
use std::time::Instant;

use owt_core::CodeId;
use owt_engine::{Sender, Task};

use super::{Entry, Worker, rebuilt};

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
    pub fn bury(&self) -> Vec<Orphan> {
        self.outbox.close();
        self.close();
        let (calls, progress) = {
            let mut book = self.book.lock();
            (std::mem::take(&mut book.calls), book.progress)
        };
        let begun = calls.iter().filter(|(number, _)| self.claims.has_begun(*number as u32));
        let mut ids = HashMap::new();
        begun.for_each(|(_, entry)| *ids.entry(entry.given.1.id.clone()).or_insert(0) += 1);
        let is_alone = ids.values().sum::<usize>() == 1;
        let orphan = |(number, entry): (usize, Entry)| {
            let number = number as u32;
            if self.claims.has_begun(number) {
                let (call, context) = &*entry.given;
                return Some(Orphan::Begun(Begun {
                    adaptor: call.code.id(),
                    since: entry.since,
                    events: entry.events,
                    id: (ids.get(&context.id) == Some(&1)).then(|| context.id.clone()),
                    alone: is_alone.then(|| progress.max(entry.since)),
                }));
            }
            // Taken back already: somebody else has it, or nobody wants it.
            let is_waiting = !self.claims.is_withdrawn(number) && entry.left.is_none();
            is_waiting.then(|| Orphan::Unbegun(Box::new(rebuilt(entry.given, entry.events))))
        };
        calls.into_iter().filter_map(orphan).collect()
    }
}
