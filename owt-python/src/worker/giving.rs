//! Writes what calls give to the server.

use std::io;
use std::os::unix::ffi::OsStrExt;

use bytes::Bytes;
use owt_core::Problem;
use owt_engine::{Event, Far, Head, Note, Opened};

use super::{Inside, RESTS};
use owt_engine::link::frame::{self, FromWorker, LARGE};

impl Inside {
    fn give_problem(&self, number: u32, problem: &Problem) {
        let json = serde_json::to_vec(problem).unwrap_or_default();
        self.outbox.push(&FromWorker::Problem { number }, &json);
    }

    fn give_answer(&self, number: u32, head: Head, body: &Bytes) {
        let length = body.len();
        let (first, rest) = frame::pieces(body);
        let answer = FromWorker::Answer { number, head, length };
        if length <= LARGE {
            self.outbox.push(&answer, &first);
            self.outbox.push_pieces(&FromWorker::Rest { number }, rest);
            return;
        }
        // Kept before the server knows of it, and may ask for it.
        match self.answers.keep(number, rest) {
            Ok(()) => self.outbox.push(&answer, &first),
            Err(problem) => self.give_problem(number, &problem),
        }
    }

    /// The rest of an answer is wanted; or it is not wanted any more.
    pub(super) fn let_go(&self, number: u32, is_wanted: bool) {
        let Some(rest) = self.answers.take(number) else { return };
        if is_wanted {
            self.outbox.push_pieces(&FromWorker::Rest { number }, rest.bytes);
        }
        if rest.is_over {
            self.outbox.push(&FromWorker::Done { number }, &[]);
        }
        self.send();
    }

    fn give_file(&self, number: u32, head: Head, file: &Opened) {
        let path = file.path();
        let tell = || {
            self.outbox.push(&FromWorker::File { number, head }, path.as_os_str().as_bytes());
        };
        let given = match file.descriptor() {
            Some(open) => self.files.give(number, open, || self.outbox.flush(), tell),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        if let Err(error) = given {
            self.give_problem(number, &Opened::unreadable(path, &error));
        }
    }
}

impl Far for Inside {
    fn begin(&self, number: u32) -> bool {
        self.claims.begin(number)
    }

    fn is_withdrawn(&self, number: u32) -> bool {
        self.claims.is_withdrawn(number)
    }

    fn give(&self, number: u32, event: Event) {
        // The last event of a call that runs on a thread that rests travels with its end.
        let is_last = event.is_last();
        match event {
            Event::Answer(head, body) => self.give_answer(number, head, &body),
            Event::File(head, file) => self.give_file(number, head, &file),
            Event::Head(head) => self.outbox.push(&FromWorker::Head { number, head }, &[]),
            Event::Chunk(chunk) => self.outbox.push(&FromWorker::Chunk { number }, &chunk),
            Event::End => self.outbox.push(&FromWorker::End { number }, &[]),
            Event::Problem(problem) => self.give_problem(number, &problem),
        }
        if !is_last || !RESTS.get() {
            self.send();
        }
    }

    fn note(&self, number: u32, note: Note) {
        self.outbox.push_urgent(&FromWorker::Note { number, note });
        self.send();
    }

    fn outgrown(&self, number: u32, problem: Problem) {
        let json = serde_json::to_vec(&problem).unwrap_or_default();
        self.outbox.push(&FromWorker::Outgrown { number }, &json);
        self.send();
    }

    fn done(&self, number: u32) {
        let reins = self.calls.lock().remove(&number);
        drop(reins);
        if !self.answers.outlives(number) {
            self.outbox.push(&FromWorker::Done { number }, &[]);
        }
        self.send();
    }
}
