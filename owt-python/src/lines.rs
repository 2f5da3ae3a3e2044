//! Sends the lines that adaptors print and log on to the log.

use owt_engine::link::{Line, log};

/// Where lines go.
pub trait Lines: Send + Sync {
    /// Takes a line without waiting, or gives false.
    fn put(&self, line: &Line<'_>) -> bool;
    /// Takes a line, and waits where it must. Not to be called while attached to Python.
    fn put_waiting(&self, line: &Line<'_>);
}

/// Lines of Python in this process go to its log.
#[derive(Debug)]
pub struct Here;

impl Lines for Here {
    fn put(&self, line: &Line<'_>) -> bool {
        log(line);
        true
    }

    fn put_waiting(&self, line: &Line<'_>) {
        log(line);
    }
}
