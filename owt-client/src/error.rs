//! Why a call gave no answer.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use owt_core::{CallError, Exception, Fault, LiteralError, Problem};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::limits::Limits;

type Source = Box<dyn StdError + Send + Sync>;

/// The header with a request's name in the server's log.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// How much of an answer's text is shown to a person.
const EXCERPT: usize = 300;

/// Why a call gave no answer. Its text never holds a password, a token, the code or the arguments.
///
/// `Display` is one line. `Debug` is what a person wants to read where `main` gives it back: the
/// line, the adaptor's traceback, and what is at the root.
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    what: String,
    problem: Option<Problem>,
    /// What came instead of what was asked for.
    answer: Option<Answer>,
    source: Option<Source>,
}

/// An answer that is an error.
#[derive(Default)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// At most a mebibyte of it.
    pub body: Bytes,
}

/// The sorts of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request could not be made of what was given: the URL, the
    /// arguments, data on a GET. Nothing was sent.
    Usage,
    /// There was no connection to the server. Nothing was sent.
    Connect,
    /// One of the client's own time limits passed.
    Timeout,
    /// The connection broke before the answer was whole.
    Interrupted,
    /// The server answered with a [`Problem`].
    Problem,
    /// The answer has a status of 400 or more, and is no problem document.
    Answered,
    /// The answer is a redirect, which no call follows: it would arrive without its body.
    Redirected,
    /// The answer came whole, but is not what was asked for.
    Unreadable,
}

impl Error {
    /// What sort of error.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// What the server said, when it answered with a problem.
    pub fn problem(&self) -> Option<&Problem> {
        self.inner.problem.as_ref()
    }

    /// What is wrong with each argument of a function that was called by its name; empty where that is
    /// not the problem.
    pub fn faults(&self) -> &[Fault] {
        self.problem().map_or(&[], |problem| &problem.errors)
    }

    /// What the adaptor raised, with its traceback, when that is the problem.
    pub fn exception(&self) -> Option<&Exception> {
        self.problem()?.exception.as_ref()
    }

    /// The status that came. Of a problem within a stream it is the problem's own.
    pub fn status(&self) -> Option<StatusCode> {
        match (&self.inner.answer, &self.inner.problem) {
            (Some(answer), _) => Some(answer.status),
            (None, Some(problem)) => StatusCode::from_u16(problem.status()).ok(),
            (None, None) => None,
        }
    }

