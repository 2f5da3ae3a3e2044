//! Quarantines adaptors that kill their workers.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use owt_core::CodeId;

/// Deaths in a row after which an adaptor is refused.
const DEATHS: f32 = 3.0;
/// What a death counts for an adaptor that ran, but had been running for longer than another:
/// most that kill do it soon after they have begun.
const BYSTANDER: f32 = 0.25;
/// How long it is refused; afterwards one more death is enough.
const LENGTH: Duration = Duration::from_secs(30);
/// Adaptors that are remembered.
const REMEMBERED: usize = 1024;

/// Deaths by adaptor, in a row: a call that ends while its worker lives clears them.
#[derive(Debug, Default)]
pub struct Quarantine(HashMap<CodeId, Record>);

#[derive(Debug)]
struct Record {
    deaths: f32,
    last: Instant,
}

impl Quarantine {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How long that adaptor is still refused.
    pub fn refused(&self, adaptor: CodeId, now: Instant) -> Option<Duration> {
        let record = self.0.get(&adaptor).filter(|record| record.deaths >= DEATHS)?;
        LENGTH.checked_sub(now.duration_since(record.last)).filter(|left| !left.is_zero())
    }

    /// A worker died while calls of these adaptors ran in it, since these moments.
    pub fn blame(&mut self, running: impl Iterator<Item = (CodeId, Instant)>, now: Instant) {
        let mut suspects: HashMap<CodeId, Instant> = HashMap::new();
        for (adaptor, since) in running {
            let latest = suspects.entry(adaptor).or_insert(since);
            *latest = since.max(*latest);
        }
        let latest = suspects.values().max().copied();
        for (adaptor, since) in suspects {
            let record = self.0.entry(adaptor).or_insert(Record { deaths: 0.0, last: now });
            record.deaths += if Some(since) == latest { 1.0 } else { BYSTANDER };
            record.last = now;
        }
        while self.0.len() > REMEMBERED {
            let oldest = self.0.iter().min_by_key(|(_, record)| record.last).map(|(id, _)| *id);
            oldest.and_then(|id| self.0.remove(&id));
        }
    }

    /// A call of that adaptor ended, and its worker lives.
    pub fn clear(&mut self, adaptor: CodeId) {
        self.0.remove(&adaptor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> CodeId {
        CodeId::from_bytes([number; 32])
    }

    #[test]
    fn three_deaths_in_a_row_are_refused_for_a_while() {
        let (mut quarantine, now) = (Quarantine::default(), Instant::now());
        for _ in 0..2 {
            quarantine.blame([(id(1), now)].into_iter(), now);
            assert_eq!(quarantine.refused(id(1), now), None);
        }
        quarantine.blame([(id(1), now)].into_iter(), now);
        assert_eq!(quarantine.refused(id(1), now), Some(LENGTH));
        assert_eq!(quarantine.refused(id(2), now), None);
        assert_eq!(quarantine.refused(id(1), now + LENGTH), None);
        quarantine.blame([(id(1), now)].into_iter(), now + LENGTH);
        assert_eq!(quarantine.refused(id(1), now + LENGTH), Some(LENGTH));
    }

    #[test]
    fn an_end_in_peace_wipes_the_record() {
        let (mut quarantine, now) = (Quarantine::default(), Instant::now());
        for _ in 0..10 {
            quarantine.blame([(id(1), now)].into_iter(), now);
            quarantine.blame([(id(1), now)].into_iter(), now);
            quarantine.clear(id(1));
        }
        assert_eq!(quarantine.refused(id(1), now), None);
    }

    #[test]
    fn who_only_ran_beside_it_is_blamed_less() {
        let (mut quarantine, now) = (Quarantine::default(), Instant::now());
        for death in 1..=4 {
            let then = now + Duration::from_secs(death);
            quarantine.blame([(id(2), now), (id(1), then), (id(2), now)].into_iter(), then);
        }
        assert!(quarantine.refused(id(1), now + Duration::from_secs(4)).is_some());
        assert_eq!(quarantine.refused(id(2), now + Duration::from_secs(4)), None);
    }

    #[test]
    fn memory_is_bounded() {
        let (mut quarantine, now) = (Quarantine::default(), Instant::now());
        for number in 0..5000_u32 {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&number.to_le_bytes());
            quarantine.blame([(CodeId::from_bytes(digest), now)].into_iter(), now);
        }
        assert!(quarantine.0.len() <= REMEMBERED);
    }
}
