//! Runs argon2 off the threads that serve: few checks at a time, and once for each password.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use owt_core::{Problem, ProblemKind};
use sha2::Sha256;
use tokio::sync::{Semaphore, oneshot};

use super::guesses::Record;
use super::keys::SlowCheck;
use super::lock::too_many;
use super::password::Hash;

/// Checks that run at once. Each takes the memory that the hash says.
const RUNNING: usize = 2;
/// Requests that wait for theirs.
const WAITING: usize = 64;
/// Passwords that were right lately, and how long that holds.
const KNOWN: u64 = 1024;
const KNOWN_FOR: Duration = Duration::from_secs(300);

/// Passwords that were right lately, by the HMAC of their header under a secret of this process:
/// no password is kept, nor a hash of one that is quick to guess.
#[derive(Clone)]
pub(super) struct Known(moka::sync::Cache<Hash, ()>);

impl Default for Known {
    fn default() -> Self {
        let builder = moka::sync::Cache::builder().max_capacity(KNOWN);
        Self(builder.time_to_live(KNOWN_FOR).build())
    }
}

pub(super) struct Checks {
    secret: Hmac<Sha256>,
    pool: Arc<Semaphore>,
    /// Those who run and those who wait.
    line: Semaphore,
}

impl Checks {
    pub fn new() -> std::io::Result<Self> {
        // As long as a block of the hash (RFC 2104).
        let mut secret = [0; 64];
        getrandom::fill(&mut secret)?;
        Ok(Self {
            secret: Hmac::new(&secret.into()),
            pool: Arc::new(Semaphore::new(RUNNING)),
            line: Semaphore::new(RUNNING + WAITING),
        })
    }

    /// True when the password is right, which came from there. Waits only where it was not right
    /// lately, as far as `known` knows.
    ///
    /// # Errors
    /// 429 and 503, as a problem.
    pub async fn run(
        &self,
        Known(known): &Known,
        header: &[u8],
        check: SlowCheck,
        password: &[u8],
        record: Arc<Record>,
        from: Option<IpAddr>,
    ) -> Result<bool, Box<Problem>> {
        let name: Hash = self.secret.clone().chain_update(header).finalize().into_bytes().into();
        if known.contains_key(&name) {
            return Ok(true);
        }
        let Ok(_place) = self.line.try_acquire() else { return Err(busy()) };
        let turn = record.turn().await;
        // Who went before may have shown the same, or have been wrong once too often.
        if known.contains_key(&name) {
            return Ok(true);
        }
        record.admit().map_err(too_many)?;
        let Ok(permit) = Arc::clone(&self.pool).acquire_owned().await else { return Err(busy()) };
        let (password, known) = (password.to_vec(), known.clone());
        let (tell, told) = oneshot::channel();
        // All that counts is in there: the client may go while it runs.
        tokio::task::spawn_blocking(move || {
            let checked = check.run(&password);
            let is_right = matches!(checked, Ok(true));
            if let Ok(false) = checked {
                record.fail(from);
            }
            // A client that has gone is not told.
            let _ = tell.send(checked);
            // After that, since the time it takes would tell before the answer does.
            if is_right {
                known.insert(name, ());
            }
            drop((turn, permit));
        });
        match told.await {
            Ok(Ok(is_right)) => Ok(is_right),
            // There was no memory for it.
            Ok(Err(_)) => Err(busy()),
            // The runtime is ending.
            Err(_) => Err(Box::new(Problem::new(ProblemKind::Draining, "the server is ending"))),
        }
    }
}

fn busy() -> Box<Problem> {
    let detail = "too many passwords are being checked just now";
    let problem = Problem::new(ProblemKind::Busy, detail);
    Box::new(problem.with_retry_after(Duration::from_secs(1)))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;
    use crate::door::keys::{Check, Keys};
    use crate::door::password::tests::OPEN_SESAME;

    #[tokio::test]
    async fn a_guess_counts_though_its_sender_goes() {
        let (mut keys, checks) = (Keys::default(), Checks::new().unwrap());
        let known = Known::default();
        let record = Arc::<Record>::default();
        // Not so cheap that it could be done before it is looked at.
        keys.add_user(&format!("ali:{}", OPEN_SESAME.replace("m=8", "m=4096"))).unwrap();
        let (mut failures, mut on_their_way) = (0, 0);
        while record.admit().is_ok() {
            let Check::Slow(check) = keys.check(b"ali", b"guess") else { panic!("it is slow") };
            let mut guess =
                Box::pin(checks.run(&known, b"guess", check, b"guess", Arc::clone(&record), None));
            // It is on its way when it is first looked at, on nearly every machine at nearly every
            // time, and nobody waits for it.
            let polled = guess.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            on_their_way += usize::from(polled.is_pending());
            drop(guess);
            // The turn is over when it is done.
            drop(pin!(record.turn()).await);
            failures += 1;
        }
        assert_eq!(failures, 11);
        assert!(on_their_way > 0);
    }
}
