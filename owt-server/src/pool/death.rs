//! Describes how a worker died.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use bytesize::ByteSize;
use owt_core::{Problem, ProblemKind};

use super::output::LastLines;

/// Why the server ended a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A call did not stop though its deadline had passed.
    Overdue,
    /// A call did not stop though its client had gone.
    Abandoned,
    /// Calls that nobody waits for kept the threads that others needed.
    Short,
    /// It held more memory than it may.
    Memory { bytes: u64, most: u64 },
    /// It has served as many calls as it may.
    Recycled,
    /// A call wanted a fresh one: an earlier version of its code was in its way.
    Outgrown,
    /// Fresh workers were asked for.
    Replaced,
    /// The server stops.
    Stopping,
}

impl Ending {
    /// The reason's name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Abandoned => "abandoned",
            Self::Short => "short",
            Self::Memory { .. } => "memory",
            Self::Recycled => "recycled",
            Self::Outgrown => "outgrown",
            Self::Replaced => "replaced",
            Self::Stopping => "stopping",
        }
    }

    /// True when something that an adaptor did made it necessary.
    pub fn is_an_adaptors_doing(self) -> bool {
        matches!(self, Self::Overdue | Self::Abandoned | Self::Short | Self::Memory { .. })
    }
}

/// A worker's end.
#[derive(Clone, Debug)]
pub struct Death {
    pub pid: u32,
    pub status: Option<ExitStatus>,
    pub ending: Option<Ending>,
    pub last_lines: LastLines,
}

/// Why a worker that was started did not become ready.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// It said so itself.
    #[error("{0}")]
    Said(String),
    /// Nothing more is heard of it.
    #[error(transparent)]
    Silent(#[from] io::Error),
}

impl Death {
    /// Of one that never was ready: why, and what it wrote.
    pub fn of_a_start(&self, why: NotReady) -> String {
        let mut text = match why {
            NotReady::Said(why) => why,
            NotReady::Silent(error) => format!("{error}; it {}", self.how()),
        };
        let output = self.last_lines.of_process();
        if !output.is_empty() {
            text += &format!("; the last lines it wrote:\n{}", output.join("\n"));
        }
        text
    }

    /// The reason's name in metrics.
    pub fn name(&self) -> &'static str {
        match (self.ending, self.status.and_then(|status| status.signal())) {
            (Some(ending), _) => ending.name(),
            (None, Some(_)) => "signal",
            (None, None) => "exit",
        }
    }

    /// How it ended, as part of a sentence.
    pub fn how(&self) -> String {
        match self.ending {
            Some(Ending::Memory { bytes, most }) => {
                let (bytes, most) = (ByteSize(bytes).display().si(), ByteSize(most).display().si());
                format!(
                    "was ended because it held {bytes} of memory, more than the {most} of --max-memory"
                )
            }
            Some(Ending::Overdue) => {
                "was ended because a call in it did not stop at its deadline".to_owned()
            }
            Some(Ending::Abandoned) => {
                "was ended because a call in it did not stop when its client had gone".to_owned()
            }
            Some(Ending::Short) => {
                "was exchanged because calls that do not stop kept the threads that others needed"
                    .to_owned()
            }
            Some(Ending::Recycled | Ending::Replaced | Ending::Outgrown) => {
                "was to be replaced, and this call did not end in time".to_owned()
            }
            Some(Ending::Stopping) => "was ended with the server".to_owned(),
            None => self.how_its_process_ended(),
        }
    }

    /// The same for a worker that was told to end, when an exit handler ended it another way.
    pub fn surprise(&self) -> Option<String> {
        let is_told = self.ending.is_some_and(|ending| !ending.is_an_adaptors_doing());
        let is_odd = self.status.and_then(|status| status.code()).is_some_and(|code| code != 0);
        (is_told && is_odd).then(|| self.how_its_process_ended())
    }

    fn how_its_process_ended(&self) -> String {
        match self.status.map(|status| (status.code(), status.signal())) {
            Some((Some(code), _)) => format!("ended with exit status {code}"),
            Some((None, Some(signal))) => {
                format!("was killed by signal {signal}{}", name_of(signal))
            }
            Some((None, None)) | None => "ended, nobody knows how".to_owned(),
        }
    }

    /// For a caller whose call it ran. The call's id if no other has it, with the time when it
    /// came; and since when it was the only one there, if it was.
    pub fn problem(&self, call: Option<(&str, Instant)>, alone: Option<Instant>) -> Problem {
        let mut detail =
            format!("the worker that ran this call (process {}) {}", self.pid, self.how());
        if self.ending.is_none() {
            let output = self.last_lines.of_call(call, alone);
            if alone.is_none() {
                // What native code and child processes write bears no call's name.
                detail += "; other calls ran in it, so what it wrote itself is in the server's log";
            }
            if !output.is_empty() {
                detail += "; the last lines it wrote:\n";
                detail += &output.join("\n");
            }
        }
        Problem::new(ProblemKind::WorkerDied, detail)
    }
}

fn name_of(signal: i32) -> String {
    signal_hook::low_level::signal_name(signal)
        .map_or_else(String::new, |name| format!(" ({name})"))
}

/// How long until a worker is started again that ended so often without having served a call.
///
/// From 0.1 s, doubled each time, to 30 s; give or take a quarter, so that many do not start
/// in step.
pub fn pause(failures: u32) -> Duration {
    let seconds = (0.1 * 2_f64.powi(failures.saturating_sub(1).min(16).cast_signed())).min(30.0);
    Duration::from_secs_f64(seconds * (0.75 + 0.5 * fastrand::f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_a_tenth_of_a_second_to_half_a_minute() {
        for (failures, seconds) in
            [(0, 0.1), (1, 0.1), (2, 0.2), (4, 0.8), (12, 30.0), (u32::MAX, 30.0)]
        {
            let pause = pause(failures).as_secs_f64();
            assert!((seconds * 0.75..=seconds * 1.25).contains(&pause), "{failures}: {pause}");
        }
    }

    #[test]
    fn an_obituary_says_how() {
        let death = |raw| Death {
            pid: 7,
            status: Some(ExitStatus::from_raw(raw)),
            ending: None,
            last_lines: LastLines::default(),
        };
        let text = death(3 << 8).problem(None, None).detail;
        assert!(text.contains("exit status 3") && text.ends_with("server's log"), "{text}");
        assert!(death(11).how().contains("signal 11 (SIGSEGV)"));
        let told = |raw| Death { ending: Some(Ending::Stopping), ..death(raw) }.surprise();
        assert_eq!(told(3 << 8).as_deref(), Some("ended with exit status 3"));
        assert_eq!((told(0), told(9), death(3 << 8).surprise()), (None, None, None));
        let memory = Ending::Memory { bytes: 2_100_000_000, most: 2_000_000_000 };
        let text = Death { ending: Some(memory), ..death(9) }.how();
        assert!(text.contains("2.1 GB") && text.contains("2.0 GB"), "{text}");
    }
}
