//! Asks a worker which adaptors it has loaded.

use owt_core::WarmAdaptor;
use tokio::sync::oneshot::{Receiver, Sender, channel};

use super::Worker;
use owt_engine::link::ToWorker;

/// Who waits for the worker to say it.
#[derive(Debug, Default)]
pub struct Asked(Vec<Sender<Vec<WarmAdaptor>>>);

impl Asked {
    /// Tells all that have asked.
    pub fn answer(&mut self, loaded: &[WarmAdaptor]) {
        for waiting in self.0.drain(..) {
            // Who has gone needs no answer.
            let _ = waiting.send(loaded.to_vec());
        }
    }
}

impl Worker {
    /// Asks for the adaptors that it has loaded. One that hangs never answers.
    pub fn ask_for_adaptors(&self) -> Receiver<Vec<WarmAdaptor>> {
        let (sender, receiver) = channel();
        {
            let mut asked = self.asked.lock();
            asked.0.retain(|waiting| !waiting.is_closed());
            asked.0.push(sender);
        }
        self.outbox.push_urgent(&ToWorker::List);
        self.outbox.flush();
        receiver
    }
}
