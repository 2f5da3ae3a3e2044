//! Parses server-sent events.

use serde::de::DeserializeOwned;
use sse_stream::Sse;

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
    /// Its id, if it has one of its own.
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

    /// The event of a block, `None` for one without data, which is none.
    pub(crate) fn of(block: Sse) -> Option<Self> {
        let name = block.event.filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| "message".to_owned());
        Some(Self { name, data: block.data?, id: block.id })
    }
}
