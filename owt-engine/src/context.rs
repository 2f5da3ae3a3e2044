//! Holds what an adaptor can ask about the request around its call.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use owt_core::Trace;
use serde::{Deserialize, Serialize};

/// Everything of a request that outlives its connection.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The request's id, in every log line and problem.
    pub id: String,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// As it came, percent-encoded, beginning with `/`: what `%2F` stands for is no slash.
    pub path: String,
    /// As it came, without the `?`.
    pub query: String,
    /// In the order they came.
    pub headers: Headers,
    /// The body as it came.
    pub body: Bytes,
    /// What tracebacks call the code, if the call says.
    pub code_name: Option<Arc<str>>,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// The client's address and port.
    pub remote: Option<std::net::SocketAddr>,
    /// Who sent it, by name; known where the server asks for keys and on a Unix socket.
    pub user: Option<Arc<str>>,
}

impl Context {
    /// What marks the log lines of this request: its id, and its trace if it has one.
    #[must_use]
    pub fn marks(&self) -> (&str, Option<&str>) {
        (&self.id, self.trace())
    }

    /// The id of the trace that the client's request is part of.
    #[must_use]
    pub fn trace(&self) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(name, _)| *name == "traceparent");
        let (_, header) = all.next()?;
        // Several are none (W3C).
        if all.next().is_some() { None } else { Trace::parse(header).map(|trace| trace.id) }
    }

    /// Whether it is a body of `application/json` and no query, as most programs send.
    #[must_use]
    pub fn is_plain_json(&self) -> bool {
        let media = self.headers.get("content-type").split(';').next().unwrap_or_default();
        self.query.is_empty() && media.trim().eq_ignore_ascii_case("application/json")
    }
}

/// Header names and values in one text: a call has many headers and few readers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Headers {
    text: String,
    /// Where each name ends and where its value ends; it begins where the last one ended.
    ends: Vec<(usize, usize)>,
}

impl Headers {
    /// Room for so many headers of common length.
    #[must_use]
    pub fn with_capacity(count: usize) -> Self {
        Self { text: String::with_capacity(count * 40), ends: Vec::with_capacity(count) }
    }

    /// Adds a header; the name is in lower case. The value is kept as Latin-1 text, a letter for
    /// each byte (PEP 3333), so that no byte is lost.
    pub fn push(&mut self, name: &str, value: &[u8]) {
        self.text.push_str(name);
        let name_end = self.text.len();
        match std::str::from_utf8(value) {
            Ok(text) if text.is_ascii() => self.text.push_str(text),
            _ => self.text.extend(value.iter().copied().map(char::from)),
        }
        self.ends.push((name_end, self.text.len()));
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = 0;
        self.ends.iter().filter_map(move |&(name_end, end)| {
            let pair = (self.text.get(start..name_end)?, self.text.get(name_end..end)?);
            start = end;
            Some(pair)
        })
    }

    /// The first value of that lower-case name, or the empty text.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// All values of that lower-case name as one list (RFC 9110, section 5.3).
    #[must_use]
    pub fn joined(&self, name: &str) -> Cow<'_, str> {
        let mut values = self.iter().filter(|(key, _)| *key == name).map(|(_, value)| value);
        let first = values.next().unwrap_or_default();
        values.fold(Cow::Borrowed(first), |list, value| Cow::Owned(format!("{list}, {value}")))
    }
}
