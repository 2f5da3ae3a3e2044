//! Asks for a key, and has who shows wrong ones wait.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use owt_core::{Problem, ProblemKind};

use super::checks::Checks;
use super::keys::{Check, Keys, TOKEN_USER};
use super::penance::Penance;

/// What a request has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Nobody is asked for a key.
    Nothing,
    /// A name and a password (RFC 7617). A browser sends remembered ones by itself.
    Password,
    /// A bearer token (RFC 6750). Nothing sends that by itself.
    Token,
}

/// Asks for a key.
pub(super) struct Lock {
    keys: Keys,
    penance: Penance,
    checks: Checks,
}

impl Lock {
    /// # Errors
    /// The system has no random bytes to give.
    pub fn new(keys: Keys) -> std::io::Result<Self> {
        for warning in keys.warnings() {
            tracing::warn!("{warning}");
        }
        Ok(Self { keys, penance: Penance::new(), checks: Checks::new()? })
    }

    /// True when nobody comes in without a key.
    pub fn asks_key(&self) -> bool {
        !self.keys.is_empty()
    }

    /// True when a bearer token is one of the keys.
    pub fn takes_tokens(&self) -> bool {
        self.keys.has_tokens()
    }

    /// Lets a request in that came from that address with that `Authorization` header. Waits
    /// only for a password that is kept as an argon2 hash and was not shown lately.
    ///
    /// # Errors
    /// 401, 429 or 503, as a problem.
    pub async fn open(
        &self,
        authorization: Option<&[u8]>,
        from: Option<IpAddr>,
    ) -> Result<Shown, Box<Problem>> {
        if !self.asks_key() {
            return Ok(Shown::Nothing);
        }
        let Some(header) = authorization else { return Err(self.unknown()) };
        // Before anything of it is looked at, or waiting would not keep anyone from guessing.
        // Everybody has a record, so that making one does not tell of a failure.
        let record = self.penance.record(from);
        record.admit().map_err(too_many)?;
        let shown = match Offer::read(header) {
            Some(Offer::Bearer(token)) => self.keys.accept_token(token).then_some(Shown::Token),
            Some(Offer::Basic(pair)) => match self.basic(&pair) {
                Check::Done(is_right) => is_right.then_some(Shown::Password),
                Check::Slow(check) => {
                    let (_, password) = split(&pair);
                    let checked = self.checks.run(header, check, password, record, from);
                    // A wrong one has been counted.
                    return if checked.await? { Ok(Shown::Password) } else { Err(wrong()) };
                }
            },
            None => None,
        };
        shown.ok_or_else(|| {
            record.fail(from);
            wrong()
        })
    }

    fn basic(&self, pair: &[u8]) -> Check {
        match split(pair) {
            (user, token) if user == TOKEN_USER.as_bytes() && self.keys.has_tokens() => {
                Check::Done(self.keys.accept_token(token))
            }
            (user, password) => self.keys.check(user, password),
        }
    }

    fn unknown(&self) -> Box<Problem> {
        let detail = if self.keys.has_tokens() {
            "this server wants a token, as `Authorization: Bearer TOKEN`, or as the password of \
             the user `token`: curl -u token:TOKEN, or http://token:TOKEN@host in the URL"
        } else {
            "this server wants HTTP Basic credentials: curl -u USER:PASSWORD, or \
             http://USER:PASSWORD@host in the URL"
        };
        Box::new(Problem::new(ProblemKind::Unauthenticated, detail))
    }
}

fn wrong() -> Box<Problem> {
    let detail = "this is not a key of this server";
    Box::new(Problem::new(ProblemKind::Unauthenticated, detail))
}

pub(super) fn too_many(wait: Duration) -> Box<Problem> {
    let detail = "too many wrong keys came from this address; right ones are not looked at either \
                  until it has waited";
    let problem = Problem::new(ProblemKind::TooManyFailures, detail);
    Box::new(problem.with_retry_after(wait))
}

