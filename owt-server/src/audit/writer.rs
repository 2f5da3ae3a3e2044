//! Writes the audit log on a thread of its own.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Desk, file};

/// Bytes of lines that are written without waiting for more.
pub(super) const BATCH: usize = 256 << 10;
/// How long the first of several lines waits for the others: a write for each would cost more than
/// all else.
const GATHER: Duration = Duration::from_millis(5);
/// Between two tries to write what could not be written.
const RETRY: Duration = Duration::from_secs(1);

/// Writes lines into the file in the order they came.
pub(super) struct Writer {
    desk: Arc<Desk>,
    path: PathBuf,
    file: File,
    /// What is written next, and how much of it is in the file.
    batch: Vec<u8>,
    done: usize,
}

/// What was asked for besides writing.
struct Wishes {
    reopen: bool,
    ends: bool,
}

impl Writer {
    pub fn new(desk: Arc<Desk>, path: PathBuf, file: File) -> Self {
        Self { desk, path, file, batch: Vec::new(), done: 0 }
    }

    /// Writes until the end is asked for. Gives how many lines could not be written.
    pub fn run(mut self) -> usize {
        loop {
            let wishes = self.wait();
            let mut written = self.write();
            if wishes.reopen {
                self.reopen();
                written = self.write();
            }
            self.tell(&written);
            if wishes.ends {
                // What came meanwhile is taken along.
                let more = self.desk.inbox.lock().lines.len();
                if written.is_err() || more == 0 {
                    return self.left();
                }
            }
        }
    }

    /// Waits until there is something to do, and takes what waits if all before it is written.
    fn wait(&mut self) -> Wishes {
        let mut inbox = self.desk.inbox.lock();
        if self.batch.is_empty() {
            while inbox.lines.is_empty() && !inbox.reopen && !inbox.ends {
                self.desk.filled.wait(&mut inbox);
            }
            if !inbox.reopen && !inbox.ends && inbox.lines.len() < BATCH {
                self.desk.filled.wait_for(&mut inbox, GATHER);
            }
            std::mem::swap(&mut inbox.lines, &mut self.batch);
        } else if !inbox.reopen && !inbox.ends {
            self.desk.filled.wait_for(&mut inbox, RETRY);
        }
        Wishes { reopen: std::mem::take(&mut inbox.reopen), ends: inbox.ends }
    }

    /// Writes the batch, as far as that goes.
    fn write(&mut self) -> io::Result<()> {
        while let Some(rest) = self.batch.get(self.done..).filter(|rest| !rest.is_empty()) {
            match self.file.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(length) => {
                    self.done += length;
                    self.desk.waiting.fetch_sub(length, Ordering::Relaxed);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.batch.clear();
        self.done = 0;
        Ok(())
    }

    /// Goes on in the file that is at the path now.
    fn reopen(&mut self) {
        match file::open(&self.path) {
            Ok(file) => {
                // A line that is half in the old file is in the new one as a whole.
                let start = self.batch.get(..self.done).and_then(|written| {
                    written.iter().rposition(|byte| *byte == b'\n').map(|end| end + 1)
                });
                let start = start.unwrap_or(0);
                self.desk.waiting.fetch_add(self.done - start, Ordering::Relaxed);
                (self.file, self.done) = (file, start);
                tracing::info!("opened the audit log again");
            }
            Err(error) => tracing::error!("the audit log stays in the file that it was: {error}"),
        }
    }

    /// Lets requests in or keeps them out, and says so when that changes.
    fn tell(&self, written: &io::Result<()>) {
        let was_stuck = self.desk.is_stuck.swap(written.is_err(), Ordering::Relaxed);
        let path = self.path.display();
        match written {
            Err(error) if !was_stuck => tracing::error!(
                "the audit log {path} cannot be written: {error}; nothing is run until it can"
            ),
            Ok(()) if was_stuck => {
                tracing::info!("the audit log {path} is written again");
            }
            Ok(()) | Err(_) => {}
        }
    }

    /// Lines that are in no file.
    fn left(self) -> usize {
        let inbox = self.desk.inbox.lock();
        let rest = self.batch.get(self.done..).unwrap_or_default();
        rest.iter().chain(&inbox.lines).filter(|byte| **byte == b'\n').count()
    }
}
