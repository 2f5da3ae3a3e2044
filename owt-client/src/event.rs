//! Parses server-sent events as the HTML standard says.

use std::collections::VecDeque;

use owt_core::Problem;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::Error;

/// A server-sent event, as the [HTML standard] has it.
///
/// [HTML standard]: https://html.spec.whatwg.org/multipage/server-sent-events.html
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its name; `message` where the server says none.
    pub name: String,
    /// Its data; several lines are joined by line ends.
    pub data: String,
    /// The id that was said last, with this event or before it; none where that is empty.
    pub id: Option<String>,
}

impl Event {
    /// Its data, read as JSON.
    ///
    /// # Errors
    /// Data that is no JSON of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.data).map_err(|error| {
            Error::unreadable("the event is not the JSON asked for", Some(error.into()))
        })
    }

    /// The problem that an event named `error` tells: JSON with a title, and a status of 400 or more.
    pub(crate) fn problem(&self) -> Option<Problem> {
        if self.name != "error" {
            return None;
        }
        let members: Map<String, Value> = serde_json::from_str(&self.data).ok()?;
        let is_problem =
            members.get("title")?.is_string() && members.get("status")?.as_u64()? >= 400;
        is_problem.then(|| members.into())
    }
}

/// Reads events from a stream's bytes, wherever they are cut.
#[derive(Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    /// A line has ended, so that no byte order mark comes any more.
    begun: bool,
    /// The last line ended with CR: an LF that comes next belongs to that.
    after_return: bool,
    name: String,
    /// None before the first line of data.
    data: Option<String>,
    id: String,
    /// Those that are whole.
    pub events: VecDeque<Event>,
}

impl Parser {
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        if self.after_return && !bytes.is_empty() {
            self.after_return = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            let (line, rest) = bytes.split_at(end);
            self.line.extend_from_slice(line);
            self.end_line();
            bytes = match rest {
                [b'\r'] => {
                    self.after_return = true;
                    &[]
                }
                [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
                [] => rest,
            };
        }
        self.line.extend_from_slice(bytes);
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let mark: &[u8] = if self.begun { b"" } else { b"\xef\xbb\xbf" };
        self.begun = true;
        match line.strip_prefix(mark).unwrap_or(&line) {
            [] => self.end_event(),
            line => self.field(&String::from_utf8_lossy(line)),
        }
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "event" => value.clone_into(&mut self.name),
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            _ => {}
        }
    }

    fn end_event(&mut self) {
        let name = std::mem::take(&mut self.name);
        let Some(data) = self.data.take() else { return };
        self.events.push_back(Event {
            name: if name.is_empty() { "message".to_owned() } else { name },
            data,
            id: Some(self.id.clone()).filter(|id| !id.is_empty()),
        });
    }
}
