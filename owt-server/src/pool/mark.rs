//! Marks everything that a worker starts, so that what it leaves behind can be told from the
//! processes of others.
//!
//! The mark is in the environment, which programs can replace, and once more in a limit they keep:
//! that of real-time CPU time, set so high that it limits nothing.

use rustix::process::{Resource, Rlimit};

use owt_system::process::Process;

/// In a worker's environment.
pub const VARIABLE: &str = "OWT_WORKER";

/// No program computes for so many microseconds.
const ENDLESS: u64 = 1 << 62;
/// Of a limit's number, those that tell the workers of one server apart.
const WORKERS: u32 = 24;

/// What the marks of one server's workers have in common.
#[derive(Clone, Debug)]
pub struct Family {
    text: String,
    limit: Option<u64>,
}

impl Family {
    /// One that no other server has.
    pub fn new() -> Self {
        Self::read(&format!("{}-{:08x}-", std::process::id(), fastrand::u32(..)))
    }

    /// The one of that text, as [`Family::text`] gives it.
    pub fn read(text: &str) -> Self {
        let number = text.strip_suffix('-').and_then(|text| text.rsplit_once('-'));
        let number = number.and_then(|(_, number)| u32::from_str_radix(number, 16).ok());
        let limit = number.map(|number| ENDLESS | (u64::from(number) << WORKERS));
        Self { text: text.to_owned(), limit }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The mark of the worker of that number.
    pub fn mark(&self, worker: u64) -> Mark {
        let number = worker & ((1 << WORKERS) - 1);
        // Ended by a sign, so that no mark is the beginning of another.
        Mark { text: format!("{}{worker};", self.text), limit: self.limit.map(|all| all | number) }
    }

    /// True for what came of any worker of this server.
    pub fn is_on(&self, process: &Process) -> bool {
        let is_same = |limit: u64| Some(limit >> WORKERS) == self.limit.map(|all| all >> WORKERS);
        process.carries(&format!("{VARIABLE}={}", self.text))
            || process.realtime_limit().is_some_and(is_same)
    }
}

/// One worker's.
#[derive(Clone, Debug)]
pub struct Mark {
    text: String,
    limit: Option<u64>,
}

impl Mark {
    /// What is in the environment of what bears it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True for what came of this worker.
    pub fn is_on(&self, process: &Process) -> bool {
        let limit = process.realtime_limit();
        process.carries(&format!("{VARIABLE}={}", self.text))
            || (limit.is_some() && limit == self.limit)
    }

    /// Puts the limit on this process; between fork and exec, too. Where that cannot be, because a
    /// narrower one is there, the environment has to do.
    pub fn put_limit(&self) {
        let limit = Rlimit { current: self.limit, maximum: self.limit };
        let _ = rustix::process::setrlimit(Resource::Rttime, limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_a_workers_own_and_its_familys() {
        let (one, other) = (Family::read("7-0000002a-"), Family::read("7-0000002b-"));
        let limits = [one.mark(1), one.mark(2), other.mark(1)].map(|mark| mark.limit.unwrap());
        assert_eq!(
            limits.map(|limit| limit >> WORKERS << WORKERS).map(Some),
            [one.limit, one.limit, other.limit]
        );
        assert!(limits[0] != limits[1] && limits.iter().all(|limit| *limit >= ENDLESS));
        assert_eq!(one.mark(1).text(), "7-0000002a-1;");
        assert_eq!(Family::read("typed").limit, None);
    }
}
