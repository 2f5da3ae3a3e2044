//! Ordinary calls, each of which must get its own answer whatever others do.

use serde_json::Value;

use crate::meeting::{Guest, Meeting};
use crate::raw::Raw;
use crate::{Owt, Sent};

/// So many at once.
pub const MANY: usize = 200;

/// What became of [`MANY`] calls.
#[derive(Debug, Default)]
pub struct Tally {
    pub right: usize,
    /// Answered 502: they shared a worker that died.
    pub died: usize,
}

/// An adaptor that only says what it was told, and in which process.
pub struct Hello {
    code: String,
    meeting: Meeting,
    next: std::cell::Cell<usize>,
}

impl Hello {
    pub fn new() -> Self {
        let meeting = Meeting::new();
        let code = format!(
            "{}
import os

def run(n):
    return f'hello {{n}}'

def stay():
    here = meet()
    here.say(os.getpid())
    return here.listen()
",
            meeting.python()
        );
        Self { code, meeting, next: std::cell::Cell::new(0) }
    }

    pub fn call(&self, owt: &Owt, n: usize) -> Sent {
        owt.code(&self.code).kwargs(&format!("{{'n': {n}}}"))
    }

    /// A call that stays until it is told something, which it answers; and its process.
    pub fn stay(&self, owt: &Owt) -> (Raw, Guest, u32) {
        let raw = Raw::get(owt, &owt.code(&self.code).field("fn_name", "stay"), "/", &[]);
        let mut guest = self.meeting.guest();
        let process = guest.says().unwrap().parse().unwrap();
        (raw, guest, process)
    }

    /// Sends [`MANY`] calls, does something else, and then reads their answers.
    #[track_caller]
    pub fn many(&self, owt: &Owt, meanwhile: impl FnOnce()) -> Tally {
        let first = self.next.replace(self.next.get() + MANY);
        let numbers = first..first + MANY;
        let calls: Vec<_> =
            numbers.map(|n| (n, Raw::get(owt, &self.call(owt, n), "/", &[]))).collect();
        meanwhile();
        let mut tally = Tally::default();
        for (n, mut raw) in calls {
            match raw.answer() {
                (200, _, body) => {
                    assert_eq!(body, format!("hello {n}"), "another call's answer");
                    tally.right += 1;
                }
                (502, _, body) => {
                    let problem: Value = serde_json::from_str(&body).unwrap();
                    assert_eq!(problem["type"], "/_owt/problems/worker-died", "{body}");
                    tally.died += 1;
                }
                (status, _, body) => panic!("hello {n} was answered {status}: {body}"),
            }
        }
        tally
    }

    /// [`MANY`] calls, all of which are answered rightly.
    #[track_caller]
    pub fn all_right(&self, owt: &Owt) {
        let tally = self.many(owt, || ());
        assert_eq!(tally.right, MANY, "{tally:?}");
    }
}
