//! Asks for a key, and has who shows wrong ones wait.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use owt_core::{Problem, ProblemKind};

use super::keys::Keys;

/// Wrong keys from one address before it must wait.
const FAILURES: u32 = 10;
/// How long it must wait.
const PENANCE: Duration = Duration::from_secs(60);
/// Addresses whose failures are remembered.
const REMEMBERED: u64 = 10_000;

/// What a request has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Nobody is asked for a key.
    Nothing,
    /// A name and a password (RFC 7617). A browser sends remembered ones by itself.
    Password,
    /// A token (RFC 6750), which no browser sends by itself.
    Token,
}

/// Asks for a key.
pub(super) struct Lock {
    keys: Keys,
    failures: moka::sync::Cache<IpAddr, Arc<AtomicU32>>,
}

impl Lock {
    pub fn new(keys: Keys) -> Self {
        let failures =
            moka::sync::Cache::builder().max_capacity(REMEMBERED).time_to_live(PENANCE).build();
        Self { keys, failures }
    }

    /// Lets a request in that came from that address with that `Authorization` header.
    ///
    /// # Errors
    /// 401 or 429, as a problem.
    pub async fn open(
        &self,
        authorization: Option<&[u8]>,
        from: Option<IpAddr>,
    ) -> Result<Shown, Box<Problem>> {
        if self.keys.is_empty() {
            return Ok(Shown::Nothing);
        }
        let failures = from.and_then(|from| self.failures.get(&from));
        if failures.is_some_and(|failures| failures.load(Ordering::Relaxed) >= FAILURES) {
            let detail = "too many wrong credentials came from this address; wait a minute";
            let problem = Problem::new(ProblemKind::TooManyFailures, detail);
            return Err(Box::new(problem.with_retry_after(PENANCE)));
        }
        if authorization.is_some_and(|given| self.keys.accept(given)) {
            return Ok(Shown::Password);
        }
        if authorization.is_some()
            && let Some(from) = from
        {
            self.failures.get_with(from, Arc::default).fetch_add(1, Ordering::Relaxed);
        }
        let detail = match authorization {
            None => {
                "this server wants HTTP Basic credentials: curl -u USER:PASSWORD, or \
                 http://USER:PASSWORD@host in the URL"
            }
            Some(_) => "these are not the credentials of this server",
        };
        Err(Box::new(Problem::new(ProblemKind::Unauthenticated, detail)))
    }
}
