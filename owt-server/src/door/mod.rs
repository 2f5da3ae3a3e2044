//! Decides who may come in. Code runs here by design, so this stands before everything.
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
mod client;
mod consent;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod guesses;
mod keyring;
mod keys;
mod lock;
mod password;
mod quota;

use std::io;
use std::net::IpAddr;
use std::sync::OnceLock;

use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use ipnet::IpNet;
use nix::unistd::{Uid, User};
use owt_core::{Problem, ProblemKind};

pub(crate) use answer::{Dress, preflight, rules_the_origin};
use arrival::Arrival;
pub use authority::{Host, HostError, Origin, OriginError};
use browser::Page;
pub(crate) use browser::is_navigation;
use consent::Consent;
pub use keyring::{KeyFileError, KeyFiles, Keyring};
pub use keys::{KeyError, Keys, TOKEN_USER, random_token};
pub(crate) use keys::{Scope, UserName};
use lock::{Lock, Shown};
use owt_engine::{Permit, PermitIssuer};
pub(crate) use quota::Share;
use quota::Shares;
pub use quota::{Quotas, Rate};

use crate::listener::Connection;

/// Who may come in, and from where.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Who may come in.
    pub keys: Keyring,
    /// How much of the server each of them may have.
    pub quotas: Quotas,
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

/// Decides about each request.
pub(crate) struct Door {
    rules: Rules,
    permits: PermitIssuer,
    lock: Lock,
    consent: Consent,
    shares: Shares,
    /// Who may come in by a Unix socket.
    neighbours: Neighbours,
}

/// Who sent a request, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct Caller {
    /// The client's address, where it has one: that behind trusted proxies.
    pub from: Option<IpAddr>,
    /// Whose key it showed; on a Unix socket without keys, the user at its other end.
    pub user: Option<UserName>,
}

/// A request that came in, and what it may do.
#[derive(Debug)]
pub(crate) struct Pass {
    /// There when it may run code. Where it is missing, a person may be asked instead.
    pub permit: Option<Permit>,
    /// Whether somebody meant to send it there. Else its URL may be a stranger's, and code in it
    /// does not run.
    pub is_meant: bool,
    /// Our own origin, as the client sees it.
    pub own: Origin,
    /// What its key is good for.
    pub scope: Scope,
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
    /// A door with these rules, which permits what runs.
    ///
    /// # Errors
    /// The system has no random bytes to give.
    pub fn new(rules: Rules, permits: PermitIssuer) -> io::Result<Self> {
        let lock = Lock::new(rules.keys.keys().clone())?;
        for everybody in rules.trust_proxies.iter().filter(|network| network.prefix_len() == 0) {
            tracing::warn!(
                "--trust-proxy {everybody} believes everybody: any client can say that it is \
                 another, and guess keys without waiting; give the proxy's address"
            );
        }
        let (consent, shares) = (Consent::new()?, Shares::new(rules.quotas));
        Ok(Self { rules, permits, lock, consent, shares, neighbours: Neighbours::new() })
    }

    /// True when a bearer token is one of the keys.
    pub fn takes_tokens(&self) -> bool {
        self.lock.takes_tokens()
    }

    /// True when nobody comes in without a key.
    pub fn asks_key(&self) -> bool {
        self.lock.asks_key()
    }

    /// Reads the files with keys again; `None` when there are none. From then on a request needs a
    /// key that is in them; those that were let in go on.
    ///
    /// # Errors
    /// They cannot be used; then the keys stay as they were.
    pub fn reload_keys(&self) -> Option<Result<(), KeyFileError>> {
        Some(self.rules.keys.read_again()?.map(|keys| self.lock.exchange(keys)))
    }

    /// Lets a request in, or says why not; and who sent it, as far as that is known.
    ///
    /// The error is 400, 401, 403, 429 or 503, as a problem.
    pub async fn admit(
        &self,
        request: &RequestHead,
        connection: Option<&Connection>,
    ) -> (Caller, Result<Verdict, Refusal>) {
        let mut caller = Caller::default();
        let verdict = self.examine(request, connection, &mut caller).await;
        (caller, verdict)
    }

    async fn examine(
        &self,
        request: &RequestHead,
        connection: Option<&Connection>,
        caller: &mut Caller,
    ) -> Result<Verdict, Refusal> {
        let headers = request.headers();
        let connection =
            connection.ok_or_else(|| refused("nothing is known of this connection"))?;
        caller.from = connection.peer.map(|peer| peer.ip());
        if browser::wants_service_worker(headers) {
            return Err(refused(
                "this server gives no service workers: one would answer in its place, in this \
                 browser, long after the page that asked for it has gone",
            ));
        }
        let (own, page) = match connection.unix_peer {
            // No name and no page can have sent it here.
            Some(id) => {
                let peer = self.neighbours.name(id)?;
                caller.user = Some(peer).filter(|_| !self.lock.asks_key());
                (Origin::local(), Page::Own)
            }
            None => {
                let Rules { allow_hosts, allow_origins, trust_proxies, .. } = &self.rules;
                let Arrival { own, from } =
                    Arrival::read(request, connection, allow_hosts, trust_proxies)?;
                caller.from = from;
                let page = browser::page(headers, &own, allow_origins)?;
                (own, page)
            }
        };
        if page == Page::Allowed && answer::is_preflight(request) {
            return Ok(Verdict::Preflight);
        }
        let shown = self.lock.open(authorization(headers)?, caller.from).await?;
        let has_shown_key = shown != Shown::Nothing;
        let is_meant = matches!(shown, Shown::Token(_))
            || browser::is_meant(headers, page, &own, || {
                is_navigation(headers) && self.consent.is_in(headers, &request.uri)
            });
        let mut scope = Scope::Run;
        if let Some(holder) = shown.into_holder() {
            (caller.user, scope) = (Some(holder.user), holder.scope);
        }
        let permit = match request.method {
            // Every POST is a call, or agrees to one.
            Method::POST if scope == Scope::Probe => return Err(self.out_of_scope()),
            _ if scope == Scope::Probe => None,
            Method::GET if is_meant => Some(self.permits.issue()),
            Method::GET => None,
            Method::POST if is_meant => Some(self.permits.issue()),
            Method::POST if page == Page::None && browser::is_deliberate(headers) => {
                Some(self.permits.issue())
            }
            Method::POST => return Err(unmeant()),
            _ => None,
        };
        Ok(Verdict::In(Box::new(Pass { permit, is_meant, own, scope, has_shown_key })))
    }

