//! Adaptors that kill their workers, and how long they are refused.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use owt_core::CodeId;

/// Deaths in a row after which an adaptor is refused.
const DEATHS: u32 = 3;
/// How long it is refused; afterwards one more death is enough.
const PENANCE: Duration = Duration::from_secs(30);
/// Adaptors that are remembered.
const REMEMBERED: usize = 1024;

/// Deaths by adaptor, in a row: a call that ends while its worker lives wipes them out.
#[derive(Debug, Default)]
pub struct Culprits(HashMap<CodeId, Record>);

#[derive(Debug)]
struct Record {
    deaths: u32,
    last: Instant,
}

impl Culprits {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How long that adaptor is still refused.
    pub fn refused(&self, adaptor: CodeId, now: Instant) -> Option<Duration> {
        let record = self.0.get(&adaptor).filter(|record| record.deaths >= DEATHS)?;
        PENANCE.checked_sub(now.duration_since(record.last)).filter(|left| !left.is_zero())
    }

    /// A worker died while calls of these adaptors ran in it. Where one of them has killed
    /// before, only those that have most often are blamed.
    pub fn blame(&mut self, adaptors: impl Iterator<Item = CodeId>, now: Instant) {
        let mut suspects: Vec<_> = adaptors.collect();
        suspects.sort_unstable();
        suspects.dedup();
        let deaths = |adaptor: &CodeId| self.0.get(adaptor).map_or(0, |record| record.deaths);
        let most = suspects.iter().map(deaths).max().unwrap_or(0);
        suspects.retain(|adaptor| deaths(adaptor) == most);
        for adaptor in suspects {
            let record = self.0.entry(adaptor).or_insert(Record { deaths: 0, last: now });
            record.deaths += 1;
            record.last = now;
        }
        while self.0.len() > REMEMBERED {
            let oldest = self.0.iter().min_by_key(|(_, record)| record.last).map(|(id, _)| *id);
            oldest.and_then(|id| self.0.remove(&id));
        }
    }

    /// A call of that adaptor ended, and its worker lives.
    pub fn absolve(&mut self, adaptor: CodeId) {
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
        let (mut culprits, now) = (Culprits::default(), Instant::now());
        for _ in 0..2 {
            culprits.blame([id(1)].into_iter(), now);
            assert_eq!(culprits.refused(id(1), now), None);
        }
        culprits.blame([id(1)].into_iter(), now);
        assert_eq!(culprits.refused(id(1), now), Some(PENANCE));
        assert_eq!(culprits.refused(id(2), now), None);
        assert_eq!(culprits.refused(id(1), now + PENANCE), None);
        culprits.blame([id(1)].into_iter(), now + PENANCE);
        assert_eq!(culprits.refused(id(1), now + PENANCE), Some(PENANCE));
    }

    #[test]
    fn an_end_in_peace_wipes_the_record() {
        let (mut culprits, now) = (Culprits::default(), Instant::now());
        for _ in 0..10 {
            culprits.blame([id(1)].into_iter(), now);
            culprits.blame([id(1)].into_iter(), now);
            culprits.absolve(id(1));
        }
        assert_eq!(culprits.refused(id(1), now), None);
    }

    #[test]
    fn who_has_killed_before_is_blamed_alone() {
        let (mut culprits, now) = (Culprits::default(), Instant::now());
        culprits.blame([id(1)].into_iter(), now);
        for _ in 0..5 {
            culprits.blame([id(2), id(1), id(2)].into_iter(), now);
        }
        assert!(culprits.refused(id(1), now).is_some());
        assert_eq!(culprits.refused(id(2), now), None);
    }

    #[test]
    fn memory_is_bounded() {
        let (mut culprits, now) = (Culprits::default(), Instant::now());
        for number in 0..5000_u32 {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&number.to_le_bytes());
            culprits.blame([CodeId::from_bytes(digest)].into_iter(), now);
        }
        assert!(culprits.0.len() <= REMEMBERED);
    }
}
