//! Who may come in. Code runs here by design, so this stands before everything.
//!
//! Three things are asked, in this order: does the request come from a page of
//! another site (any page in the user's browser can send requests to loopback)?
//! Was the server reached by a name that a stranger may have pointed here (DNS
//! rebinding)? Does it carry the credentials?

mod credentials;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::http::header::{self, HeaderMap, HeaderName};
use owt_core::{Problem, ProblemKind};

pub use credentials::{Credentials, CredentialsError};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Wrong credentials from one address before it must wait.
const FAILURES: u32 = 10;
/// How long it must wait.
const PENANCE: Duration = Duration::from_secs(60);
/// Addresses whose failures are remembered.
const REMEMBERED: u64 = 10_000;

/// Decides about each request.
pub(crate) struct Door {
    auth: Option<Credentials>,
    failures: moka::sync::Cache<IpAddr, Arc<AtomicU32>>,
}

impl Door {
    pub fn new(auth: Option<Credentials>) -> Self {
        let failures =
            moka::sync::Cache::builder().max_capacity(REMEMBERED).time_to_live(PENANCE).build();
        Self { auth, failures }
    }

    /// Lets a request in, or says why not.
    ///
    /// # Errors
    /// 401, 403 or 429, as a problem.
    pub fn admit(&self, headers: &HeaderMap, from: Option<IpAddr>) -> Result<(), Box<Problem>> {
        same_site(headers)?;
        match &self.auth {
            None => local_name(headers),
            Some(auth) => self.authenticate(auth, headers, from),
        }
    }

    fn authenticate(
        &self,
        auth: &Credentials,
        headers: &HeaderMap,
        from: Option<IpAddr>,
    ) -> Result<(), Box<Problem>> {
        let failures = from.and_then(|from| self.failures.get(&from));
        if failures.is_some_and(|failures| failures.load(Ordering::Relaxed) >= FAILURES) {
            let detail = "too many wrong credentials came from this address; wait a minute";
            let problem = Problem::new(ProblemKind::TooManyFailures, detail);
            return Err(Box::new(problem.with_retry_after(PENANCE)));
        }
        let given = headers.get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes);
        if given.is_some_and(|given| auth.accept(given)) {
            return Ok(());
        }
        if given.is_some()
            && let Some(from) = from
        {
            self.failures.get_with(from, Arc::default).fetch_add(1, Ordering::Relaxed);
        }
        refuse(
            ProblemKind::Unauthenticated,
            match given {
                None => {
                    "this server wants HTTP Basic credentials: curl -u USER:PASSWORD, or \
                     http://USER:PASSWORD@host in the URL"
                }
                Some(_) => "these are not the credentials of this server",
            },
        )
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
