//! Takes answers from a worker: in pieces, when the budget allows it, or as a file.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Weak;

use owt_engine::{Event, Gathering, Head, Opened};
use rustix::io::Errno;

use super::Worker;
use crate::pool::budget::Wanted;
use owt_engine::link::ToWorker;
use owt_engine::link::frame::LARGE;

/// Bytes made budget for when an answer of more than that is announced.
const ROOM: usize = 64 << 20;

/// A long answer, on its way.
#[derive(Debug)]
pub struct Coming {
    head: Head,
    /// What has come.
    body: Gathering,
    length: usize,
    /// The rest comes, or it was fetched.
    may_come: bool,
}

impl Worker {
    pub(super) fn begin_answer(
        &self,
        number: u32,
        head: Head,
        length: usize,
        first: &[u8],
    ) -> io::Result<()> {
        if length > LARGE.max(self.budget.most()) {
            return Err(io::Error::other(format!("an answer of {length} bytes")));
        }
        let mut wanted = None;
        self.with(number, |entry| {
            // It comes in pieces: no worker's word is worth more memory than that.
            let mut body = Gathering::with_capacity(length.min(ROOM));
            body.push(first);
            entry.answer = Some(Coming { head, body, length, may_come: length <= LARGE });
            wanted = Some(entry.events.watch());
        });
        if let Some(reader) = wanted.filter(|_| length > LARGE)
            && self.budget.ask(Wanted { worker: Weak::clone(&self.me), number, reader, length })
        {
            self.fetch(number);
        }
        Ok(())
    }

    /// Has the rest of an answer come, for which there is budget now.
    pub fn fetch(&self, number: u32) {
        self.with(number, |entry| {
            if let Some(coming) = &mut entry.answer {
                coming.may_come = true;
            }
        });
        self.outbox.push_urgent(&ToWorker::Fetch { number });
        self.outbox.flush();
    }

    /// The next piece of an answer has come.
    pub(super) fn go_on_with_answer(&self, number: u32, piece: &[u8]) {
        self.with(number, |entry| {
            let Some(coming) = entry.answer.as_mut().filter(|coming| coming.may_come) else {
                return;
            };
            coming.body.push(piece);
            if coming.body.len() >= coming.length
                && let Some(Coming { head, body, .. }) = entry.answer.take()
            {
                entry.events.send(Event::Answer(head, body.freeze()));
            }
        });
    }

    /// The file of that path, which was handed over, is an answer.
    pub(super) fn give_file(&self, number: u32, head: Head, path: &[u8]) -> io::Result<()> {
        let path = PathBuf::from(OsStr::from_bytes(path));
        // Taken in any case, so that the next is the next one's.
        let file = self.files.take(number)?;
        let file = file.ok_or_else(|| io::Error::from(Errno::MFILE));
        let event = match file.and_then(|file| Opened::of(path.clone(), file)) {
            Ok(file) => Event::File(head, file),
            Err(error) => Event::Problem(Box::new(Opened::unreadable(&path, &error))),
        };
        self.give(number, event);
        Ok(())
    }
}
