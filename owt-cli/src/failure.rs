//! Lists how a command can fail, with the message and the exit status of each failure.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Style};
use owt_client::{ErrorKind, Problem, StatusCode};
use owt_core::CallError;
use owt_server::{SandboxError, ServeError, SocketError, TlsError};
use tokio::signal::unix::SignalKind;

use crate::log::visible;

const RED: Style = AnsiColor::Red.on_default().bold();

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error("cannot read {0}")]
    Read(String, #[source] io::Error),
    #[error("cannot write to standard output")]
    Write(#[source] io::Error),
    #[error("cannot write {0}")]
    Save(String, #[source] io::Error),
    /// Somebody ended this program before the file was whole.
    #[error("interrupted; nothing was written")]
    Interrupted(SignalKind),
    /// Whoever read standard output has had enough.
    #[error("standard output was closed")]
    Closed,
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Client(#[from] owt_client::Error),
    /// The server publishes nothing of that name.
    #[error(
        "the server publishes no function {name}, and there is no file of that name{}",
        shown(near)
    )]
    NoFunction { name: String, near: Vec<String> },
    /// An adaptor's own answer, shown already.
    #[error("the adaptor answered {0}")]
    Answered(StatusCode),
    #[error("{what}")]
    Start { what: String, source: io::Error },
    #[error("{0}: {1}")]
    Tls(&'static str, #[source] Box<TlsError>),
    #[error("--unix: {0}")]
    Socket(#[from] SocketError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[cfg(feature = "embed")]
    #[error(transparent)]
    Worker(#[from] owt_python::WorkerError),
    /// The doctor found something, told already.
    #[error("this Python cannot be served")]
    Unwell,
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Closed => 0,
            Self::Usage(_) | Self::Read(..) | Self::Call(_) => 2,
            Self::Serve(
                ServeError::Exposed(_)
                | ServeError::NotPublishable(_)
                | ServeError::Sandbox(SandboxError::NoWorkers),
            ) => 2,
            Self::Client(error) if error.kind() == ErrorKind::Usage => 2,
            // As of a program that the signal has ended.
            Self::Interrupted(signal) => {
                u8::try_from(signal.as_raw_value()).map_or(1, |number| 128 + number)
            }
            Self::Write(_)
            | Self::Save(..)
            | Self::Client(_)
            | Self::NoFunction { .. }
            | Self::Answered(_)
            | Self::Start { .. }
            | Self::Tls(..)
            | Self::Socket(_)
            | Self::Serve(_)
            | Self::Unwell => 1,
            #[cfg(feature = "embed")]
            Self::Worker(_) => 1,
        })
    }

    /// Says it on standard error.
    pub(crate) fn tell(&self) {
        if let Self::Closed = self {
            return;
        }
        if let Some(problem) = self.problem() {
            return tell_problem(problem);
        }
        anstream::eprintln!("{RED}error:{RED:#} {}", self.in_full());
        if let Some(hint) = self.hint() {
            anstream::eprintln!("{hint}");
        }
    }

    fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Client(error) => error.problem(),
            _ => None,
        }
    }

    /// The error, and what is at the root of it; the layers between say little.
    fn in_full(&self) -> String {
        let root = std::iter::successors(self.source(), |&error| error.source()).last();
        match root.map(ToString::to_string) {
            Some(root) if !self.to_string().contains(&root) => format!("{self}: {root}"),
            _ => self.to_string(),
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Client(error)
                if error.kind() == ErrorKind::Connect && self.in_full().contains("certificate") =>
            {
                Some(
                    "To trust a certificate that is its own issuer: SSL_CERT_FILE=FILE owt call ...",
                )
            }
            Self::Client(error) if error.kind() == ErrorKind::Connect => Some(
                "Is a server running there? `owt serve` starts one; --address or OWT_URL say where it is.",
            ),
            Self::NoFunction { .. } => Some("`owt functions` lists what there is."),
            Self::Start { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                Some("Is another owt running? --port 0 takes a port that is free.")
            }
            _ => None,
        }
    }
}

/// Names near the one that is not there.
fn shown(near: &[String]) -> String {
    let near: Vec<_> = near.iter().map(|name| visible(name)).collect();
    if near.is_empty() { String::new() } else { format!("; near: {}", near.join(", ")) }
}

fn tell_problem(problem: &Problem) {
    let text = problem.to_text();
    let (headline, rest) = text.split_once('\n').unwrap_or((&text, ""));
    anstream::eprintln!("{RED}{headline}{RED:#}");
    anstream::eprint!("{rest}");
}
