//! Keeps the audit log: a line of JSON for each request, in a file that is only appended to.
//!
//! Nothing is run that could not be told: while lines cannot be written, or too many wait to be,
//! [`Audit::admits`] is false and requests are refused. What was let in before has its line kept
//! in memory until it can be written.

mod file;
mod line;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

pub use file::AuditFileError;
pub(crate) use line::Line;

/// Bytes of lines that may wait while requests are let in.
const MOST: usize = 4 << 20;
/// What lines may take to be written when the server ends.
const PATIENCE: Duration = Duration::from_secs(2);

/// The audit log of a server.
#[derive(Debug)]
pub(crate) struct Audit {
    path: PathBuf,
    desk: Arc<Desk>,
    /// Tells how many lines were left when the writer ended.
    left: Mutex<Receiver<usize>>,
}

/// What the threads that serve leave for the one that writes.
#[derive(Debug, Default)]
struct Desk {
    inbox: Mutex<Inbox>,
    /// There is something in an inbox that was empty.
    filled: Condvar,
    /// Bytes of lines that are not in the file yet.
    waiting: AtomicUsize,
    /// The last try to write failed.
    is_stuck: AtomicBool,
}

#[derive(Debug, Default)]
struct Inbox {
    lines: Vec<u8>,
    /// The file is to be opened again.
    reopen: bool,
    /// No more lines will come.
    ends: bool,
}

impl Audit {
    /// Adds to that file, which is made for its owner alone if it is missing.
    ///
    /// # Errors
    /// It cannot be opened, or others could change it; or there is no thread.
    pub fn open(path: &Path) -> Result<Self, AuditFileError> {
        let io = |source| AuditFileError::Io { path: path.to_owned(), source };
        // An adaptor in this process may change the working directory.
        let whole = std::path::absolute(path).map_err(io)?;
        let (file, desk) = (file::open(path)?, Arc::<Desk>::default());
        let (tell, left) = sync_channel(1);
        let desk_there = Arc::clone(&desk);
        std::thread::Builder::new()
            .name("owt-audit".to_owned())
            .spawn(move || {
                let left = writer::Writer::new(desk_there, whole, file).run();
                // Who waited for it may have given up.
                let _ = tell.send(left);
            })
            .map_err(io)?;
        Ok(Self { path: path.to_owned(), desk, left: Mutex::new(left) })
    }

    /// False while lines cannot be written, or too many wait to be.
    pub fn admits(&self) -> bool {
        !self.desk.is_stuck.load(Ordering::Relaxed)
            && self.desk.waiting.load(Ordering::Relaxed) < MOST
    }

    /// Takes the line of a request that is over; it is in the file some milliseconds later.
    pub fn write(&self, line: &Line<'_>) {
        // Most lines fit.
        let mut text = Vec::with_capacity(512);
        // It is written to memory, and none of its fields can fail.
        let _ = serde_json::to_writer(&mut text, line);
        text.push(b'\n');
        self.desk.waiting.fetch_add(text.len(), Ordering::Relaxed);
        let mut inbox = self.desk.inbox.lock();
        let was_empty = inbox.lines.is_empty();
        inbox.lines.extend_from_slice(&text);
        let is_full = inbox.lines.len() >= writer::BATCH;
        drop(inbox);
        if was_empty || is_full {
            self.desk.filled.notify_one();
        }
    }

    /// Has the file opened again, since it may have been moved away.
    pub fn reopen(&self) {
        self.desk.inbox.lock().reopen = true;
        self.desk.filled.notify_one();
    }

    /// Waits until everything is in the file. No line is taken from then on.
    ///
    /// # Errors
    /// So many lines could not be written, as far as that is known.
    pub fn close(&self) -> Result<(), AuditError> {
        self.desk.inbox.lock().ends = true;
        self.desk.filled.notify_one();
        let path = self.path.clone();
        match self.left.lock().recv_timeout(PATIENCE) {
            Ok(0) => Ok(()),
            Ok(lines) => Err(AuditError { path, lines: Some(lines) }),
            Err(_) => Err(AuditError { path, lines: None }),
        }
    }
}

/// Lines that did not get into the file before the server ended.
#[derive(Debug)]
pub struct AuditError {
    path: PathBuf,
    /// How many; unknown where writing hangs.
    lines: Option<usize>,
}

impl std::error::Error for AuditError {}

impl std::fmt::Display for AuditError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.path.display();
        match self.lines {
            Some(lines) => {
                write!(f, "lines of the audit log {path} that could not be written: {lines}")
            }
            None => {
                write!(f, "the last lines of the audit log {path} may be missing: writing hangs")
            }
        }
    }
}
