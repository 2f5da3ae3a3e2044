//! Counts how a loaded adaptor is used: its calls so far, those under way, and when it was used
//! last.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use owt_core::CodeId;
use parking_lot::Mutex;

use super::adaptors::Adaptor;

/// Counts an adaptor's calls.
#[derive(Debug)]
pub struct Usage {
    calls: AtomicU64,
    running: AtomicUsize,
    last: Mutex<Instant>,
}

impl Default for Usage {
    fn default() -> Self {
        Self { calls: AtomicU64::new(0), running: AtomicUsize::new(0), last: Instant::now().into() }
    }
}

impl Usage {
    /// Calls that have begun.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Calls under way.
    pub fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// How long ago a call last began or ended.
    pub fn idle(&self) -> Duration {
        self.last.lock().elapsed()
    }
}

/// An adaptor that a call runs in: it is counted, and not unloaded, until this is dropped.
pub struct InUse(Arc<Adaptor>);

impl InUse {
    /// A call begins.
    pub fn new(adaptor: Arc<Adaptor>) -> Self {
        let usage = &adaptor.usage;
        usage.calls.fetch_add(1, Ordering::Relaxed);
        usage.running.fetch_add(1, Ordering::Relaxed);
        *usage.last.lock() = Instant::now();
        Self(adaptor)
    }

    /// Which code it is.
    pub fn code_id(&self) -> CodeId {
        self.0.code_id()
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.usage.running.fetch_sub(1, Ordering::Relaxed);
        *self.0.usage.last.lock() = Instant::now();
    }
}
