//! Defines the lines that adaptors print and log.

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
    /// What it says, without the line's end.
    pub text: &'a str,
}

/// A line on its way.
#[derive(Debug, Serialize, Deserialize)]
pub enum Message<'a> {
    /// An adaptor's.
    Line(#[serde(borrow)] Line<'a>),
    /// The worker's own, at a level of Python's numbers.
    #[allow(missing_docs, reason = "said above")]
    Own { level: u8, text: &'a str },
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
