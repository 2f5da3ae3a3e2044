//! Writes a worker's log lines to the server's log.

use std::fmt::{self, Write};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use tracing::field::{Field, Visit};
use tracing::span;
use tracing::{Event, Level, Metadata, Subscriber};

use owt_engine::link::{Line, Message, frame};

use crate::lines::Lines;

/// The worker's end of the pipe.
#[derive(Debug)]
pub struct Pipe {
    fd: OwnedFd,
    /// Of a frame that the pipe did not take as a whole.
    rest: Mutex<Vec<u8>>,
}

impl Pipe {
    /// # Errors
    /// When the descriptor is none.
    pub fn new(fd: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&fd, true)?;
        Ok(Self { fd, rest: Mutex::default() })
    }

    fn send(&self, message: &Message<'_>, may_wait: bool) -> bool {
        let mut rest = match self.rest.try_lock() {
            Some(rest) => rest,
            None if may_wait => self.rest.lock(),
            None => return false,
        };
        if !self.write_out(&mut rest, may_wait) && !may_wait {
            return false;
        }
        // A line that cannot be encoded would be one of ours that is wrong; it is only a line.
        if frame::write(&mut rest, message, &[]).is_ok() {
            self.write_out(&mut rest, may_wait);
        }
        true
    }

    /// True when nothing is left.
    fn write_out(&self, rest: &mut Vec<u8>, may_wait: bool) -> bool {
        let mut written = 0;
        while let Some(left) = rest.get(written..).filter(|left| !left.is_empty()) {
            match rustix::io::write(&self.fd, left) {
                Ok(length) => written += length,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if may_wait => {
                    let fd = self.fd.as_fd();
                    let _ = rustix::event::poll(&mut [PollFd::new(&fd, PollFlags::OUT)], None);
                }
                Err(Errno::AGAIN) => break,
                // Nobody reads any more: the server has gone, and this process goes with it.
                Err(_) => written = rest.len(),
            }
        }
        rest.drain(..written.min(rest.len()));
        rest.is_empty()
    }
}

impl Lines for Pipe {
    fn put(&self, line: &Line<'_>) -> bool {
        self.send(&Message::Line(line.clone()), false)
    }

    fn put_waiting(&self, line: &Line<'_>) {
        self.send(&Message::Line(line.clone()), true);
    }
}

/// Sends what this program itself logs in a worker.
#[derive(Debug)]
pub struct Forward {
    pub pipe: std::sync::Arc<Pipe>,
    pub most: Level,
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

impl Subscriber for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.most && metadata.target().starts_with("owt")
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let level = match *event.metadata().level() {
            Level::ERROR => 40,
            Level::WARN => 30,
            Level::INFO => 20,
            _ => 10,
        };
        self.pipe.send(&Message::Own { level, text: &text.0 }, true);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}
