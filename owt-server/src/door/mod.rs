//! Who may come in. Code runs here by design, so this stands before everything.
//!
//! Asked of each request, in this order: is it meant for us, or did somebody's DNS point here
//! (`arrival`)? Did a page of another origin send it (`browser`)? Does it show a key (`lock`)?
//! And may it run code at once, or did a browser send it that nobody meant to (`browser`,
//! `consent`)? Only what passes gets a [`Permit`], without which the engine runs nothing.

mod answer;
mod arrival;
mod authority;
mod browser;
mod checks;
mod consent;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod keys;
mod lock;
mod password;
mod penance;

use std::io;
use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use ipnet::IpNet;
use owt_core::{Problem, ProblemKind};

pub(crate) use answer::{Dress, preflight};
use arrival::Arrival;
pub use authority::{Host, HostError, Origin, OriginError};
use browser::Page;
pub(crate) use browser::is_navigation;
use consent::Consent;
pub use keys::{KeyError, Keys, SECRETS, TOKEN_USER, random_token};
use lock::{Lock, Shown};

use crate::http::Connection;

/// Who may come in, and from where.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Who may come in.
    pub keys: Keys,
    /// Names that the server answers to, beside `localhost` and its addresses.
    pub allow_hosts: Vec<Host>,
    /// Origins whose pages may call, beside our own.
    pub allow_origins: Vec<Origin>,
    /// Networks whose `X-Forwarded-…` headers are believed.
    pub trust_proxies: Vec<IpNet>,
    /// Whether what adaptors return is kept apart from our origin (CSP `sandbox`).
    pub sandbox_pages: bool,
}

/// Why a request does not come in.
pub(crate) type Refusal = Box<Problem>;

/// Leave to run code. Only the door gives it.
#[derive(Debug)]
pub(crate) struct Permit(());

/// Decides about each request.
pub(crate) struct Door {
    rules: Rules,
    lock: Lock,
    consent: Consent,
    /// The user that this server runs as.
    user: u32,
}

/// A request that came in, and what it may do.
#[derive(Debug)]
pub(crate) struct Pass {
    /// There when it may run code. Where it is missing, a person may be asked instead.
    pub permit: Option<Permit>,
    /// Whether somebody meant to send it: no browser did so by itself.
    pub is_meant: bool,
    /// Our own origin, as the client sees it.
    pub own: Origin,
    /// The client's address, where it has one.
    pub from: Option<IpAddr>,
    /// Whether it showed a key, which is not for adaptors to see.
    pub has_shown_key: bool,
}

/// What becomes of a request that is not refused.
pub(crate) enum Verdict {
    /// It goes on.
    In(Box<Pass>),
    /// It only asks whether a page may send something, and may.
    Preflight,
}

impl Door {
    /// # Errors
    /// The system has no random bytes to give.
    pub fn new(rules: Rules) -> io::Result<Self> {
        let lock = Lock::new(rules.keys.clone())?;
        let user = rustix::process::geteuid().as_raw();
        Ok(Self { rules, lock, consent: Consent::new()?, user })
    }

    /// True when a bearer token is one of the keys.
    pub fn takes_tokens(&self) -> bool {
        self.lock.takes_tokens()
    }

    /// True when nobody comes in without a key.
    pub fn asks_key(&self) -> bool {
        self.lock.asks_key()
    }

    /// Lets a request in, or says why not.
    ///
    /// # Errors
    /// 400, 401, 403, 429 or 503, as a problem.
    pub async fn admit(&self, request: &HttpRequest) -> Result<Verdict, Refusal> {
        let headers = request.headers();
        let connection = request
            .conn_data::<Connection>()
            .ok_or_else(|| refused("nothing is known of this connection"))?;
        let (arrival, page) = match connection.unix_peer {
            Some(user) => (self.neighbour(user)?, Page::Own),
            None => {
                let Rules { allow_hosts, allow_origins, trust_proxies, .. } = &self.rules;
                let arrival = Arrival::read(request, connection, allow_hosts, trust_proxies)?;
                let page = browser::page(headers, &arrival.own, allow_origins)?;
                (arrival, page)
            }
        };
        if page == Page::Allowed && answer::is_preflight(request) {
            return Ok(Verdict::Preflight);
        }
        let Arrival { own, from } = arrival;
        let shown = self.lock.open(authorization(headers)?, from).await?;
        let is_meant = shown == Shown::Token
            || browser::is_meant(headers, page, &own, || {
                is_navigation(headers) && self.consent.is_in(headers, request.uri())
            });
        let permit = match *request.method() {
            Method::GET if is_meant => Some(Permit(())),
            Method::GET => None,
            Method::POST if is_meant => Some(Permit(())),
            Method::POST if page == Page::None && browser::is_deliberate(headers) => {
                Some(Permit(()))
            }
            Method::POST => return Err(unmeant()),
            _ => None,
        };
        let has_shown_key = shown != Shown::Nothing;
        Ok(Verdict::In(Box::new(Pass { permit, is_meant, own, from, has_shown_key })))
    }

    /// Who is at the other end of a Unix socket: no name and no page can have sent them here.
    fn neighbour(&self, user: u32) -> Result<Arrival, Refusal> {
        if user != self.user && user != 0 {
            return Err(refused("this socket is for the user that runs the server"));
        }
        Ok(Arrival { own: Origin::local(), from: None })
    }

    /// What to say of the answer to such a request; `is_call` when an adaptor gave it.
    pub fn dress(&self, request: &HttpRequest, is_call: bool) -> Dress {
        let varies = !self.rules.allow_origins.is_empty();
        let reader = request.headers().get(header::ORIGIN).filter(|_| varies);
        let is_allowed = |value: &&HeaderValue| {
            let origin = value.to_str().ok().and_then(|text| text.parse::<Origin>().ok());
            origin.is_some_and(|origin| self.rules.allow_origins.contains(&origin))
        };
        Dress {
            reader: reader.filter(is_allowed).cloned(),
            varies,
            is_apart: is_call && self.rules.sandbox_pages,
        }
    }

    /// A cookie with which this browser is not asked again for exactly that path and query.
    pub fn agreed(&self, target: &str, own: &Origin) -> String {
        self.consent.cookie(target, own.scheme() == "https")
    }

    /// Why a GET that carries code is not run, where nobody can be asked.
    pub fn unmeant(&self) -> Refusal {
        unmeant()
    }
}

/// The one `Authorization`.
fn authorization(headers: &HeaderMap) -> Result<Option<&[u8]>, Refusal> {
    let mut all = headers.get_all(header::AUTHORIZATION);
    match (all.next(), all.next()) {
        (first, None) => Ok(first.map(HeaderValue::as_bytes)),
        _ => Err(malformed("`Authorization` came more than once")),
    }
}

fn unmeant() -> Refusal {
    refused(
        "a browser sent this, and nothing shows that somebody meant it to run; a program sends \
         `X-Owt: 1`, a Bearer token or a POST of application/json, a page calls from its own \
         origin",
    )
}

fn refused(detail: impl Into<String>) -> Refusal {
    Box::new(Problem::new(ProblemKind::Forbidden, detail))
}

fn malformed(detail: impl Into<String>) -> Refusal {
    Box::new(Problem::new(ProblemKind::MalformedCall, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_for_its_own_user_and_root() {
        let door = Door::new(Rules::default()).unwrap();
        assert!(door.neighbour(door.user).is_ok());
        assert!(door.neighbour(0).is_ok());
        assert!(door.neighbour(door.user + 1).is_err());
        // What stands for a user that the kernel does not tell.
        assert!(door.neighbour(u32::MAX).is_err());
    }
}
