//! Writes a call's events as an HTTP response (§5 and §7 of `docs/wire.md`).

use std::borrow::Cow;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::body::SizedStream;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{StatusCode, Version, header::ContentType};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::{Bytes, BytesMut};
use futures_util::stream::{iter, unfold};
use owt_core::{PROBLEM_JSON, Problem, ProblemKind};
use owt_engine::{CacheOutcome, Event, Events, Head};

use super::sniff::{OCTETS, sniff_whole};
use super::timing::{self, SERVER_TIMING};
use super::visit::Visit;
use super::{file, problem_page};
use crate::door::rules_the_origin;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const EVENTS: &str = "text/event-stream";
/// nginx, and who took it over, passes on at once what an answer with `no` brings.
pub(super) const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// Nobody keeps events, nor compresses them, for which a proxy would gather them.
pub(super) const AS_THEY_COME: HeaderValue = HeaderValue::from_static("no-cache, no-transform");
/// Chunks that wait together are sent together, up to this many bytes.
const BATCH: usize = 64 << 10;
/// Larger answers go in pieces.
const LARGE: usize = 1 << 20;

/// Waits for the first event and answers with it, or begins a stream.
pub(super) async fn respond(
    request: &HttpRequest,
    mut events: Events,
    cache: Option<CacheOutcome>,
    submitted: Instant,
    visit: &Rc<Visit>,
) -> HttpResponse {
    let mut first = events.next().await;
    let head = first.as_mut().and_then(Event::head_mut);
    let cache = cache.map(|cache| cache.with(head.as_deref()));
    let kept = head.as_ref().is_some_and(|head| head.is_kept());
    let timed = head.map(|head| timing::answered(head.timing, submitted.elapsed(), cache));
    let mut response = match first {
        Some(Event::Answer(head, body)) => whole(request, head, body, events, visit),
        Some(Event::File(head, file)) => file::answer(request, head, file, visit),
        Some(Event::Head(head)) => stream(request, head, events, visit),
        Some(Event::Problem(failure)) => problem(request.headers(), *failure, visit),
        Some(Event::Chunk(_) | Event::End) | None => {
            let failure = Problem::new(ProblemKind::Internal, "an answer without a beginning");
            problem(request.headers(), failure, visit)
        }
    };
    if let Some(value) = timed {
        // The adaptor may have given one of its own.
        response.headers_mut().append(SERVER_TIMING, value);
    }
    if let Some(cache) = cache {
        response.headers_mut().insert(CACHE_STATUS, HeaderValue::from_static(cache.status(kept)));
    }
    response
}

