//! Checks the caller's key, and slows down whoever keeps guessing.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use owt_core::{Problem, ProblemKind};
use parking_lot::RwLock;

use super::checks::{Checks, Known};
use super::guesses::Guesses;
use super::keys::{Check, Holder, Keys, TOKEN_USER};

/// What a request has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Nobody is asked for a key.
    Nothing,
    /// A name and a password (RFC 7617). A browser sends remembered ones by itself.
    Password(Holder),
    /// A bearer token (RFC 6750). Nothing sends that by itself.
    Token(Holder),
}

impl Shown {
    /// Whom it lets in.
    pub fn into_holder(self) -> Option<Holder> {
        match self {
            Self::Nothing => None,
            Self::Password(holder) | Self::Token(holder) => Some(holder),
        }
    }
}

/// Asks for a key.
pub(super) struct Lock {
    ring: RwLock<Arc<Ring>>,
    /// Which keys there are may change; that there are some does not.
    asks_key: bool,
    guesses: Guesses,
    checks: Checks,
}

/// The keys that hold now, and what was learnt about them: both go together.
struct Ring {
    keys: Keys,
    known: Known,
}

impl Ring {
    fn new(keys: Keys) -> Arc<Self> {
        for warning in keys.warnings() {
            tracing::warn!("{warning}");
        }
        Arc::new(Self { keys, known: Known::default() })
    }
}

impl Lock {
    /// # Errors
    /// The system has no random bytes to give.
    pub fn new(keys: Keys) -> std::io::Result<Self> {
        let asks_key = !keys.is_empty();
        let (guesses, checks) = (Guesses::new(), Checks::new()?);
        Ok(Self { ring: RwLock::new(Ring::new(keys)), asks_key, guesses, checks })
    }

    /// From the next request on these are the keys.
    pub fn exchange(&self, keys: Keys) {
        let ring = Ring::new(keys);
        *self.ring.write() = ring;
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read())
    }

    /// True when nobody comes in without a key.
    pub fn asks_key(&self) -> bool {
        self.asks_key
    }

    /// True when a bearer token is one of the keys.
    pub fn takes_tokens(&self) -> bool {
        self.ring.read().keys.has_tokens()
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
        if !self.asks_key {
            return Ok(Shown::Nothing);
        }
        let ring = self.ring();
        let Some(header) = authorization else { return Err(unknown(&ring.keys)) };
        // Before anything of it is looked at, or waiting would not keep anyone from guessing.
        // Everybody has a record, so that making one does not tell of a failure.
        let record = self.guesses.record(from);
        record.admit().map_err(too_many)?;
        let shown = match Offer::read(header) {
            Some(Offer::Bearer(token)) => ring.keys.accept_token(token).map(Shown::Token),
            Some(Offer::Basic(pair)) => match basic(&ring.keys, &pair) {
                Check::Done(holder) => holder.map(Shown::Password),
                Check::Slow(check) => {
                    let holder = check.holder.clone();
                    let (_, password) = split(&pair);
                    let checked =
                        self.checks.run(&ring.known, header, check, password, record, from);
                    // A wrong one has been counted.
                    return if checked.await? { Ok(Shown::Password(holder)) } else { Err(wrong()) };
                }
            },
            None => None,
        };
        shown.ok_or_else(|| {
            record.fail(from);
            wrong()
        })
    }
}

fn basic(keys: &Keys, pair: &[u8]) -> Check {
    match split(pair) {
        (user, token) if user == TOKEN_USER.as_bytes() && keys.has_tokens() => {
            Check::Done(keys.accept_token(token))
        }
        (user, password) => keys.check(user, password),
    }
}

