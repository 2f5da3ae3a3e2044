//! Decides what happens to a worker that holds more memory than it may: it is asked to unload idle
//! adaptors, and killed if that does not help or there is no time for it.

use std::time::{Duration, Instant};

use owt_engine::link::Slimmed;

/// How long a worker may take to unload what is idle.
const GRACE: Duration = Duration::from_secs(2);
/// How long it is left alone once that has helped.
const PEACE: Duration = Duration::from_secs(1);

/// One worker's memory, as far as it needs watching.
#[derive(Debug, Default)]
pub struct MemoryWatch(Option<Asked>);

/// It was asked to hold less.
#[derive(Debug)]
struct Asked {
    at: Instant,
    /// What it held then.
    bytes: u64,
    /// What it answered, and when.
    answer: Option<(Instant, Slimmed)>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Nothing,
    /// Ask it to hold less.
    Ask,
    End,
}

impl MemoryWatch {
    /// It holds so many bytes, of so many that it may.
    pub fn look(&mut self, bytes: u64, most: u64, now: Instant) -> Verdict {
        if bytes <= most {
            // An answer is still to come, perhaps.
            self.0.take_if(|asked| asked.answer.is_some_and(|(at, _)| now >= at + PEACE));
            return Verdict::Nothing;
        }
        if bytes > most.saturating_add(most / 2) {
            return Verdict::End;
        }
        let verdict = match &self.0 {
            None => Verdict::Ask,
            Some(Asked { answer: Some((at, slimmed)), .. }) => match slimmed.bytes > most {
                true => Verdict::End,
                false if now < *at + PEACE => Verdict::Nothing,
                false => Verdict::Ask,
            },
            // It grows faster than it could unload.
            Some(asked) if bytes > asked.bytes + most / 10 => Verdict::End,
            Some(asked) if now > asked.at + GRACE => Verdict::End,
            Some(_) => Verdict::Nothing,
        };
        if verdict == Verdict::Ask {
            self.0 = Some(Asked { at: now, bytes, answer: None });
        }
        verdict
    }

    /// It has unloaded what it could. Gives what it held when it was asked.
    pub fn answered(&mut self, slimmed: Slimmed, now: Instant) -> Option<u64> {
        let asked = self.0.as_mut()?;
        asked.answer = Some((now, slimmed));
        Some(asked.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u64 = 1000;

    fn asked(bytes: u64) -> (MemoryWatch, Instant) {
        let (mut memory, now) = (MemoryWatch::default(), Instant::now());
        assert_eq!(memory.look(bytes, MOST, now), Verdict::Ask);
        (memory, now)
    }

    #[test]
    fn a_small_worker_is_left_alone_and_a_huge_one_is_ended_unasked() {
        let mut memory = MemoryWatch::default();
        assert_eq!(memory.look(MOST, MOST, Instant::now()), Verdict::Nothing);
        assert_eq!(memory.look(MOST * 3 / 2 + 1, MOST, Instant::now()), Verdict::End);
    }

    #[test]
    fn one_that_is_asked_has_a_grace_unless_it_grows() {
        let (mut memory, now) = asked(1100);
        assert_eq!(memory.look(1150, MOST, now + GRACE / 2), Verdict::Nothing);
        assert_eq!(memory.look(1201, MOST, now + GRACE / 2), Verdict::End);
        assert_eq!(memory.look(1100, MOST, now + GRACE * 2), Verdict::End);
    }

    #[test]
    fn one_that_could_not_help_it_is_ended() {
        let (mut memory, now) = asked(1100);
        let slimmed = Slimmed { unloaded: 1, bytes: 1050 };
        assert_eq!(memory.answered(slimmed, now), Some(1100));
        assert_eq!(memory.look(1050, MOST, now), Verdict::End);
    }

    #[test]
    fn one_that_helped_itself_is_asked_again_later() {
        let (mut memory, now) = asked(1100);
        assert_eq!(memory.look(900, MOST, now), Verdict::Nothing);
        assert_eq!(memory.answered(Slimmed { unloaded: 2, bytes: 900 }, now), Some(1100));
        assert_eq!(memory.look(1100, MOST, now + PEACE / 2), Verdict::Nothing);
        assert_eq!(memory.look(1100, MOST, now + PEACE), Verdict::Ask);
        assert_eq!(memory.look(1100, MOST, now + PEACE), Verdict::Nothing);
    }
}