/// A problem as the client can read it: a page for a person, JSON (RFC 9457), or plain text for a
/// client that accepts text only.
pub(super) fn problem(headers: &HeaderMap, failure: Problem, visit: &Visit) -> HttpResponse {
    let failure = visit.fails(failure);
    let status =
        StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header((SERVER_TIMING, timing::failed(visit.age())));
    if let Some(seconds) = failure.retry_after_seconds() {
        response.insert_header((header::RETRY_AFTER, seconds.max(1).to_string()));
    }
    match failure.kind {
        ProblemKind::Unauthenticated => {
            let challenge = "Basic realm=\"owt\", charset=\"UTF-8\"";
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
            if visit.could_show_token() {
                response.append_header((header::WWW_AUTHENTICATE, "Bearer realm=\"owt\""));
            }
        }
        // RFC 6750, 3.1.
        ProblemKind::InsufficientScope if visit.could_show_token() => {
            let challenge = "Bearer realm=\"owt\", error=\"insufficient_scope\", scope=\"run\"";
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        ProblemKind::MethodNotAllowed => {
            response.insert_header((header::ALLOW, visit.methods()));
        }
        _ => {}
    }
    if problem_page::is_wanted(headers)
        && let Ok((seal, page)) = problem_page::page(&failure, visit.opened())
    {
        return seal.answer(response, page);
    }
    if only_text(headers) {
        return response.content_type(ContentType::plaintext()).body(failure.to_text());
    }
    match serde_json::to_vec(&failure) {
        Ok(json) => response.content_type(PROBLEM_JSON).body(json),
        Err(_) => response.content_type(ContentType::plaintext()).body(failure.to_text()),
    }
}

/// True when every type that the client accepts is a text.
fn only_text(headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    accept.split(',').all(|one| {
        let essence = one.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("text/plain") || essence.eq_ignore_ascii_case("text/*")
    })
}

fn whole(
    request: &HttpRequest,
    head: Head,
    body: Bytes,
    events: Events,
    visit: &Visit,
) -> HttpResponse {
    let sniffed = match &head.content_type {
        None if !body.is_empty() => Some(sniff_whole(&body)),
        _ => None,
    };
    let bodiless = is_bodiless(head.status);
    match begin(head, sniffed) {
        Ok(mut response) if bodiless => response.finish(),
        // In one piece it would be copied as a whole to where it is sent from.
        Ok(mut response) if body.len() > LARGE => {
            let length = body.len() as u64;
            let pieces = Pieces { body, _events: events };
            response.body(SizedStream::new(length, iter(pieces)))
        }
        Ok(mut response) => response.body(body),
        Err(failure) => problem(request.headers(), *failure, visit),
    }
}

/// A body that goes out piece by piece, none of which is a copy.
struct Pieces {
    body: Bytes,
    /// Until all of it is sent: so long its call has a reader, whom the bound on answers counts.
    _events: Events,
}

impl Iterator for Pieces {
    type Item = Result<Bytes, Infallible>;

    fn next(&mut self) -> Option<Self::Item> {
        let piece = self.body.split_to(self.body.len().min(BATCH));
        (!piece.is_empty()).then_some(Ok(piece))
    }
}

/// True for a status that never has a body (RFC 9110 §15): what would be sent as one would
/// be the beginning of the connection's next answer.
pub(super) fn is_bodiless(status: u16) -> bool {
    matches!(status, 204 | 205 | 304)
}

/// A response with the head's status and headers.
///
/// # Errors
/// A problem that names what HTTP does not allow.
pub(super) fn begin(
    head: Head,
    sniffed: Option<&'static str>,
) -> Result<HttpResponseBuilder, Box<Problem>> {
    let unfit = |what: String| {
        Box::new(Problem::new(ProblemKind::Unrenderable, format!("the adaptor gave {what}")))
    };
    let status = StatusCode::from_u16(head.status)
        .ok()
        .filter(|status| !status.is_informational())
        .ok_or_else(|| unfit(format!("{}, which is no HTTP status", head.status)))?;
    let mut response = HttpResponse::build(status);
    if let Some(content_type) = head.content_type.as_deref().or(sniffed) {
        let value = header_value(content_type)
            .ok_or_else(|| unfit(format!("{content_type:?}, which is no Content-Type")))?;
        response.insert_header((header::CONTENT_TYPE, value));
    }
    for (name, value) in head.headers {
        let (Ok(name), Some(value)) =
            (HeaderName::from_bytes(name.as_bytes()), header_value(&value))
        else {
            return Err(unfit(format!("a header that HTTP does not allow: {name:?}: {value:?}")));
        };
        if !is_the_connections(&name) && !rules_the_origin(&name, &value) {
            response.append_header((name, value));
        }
    }
    Ok(response)
}

/// A header's text as the bytes that it stands for, which are Latin-1 as in WSGI (PEP 3333);
/// `None` for what is none or HTTP does not allow.
fn header_value(text: &str) -> Option<HeaderValue> {
    let bytes = if text.is_ascii() {
        Cow::Borrowed(text.as_bytes())
    } else {
        text.chars().map(|letter| u8::try_from(letter).ok()).collect::<Option<Vec<u8>>>()?.into()
    };
    HeaderValue::from_bytes(&bytes).ok()
}

/// Headers that are not the adaptor's to set: they say how this connection carries the body.
fn is_the_connections(name: &HeaderName) -> bool {
    [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE]
        .contains(name)
}

fn stream(
    request: &HttpRequest,
    mut head: Head,
    events: Events,
    visit: &Rc<Visit>,
) -> HttpResponse {
    let content_type = head.content_type.get_or_insert_with(|| OCTETS.into());
    let sse = content_type.get(..EVENTS.len()).is_some_and(|it| it.eq_ignore_ascii_case(EVENTS));
    let bodiless = is_bodiless(head.status);
    let says = |name: &HeaderName| {
        head.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name.as_str()))
    };
    let (says_buffering, says_caching) = (says(&ACCEL_BUFFERING), says(&header::CACHE_CONTROL));
    match begin(head, None) {
        Err(failure) => problem(request.headers(), *failure, visit),
        // Dropping the events closes the generator.
        Ok(mut response) if bodiless => response.finish(),
        Ok(mut response) => {
            // Proxies shall not hold back what is sent as it is made.
            if !says_buffering {
                response.insert_header((ACCEL_BUFFERING, HeaderValue::from_static("no")));
            }
            if sse && !says_caching {
                response.insert_header((header::CACHE_CONTROL, AS_THEY_COME));
            }
            let flow = Flow {
                events,
                held: None,
                sse,
                tail: *b"\n\n\n",
                marks_end: request.version() >= Version::HTTP_11,
                visit: Rc::clone(visit),
                over: false,
                given: None,
            };
            response.streaming(unfold(flow, |mut flow| async move {
                let item = flow.next().await?;
                Some((item, flow))
            }))
        }
    }
}

