//! Defines the events of a running call.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use bytes::Bytes;
use owt_core::Problem;
use serde::{Deserialize, Serialize};

use super::opened::Opened;

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
    /// How long it took to come here.
    pub timing: Timing,
}

/// Where the time of a call went until its answer began, as its host measured it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// Loading the adaptor's module body; zero when it was loaded already.
    pub load: Duration,
    /// From the function's call to its answer, or to the first chunk of its stream.
    pub run: Duration,
}

/// Measures a call's [`Timing`] from the moment that its function is called.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    load: Duration,
    began: Instant,
}

impl Clock {
    /// The function is about to be called; loading took that long before.
    #[must_use]
    pub fn start(load: Duration) -> Self {
        Self { load, began: Instant::now() }
    }

    /// How long it has run.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Notes in the head how long it took.
    pub fn stamp(&self, head: &mut Head) {
        head.timing = Timing { load: self.load, run: self.elapsed() };
    }
}

impl Head {
    /// True for what a cache may keep, and give to others.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.status < 400 && !self.is_private()
    }

    /// True for what is meant for one client: it sets a cookie, or says so (RFC 9111, 5.2.2).
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.headers.iter().any(|(name, value)| {
            let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
            is("set-cookie") || (is("cache-control") && value.split(',').any(forbids_sharing))
        })
    }

    /// A beginning without other headers.
    #[must_use]
    pub fn new(status: u16, content_type: Option<Cow<'static, str>>) -> Self {
        Self { status, content_type, headers: Vec::new(), timing: Timing::default() }
    }

    /// A 200 with this media type and nothing else.
    #[must_use]
    pub fn ok(content_type: &'static str) -> Self {
        Self::new(200, Some(Cow::Borrowed(content_type)))
    }
}

fn forbids_sharing(directive: &str) -> bool {
    let name = directive.split('=').next().unwrap_or_default().trim();
    name.eq_ignore_ascii_case("private") || name.eq_ignore_ascii_case("no-store")
}

/// One thing that a call gave. An answer is `Answer`, or `File`, or `Head`
/// then any number of `Chunk` then `End`; a `Problem` ends any of them.
#[derive(Clone, Debug)]
pub enum Event {
    /// The whole answer at once: head, body and end.
    Answer(Head, Bytes),
    /// The answer is this file.
    File(Head, Opened),
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
    /// The head, of an event that has one.
    pub fn head_mut(&mut self) -> Option<&mut Head> {
        match self {
            Self::Answer(head, _) | Self::File(head, _) | Self::Head(head) => Some(head),
            Self::Chunk(_) | Self::End | Self::Problem(_) => None,
        }
    }

    /// True for the beginning of an answer that is meant for one client.
    #[must_use]
    pub fn is_private(&self) -> bool {
        match self {
            Self::Answer(head, _) | Self::File(head, _) | Self::Head(head) => head.is_private(),
            Self::Chunk(_) | Self::End | Self::Problem(_) => false,
        }
    }

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
