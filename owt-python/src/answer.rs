//! Turns what an adaptor returned into events.

use std::path::PathBuf;

use bytes::Bytes;
use owt_engine::{Clock, Context, Event, Gathering, Gone, Head, Opened, PIECE, Sender};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyIterator, PyString};

use super::bridge::Bridge;
use super::interrupt::Interruptible;

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// What is left to do after an adaptor gave its value.
pub enum Answer<'py> {
    /// Nothing; this says it all.
    Whole(Event),
    /// Pull the iterator.
    Stream(Head, Bound<'py, PyIterator>),
    /// Let the event loop pull or await; a head when it is known already.
    Loop { kind: u8, head: Option<Head>, payload: Bound<'py, PyAny> },
}

/// The kinds of `owt._host.respond`.
pub mod kind {
    pub const WHOLE: u8 = 0;
    pub const FILE: u8 = 1;
    pub const ITER: u8 = 2;
    pub const AITER: u8 = 3;
    pub const AWAIT: u8 = 4;
}

/// Decides by the value's type; the commonest without leaving Rust.
pub fn answer<'py>(
    bridge: &Bridge,
    value: &Bound<'py, PyAny>,
    context: &Context,
) -> PyResult<Answer<'py>> {
    let accept = context.headers.joined("accept");
    if let Some(event) = quick(value, takes_any(&accept, &context.query))? {
        return Ok(Answer::Whole(event));
    }
    let response = bridge.respond.bind(value.py()).call1((value, accept))?;
    from_response(&response)
}

/// True where the request prefers no form to another.
fn takes_any(accept: &str, query: &str) -> bool {
    matches!(accept, "" | "*/*") && !query.contains("format=")
}

fn quick(value: &Bound<'_, PyAny>, any: bool) -> PyResult<Option<Event>> {
    let event = if any && value.is_none() {
        Event::Answer(Head::new(200, None), Bytes::new())
    } else if let Ok(text) = value.cast_exact::<PyString>() {
        // A lone surrogate has no UTF-8; the package says so better.
        let Ok(text) = text.to_str() else { return Ok(None) };
        Event::Answer(Head::ok(HTML), copy(value.py(), text.as_bytes()))
    } else if let Ok(bytes) = value.cast_exact::<PyBytes>() {
        Event::Answer(Head::new(200, None), copy(value.py(), bytes.as_bytes()))
    } else if any
        && (value.is_exact_instance_of::<PyBool>()
            || value.is_exact_instance_of::<PyInt>()
            || value.is_exact_instance_of::<PyFloat>())
    {
        // An int may have more digits than Python writes; the package does.
        let Ok(text) = value.str() else { return Ok(None) };
        Event::Answer(Head::ok(TEXT), Bytes::from(text.to_str()?.to_owned()))
    } else {
        return Ok(None);
    };
    Ok(Some(event))
}

/// Reads the package's normal form: kind, status, headers, payload.
pub fn from_response<'py>(response: &Bound<'py, PyAny>) -> PyResult<Answer<'py>> {
    let (kind, status, headers, payload): (u8, u16, Vec<(String, String)>, Bound<'py, PyAny>) =
        response.extract()?;
    let mut head = Head::new(status, None);
    head.headers.reserve(headers.len());
    for (name, value) in headers {
        if name.eq_ignore_ascii_case("content-type") {
            head.content_type = Some(value.into());
        } else {
            head.headers.push((name, value));
        }
    }
    Ok(match kind {
        kind::WHOLE => {
            let bytes = payload.cast::<PyBytes>()?;
            Answer::Whole(Event::Answer(head, copy(payload.py(), bytes.as_bytes())))
        }
        kind::FILE => Answer::Whole(file(payload.py(), head, payload.extract()?)),
        kind::ITER => Answer::Stream(head, payload.try_iter()?),
        kind::AITER => Answer::Loop { kind, head: Some(head), payload },
        _ => Answer::Loop { kind: kind::AWAIT, head: None, payload },
    })
}

/// Opened here, as the adaptor could have done itself.
fn file(py: Python<'_>, head: Head, path: PathBuf) -> Event {
    match py.detach(|| Opened::open(path.clone())) {
        Ok(file) => Event::File(head, file),
        Err(error) => Event::Problem(Box::new(Opened::unreadable(&path, &error))),
    }
}

