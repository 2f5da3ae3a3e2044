//! A worker process as its pool sees it: how far it is on its way from its start to its end.

use std::time::Instant;

use std::sync::Arc;

use parking_lot::Mutex;

use super::death::Ending;
use super::tree;
use super::worker::Worker;

/// A worker process.
#[derive(Debug)]
pub struct Process {
    pub worker: Arc<Worker>,
    /// Calls after which it is replaced.
    pub last_call: Option<u64>,
    phase: Mutex<Phase>,
    ending: Mutex<Option<Ending>>,
}

/// How far a process is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It has not said yet that it is ready.
    Starting,
    /// It takes calls.
    Serving,
    /// It takes no more calls, and is ended then at the latest.
    Retired { until: Instant },
    /// It was told to end.
    Told { since: Instant },
}

/// A process is the same as itself alone.
impl PartialEq for Process {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Process {
    pub fn new(worker: Arc<Worker>, last_call: Option<u64>) -> Arc<Self> {
        let phase = Mutex::new(Phase::Starting);
        Arc::new(Self { worker, last_call, phase, ending: Mutex::default() })
    }

    pub fn phase(&self) -> Phase {
        *self.phase.lock()
    }

    /// It has said that it is ready.
    pub fn serve(&self) {
        *self.phase.lock() = Phase::Serving;
    }

    /// It takes no more calls, and is ended then at the latest.
    pub fn retire(&self, until: Instant) {
        *self.phase.lock() = Phase::Retired { until };
    }

    /// If it is retired: it is ended then at the latest, if not sooner. False if it is not.
    pub fn hasten(&self, until: Instant) -> bool {
        match &mut *self.phase.lock() {
            Phase::Retired { until: latest } => *latest = (*latest).min(until),
            Phase::Told { .. } => {}
            Phase::Starting | Phase::Serving => return false,
        }
        true
    }

    /// It was told to end.
    pub fn told(&self) {
        *self.phase.lock() = Phase::Told { since: Instant::now() };
    }

    /// Why the server ends it, if it does.
    pub fn ending(&self) -> Option<Ending> {
        *self.ending.lock()
    }

    /// Notes why it is ended. The first reason counts.
    pub fn end_because(&self, why: Ending) {
        self.ending.lock().get_or_insert(why);
    }

    /// Ends it now.
    pub fn kill(&self, why: Ending) {
        self.end_because(why);
        self.worker.close();
        tree::kill(self.worker.pid);
    }
}