/// A stream on its way out.
struct Flow {
    events: Events,
    /// What was read past a batch.
    held: Option<Event>,
    sse: bool,
    /// The last bytes that were given.
    tail: [u8; 3],
    /// The body's end is marked; else, to a client of HTTP/1.0, it is the connection's.
    marks_end: bool,
    visit: Rc<Visit>,
    over: bool,
    /// When the piece was given that the connection has not asked to follow yet.
    given: Option<Instant>,
}

impl Drop for Flow {
    fn drop(&mut self) {
        if !self.over {
            self.visit.leaves(self.given.map(|given| given.elapsed()));
        }
    }
}

/// Between the last words of a stream that failed and the cut.
const LINGER: Duration = Duration::from_millis(300);

/// Ends a response visibly: the connection is cut before the last chunk.
#[derive(Debug, thiserror::Error)]
#[error("the stream failed: {0}")]
struct Cut(Box<Problem>);

impl Flow {
    async fn next(&mut self) -> Option<Result<Bytes, Cut>> {
        self.given = None;
        if self.over {
            return None;
        }
        let event = match self.held.take() {
            Some(event) => event,
            None => self.events.next().await.unwrap_or(Event::End),
        };
        match event {
            Event::Chunk(chunk) => {
                let batch = self.batch(chunk);
                for byte in batch.iter().skip(batch.len().saturating_sub(self.tail.len())) {
                    self.tail.rotate_left(1);
                    self.tail[2] = *byte;
                }
                self.visit.streams(batch.len());
                self.given = Some(Instant::now());
                Some(Ok(batch))
            }
            Event::Problem(failure) => {
                let failure = self.visit.fails_midway(*failure);
                Some(self.fail(failure).await)
            }
            _ => {
                self.over = true;
                None
            }
        }
    }

    /// Adds what is there already, so that a flood of tiny chunks is not a flood of writes.
    fn batch(&mut self, first: Bytes) -> Bytes {
        let Some(mut event) = self.events.ready() else { return first };
        let mut batch = BytesMut::from(&*first);
        loop {
            match event {
                Event::Chunk(chunk) if batch.len() + chunk.len() <= BATCH => {
                    batch.extend_from_slice(&chunk);
                }
                other => {
                    self.held = Some(other);
                    break;
                }
            }
            match self.events.ready() {
                Some(next) => event = next,
                None => break,
            }
        }
        batch.freeze()
    }

    /// For server-sent events the failure is an event first, then the cut. In the middle of an
    /// event it is the cut alone: an event after that part of one would make it look whole.
    async fn fail(&mut self, failure: Problem) -> Result<Bytes, Cut> {
        if self.sse && ends_event(self.tail) {
            self.sse = false;
            let json = serde_json::to_string(&failure).unwrap_or_default();
            self.held = Some(Event::Problem(Box::new(failure)));
            return Ok(Bytes::from(format!("event: error\ndata: {json}\n\n")));
        }
        // What was given before shall arrive: the connection writes it out while the stream has
        // nothing for it, and browsers throw away what their page has not read when it is cut.
        tokio::time::sleep(LINGER).await;
        self.over = true;
        if !self.marks_end {
            self.visit.resets();
        }
        Err(Cut(Box::new(failure)))
    }
}

/// True after two line ends in a row, each of any kind: no event is under way.
fn ends_event(tail: [u8; 3]) -> bool {
    matches!(tail, [_, b'\n', b'\n'] | [_, b'\r' | b'\n', b'\r'] | [b'\r' | b'\n', b'\r', b'\n'])
}
