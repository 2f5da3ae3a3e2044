//! Counts what goes by, for Prometheus to read.
//!
//! Counting is a few atomic additions a request, without a lock; the names, labels and
//! the text are made when somebody asks.

mod text;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use owt_core::ProblemKind;
pub(crate) use text::{OPENMETRICS, Scrape};

use owt_engine::CacheOutcome;

/// Upper bounds of the duration's buckets in microseconds: from a warm call to a long one.
const BOUNDS: [u64; 14] = [
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    50_000,
    100_000,
    500_000,
    1_000_000,
    5_000_000,
    30_000_000,
    120_000_000,
];

/// Classes of answers; the first is of clients that had gone before there was one.
const CLASSES: [&str; 5] = ["gone", "2xx", "3xx", "4xx", "5xx"];

/// A number that only grows, or one that goes up and down.
#[derive(Debug, Default)]
struct Count(AtomicU64);

impl Count {
    fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    fn take_one(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One for a server.
#[derive(Debug)]
pub(crate) struct Metrics {
    started: SystemTime,
    requests: [Count; CLASSES.len()],
    problems: [Count; ProblemKind::ALL.len()],
    /// Requests that took at most the bound of that place; the last is of those above all.
    durations: [Count; BOUNDS.len() + 1],
    /// Microseconds of all requests.
    duration: Count,
    calls: Count,
    lookups: [Count; CacheOutcome::ALL.len()],
    streamed_chunks: Count,
    streamed_bytes: Count,
}

impl Default for Metrics {
    /// Of a server that starts now.
    fn default() -> Self {
        Self {
            started: SystemTime::now(),
            requests: Default::default(),
            problems: std::array::from_fn(|_| Count::default()),
            durations: Default::default(),
            duration: Count::default(),
            calls: Count::default(),
            lookups: Default::default(),
            streamed_chunks: Count::default(),
            streamed_bytes: Count::default(),
        }
    }
}

impl Metrics {
    /// A request is over. Status 0 is of a client that did not wait for its answer.
    pub fn request(&self, status: u16, took: Duration) {
        let class = usize::from(status / 100).saturating_sub(1).min(CLASSES.len() - 1);
        count(&self.requests, class);
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        count(&self.durations, BOUNDS.partition_point(|bound| *bound < took));
        self.duration.add(took);
    }

    /// A request failed, before its answer or in the middle of it.
    pub fn problem(&self, kind: ProblemKind) {
        count(&self.problems, kind as usize);
    }

    /// A call goes to the engine.
    pub fn call_begins(&self) {
        self.calls.add(1);
    }

    /// The answer of a call is over.
    pub fn call_ends(&self) {
        self.calls.take_one();
    }

    /// A call asked the cache.
    pub fn lookup(&self, outcome: CacheOutcome) {
        count(&self.lookups, outcome as usize);
    }

    /// A piece of a stream goes out.
    pub fn streamed(&self, bytes: usize) {
        self.streamed_chunks.add(1);
        self.streamed_bytes.add(bytes as u64);
    }
}

fn count(counts: &[Count], place: usize) {
    if let Some(count) = counts.get(place) {
        count.add(1);
    }
}