/// A large copy leaves Python to others meanwhile: the bytes are immutable and the
/// caller holds them.
fn copy(py: Python<'_>, bytes: &[u8]) -> Bytes {
    if bytes.len() > PIECE {
        py.detach(|| Gathering::whole(bytes))
    } else {
        Bytes::copy_from_slice(bytes)
    }
}

/// Pulls an iterator to its end, or until the reader goes; it is closed either way.
///
/// The head goes with the first chunk: what raises before it, the making of that chunk
/// included, is an ordinary failure.
///
/// # Errors
/// What the iterator raised.
pub fn pull(
    bridge: &Bridge,
    clock: Clock,
    head: Head,
    stream: &Bound<'_, PyIterator>,
    events: &Sender,
    interruptible: &Interruptible<'_>,
) -> PyResult<()> {
    let mut beginning = Some((clock, head));
    let accept = interruptible.whose().headers.joined("accept");
    let outcome = pull_open(bridge, &mut beginning, stream, events, &accept);
    // A reader that goes interrupts; the stream's own cleaning up shall run undisturbed.
    match &outcome {
        Ok(Err(Gone)) => interruptible.abandon(),
        _ => drop(interruptible.disarm()),
    }
    let closed = close(stream);
    let (id, trace) = interruptible.whose().marks();
    match outcome? {
        Ok(()) => {
            begin(&mut beginning, events);
            events.send(Event::End);
        }
        Err(Gone) => tracing::debug!(id, trace, "the reader of a stream has gone"),
    }
    if let Err(error) = closed {
        // The stream has been sent whole by now; there is nobody left to tell but the log.
        tracing::warn!(id, trace, %error, "closing a stream raised");
    }
    Ok(())
}

fn begin(beginning: &mut Option<(Clock, Head)>, events: &Sender) {
    if let Some((clock, mut head)) = beginning.take() {
        clock.stamp(&mut head);
        events.send(Event::Head(head));
    }
}

fn pull_open(
    bridge: &Bridge,
    beginning: &mut Option<(Clock, Head)>,
    stream: &Bound<'_, PyIterator>,
    events: &Sender,
    accept: &str,
) -> PyResult<Result<(), Gone>> {
    let py = stream.py();
    let give = |beginning: &mut Option<(Clock, Head)>, chunk: &[u8]| {
        // An empty chunk is nothing yet (PEP 3333).
        if !chunk.is_empty() {
            begin(beginning, events);
        }
        send(py, chunk, events)
    };
    let media = beginning.as_ref().and_then(|(_, head)| head.content_type.clone());
    let media = media.unwrap_or_default();
    let mut encode: Option<Bound<'_, PyAny>> = None;
    for item in stream.clone() {
        let item = item?;
        let sent = if let Ok(bytes) = item.cast_exact::<PyBytes>() {
            give(beginning, bytes.as_bytes())
        } else if let Some(text) = item.cast_exact::<PyString>().ok().and_then(|t| t.to_str().ok())
        {
            give(beginning, text.as_bytes())
        } else {
            let encode = match &encode {
                Some(encode) => encode.clone(),
                None => {
                    let (media, made) = open(bridge, &item, &media, accept)?;
                    if let Some((_, head)) = beginning {
                        head.content_type = Some(media.into());
                    }
                    encode.insert(made).clone()
                }
            };
            give(beginning, encode.call1((item,))?.cast::<PyBytes>()?.as_bytes())
        };
        if sent.is_err() {
            return Ok(Err(Gone));
        }
    }
    Ok(Ok(()))
}

/// What the first value of a stream that is neither text nor bytes makes of it: its media type, and
/// what encodes such values.
pub fn open<'py>(
    bridge: &Bridge,
    value: &Bound<'py, PyAny>,
    media: &str,
    accept: &str,
) -> PyResult<(String, Bound<'py, PyAny>)> {
    bridge.opening.bind(value.py()).call1((value, media, accept))?.extract()
}

/// Sends bytes in pieces, each copied only when there is room for it.
fn send(py: Python<'_>, bytes: &[u8], events: &Sender) -> Result<(), Gone> {
    for piece in bytes.chunks(PIECE) {
        let piece = Bytes::copy_from_slice(piece);
        if !events.try_chunk(&piece)? {
            py.detach(|| events.blocking_chunk(piece))?;
        }
    }
    Ok(())
}

fn close(stream: &Bound<'_, PyIterator>) -> PyResult<()> {
    match stream.getattr_opt("close")? {
        Some(close) => close.call0().map(drop),
        None => Ok(()),
    }
}
