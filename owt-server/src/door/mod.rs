//! Who may come in. Code runs here by design, so this stands before everything.
//!
//! Three things are asked, in this order: does the request come from a page of
//! another site (any page in the user's browser can send requests to loopback)?
//! Was the server reached by a name that a stranger may have pointed here (DNS
//! rebinding)? Does it carry the credentials?

mod checks;
mod keys;
mod lock;
mod password;
mod penance;

use std::net::IpAddr;

use actix_web::http::header::{self, HeaderMap, HeaderName};
use owt_core::{Problem, ProblemKind};

pub use keys::{KeyError, Keys, SECRETS, TOKEN_USER, random_token};
use lock::{Lock, Shown};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Who may come in, and from where.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Who may come in.
    pub keys: Keys,
}

/// Decides about each request.
pub(crate) struct Door {
    lock: Lock,
}

impl Door {
    /// # Errors
    /// The system has no random bytes to give.
    pub fn new(rules: Rules) -> std::io::Result<Self> {
        Ok(Self { lock: Lock::new(rules.keys)? })
    }

    /// True when a bearer token is one of the keys.
    pub fn takes_tokens(&self) -> bool {
        self.lock.takes_tokens()
    }

    /// Lets a request in, or says why not.
    ///
    /// # Errors
    /// 401, 403 or 429, as a problem.
    pub async fn admit(
        &self,
        headers: &HeaderMap,
        from: Option<IpAddr>,
    ) -> Result<(), Box<Problem>> {
        same_site(headers)?;
        let given = headers.get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes);
        match self.lock.open(given, from).await? {
            Shown::Nothing => local_name(headers),
            Shown::Password | Shown::Token => Ok(()),
        }
    }
}

fn refuse(kind: ProblemKind, detail: impl Into<String>) -> Result<(), Box<Problem>> {
    Err(Box::new(Problem::new(kind, detail)))
}

/// Refuses what a page of another site sends. Browsers mark it: `Sec-Fetch-Site` (Fetch
/// Metadata), or `Origin` (RFC 6454) where a browser does not send the former.
fn same_site(headers: &HeaderMap) -> Result<(), Box<Problem>> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site @ ("cross-site" | "same-site")) = text(SEC_FETCH_SITE) {
        return refuse(
            ProblemKind::Forbidden,
            format!(
                "a page of another origin sent this (Sec-Fetch-Site: {site}); \
                     open the URL yourself, or serve the page from owt"
            ),
        );
    }
    let Some(origin) = text(header::ORIGIN) else { return Ok(()) };
    let host = text(header::HOST).unwrap_or_default();
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    if authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    refuse(
        ProblemKind::Forbidden,
        format!("a page of another origin sent this (Origin: {origin}); serve the page from owt"),
    )
}

/// Without credentials only names that cannot be pointed here by a stranger are answered:
/// IP addresses and `localhost`.
fn local_name(headers: &HeaderMap) -> Result<(), Box<Problem>> {
    let Some(host) = headers.get(header::HOST) else { return Ok(()) };
    let host = host.to_str().unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    refuse(
        ProblemKind::Forbidden,
        format!(
            "without --auth this server answers to an IP address or localhost, not to `{host}`"
        ),
    )
}
