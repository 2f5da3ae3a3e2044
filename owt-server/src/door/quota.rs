//! Limits how many calls each user may have at once, and send in a time.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::policy::EvictionPolicy;
use owt_core::{Problem, ProblemKind};
use parking_lot::Mutex;

use super::guesses::peer;
use super::{Caller, Refusal, UserName};

/// Users whose rate is remembered. The one not seen for longest goes, and begins anew.
const REMEMBERED: u64 = 10_000;
/// When it is worth trying again where one of the user's own calls has to end first.
const SOON: Duration = Duration::from_secs(1);

/// What one user may have; where nobody is asked for a key, one address.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quotas {
    /// Calls whose answers are not over (`--user-concurrency`).
    pub concurrency: Option<NonZeroUsize>,
    /// Calls that come (`--user-rate`).
    pub rate: Option<Rate>,
}

/// So many in that time, evenly; as many may come at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub calls: NonZeroU32,
    /// In which time.
    pub per: Duration,
}

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "give a rate such as 10/s, 100/min or 1000/h, above 0";
        let (calls, unit) = text.split_once('/').ok_or(WANTED)?;
        let seconds = match unit.trim() {
            "s" => 1,
            "min" => 60,
            "h" => 60 * 60,
            _ => return Err(WANTED),
        };
        let calls = calls.trim().parse().map_err(|_| WANTED)?;
        Ok(Self { calls, per: Duration::from_secs(seconds) })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.per.as_secs() {
            1 => write!(f, "{}/s", self.calls),
            60 => write!(f, "{}/min", self.calls),
            3600 => write!(f, "{}/h", self.calls),
            seconds => write!(f, "{} in {seconds} s", self.calls),
        }
    }
}

impl Rate {
    fn limiter(self) -> DefaultDirectRateLimiter {
        let each = (self.per / self.calls.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(each).unwrap_or_else(|| Quota::per_second(self.calls));
        RateLimiter::direct(quota.allow_burst(self.calls))
    }
}

/// Whose calls count together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Payer {
    User(UserName),
    Peer(IpAddr),
}

impl Payer {
    fn of(caller: &Caller) -> Self {
        match &caller.user {
            Some(user) => Self::User(UserName::clone(user)),
            None => Self::Peer(peer(caller.from)),
        }
    }
}

impl fmt::Display for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "the user `{user}`"),
            Self::Peer(_) => f.write_str("this address"),
        }
    }
}

/// What each user has of the server.
pub(super) struct Shares {
    quotas: Quotas,
    /// Calls that run, of those who have any.
    running: Running,
    limiters: moka::sync::Cache<Payer, Arc<DefaultDirectRateLimiter>>,
}

type Running = Arc<Mutex<HashMap<Payer, usize>>>;

/// A call's share: given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    payer: Payer,
    running: Running,
}

impl Shares {
    pub fn new(quotas: Quotas) -> Self {
        // After that a limiter has all of its burst back.
        let idle = quotas.rate.map_or(Duration::ZERO, |rate| rate.per) + Duration::from_secs(60);
        let limiters = moka::sync::Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_idle(idle)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { quotas, running: Running::default(), limiters }
    }

    /// A share for one more call.
    ///
    /// # Errors
    /// 429, as a problem: the caller has no more.
    pub fn take(&self, caller: &Caller) -> Result<Option<Share>, Refusal> {
        let Quotas { concurrency, rate } = self.quotas;
        if concurrency.is_none() && rate.is_none() {
            return Ok(None);
        }
        let payer = Payer::of(caller);
        let share = concurrency.map(|most| self.begin(&payer, most)).transpose()?;
        if let Some(rate) = rate {
            self.count(payer, rate)?;
        }
        Ok(share)
    }

    fn begin(&self, payer: &Payer, most: NonZeroUsize) -> Result<Share, Refusal> {
        let mut running = self.running.lock();
        let count = running.get(payer).copied().unwrap_or_default();
        if count >= most.get() {
            let detail = format!(
                "{payer} has {count} calls under way, as many as one may have \
                 (--user-concurrency); nothing of this one has run"
            );
            return Err(exceeded(detail, SOON));
        }
        running.insert(payer.clone(), count + 1);
        Ok(Share { payer: payer.clone(), running: Arc::clone(&self.running) })
    }

    fn count(&self, payer: Payer, rate: Rate) -> Result<(), Refusal> {
        let text = payer.to_string();
        let limiter = self.limiters.get_with(payer, || Arc::new(rate.limiter()));
        limiter.check().map_err(|not_until| {
            let wait = not_until.earliest_possible().saturating_duration_since(Instant::now());
            let detail = format!(
                "{text} has sent as many calls as one may ({rate}, --user-rate); nothing of this \
                 one has run"
            );
            exceeded(detail, wait)
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut running = self.running.lock();
        match running.get_mut(&self.payer) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(running.remove(&self.payer)),
        }
    }
}

fn exceeded(detail: String, wait: Duration) -> Refusal {
    Box::new(Problem::new(ProblemKind::QuotaExceeded, detail).with_retry_after(wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> Caller {
        Caller { user: Some(name.into()), from: "10.0.0.1".parse().ok() }
    }

    fn peer(address: &str) -> Caller {
        Caller { user: None, from: address.parse().ok() }
    }

    #[test]
    fn a_share_is_given_back() {
        let concurrency = NonZeroUsize::new(2);
        let shares = Shares::new(Quotas { concurrency, rate: None });
        let all: Vec<_> = (0..2).map(|_| shares.take(&user("ali")).unwrap().unwrap()).collect();
        let refused = shares.take(&user("ali")).unwrap_err();
        assert_eq!((refused.kind, refused.retry_after), (ProblemKind::QuotaExceeded, Some(SOON)));
        let bobs = shares.take(&user("bob")).unwrap();
        drop(all);
        let again = shares.take(&user("ali")).unwrap();
        drop((again, bobs));
        assert!(shares.running.lock().is_empty());
    }

    #[test]
    fn what_is_refused_for_its_rate_has_no_share() {
        let rate = "2/h".parse().ok();
        let shares = Shares::new(Quotas { concurrency: NonZeroUsize::new(1), rate });
        for _ in 0..2 {
            shares.take(&peer("10.0.0.1")).unwrap();
        }
        let refused = shares.take(&peer("10.0.0.1")).unwrap_err();
        let wait = refused.retry_after.unwrap().as_secs();
        assert!((1700..=1800).contains(&wait), "{wait}");
        assert!(shares.running.lock().is_empty());
        shares.take(&peer("10.0.0.2")).unwrap();
        // A host of IPv6 has all addresses of its network.
        for address in ["2001:db8::1", "2001:db8::2"] {
            shares.take(&peer(address)).unwrap();
        }
        shares.take(&peer("2001:db8::3")).unwrap_err();
    }

    #[test]
    fn rates() {
        let rate = |text: &str| text.parse::<Rate>();
        let of = |calls, seconds| {
            Ok(Rate { calls: NonZeroU32::new(calls).unwrap(), per: Duration::from_secs(seconds) })
        };
        assert_eq!(rate("10/s"), of(10, 1));
        assert_eq!(rate("100 / min"), of(100, 60));
        assert_eq!(rate("4294967295/h"), of(u32::MAX, 3600));
        for text in ["1/s", "2/min", "3/h"] {
            assert_eq!(rate(text).unwrap().to_string(), text);
        }
        for wrong in ["", "10", "/s", "0/s", "-1/s", "1.5/s", "10/d", "10/s/s", "much/s"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
        // As good as none.
        assert!(rate("4294967295/s").unwrap().limiter().check().is_ok());
    }
}
