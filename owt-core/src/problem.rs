//! Defines problems: the answer to a request that cannot be done (§7, RFC 9457).

mod kind;
mod read;

use std::fmt::{self, Write};
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

pub use kind::ProblemKind;

/// The media type of a [`Problem`] as JSON.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A failure as it is told to a caller.
///
/// Serializes as `application/problem+json`. Reads any JSON object as one: a problem of a proxy or of
/// another service, or a kind that only a newer server knows, is [`Foreign`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Wire", from = "Map<String, Value>")]
pub struct Problem {
    /// What sort of failure; of a [`foreign`](Self::foreign) problem the nearest one by its status.
    pub kind: ProblemKind,
    /// What a problem that is none of owt's says of itself.
    pub foreign: Option<Box<Foreign>>,
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
    /// What is wrong with each argument of a function that was called by its name.
    pub errors: Vec<Fault>,
}

/// What is wrong with one argument.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fault {
    /// Where it came, or should have come: `query`, `body` or `path`.
    pub r#in: String,
    /// The parameter, or the name that is none.
    pub name: String,
    /// The way to the part at fault: the name, then keys and indices.
    pub place: Vec<Value>,
    /// What is wrong, and what it should be.
    pub message: String,
}

/// A problem that is none of owt's, as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// A URI of this sort of problem; `about:blank` where none came.
    pub r#type: String,
    /// A few words; empty where none came.
    pub title: String,
    /// The HTTP status, 0 where none came.
    pub status: u16,
    /// The members that [`Problem`] has no field for.
    pub members: Map<String, Value>,
}

impl Foreign {
    /// What a person is told of it beside title and detail.
    fn particulars(&self) -> impl Iterator<Item = (&str, String)> {
        let uri = (self.r#type != "about:blank").then(|| ("type", self.r#type.clone()));
        let members = self.members.iter().map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.as_str(), text)
        });
        uri.into_iter().chain(members)
    }
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
            foreign: None,
            detail: detail.into(),
            field: None,
            line: None,
            request_id: None,
            exception: None,
            retry_after: None,
            errors: Vec::new(),
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

    /// Says what is wrong with each argument.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<Fault>) -> Self {
        self.errors = errors;
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
        self.foreign.as_ref().map_or(self.kind.status(), |foreign| foreign.status)
    }

    /// A few words about this sort of problem.
    pub fn title(&self) -> &str {
        self.foreign.as_ref().map_or(self.kind.title(), |foreign| &foreign.title)
    }

    /// The URI of this sort of problem: of owt's a path on the server.
    pub fn type_uri(&self) -> String {
        self.foreign.as_ref().map_or_else(|| self.kind.uri(), |foreign| foreign.r#type.clone())
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
        let particulars =
            particulars.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        let members = self.foreign.iter().flat_map(|foreign| foreign.particulars());
        let mut given = members.chain(particulars).peekable();
        if given.peek().is_some() {
            text.push('\n');
        }
        given.try_for_each(|(name, value)| writeln!(text, "{name}: {value}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.title() {
            "" => write!(f, "status {}", self.status())?,
            title => write!(f, "{title} ({})", self.status())?,
        }
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
#[derive(Serialize)]
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
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_seconds")]
    retry_after: Option<Duration>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    #[serde(flatten)]
    members: Map<String, Value>,
}

fn write_seconds<S: Serializer>(wait: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    wait.map(whole_seconds).serialize(serializer)
}

impl From<Problem> for Wire {
    fn from(problem: Problem) -> Self {
        Self {
            r#type: problem.type_uri(),
            title: problem.title().to_owned(),
            status: problem.status(),
            members: problem.foreign.map(|foreign| foreign.members).unwrap_or_default(),
            detail: problem.detail,
            field: problem.field,
            line: problem.line,
            request_id: problem.request_id,
            exception: problem.exception,
            retry_after: problem.retry_after,
            errors: problem.errors,
        }
    }
}

#[cfg(test)]
mod tests;
