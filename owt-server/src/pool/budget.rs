//! Bounds the memory of whole answers that wait for their readers.
//!
//! Small ones go to the server at once. Of a large one the beginning goes, and the rest stays in
//! its worker until the budget allows it: a reader that does not read, or many of them, fill
//! no more than that.

use std::collections::VecDeque;
use std::sync::Weak;

use owt_engine::Watch;
use parking_lot::Mutex;

use super::worker::Worker;

/// The bytes that whole answers may take in the server, of all workers together.
#[derive(Debug)]
pub struct Budget {
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Who reads the answers that are here or on their way, and how many bytes these have.
    taken: Vec<(Watch, usize)>,
    waiting: VecDeque<Wanted>,
}

/// An answer that a worker has.
#[derive(Debug)]
pub struct Wanted {
    pub worker: Weak<Worker>,
    pub number: u32,
    pub reader: Watch,
    pub length: usize,
}

impl State {
    /// False when it does not fit. An empty budget takes any.
    fn take(&mut self, wanted: &Wanted, most: usize) -> bool {
        self.taken.retain(|(reader, _)| !reader.has_gone());
        let held: usize = self.taken.iter().map(|(_, length)| *length).sum();
        if held > 0 && held + wanted.length > most {
            return false;
        }
        self.taken.push((wanted.reader.clone(), wanted.length));
        true
    }
}

impl Budget {
    pub fn new(most: usize) -> Self {
        Self { most, state: Mutex::default() }
    }

    /// Bytes of one answer at most.
    pub fn most(&self) -> usize {
        self.most
    }

    /// True when the answer may come at once. Else it is given by [`Budget::next`] when it may.
    pub fn ask(&self, wanted: Wanted) -> bool {
        let mut state = self.state.lock();
        let may_come = state.waiting.is_empty() && state.take(&wanted, self.most);
        if !may_come {
            state.waiting.push_back(wanted);
        }
        may_come
    }

    /// The one that has waited longest, if it fits by now.
    pub fn next(&self) -> Option<Wanted> {
        let mut state = self.state.lock();
        while let Some(wanted) = state.waiting.pop_front() {
            if wanted.reader.has_gone() {
                continue;
            }
            if state.take(&wanted, self.most) {
                return Some(wanted);
            }
            state.waiting.push_front(wanted);
            break;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use owt_engine::{Events, Sender, channel};

    fn wanted(number: u32, length: usize) -> (Wanted, Sender, Events) {
        let (sender, events) = channel();
        (Wanted { worker: Weak::new(), number, reader: sender.watch(), length }, sender, events)
    }

    #[test]
    fn answers_come_in_turn_as_readers_leave_room() {
        let budget = Budget::new(100);
        let (first, _one, reader) = wanted(1, 60);
        let (second, _two, second_reader) = wanted(2, 60);
        let (third, _three, impatient) = wanted(3, 10);
        let (fourth, _four, _fourth_reader) = wanted(4, 10);
        assert!(budget.ask(first));
        assert!(!budget.ask(second));
        assert!(!budget.ask(third), "nobody overtakes");
        assert!(!budget.ask(fourth));
        assert!(budget.next().is_none());
        drop(reader);
        assert_eq!(budget.next().unwrap().number, 2);
        drop(impatient);
        assert_eq!(budget.next().unwrap().number, 4);
        assert!(budget.next().is_none());
        drop(second_reader);
        let (huge, _five, _huge_reader) = wanted(5, 1000);
        assert!(!budget.ask(huge));
        drop(_fourth_reader);
        assert_eq!(budget.next().unwrap().number, 5, "an empty budget takes any");
    }
}