    /// The headers of the answer that is the error.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.inner.answer.as_ref().map(|answer| &answer.headers)
    }

    /// The body of the answer that is the error; at most a mebibyte of it.
    pub fn body(&self) -> Option<&Bytes> {
        self.inner.answer.as_ref().map(|answer| &answer.body)
    }

    /// The request's name in the server's log.
    pub fn request_id(&self) -> Option<&str> {
        let said = self.problem().and_then(|problem| problem.request_id.as_deref());
        said.or_else(|| self.headers()?.get(REQUEST_ID)?.to_str().ok())
    }

    /// When it is worth trying again, by the problem or by `Retry-After` in seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        let said = self.problem().and_then(|problem| problem.retry_after);
        said.or_else(|| {
            let seconds = self.headers()?.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
            Some(Duration::from_secs(seconds))
        })
    }

    /// Whether time ran out: a limit of this client, or the call's deadline (504).
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout || self.is(StatusCode::GATEWAY_TIMEOUT)
    }

    /// Whether the server takes no more for now (429, 503).
    pub fn is_busy(&self) -> bool {
        self.is(StatusCode::SERVICE_UNAVAILABLE) || self.is(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Whether the key is missing or wrong (401).
    pub fn is_unauthenticated(&self) -> bool {
        self.is(StatusCode::UNAUTHORIZED)
    }

    /// Whether the key does not suffice, or the door is closed (403).
    pub fn is_forbidden(&self) -> bool {
        self.is(StatusCode::FORBIDDEN)
    }

    /// Whether there is nothing at that address (404).
    pub fn is_not_found(&self) -> bool {
        self.is(StatusCode::NOT_FOUND)
    }

    /// Whether it is certain that nothing of the call has run and that the same call may do well
    /// later: nobody listened, or the server is full, ends, or has a quota that is used up.
    pub fn has_not_run(&self) -> bool {
        match self.kind() {
            ErrorKind::Connect => self.root().is_some_and(|root| {
                matches!(root.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound)
            }),
            ErrorKind::Problem => self.problem().is_some_and(|problem| {
                problem.foreign.is_none() && problem.kind.has_not_run() && self.headers().is_some()
            }),
            _ => false,
        }
    }

    fn is(&self, status: StatusCode) -> bool {
        self.status() == Some(status)
    }

    fn sources(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        std::iter::successors(self.source(), |&error| error.source())
    }

    fn root(&self) -> Option<&io::Error> {
        self.sources().filter_map(|error| error.downcast_ref()).last()
    }

    fn new(kind: ErrorKind, what: impl Into<String>, source: impl Into<Option<Source>>) -> Self {
        let (what, source) = (what.into(), source.into());
        Self { inner: Box::new(Inner { kind, what, problem: None, answer: None, source }) }
    }

    pub(crate) fn url(source: url::ParseError) -> Self {
        let what = "the server's URL cannot be read; it looks like http://127.0.0.1:9876";
        Self::new(ErrorKind::Usage, what, Some(source.into()))
    }

    pub(crate) fn call(source: CallError) -> Self {
        Self::new(ErrorKind::Usage, "the call cannot be sent so", Some(source.into()))
    }

    /// A call that does not fit in the URL, where data takes the body.
    pub(crate) fn beside_data(source: CallError) -> Self {
        let what = "the call goes in the URL where data is the body: send the data by file(...), \
                    which the adaptor reads as request.files";
        Self::new(ErrorKind::Usage, what, Some(source.into()))
    }

    pub(crate) fn scheme(scheme: &str) -> Self {
        let what = format!("the server's URL must begin with http:// or https://, not {scheme}:");
        Self::new(ErrorKind::Usage, what, None)
    }

    pub(crate) fn no_tls() -> Self {
        let what =
            "https:// needs owt-client's feature `tls`, which this program was built without";
        Self::new(ErrorKind::Usage, what, None)
    }

    pub(crate) fn socket() -> Self {
        let what = "a Unix socket is named by its absolute path, as in unix:/run/owt/socket, and \
                    only a call goes there";
        Self::new(ErrorKind::Usage, what, None)
    }

    #[cfg(feature = "tls-ring")]
    pub(crate) fn tls(source: rustls::Error) -> Self {
        Self::new(ErrorKind::Usage, "no connection by TLS can be made", Some(source.into()))
    }

    pub(crate) fn client(source: reqwest::Error) -> Self {
        Self::new(ErrorKind::Usage, "no HTTP client could be made", Some(source.into()))
    }

    pub(crate) fn usage(what: impl Into<String>, source: Option<Source>) -> Self {
        Self::new(ErrorKind::Usage, what, source)
    }

    pub(crate) fn arguments(source: LiteralError) -> Self {
        let what = "the arguments cannot be written as Python";
        Self::new(ErrorKind::Usage, what, Some(source.into()))
    }

    /// An error of the transport. `server` is where to, with no secrets in it.
    pub(crate) fn transport(source: reqwest::Error, server: &str, limits: &Limits) -> Self {
        // The URL of a GET holds code and arguments.
        let source = source.without_url();
        let (kind, what) = if source.is_connect() {
            let within = if source.is_timeout() { limits.connecting() } else { String::new() };
            (ErrorKind::Connect, format!("no connection to {server}{within}"))
        } else if source.is_timeout() {
            (ErrorKind::Timeout, format!("{server} {}", limits.passed()))
        } else if source.is_builder() {
            (ErrorKind::Usage, "the request could not be made".to_owned())
        } else {
            let what = format!("the connection to {server} broke before the answer was whole");
            (ErrorKind::Interrupted, what)
        };
        Self::new(kind, what, Some(source.into()))
    }

    /// A problem that is the answer.
    pub(crate) fn refused(mut problem: Problem, answer: Answer) -> Self {
        if let Some(foreign) = &mut problem.foreign
            && foreign.status == 0
        {
            foreign.status = answer.status.as_u16();
        }
        let mut error = Self::problem_of(problem);
        error.inner.answer = Some(answer);
        error
    }

    /// A problem that an answer under way has told.
    pub(crate) fn problem_of(problem: Problem) -> Self {
        let mut error = Self::new(ErrorKind::Problem, problem.to_string(), None);
        error.inner.problem = Some(problem);
        error
    }

    pub(crate) fn answered(server: &str, answer: Answer) -> Self {
        let what = format!("{server} answered {}", answer.status);
        let mut error = Self::new(ErrorKind::Answered, what, None);
        error.inner.answer = Some(answer);
        error
    }

    /// `to` is the address that the server named, without secrets.
    pub(crate) fn redirected(server: &str, to: &str, answer: Answer) -> Self {
        let what = format!(
            "{server} answered {} to {to}, and calls are not redirected: is the server there?",
            answer.status
        );
        let mut error = Self::new(ErrorKind::Redirected, what, None);
        error.inner.answer = Some(answer);
        error
    }

    pub(crate) fn unreadable(what: impl Into<String>, source: Option<Source>) -> Self {
        Self::new(ErrorKind::Unreadable, what, source)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.what)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(problem) = self.problem() {
            return f.write_str(problem.to_text().trim_end());
        }
        f.write_str(&self.inner.what)?;
        let mut said = self.inner.what.clone();
        for source in self.sources() {
            let more = source.to_string();
            if !said.contains(&more) {
                write!(f, "\ncaused by: {more}")?;
                said = more;
            }
        }
        let body = self.body().map(|body| String::from_utf8_lossy(body)).unwrap_or_default();
        let body: String = body.trim().chars().take(EXCERPT).collect();
        if body.is_empty() { Ok(()) } else { write!(f, "\n\n{body}") }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.inner.source.as_deref()?;
        Some(source)
    }
}