fn unknown(keys: &Keys) -> Box<Problem> {
    let detail = if keys.has_tokens() {
        "this server wants a token, as `Authorization: Bearer TOKEN`, or as the password of \
         the user `token`: curl -u token:TOKEN, or http://token:TOKEN@host in the URL"
    } else {
        "this server wants HTTP Basic credentials: curl -u USER:PASSWORD, or \
         http://USER:PASSWORD@host in the URL"
    };
    Box::new(Problem::new(ProblemKind::Unauthenticated, detail))
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
    use crate::door::keys::Scope;
    use crate::door::password::tests::OPEN_SESAME;

    const SHA256: &str = "41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb";

    fn lock(users: &[String]) -> Lock {
        let mut keys = Keys::default();
        for user in users {
            keys.add_user(user).unwrap();
        }
        keys.read_named_tokens("0123456789abcdef\nci: fedcba9876543210").unwrap();
        Lock::new(keys).unwrap()
    }

    fn password(user: &str) -> Shown {
        Shown::Password(Holder { user: user.into(), scope: Scope::Run })
    }

    fn token(user: &str) -> Shown {
        Shown::Token(Holder { user: user.into(), scope: Scope::Run })
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
        assert_eq!(at_once(&lock, b"Bearer 0123456789abcdef"), Some(Ok(token("token"))));
        assert_eq!(at_once(&lock, b"Bearer fedcba9876543210"), Some(Ok(token("ci"))));
        assert_eq!(at_once(&lock, &basic("token:0123456789abcdef")), Some(Ok(password("token"))));
        assert_eq!(at_once(&lock, &basic("token:fedcba9876543210")), Some(Ok(password("ci"))));
        assert_eq!(at_once(&lock, &basic("ali:open sesame")), Some(Ok(password("ali"))));
        for header in [&basic("ali:open"), &b"Basic ali"[..], b"Basic", b"", b"Bearer", b"Digest x"]
        {
            assert_eq!(at_once(&lock, header), wrong, "{}", String::from_utf8_lossy(header));
        }
    }

    #[tokio::test]
    async fn a_slow_password_is_checked_once() {
        let lock = lock(&[format!("ali:{OPEN_SESAME}"), format!("bob:{SHA256}")]);
        for user in ["ali", "bob"] {
            let pair = basic(&format!("{user}:open sesame"));
            assert_eq!(lock.open(Some(&pair), None).await.unwrap(), password(user));
            // It is remembered before the next one's turn.
            drop(lock.guesses.record(None).turn().await);
            assert_eq!(at_once(&lock, &pair), Some(Ok(password(user))));
        }
        // Wrong ones again each time, whoever's they are.
        for pair in ["ali:open", "ali:open", "bob:open", "eve:open sesame"] {
            let opened = lock.open(Some(&basic(pair)), None).await;
            assert_eq!(opened.unwrap_err().kind, ProblemKind::Unauthenticated);
        }
        // A token costs nothing here either.
        assert_eq!(at_once(&lock, b"Bearer 0123456789abcdef"), Some(Ok(token("token"))));
    }

    #[tokio::test]
    async fn what_was_right_is_forgotten_with_its_key() {
        let lock = lock(&[format!("ali:{OPEN_SESAME}")]);
        let pair = basic("ali:open sesame");
        // Under way, and so let in, while the keys are exchanged.
        let mut opened = pin!(lock.open(Some(&pair), None));
        let polled = opened.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        let mut keys = Keys::default();
        keys.add_user(&format!("bob:{OPEN_SESAME}")).unwrap();
        lock.exchange(keys);
        assert_eq!(opened.await.unwrap(), password("ali"));
        drop(lock.guesses.record(None).turn().await);
        let again = lock.open(Some(&pair), None).await;
        assert_eq!(again.unwrap_err().kind, ProblemKind::Unauthenticated);
        let wrong = at_once(&lock, b"Bearer 0123456789abcdef");
        assert_eq!(wrong, Some(Err(ProblemKind::Unauthenticated)));
        let pair = basic("bob:open sesame");
        assert_eq!(lock.open(Some(&pair), None).await.unwrap(), password("bob"));
    }

    #[test]
    fn a_scope_is_the_keys_own() {
        let mut keys = Keys::default();
        keys.add_user(&format!("ali:{SHA256}:probe")).unwrap();
        keys.read_named_tokens("ali:0123456789abcdef:run\nali:fedcba9876543210 : probe").unwrap();
        let lock = Lock::new(keys).unwrap();
        for (header, scope) in [
            (&basic("ali:open sesame")[..], Scope::Probe),
            (b"Bearer 0123456789abcdef", Scope::Run),
            (b"Bearer fedcba9876543210", Scope::Probe),
        ] {
            let holder = at_once(&lock, header).unwrap().unwrap().into_holder();
            assert_eq!(holder, Some(Holder { user: "ali".into(), scope }));
        }
    }

    #[test]
    fn keys_do_not_show_themselves() {
        let shown = format!("{:?}", lock(&[format!("ali:{SHA256}")]).ring().keys);
        assert_eq!(shown, r#"Keys { users: ["ali"], tokens: 2 }"#);
    }
}
