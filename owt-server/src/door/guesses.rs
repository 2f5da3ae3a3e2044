//! Slows down whoever keeps showing wrong keys.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::policy::EvictionPolicy;
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

/// Wrong keys that a peer has before it must wait: so many at once...
const BURST: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// ...and one more each time this has passed.
const EACH: Duration = Duration::from_secs(6);
/// Peers that are remembered. The one not seen for longest goes, so that forgetting one takes
/// as many others.
const REMEMBERED: u64 = 10_000;
/// After which nothing is left to remember: all of [`BURST`] is back.
const FORGOTTEN: Duration = Duration::from_secs(120);

/// The failures of all peers.
pub(super) struct Guesses {
    records: moka::sync::Cache<IpAddr, Arc<Record>>,
}

impl Guesses {
    pub fn new() -> Self {
        let records = moka::sync::Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_idle(FORGOTTEN)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { records }
    }

    /// That of whoever is there.
    pub fn record(&self, from: Option<IpAddr>) -> Arc<Record> {
        self.records.get_with(peer(from), Arc::default)
    }
}

/// Whose failures count together: an address; in IPv6 a network of /64, of which one host has
/// all the addresses; this machine, which has 127.0.0.0/8 and `::1`; all whose address is not
/// known.
pub(super) fn peer(from: Option<IpAddr>) -> IpAddr {
    match from.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical() {
        address if address.is_loopback() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

/// The failures of one peer.
pub(super) struct Record {
    limiter: DefaultDirectRateLimiter,
    /// When the failure is paid for that was one too many. Until then nothing is looked at.
    until: Mutex<Option<Instant>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Default for Record {
    fn default() -> Self {
        let quota = Quota::with_period(EACH).map(|quota| quota.allow_burst(BURST));
        let limiter = RateLimiter::direct(quota.unwrap_or_else(|| Quota::per_minute(BURST)));
        Self { limiter, until: Mutex::default(), turn: Arc::default() }
    }
}

impl Record {
    /// # Errors
    /// How long this peer must wait before a key of it is looked at.
    pub fn admit(&self) -> Result<(), Duration> {
        let mut until = self.until.lock();
        let Some(time) = *until else { return Ok(()) };
        let now = Instant::now();
        if now >= time {
            // What could not be paid then is paid now, or the one too many would be free.
            *until = self.pay();
        }
        until.map_or(Ok(()), |time| Err(time.saturating_duration_since(now)))
    }

    /// The peer showed a wrong key, from there.
    pub fn fail(&self, from: Option<IpAddr>) {
        tracing::warn!(peer = from.map(tracing::field::display), "a wrong key was shown");
        let mut until = self.until.lock();
        *until = self.pay();
    }

    /// Pays for a failure; or says when that can be done.
    fn pay(&self) -> Option<Instant> {
        self.limiter.check().err().map(|not_until| not_until.earliest_possible())
    }

    /// Waits for this peer's turn to have a key looked at that takes long: one after the other,
    /// or many guesses would be under way before the first has failed.
    pub async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.turn).lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures_until_refused(guesses: &Guesses, from: &str) -> usize {
        let record = guesses.record(Some(from.parse().unwrap()));
        let tried = (0..100).take_while(|_| {
            let admitted = record.admit().is_ok();
            record.fail(None);
            admitted
        });
        tried.count()
    }

    #[test]
    fn a_peer_has_a_few_failures() {
        let guesses = Guesses::new();
        assert_eq!(failures_until_refused(&guesses, "10.0.0.1"), 11);
        assert_eq!(failures_until_refused(&guesses, "10.0.0.1"), 0);
        assert_eq!(failures_until_refused(&guesses, "10.0.0.2"), 11);
        let wait = guesses.record(Some("10.0.0.1".parse().unwrap())).admit().unwrap_err();
        assert!(wait <= EACH, "{wait:?}");
    }

    #[test]
    fn one_host_is_one_peer_however_many_addresses_it_has() {
        let guesses = Guesses::new();
        assert_eq!(failures_until_refused(&guesses, "2001:db8:1:2::1"), 11);
        assert_eq!(failures_until_refused(&guesses, "2001:db8:1:2:ffff::"), 0);
        assert_eq!(failures_until_refused(&guesses, "2001:db8:1:3::1"), 11);
        assert_eq!(failures_until_refused(&guesses, "10.0.0.1"), 11);
        assert_eq!(failures_until_refused(&guesses, "::ffff:10.0.0.1"), 0);
        assert_eq!(failures_until_refused(&guesses, "127.0.0.1"), 11);
        for another in ["127.0.0.2", "127.255.255.254", "::1", "::ffff:127.1.2.3"] {
            assert_eq!(failures_until_refused(&guesses, another), 0, "{another}");
        }
        let unknown = (0..100).take_while(|_| {
            guesses.record(None).fail(None);
            guesses.record(None).admit().is_ok()
        });
        assert_eq!(unknown.count(), 10);
    }
}
