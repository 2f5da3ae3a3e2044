//! Accompanies one request from its arrival to the end of its answer: its id, its trace, its
//! counts, and its lines in the log and the audit log.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use actix_web::body::MessageBody;
use actix_web::dev::RequestHead;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method};
use actix_web::{HttpResponse, web};
use owt_core::{Call, CodeId, DEFAULT_FN_NAME, FieldNames, Problem, ProblemKind, Trace};

use super::Site;
use super::problem_page::Opened;
use super::quiet::Watched;
use crate::audit::{Audit, Line};
use crate::door::{Caller, Share};

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
    path: String,
    /// The door has let it in, and not to one of our own pages: what becomes of it is told.
    is_in: Cell<bool>,
    began: Instant,
    /// 0 until there is an answer.
    status: Cell<u16>,
    failure: RefCell<Option<Failure>>,
    /// Of a call, the names of its fields.
    calls: Cell<Option<FieldNames>>,
    /// Its client left in the middle of its answer.
    left: Cell<bool>,
    caller: OnceCell<Caller>,
    /// What it takes of its user's quotas, as a call.
    share: OnceCell<Share>,
    /// Where the audit log tells of it, if it does.
    audit: Option<Audited>,
    /// What a person opened, if that is a call.
    opened: OnceCell<Opened>,
    /// The methods that what it asks for takes.
    methods: Cell<&'static str>,
    connection: Option<Rc<Watched>>,
}

impl Visit {
    pub fn begin(
        request: &RequestHead,
        connection: Option<Rc<Watched>>,
        site: &web::Data<Site>,
    ) -> Rc<Self> {
        connection.iter().for_each(|connection| connection.begins());
        let audit = site.audit.as_ref().filter(|audit| audit.admits());
        Rc::new(Self {
            id: request_id(request.headers()),
            traceparent: traceparent(request.headers()),
            site: web::Data::clone(site),
            method: request.method.clone(),
            path: request.uri.path().to_owned(),
            is_in: Cell::new(false),
            began: Instant::now(),
            status: Cell::new(0),
            failure: RefCell::new(None),
            calls: Cell::new(None),
            left: Cell::new(false),
            caller: OnceCell::new(),
            share: OnceCell::new(),
            audit: audit.map(Audited::new),
            opened: OnceCell::new(),
            methods: Cell::new("GET, POST"),
            connection,
        })
    }

    /// True when it will be told of in the audit log, or there is none.
    pub fn audits(&self) -> bool {
        self.audit.is_some() || self.site.audit.is_none()
    }

    /// This is who sent it.
    pub fn comes_from(&self, caller: Caller) {
        // Told once.
        let _ = self.caller.set(caller);
    }

    /// Who sent it.
    pub fn caller(&self) -> &Caller {
        self.caller.get_or_init(Caller::default)
    }

    /// It takes this as long as it lasts.
    pub fn holds(&self, share: Option<Share>) {
        // One call, one share.
        let _ = share.map(|share| self.share.set(share));
    }