    /// What one more call of that caller takes of the server, as long as it is held; none where
    /// nothing is counted.
    ///
    /// # Errors
    /// 429, as a problem: the caller has all that one may have.
    pub fn share(&self, caller: &Caller) -> Result<Option<Share>, Refusal> {
        self.shares.take(caller)
    }

    /// What to say of the answer to such a request; `is_call` when an adaptor gave it.
    pub fn dress(&self, request: &RequestHead, is_call: bool) -> Dress {
        let varies = !self.rules.allow_origins.is_empty();
        let reader = request.headers().get(header::ORIGIN).filter(|_| varies);
        let is_allowed = |value: &&HeaderValue| {
            let origin = value.to_str().ok().and_then(|text| text.parse::<Origin>().ok());
            origin.is_some_and(|origin| self.rules.allow_origins.contains(&origin))
        };
        Dress {
            reader: reader.filter(is_allowed).cloned(),
            varies,
            is_call,
            is_apart: is_call && self.rules.sandbox_pages,
        }
    }

    /// What the page that asks for exactly that path and query has in its form.
    pub fn shown(&self, target: &str) -> String {
        self.consent.shown(target)
    }

    /// A cookie with which this browser is not asked again for exactly that path and query.
    ///
    /// # Errors
    /// The page that asks has not been shown: 403. Other pages of ours are adaptors', which may
    /// call as long as they are open, and shall not stay behind as a person's yes.
    pub fn agreed(&self, target: &str, shown: &str, own: &Origin) -> Result<String, Refusal> {
        if !self.consent.is_shown(target, shown) {
            return Err(refused("only the page that shows a call can remember that it may run"));
        }
        Ok(self.consent.cookie(target, own.scheme() == "https"))
    }

    /// A permit for a call of the server's own, which describes what is published. No request gives
    /// its code or its arguments.
    pub fn own_permit(&self) -> Permit {
        self.permits.issue()
    }

    /// Why whoever has a key with the scope `probe` gets nothing but the server's own pages.
    pub fn out_of_scope(&self) -> Refusal {
        let detail = "this key has the scope `probe`: it is for the server's own pages that run \
                      nothing, such as /_owt/livez; a call, /_owt/adaptors, /_owt/functions and \
                      /_owt/code want a key with the scope `run`";
        Box::new(Problem::new(ProblemKind::InsufficientScope, detail))
    }

    /// Why a URL that carries code is not run, where nobody can be asked.
    pub fn unmeant(&self) -> Refusal {
        unmeant()
    }
}

/// Who may come in by a Unix socket: the user that the server runs as, and root.
struct Neighbours {
    own: u32,
    own_name: OnceLock<UserName>,
    root_name: OnceLock<UserName>,
}

impl Neighbours {
    fn new() -> Self {
        let own = rustix::process::geteuid().as_raw();
        Self { own, own_name: OnceLock::new(), root_name: OnceLock::new() }
    }

    /// The name of that user at the other end, or their number if they have none.
    fn name(&self, id: u32) -> Result<UserName, Refusal> {
        let name = match id {
            _ if id == self.own => &self.own_name,
            0 => &self.root_name,
            _ => return Err(refused("this socket is for the user that runs the server")),
        };
        // Asked once: the system's users may be far away (NSS).
        Ok(name.get_or_init(|| system_name(id)).clone())
    }
}

fn system_name(id: u32) -> UserName {
    match User::from_uid(Uid::from_raw(id)) {
        Ok(Some(user)) => user.name.into(),
        Ok(None) | Err(_) => id.to_string().into(),
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
        "nothing shows that somebody meant this to run: send the header `X-Owt: 1` or a Bearer \
         token, or the code in the body of a POST of application/json; curl and most HTTP \
         libraries need none of these when they send their own `User-Agent`; a page calls from \
         its own origin",
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
        let neighbours = Neighbours::new();
        let own = neighbours.name(neighbours.own).unwrap();
        assert_eq!(own, system_name(rustix::process::geteuid().as_raw()));
        assert_eq!(&*neighbours.name(0).unwrap(), "root");
        assert!(neighbours.name(neighbours.own + 1).is_err());
        // What stands for a user that the kernel does not tell.
        assert!(neighbours.name(u32::MAX).is_err());
    }

    #[test]
    fn a_user_without_a_name_is_a_number() {
        assert_eq!(&*system_name(3_999_999_999), "3999999999");
    }
}
