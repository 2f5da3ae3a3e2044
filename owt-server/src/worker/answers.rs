//! Whole answers that wait for their readers, and the room that there is for them.
//!
//! Small ones go to the server at once. Of a large one the beginning goes, and the rest stays in
//! its worker until the server has room for it: a reader that does not read, or many of them, fill
//! no more than that.

use std::collections::{HashMap, VecDeque};
use std::sync::Weak;

use bytes::Bytes;
use bytesize::ByteSize;
use owt_core::{Problem, ProblemKind};
use owt_engine::Watch;
use parking_lot::Mutex;

use super::worker::Worker;

/// Answers of more bytes than that wait for room.
pub const LARGE: usize = 1 << 20;

/// The server's room, for the answers of all workers.
#[derive(Debug)]
pub struct Room {
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
    /// False when there is no room. An empty one takes any.
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

impl Room {
    pub fn new(most: usize) -> Self {
        Self { most, state: Mutex::default() }
    }

    /// Bytes of one answer at most.
    pub fn most(&self) -> usize {
        self.most
    }

    /// True when the answer may come at once. Else it is given by [`Room::next`] when it may.
    pub fn ask(&self, wanted: Wanted) -> bool {
        let mut state = self.state.lock();
        let may_come = state.waiting.is_empty() && state.take(&wanted, self.most);
        if !may_come {
            state.waiting.push_back(wanted);
        }
        may_come
    }

    /// The one that has waited longest, if there is room for it by now.
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

/// The worker's: answers that the server has not fetched.
#[derive(Debug)]
pub struct Unfetched {
    most: usize,
    answers: Mutex<HashMap<u32, Rest>>,
}

/// What is left of an answer.
#[derive(Debug)]
pub struct Rest {
    pub bytes: Bytes,
    /// Nothing of its call runs any more, and the server is to be told so behind it.
    pub is_over: bool,
}

impl Unfetched {
    pub fn new(most: usize) -> Self {
        Self { most, answers: Mutex::default() }
    }

    /// Keeps what is left of a call's answer.
    ///
    /// # Errors
    /// When that is more than may wait.
    pub fn keep(&self, number: u32, bytes: Bytes) -> Result<(), Box<Problem>> {
        let mut answers = self.answers.lock();
        let held: usize = answers.values().map(|rest| rest.bytes.len()).sum();
        if held + bytes.len() > self.most {
            return Err(Box::new(too_much(bytes.len(), held, self.most)));
        }
        answers.insert(number, Rest { bytes, is_over: false });
        Ok(())
    }

    /// Takes it out.
    pub fn take(&self, number: u32) -> Option<Rest> {
        self.answers.lock().remove(&number)
    }

    /// The call is over. True when its answer is still here, and so the call's end to be told later.
    pub fn outlives(&self, number: u32) -> bool {
        self.answers.lock().get_mut(&number).map(|rest| rest.is_over = true).is_some()
    }
}

fn too_much(length: usize, held: usize, most: usize) -> Problem {
    let [length, held, most] =
        [length, held, most].map(|bytes| ByteSize(bytes as u64).display().si().to_string());
    let detail = format!(
        "the answer has {length}, and answers that wait for their readers hold {held} of the \
         {most} that they may in a worker (--answer-bytes); give large ones as a stream"
    );
    Problem::new(ProblemKind::Unrenderable, detail)
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
        let room = Room::new(100);
        let (first, _one, reader) = wanted(1, 60);
        let (second, _two, second_reader) = wanted(2, 60);
        let (third, _three, impatient) = wanted(3, 10);
        let (fourth, _four, _fourth_reader) = wanted(4, 10);
        assert!(room.ask(first));
        assert!(!room.ask(second));
        assert!(!room.ask(third), "nobody overtakes");
        assert!(!room.ask(fourth));
        assert!(room.next().is_none());
        drop(reader);
        assert_eq!(room.next().unwrap().number, 2);
        drop(impatient);
        assert_eq!(room.next().unwrap().number, 4);
        assert!(room.next().is_none());
        drop(second_reader);
        let (huge, _five, _huge_reader) = wanted(5, 1000);
        assert!(!room.ask(huge));
        drop(_fourth_reader);
        assert_eq!(room.next().unwrap().number, 5, "an empty room takes any");
    }

    #[test]
    fn a_worker_keeps_no_more_than_it_may() {
        let unfetched = Unfetched::new(100);
        assert!(unfetched.keep(1, Bytes::from(vec![0; 60])).is_ok());
        let problem = unfetched.keep(2, Bytes::from(vec![0; 60])).unwrap_err();
        assert!(problem.detail.contains("60 B of the 100 B"), "{}", problem.detail);
        assert!(unfetched.outlives(1) && !unfetched.outlives(2));
        assert!(unfetched.take(1).unwrap().is_over);
        assert!(unfetched.take(1).is_none() && unfetched.keep(2, Bytes::from(vec![0; 60])).is_ok());
    }
}