    /// This is what it asks to run.
    pub fn reads(&self, call: &Call) {
        if let Some(audited) = &self.audit {
            let fn_name = call.fn_name.clone().unwrap_or_else(|| DEFAULT_FN_NAME.into());
            // Read once.
            let _ = audited.code.set((call.code.id(), fn_name));
        }
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

    /// The door has let it in, to what is not one of our own pages.
    pub fn enters(&self) {
        self.is_in.set(true);
    }

    /// It is a call, which goes to the engine now.
    pub fn calls(&self, names: FieldNames) {
        self.calls.set(Some(names));
        self.site.metrics.call_begins();
    }

    /// Whether it is one.
    pub fn is_call(&self) -> bool {
        self.calls.get().is_some()
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

    /// What it asks for takes these methods alone.
    pub fn takes_only(&self, methods: &'static str) {
        self.methods.set(methods);
    }

    /// The methods that what it asks for takes.
    pub fn methods(&self) -> &'static str {
        self.methods.get()
    }

    /// It failed. Gives the problem as its client is told: with the request's id, and by the names
    /// that its fields came by.
    pub fn fails(&self, failure: Problem) -> Problem {
        self.failure.replace(Some(Failure {
            kind: failure.kind,
            said: one_line(&failure.detail),
            traceback: None,
        }));
        let failure = failure.with_request_id(&*self.id);
        match self.calls.get() {
            Some(names) => names.told(failure),
            None => failure,
        }
    }

    /// It failed in the middle of its answer, when its client cannot be told all of it any more.
    pub fn fails_midway(&self, failure: Problem) -> Problem {
        let traceback = failure.exception.as_ref().map(|exception| {
            let lines = exception.traceback.lines();
            // The log takes a line that begins so for one more of the same message.
            lines.map(|line| format!("\n    {line}")).collect()
        });
        let failure = self.fails(failure);
        if let Some(noted) = &mut *self.failure.borrow_mut() {
            noted.traceback = Some(traceback.unwrap_or_default());
        }
        failure
    }

    /// A piece of its stream goes out.
    pub fn streams(&self, bytes: usize) {
        self.site.metrics.streamed(bytes);
    }

    /// Its client is gone before the end of a stream, and had made no room for more of it for that
    /// long.
    pub fn leaves(&self, unread: Option<Duration>) {
        self.left.set(true);
        let Some(unread) = unread else { return };
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

    /// What it came on.
    pub fn connection(&self) -> Option<Rc<Watched>> {
        self.connection.clone()
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

/// What only the audit log tells of a request.
struct Audited {
    audit: Arc<Audit>,
    time: SystemTime,
    code: OnceCell<(CodeId, Arc<str>)>,
}

impl Audited {
    fn new(audit: &Arc<Audit>) -> Self {
        Self { audit: Arc::clone(audit), time: SystemTime::now(), code: OnceCell::new() }
    }

    fn write(&self, visit: &Visit, status: u16, age: Duration, failure: Option<&Failure>) {
        let caller = visit.caller();
        let outcome = match failure {
            Some(failure) => failure.kind.slug(),
            None if status == 0 || visit.left.get() => "gone",
            None => "answered",
        };
        self.audit.write(&Line {
            time: self.time,
            request_id: &visit.id,
            peer: caller.from,
            user: caller.user.as_deref(),
            method: visit.method.as_str(),
            path: &visit.path,
            code_sha256: self.code.get().map(|(id, _)| *id),
            fn_name: self.code.get().map(|(_, name)| &**name),
            called: visit.is_call(),
            status: (status > 0).then_some(status),
            outcome,
            duration_ms: age.as_micros() as f64 / 1e3,
        });
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.connection.iter().for_each(|connection| connection.ends());
        let (age, status, failure) = (self.age(), self.status.get(), self.failure.take());
        let metrics = &self.site.metrics;
        metrics.request(status, age);
        if let Some(failure) = &failure {
            metrics.problem(failure.kind);
        }
        if self.is_call() {
            metrics.call_ends();
        }
        if let Some(audited) = &self.audit {
            audited.write(self, status, age, failure.as_ref());
        }
        self.log(status, age, failure.as_ref());
    }
}

/// Why a request was not answered as it should be, for the log.
struct Failure {
    kind: ProblemKind,
    /// On one line.
    said: String,
    /// Of what was raised in the middle of an answer, each line after a line's end.
    traceback: Option<String>,
}

impl Failure {
    fn is_ours(&self) -> bool {
        self.kind.status() >= 500
    }
}

impl Visit {
    /// One line for each request that was not answered as it should be; for others, where the log
    /// wants to know.
    fn log(&self, status: u16, age: Duration, failure: Option<&Failure>) {
        macro_rules! line {
            ($level:ident, $($message:tt)+) => {
                tracing::$level!(
                    id = self.id,
                    trace = self.trace().map(|trace| trace.id),
                    method = self.method.as_str(),
                    // Without the query, which carries code.
                    path = self.path,
                    status = (status > 0).then_some(status),
                    problem = failure.map(|failure| failure.kind.slug()),
                    duration_ms = age.as_micros() as f64 / 1e3,
                    $($message)+
                )
            };
        }
        match failure {
            // What the door refuses, and a page of our own, is no call that failed.
            Some(Failure { said, traceback: Some(traceback), .. }) if self.is_in.get() => {
                line!(warn, "failed in the middle of its answer: {said}{traceback}");
            }
            Some(failure) if self.is_in.get() && failure.is_ours() => {
                line!(warn, "failed: {}", failure.said);
            }
            Some(failure) if self.is_in.get() => line!(info, "refused: {}", failure.said),
            _ if status > 0 => line!(debug, "answered"),
            _ => line!(debug, "the client went before its answer"),
        }
    }
}

/// Characters of a failure's detail that are logged at most.
const SAID: usize = 500;

/// The text on one line, and none too long: others have written it.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let whole = lines.collect::<Vec<_>>().join(" | ");
    let mut said: String = whole.chars().take(SAID).collect();
    if said.len() < whole.len() {
        said.push('…');
    }
    said
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
