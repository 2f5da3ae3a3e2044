//! Lines that adaptors print and log.

use serde::{Deserialize, Serialize};

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line<'a> {
    /// Python's numeric level.
    pub level: u8,
    /// The logger's name, or the stream's.
    pub logger: &'a str,
    /// The id of the request whose code wrote it, or nothing.
    pub id: &'a str,
    /// The trace that the request is part of, or nothing.
    pub trace: &'a str,
    pub text: &'a str,
}

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

/// Logs a line.
pub fn log(line: &Line<'_>) {
    let Line { level, logger, id, trace, text } = *line;
    // Outside calls there is no id, and most calls are part of no trace.
    let id = (!id.is_empty()).then_some(id);
    let trace = (!trace.is_empty()).then_some(trace);
    match level {
        40.. => tracing::error!(target: "adaptor", id, trace, logger, "{text}"),
        30.. => tracing::warn!(target: "adaptor", id, trace, logger, "{text}"),
        20.. => tracing::info!(target: "adaptor", id, trace, logger, "{text}"),
        _ => tracing::debug!(target: "adaptor", id, trace, logger, "{text}"),
    }
}
