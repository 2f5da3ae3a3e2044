//! One request, from its arrival to the end of its answer: its id and its trace, what is
//! counted of it, and its line in the log.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method};
use actix_web::{HttpRequest, HttpResponse, web};
use owt_core::ProblemKind;

use super::Site;
use super::problem_page::Opened;
use super::quiet::Watched;
use crate::engine::Trace;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Held by whoever works on the answer; it is over when the last one lets go, whether the
/// answer was sent or the client went.
pub(super) struct Visit {
    id: String,
    /// The client's `traceparent`, if it is valid.
    traceparent: Option<HeaderValue>,
    site: web::Data<Site>,
    method: Method,
    /// For the log; empty when it does not want to know.
    path: String,
    began: Instant,
    /// 0 until there is an answer.
    status: Cell<u16>,
    problem: Cell<Option<ProblemKind>>,
    calls: Cell<bool>,
    /// What a person opened, if that is a call.
    opened: OnceCell<Opened>,
    connection: Option<Rc<Watched>>,
}

impl Visit {
    pub fn begin(request: &HttpRequest, site: &web::Data<Site>) -> Rc<Self> {
        let connection = request.conn_data::<Rc<Watched>>().cloned();
        connection.iter().for_each(|connection| connection.begins());
        let is_logged = tracing::enabled!(tracing::Level::DEBUG);
        Rc::new(Self {
            id: request_id(request.headers()),
            traceparent: traceparent(request.headers()),
            site: web::Data::clone(site),
            method: request.method().clone(),
            path: if is_logged { request.path().to_owned() } else { String::new() },
            began: Instant::now(),
            status: Cell::new(0),
            problem: Cell::new(None),
            calls: Cell::new(false),
            opened: OnceCell::new(),
            connection,
        })
    }

    /// The request's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The trace that it is part of.
    pub fn trace(&self) -> Option<Trace<'_>> {
        Trace::parse(self.traceparent.as_ref()?.to_str().ok()?)
    }

    /// True when it could have shown a bearer token.
    pub fn could_show_token(&self) -> bool {
        self.site.door.takes_tokens()
    }

    /// How long ago it came.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// It is a call, which goes to the engine now.
    pub fn calls(&self) {
        self.calls.set(true);
        self.site.metrics.call_begins();
    }

    /// Whether it is one.
    pub fn is_call(&self) -> bool {
        self.calls.get()
    }

    /// A person opened it; a problem is told in a page that shows it.
    pub fn shows(&self, opened: Opened) {
        // There is one call in a request.
        let _ = self.opened.set(opened);
    }

    /// What a person opened, if that is a call.
    pub fn opened(&self) -> Option<&Opened> {
        self.opened.get()
    }

    /// It failed.
    pub fn fails(&self, kind: ProblemKind) {
        self.problem.set(Some(kind));
    }

    /// A piece of its stream goes out.
    pub fn streams(&self, bytes: usize) {
        self.site.metrics.streamed(bytes);
    }

    /// Its client is gone, and had made no room for more of a stream for that long.
    pub fn leaves(&self, unread: Duration) {
        // The system's time began when the client's room was full, before ours was.
        if unread >= self.site.stall_timeout / 2 {
            tracing::warn!(
                id = self.id,
                trace = self.trace().map(|trace| trace.id),
                "a stream was cut: its client read nothing for {} s (--stall-timeout)",
                unread.as_secs()
            );
        }
    }

    /// Its answer fails, and no more than the connection's end will tell its client so.
    pub fn resets(&self) {
        self.connection.iter().for_each(|connection| connection.resets());
    }

    /// This is its answer.
    pub fn answers(&self, response: &mut HttpResponse<impl MessageBody>) {
        self.status.set(response.status().as_u16());
        if self.connection.as_ref().is_some_and(|connection| !connection.goes_on(response.status()))
        {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        if let Ok(value) = HeaderValue::from_str(&self.id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        if let Some(trace) = self.trace()
            && let Ok(value) = HeaderValue::try_from(trace.answer(&new_id()))
        {
            response.headers_mut().insert(TRACEPARENT, value);
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.connection.iter().for_each(|connection| connection.ends());
        let (age, status, problem) = (self.age(), self.status.get(), self.problem.get());
        let metrics = &self.site.metrics;
        metrics.request(status, age);
        if let Some(kind) = problem {
            metrics.problem(kind);
        }
        if self.calls.get() {
            metrics.call_ends();
        }
        // The path without the query, which carries code.
        tracing::debug!(
            id = self.id,
            trace = self.trace().map(|trace| trace.id),
            method = self.method.as_str(),
            path = self.path,
            status = (status > 0).then_some(status),
            problem = problem.map(ProblemKind::slug),
            duration_ms = age.as_micros() as f64 / 1e3,
            "{}",
            if status > 0 { "answered" } else { "the client went before its answer" }
        );
    }
}

/// The client's own id if it is a decent one, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let decent = |id: &&str| {
        (1..=128).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
    };
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(decent);
    given.map_or_else(new_id, str::to_owned)
}

/// The one valid `traceparent`; several are none.
fn traceparent(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut all = headers.get_all(TRACEPARENT);
    let value = all.next()?;
    let valid = all.next().is_none() && Trace::parse(value.to_str().ok()?).is_some();
    valid.then(|| value.clone())
}

/// Sixteen hexadecimal digits that differ from request to request and from run to run.
fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static START: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    let start = START.get_or_init(|| {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(std::process::id())
    });
    // A step of odd length visits every number once before it repeats.
    let number = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:016x}", start.wrapping_add(number))
}
