//! Decides how many files and connections this process may have open at once.

use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What it was before it was raised.
static ORIGINAL: OnceLock<Rlimit> = OnceLock::new();

/// Kept for pipes, logs and what libraries open.
const KEPT: u64 = 256;
/// Kept for each worker: its socket, its pipes, its table, and the next one's.
const KEPT_FOR_A_WORKER: u64 = 16;
/// More connections than that on one HTTP thread are not served well.
const MOST: u64 = 25_600;
/// Fewer would be no server.
const LEAST: u64 = 8;

/// Raises this process's limit as far as it may. Many connections are a server's business; its
/// workers start with the [`original`], because Python's `select` takes no descriptor above 1023.
pub fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let _ = ORIGINAL.set(limit);
    match setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        Ok(()) => tracing::debug!(limit = limit.maximum, "open files"),
        Err(error) => tracing::debug!(%error, limit = limit.current, "open files"),
    }
}

/// What the limit was before it was raised, if it was.
pub fn original() -> Option<Rlimit> {
    ORIGINAL.get().copied()
}

/// Connections that each of so many HTTP threads may have, so that something is left for
/// everything else: each may also be sending a file.
pub fn connections(threads: usize, workers: usize) -> usize {
    let all = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let kept = KEPT + KEPT_FOR_A_WORKER * workers as u64;
    let each = all.saturating_sub(kept) / 2 / threads.max(1) as u64;
    usize::try_from(each.clamp(LEAST, MOST)).unwrap_or(usize::MAX)
}
