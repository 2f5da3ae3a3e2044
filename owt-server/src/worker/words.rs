//! What a worker says, read by the server: its log, and what native code and child
//! processes write to its standard output and error, of which the end is kept.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags};

use super::frame;
use super::log::Message;
use crate::python;

/// Lines kept of the end of what was written, and bytes of one line.
const LINES: usize = 20;
const LONGEST: usize = 8 << 10;
/// How long the end of a dead worker's words is waited for; a child that it left can keep
/// the pipe open.
const PATIENCE: Duration = Duration::from_millis(300);

/// A worker's words.
#[derive(Debug)]
pub struct Words {
    last: Arc<Mutex<VecDeque<String>>>,
    ended: Receiver<()>,
}

impl Words {
    /// Reads and logs them on a thread of its own until the worker's ends are closed.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn listen(pid: u32, log: OwnedFd, words: OwnedFd) -> io::Result<Self> {
        let last = Arc::new(Mutex::new(VecDeque::new()));
        let keeping = Arc::clone(&last);
        let (end, ended) = sync_channel(1);
        std::thread::Builder::new().name(format!("owt-log-{pid}")).spawn(move || {
            if let Err(error) = listen(pid, &log, &words, &keeping) {
                tracing::error!(%error, pid, "a worker's log cannot be read");
            }
            // Nobody may wait for it.
            let _ = end.send(());
        })?;
        Ok(Self { last, ended })
    }

    /// The last lines of a worker that has ended.
    pub fn last(&self) -> Vec<String> {
        // Over already, over soon, or never: what is there by then is what there is.
        let _ = self.ended.recv_timeout(PATIENCE);
        let last = self.last.lock();
        // Python's own report of a crash begins with what matters most.
        let fatal = last.iter().position(|line| line.starts_with("Fatal Python error"));
        last.iter().skip(fatal.unwrap_or(0)).cloned().collect()
    }
}

fn listen(
    pid: u32,
    log: &OwnedFd,
    words: &OwnedFd,
    last: &Mutex<VecDeque<String>>,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    let (mut frames, mut line) = (Vec::new(), Vec::new());
    let (mut log, mut words) = (Some(log), Some(words));
    while log.is_some() || words.is_some() {
        let fds = [log, words].map(|fd| fd.map(AsFd::as_fd));
        let mut polled: Vec<_> =
            fds.iter().flatten().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
        match rustix::event::poll(&mut polled, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = polled.iter().map(|fd| !fd.revents().is_empty()).collect::<VecDeque<_>>();
        let is_ready = |fd: &Option<&OwnedFd>, ready: &mut VecDeque<bool>| {
            fd.is_some() && ready.pop_front().unwrap_or(false)
        };
        if is_ready(&log, &mut ready)
            && let Some(fd) = log
        {
            match rustix::io::read(fd, &mut buffer)? {
                0 => log = None,
                length => {
                    frames.extend_from_slice(buffer.get(..length).unwrap_or_default());
                    pass_on(pid, &mut frames);
                }
            }
        }
        if is_ready(&words, &mut ready)
            && let Some(fd) = words
        {
            match rustix::io::read(fd, &mut buffer)? {
                0 => words = None,
                length => {
                    for byte in buffer.get(..length).unwrap_or_default() {
                        if *byte == b'\n' || line.len() >= LONGEST {
                            keep(pid, &mut line, last);
                        }
                        if *byte != b'\n' {
                            line.push(*byte);
                        }
                    }
                }
            }
        }
    }
    if !line.is_empty() {
        keep(pid, &mut line, last);
    }
    Ok(())
}

fn keep(pid: u32, line: &mut Vec<u8>, last: &Mutex<VecDeque<String>>) {
    let text = String::from_utf8_lossy(line).into_owned();
    line.clear();
    tracing::warn!(target: "adaptor", logger = "process", pid, "{text}");
    let mut last = last.lock();
    if last.len() == LINES && !last.front().is_some_and(|line| line.starts_with("Fatal Python")) {
        last.pop_front();
    }
    if last.len() < LINES {
        last.push_back(text);
    }
}

fn pass_on(pid: u32, frames: &mut Vec<u8>) {
    let mut start = 0;
    while let Some((one, length)) = frames.get(start..).and_then(frame::first) {
        start += length;
        match frame::read(one) {
            Ok((Message::Line(line), _)) => python::log(&line),
            Ok((Message::Own { level, text }, _)) => match level {
                40.. => tracing::error!(pid, "{text}"),
                30.. => tracing::warn!(pid, "{text}"),
                20.. => tracing::info!(pid, "{text}"),
                _ => tracing::debug!(pid, "{text}"),
            },
            // An adaptor wrote into the worker's descriptors; the rest may be readable again.
            Err(error) => tracing::warn!(%error, pid, "a line of a worker's log is garbled"),
        }
    }
    frames.drain(..start.min(frames.len()));
    if frames.len() > (1 << 20) {
        tracing::warn!(pid, "a worker's log is garbled");
        frames.clear();
    }
}
