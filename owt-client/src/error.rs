//! Why a call gave no answer.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use owt_core::{CallError, Exception, LiteralError, Problem};
use reqwest::StatusCode;

type Source = Box<dyn StdError + Send + Sync>;

/// Why a call gave no answer. Its text never holds the password, the code or
/// the arguments.
#[derive(Debug)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    what: String,
    problem: Option<Problem>,
    /// What an adaptor answered instead of what was asked of it.
    answer: Option<(StatusCode, Bytes)>,
    source: Option<Source>,
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
    /// The client's own timeout passed.
    Timeout,
    /// The connection broke before the answer was whole.
    Interrupted,
    /// The server answered with a [`Problem`].
    Problem,
    /// The adaptor itself answered with a status of 400 or more.
    Answered,
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

    /// What the adaptor raised, with its traceback, when that is the problem.
    pub fn exception(&self) -> Option<&Exception> {
        self.problem()?.exception.as_ref()
    }

    /// The status that came, when an answer came that was an error.
    pub fn status(&self) -> Option<StatusCode> {
        match (&self.inner.problem, &self.inner.answer) {
            (Some(problem), _) => StatusCode::from_u16(problem.status()).ok(),
            (None, Some((status, _))) => Some(*status),
            (None, None) => None,
        }
    }

    /// What an adaptor answered with its status of 400 or more; at most a mebibyte of it.
    pub fn body(&self) -> Option<&Bytes> {
        self.inner.answer.as_ref().map(|(_, body)| body)
    }

    fn new(kind: ErrorKind, what: impl Into<String>, source: impl Into<Option<Source>>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                what: what.into(),
                problem: None,
                answer: None,
                source: source.into(),
            }),
        }
    }

    pub(crate) fn url(source: url::ParseError) -> Self {
        let what = "the server's URL cannot be read; it looks like http://127.0.0.1:9876";
        Self::new(ErrorKind::Usage, what, Some(source.into()))
    }

    pub(crate) fn call(source: CallError) -> Self {
        Self::new(ErrorKind::Usage, "the call cannot be sent so", Some(source.into()))
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
    pub(crate) fn transport(
        source: reqwest::Error,
        server: &str,
        timeout: Option<Duration>,
    ) -> Self {
        // The URL of a GET holds code and arguments.
        let source = source.without_url();
        let (kind, what) = if source.is_connect() {
            (ErrorKind::Connect, format!("no connection to {server}"))
        } else if source.is_timeout() {
            let after = timeout.map_or_else(String::new, |timeout| format!(" within {timeout:?}"));
            (ErrorKind::Timeout, format!("{server} has not answered in full{after}"))
        } else if source.is_builder() {
            (ErrorKind::Usage, "the request could not be made".to_owned())
        } else {
            let what = format!("the connection to {server} broke before the answer was whole");
            (ErrorKind::Interrupted, what)
        };
        Self::new(kind, what, Some(source.into()))
    }

    pub(crate) fn problem_of(problem: Problem) -> Self {
        let mut error = Self::new(ErrorKind::Problem, problem.to_string(), None);
        error.inner.problem = Some(problem);
        error
    }

    pub(crate) fn answered(status: StatusCode, body: Bytes) -> Self {
        let mut error =
            Self::new(ErrorKind::Answered, format!("the adaptor answered {status}"), None);
        error.inner.answer = Some((status, body));
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

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.inner.source.as_deref()?;
        Some(source)
    }
}
