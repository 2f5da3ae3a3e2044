//! Holds large answers until the server fetches them, within a bound for all of them.

use std::collections::HashMap;

use bytes::Bytes;
use bytesize::ByteSize;
use owt_core::{Problem, ProblemKind};
use parking_lot::Mutex;

/// Answers that the server has not fetched.
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
