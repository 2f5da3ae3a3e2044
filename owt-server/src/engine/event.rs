//! What a call gives while it runs.

use std::borrow::Cow;
use std::path::PathBuf;

use bytes::Bytes;
use owt_core::Problem;
use serde::{Deserialize, Serialize};

/// What an event costs in memory beside its own bytes.
const OVERHEAD: usize = 64;

/// The beginning of an answer: what HTTP calls status and headers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The HTTP status code.
    pub status: u16,
    /// The media type; `None` when it should be told from the content.
    pub content_type: Option<Cow<'static, str>>,
    /// Every other header, in order; a name may stand more than once.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// True for what a cache may keep.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status < 400
    }

    /// A 200 with this media type and nothing else.
    #[must_use]
    pub fn ok(content_type: &'static str) -> Self {
        Self { status: 200, content_type: Some(Cow::Borrowed(content_type)), headers: Vec::new() }
    }
}

/// One thing that a call gave. An answer is `Answer`, or `File`, or `Head`
/// then any number of `Chunk` then `End`; a `Problem` ends any of them.
#[derive(Clone, Debug)]
pub enum Event {
    /// The whole answer at once: head, body and end.
    Answer(Head, Bytes),
    /// The answer is this file.
    File(Head, PathBuf),
    /// A stream begins.
    Head(Head),
    /// A piece of the stream.
    Chunk(Bytes),
    /// The stream ended as it should.
    End,
    /// The call failed, before or in the middle of its answer.
    Problem(Box<Problem>),
}

impl Event {
    /// True when nothing follows this event.
    #[must_use]
    pub fn is_last(&self) -> bool {
        !matches!(self, Self::Head(_) | Self::Chunk(_))
    }

    /// Bytes this event holds in memory, as the bounds count them.
    #[must_use]
    pub fn weight(&self) -> usize {
        OVERHEAD
            + match self {
                Self::Answer(_, bytes) | Self::Chunk(bytes) => bytes.len(),
                _ => 0,
            }
    }
}
