//! Defines problems: the answer to a request that cannot be done (§7, RFC 9457).

mod kind;

use std::fmt::{self, Write};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use kind::ProblemKind;

/// The media type of a [`Problem`] as JSON.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A failure as it is told to a caller.
///
/// Serializes as `application/problem+json`. Reading never fails for a kind
/// that only a newer server knows: it becomes the nearest one by its status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Wire", from = "Wire")]
pub struct Problem {
    /// What sort of failure; gives type, title and status.
    pub kind: ProblemKind,
    /// What happened this time.
    pub detail: String,
    /// The field of the call at fault.
    pub field: Option<String>,
    /// The line of the code, counted from 1: the innermost that an exception passed, or the one
    /// that is no Python.
    pub line: Option<u32>,
    /// The request's id, as the server's log has it.
    pub request_id: Option<String>,
    /// What the adaptor raised.
    pub exception: Option<Exception>,
    /// When it is worth trying again; whole seconds on the wire.
    pub retry_after: Option<Duration>,
}

/// An exception that left the adaptor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exception {
    /// The class, qualified by its module unless that is `builtins`.
    pub r#type: String,
    /// The exception's `str`.
    pub message: String,
    /// The traceback as Python prints it, with the adaptor's own lines.
    pub traceback: String,
}

impl Problem {
    /// A problem with nothing but a kind and what happened.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            field: None,
            line: None,
            request_id: None,
            exception: None,
            retry_after: None,
        }
    }

    /// Names the field of the call at fault.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says which line of the code it was, counted from 1.
    #[must_use]
    pub fn with_line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    /// Names the request.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// Adds what the adaptor raised.
    #[must_use]
    pub fn with_exception(mut self, exception: Exception) -> Self {
        self.exception = Some(exception);
        self
    }

    /// Says when it is worth trying again.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// When it is worth trying again, in whole seconds. Rounded up: a caller that waits as long as
    /// it was told is not sent away again.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after.map(whole_seconds)
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.kind.status()
    }

    /// The problem for a terminal or a client that reads only text: several
    /// lines, the traceback among them, ending with a line end.
    pub fn to_text(&self) -> String {
        let mut text = format!("{self}\n");
        // Writing to a String does not fail.
        let _ = self.write_particulars(&mut text);
        text
    }

    fn write_particulars(&self, text: &mut String) -> fmt::Result {
        if let Some(exception) = &self.exception {
            let traceback = exception.traceback.trim_end();
            if traceback.is_empty() {
                writeln!(text, "\n{}: {}", exception.r#type, exception.message)?;
            } else {
                writeln!(text, "\n{traceback}")?;
            }
        }
        let wait = self.retry_after_seconds().map(|wait| format!("{wait} s"));
        let particulars =
            [("field", &self.field), ("try again in", &wait), ("request", &self.request_id)];
        let mut given = particulars
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)))
            .peekable();
        if given.peek().is_some() {
            text.push('\n');
        }
        given.try_for_each(|(name, value)| writeln!(text, "{name}: {value}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind.title(), self.kind.status())?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// The members of the JSON object, in the order they are written.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Wire {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<Exception>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_seconds",
        deserialize_with = "read_seconds"
    )]
    retry_after: Option<Duration>,
}

fn write_seconds<S: Serializer>(wait: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    wait.map(whole_seconds).serialize(serializer)
}

fn read_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let seconds = Option::<f64>::deserialize(deserializer)?;
    Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
}

impl From<Problem> for Wire {
    fn from(problem: Problem) -> Self {
        Self {
            r#type: problem.kind.uri(),
            title: problem.kind.title().to_owned(),
            status: problem.kind.status(),
            detail: problem.detail,
            field: problem.field,
            line: problem.line,
            request_id: problem.request_id,
            exception: problem.exception,
            retry_after: problem.retry_after,
        }
    }
}

impl From<Wire> for Problem {
    fn from(wire: Wire) -> Self {
        let slug = wire.r#type.rsplit('/').next().unwrap_or_default();
        let kind = ProblemKind::from_slug(slug)
            .unwrap_or_else(|| ProblemKind::nearest_to_status(wire.status));
        Self {
            kind,
            detail: wire.detail,
            field: wire.field,
            line: wire.line,
            request_id: wire.request_id,
            exception: wire.exception,
            retry_after: wire.retry_after,
        }
    }
}

#[cfg(test)]
mod tests;
