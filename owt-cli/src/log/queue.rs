//! Queues lines for standard error. Logging never waits: if nobody reads, lines pile up to a bound,
//! and the rest are counted and reported.
//!
//! The libraries for this count lines, and adaptors write long ones; and the end of this process
//! has more ways than the one that they wait at.

use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that wait; as many may be on their way.
const MOST: usize = 4 << 20;
/// How long the end of this process waits for the last lines.
const PATIENCE: Duration = Duration::from_secs(1);

static QUEUE: Queue = Queue::new();

struct Queue {
    state: Mutex<State>,
    /// Something waits to be written.
    filled: Condvar,
    /// All is written.
    emptied: Condvar,
}

struct State {
    waiting: Vec<u8>,
    /// Lines that had no room since that was last told.
    dropped: u64,
    is_writing: bool,
}

/// Starts the thread that writes.
///
/// # Errors
/// There is none.
pub(super) fn start() -> io::Result<()> {
    let thread = std::thread::Builder::new().name("owt-log".to_owned());
    thread.spawn(|| QUEUE.carry(&mut io::stderr())).map(drop)
}

/// Returns when all that was logged is written; or after a second, when nobody seems to read it.
/// To be called before this process ends.
pub(crate) fn flush() {
    QUEUE.flush(PATIENCE);
}

/// Takes one line each time that it is written to.
pub(super) struct Line;

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        QUEUE.put(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Queue {
    const fn new() -> Self {
        Self {
            state: Mutex::new(State { waiting: Vec::new(), dropped: 0, is_writing: false }),
            filled: Condvar::new(),
            emptied: Condvar::new(),
        }
    }

    /// Nothing that holds it can leave it in pieces.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, line: &[u8]) {
        let mut state = self.state();
        // An empty one takes a line of any length.
        if !state.waiting.is_empty() && state.waiting.len() + line.len() > MOST {
            state.dropped += 1;
            return;
        }
        state.waiting.extend_from_slice(line);
        drop(state);
        self.filled.notify_one();
    }

    /// Writes what comes, for ever.
    fn carry(&self, out: &mut impl Write) {
        let mut batch = Vec::new();
        loop {
            let dropped = self.take(&mut batch);
            // Standard error may be closed, which is no reason to end anything.
            let _ = out.write_all(&batch).and_then(|()| out.flush());
            if dropped > 0 {
                tracing::warn!(
                    dropped,
                    "lines of the log were dropped: nobody has read it in time"
                );
            }
        }
    }

    /// Waits for lines, gives them, and how many were dropped behind them.
    fn take(&self, batch: &mut Vec<u8>) -> u64 {
        batch.clear();
        let mut state = self.state();
        state.is_writing = false;
        while state.waiting.is_empty() {
            self.emptied.notify_all();
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_writing = true;
        std::mem::swap(&mut state.waiting, batch);
        std::mem::take(&mut state.dropped)
    }

    fn flush(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut state = self.state();
        while state.is_writing || !state.waiting.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.emptied.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Passes a batch on only when it is told to.
    struct Slow {
        go: Receiver<()>,
        wrote: Sender<Vec<u8>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Nobody tells it any more: the test is over.
            self.go.recv().map_err(io::Error::other)?;
            self.wrote.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nobody_waits_and_what_is_lost_is_counted() {
        let queue: &'static Queue = Box::leak(Box::new(Queue::new()));
        let ((go, told), (wrote, written)) = (channel(), channel());
        std::thread::spawn(move || queue.carry(&mut Slow { go: told, wrote }));
        queue.put(b"first\n");
        while !queue.state().is_writing {
            std::thread::yield_now();
        }
        let line = [b'x'; 1 << 10];
        for _ in 0..MOST / line.len() + 3 {
            queue.put(&line);
        }
        assert_eq!(queue.state().dropped, 3);
        queue.flush(Duration::ZERO);
        go.send(()).unwrap();
        assert_eq!(written.recv().unwrap(), b"first\n");
        go.send(()).unwrap();
        assert_eq!(written.recv().unwrap().len(), MOST);
        queue.flush(Duration::from_secs(60));
        assert_eq!(queue.state().dropped, 0);
        queue.put(b"last\n");
        go.send(()).unwrap();
        assert_eq!(written.recv().unwrap(), b"last\n");
    }
}
