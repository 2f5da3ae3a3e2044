//! Chooses the worker that a call goes to.
//!
//! 1. Where its adaptor is warm: there the module body has run and weights are loaded. Of
//!    several such workers, the one with the fewest calls.
//! 2. If that one is busy (it has calls, and lately they took longer than
//!    [`BUSY`] from submission to end, or none has ended for that long) and another
//!    has fewer, the adaptor is warmed up there too.
//! 3. An adaptor that is warm nowhere goes to the worker with the fewest calls, then the
//!    fewest warm adaptors.
//!
//! A worker that lets calls wait without beginning any is avoided where another is not so.

use std::time::Duration;

/// Calls that take longer than this keep a worker busy.
pub const BUSY: Duration = Duration::from_millis(10);

/// What there is to know of a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// The adaptor is loaded there, or its load is under way.
    pub is_warm: bool,
    /// Calls that it has.
    pub calls: usize,
    /// How long calls take there lately, from submission to end.
    pub latency: Duration,
    /// Adaptors that are warm there.
    pub adaptors: usize,
    /// It has calls that should have begun by now.
    pub is_stuck: bool,
}

impl Load {
    fn is_busy(&self) -> bool {
        self.calls > 0 && self.latency > BUSY
    }
}

/// The index of the worker to take, of those that are there.
pub fn choose(loads: impl Iterator<Item = (usize, Load)> + Clone) -> Option<usize> {
    let coldest = |(_, load): &(usize, Load)| (load.is_stuck, load.calls, load.adaptors);
    let least = loads.clone().min_by_key(coldest)?;
    let warm =
        loads.filter(|(_, load)| load.is_warm).min_by_key(|(_, load)| (load.is_stuck, load.calls));
    let Some(warm) = warm else { return Some(least.0) };
    let overtake = (warm.1.is_busy() || warm.1.is_stuck)
        && !least.1.is_stuck
        && (warm.1.is_stuck || least.1.calls < warm.1.calls);
    Some(if overtake { least.0 } else { warm.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(loads: &[Load]) -> Option<usize> {
        choose(loads.iter().copied().enumerate())
    }

    const SLOW: Duration = Duration::from_millis(100);

    #[test]
    fn no_worker_is_no_place() {
        assert_eq!(chosen(&[]), None);
    }

    #[test]
    fn warm_comes_first_while_its_calls_are_quick() {
        let warm = Load { is_warm: true, calls: 30, adaptors: 5, ..Load::default() };
        assert_eq!(chosen(&[Load::default(), warm]), Some(1));
    }

    #[test]
    fn a_busy_warm_worker_is_overtaken_by_one_with_fewer_calls() {
        let warm = Load { is_warm: true, calls: 1, latency: SLOW, ..Load::default() };
        assert_eq!(chosen(&[warm, Load::default()]), Some(1));
        let other = Load { calls: 1, ..Load::default() };
        assert_eq!(chosen(&[warm, other]), Some(0));
        // Slow calls that are over keep nobody busy.
        assert_eq!(chosen(&[Load { calls: 0, ..warm }, Load::default()]), Some(0));
    }

    #[test]
    fn of_two_warm_workers_the_less_loaded() {
        let warm = Load { is_warm: true, calls: 3, latency: SLOW, ..Load::default() };
        assert_eq!(chosen(&[warm, Load { calls: 2, ..warm }]), Some(1));
    }

    #[test]
    fn cold_adaptors_spread() {
        let used = Load { adaptors: 1, ..Load::default() };
        assert_eq!(chosen(&[used, Load::default()]), Some(1));
        assert_eq!(chosen(&[Load::default(), used]), Some(0));
    }

    #[test]
    fn nobody_is_sent_to_a_stuck_worker_while_another_is_not() {
        let stuck = Load { is_warm: true, calls: 1, is_stuck: true, ..Load::default() };
        let loaded = Load { calls: 9, ..Load::default() };
        assert_eq!(chosen(&[stuck, loaded]), Some(1));
        assert_eq!(chosen(&[loaded, Load { is_warm: false, ..stuck }]), Some(0));
    }
}