/// What an `Authorization` header holds.
enum Offer<'a> {
    Bearer(&'a [u8]),
    /// A name and a password with a colon between them.
    Basic(Vec<u8>),
}

impl<'a> Offer<'a> {
    fn read(header: &'a [u8]) -> Option<Self> {
        let end = header.iter().position(|byte| *byte == b' ')?;
        let (scheme, rest) = header.split_at(end);
        let rest = rest.trim_ascii();
        if scheme.eq_ignore_ascii_case(b"Bearer") {
            return Some(Self::Bearer(rest));
        }
        if !scheme.eq_ignore_ascii_case(b"Basic") {
            return None;
        }
        let pair = STANDARD.decode(rest).ok()?;
        pair.contains(&b':').then_some(Self::Basic(pair))
    }
}

/// The name and the password, at the first colon: a name has none.
fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = pair.splitn(2, |byte| *byte == b':');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::door::password::tests::OPEN_SESAME;

    const SHA256: &str = "41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb";

    fn lock(users: &[String]) -> Lock {
        let mut keys = Keys::default();
        for user in users {
            keys.add_user(user).unwrap();
        }
        keys.add_token("0123456789abcdef").unwrap();
        Lock::new(keys).unwrap()
    }

    fn basic(pair: &str) -> Vec<u8> {
        format!("Basic {}", STANDARD.encode(pair)).into_bytes()
    }

    /// What it says at once; `None` when it waits.
    fn at_once(lock: &Lock, header: &[u8]) -> Option<Result<Shown, ProblemKind>> {
        let opened = pin!(lock.open(Some(header), None));
        match opened.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(shown) => Some(shown.map_err(|problem| problem.kind)),
            Poll::Pending => None,
        }
    }

    #[test]
    fn what_is_quick_does_not_wait() {
        let lock = lock(&[format!("ali:{SHA256}")]);
        let wrong = Some(Err(ProblemKind::Unauthenticated));
        assert_eq!(at_once(&lock, b"Bearer 0123456789abcdef"), Some(Ok(Shown::Token)));
        assert_eq!(at_once(&lock, &basic("token:0123456789abcdef")), Some(Ok(Shown::Password)));
        assert_eq!(at_once(&lock, &basic("ali:open sesame")), Some(Ok(Shown::Password)));
        for header in [&basic("ali:open"), &b"Basic ali"[..], b"Basic", b"", b"Bearer", b"Digest x"]
        {
            assert_eq!(at_once(&lock, header), wrong, "{}", String::from_utf8_lossy(header));
        }
    }

    #[tokio::test]
    async fn a_slow_password_is_checked_once() {
        let lock = lock(&[format!("ali:{OPEN_SESAME}"), format!("bob:{SHA256}")]);
        for pair in ["ali:open sesame", "bob:open sesame"] {
            assert_eq!(lock.open(Some(&basic(pair)), None).await.unwrap(), Shown::Password);
            // It is remembered before the next one's turn.
            drop(lock.penance.record(None).turn().await);
            assert_eq!(at_once(&lock, &basic(pair)), Some(Ok(Shown::Password)));
        }
        // Wrong ones again each time, whoever's they are.
        for pair in ["ali:open", "ali:open", "bob:open", "eve:open sesame"] {
            let opened = lock.open(Some(&basic(pair)), None).await;
            assert_eq!(opened.unwrap_err().kind, ProblemKind::Unauthenticated);
        }
        // A token costs nothing here either.
        assert_eq!(at_once(&lock, b"Bearer 0123456789abcdef"), Some(Ok(Shown::Token)));
    }

    #[test]
    fn keys_do_not_show_themselves() {
        let shown = format!("{:?}", lock(&[format!("ali:{SHA256}")]).keys);
        assert_eq!(shown, r#"Keys { users: ["ali"], tokens: 1 }"#);
    }
}
