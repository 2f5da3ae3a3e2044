//! Receives frames.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::RecvFlags;

use super::frame;

/// Read at once.
const BUFFER: usize = 256 << 10;

/// The receiving half of a socket.
#[derive(Debug)]
pub struct Inbox {
    socket: UnixStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes of a frame at most.
    most: usize,
}

impl Inbox {
    /// Of that socket; a frame of more than `most` bytes is an error.
    pub fn new(socket: UnixStream, most: usize) -> Self {
        Self { socket, buffer: vec![0; BUFFER], start: 0, end: 0, most }
    }

    /// How long [`read`](Self::read) waits at most.
    ///
    /// # Errors
    /// When the socket is none.
    pub fn patience(&self, limit: Option<Duration>) -> io::Result<()> {
        self.socket.set_read_timeout(limit)
    }

    /// Waits for bytes and gives `take` every frame that is there as a whole. False at the end.
    ///
    /// # Errors
    /// When reading fails, a frame is too large, or `take` refuses one.
    pub fn read(&mut self, take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<bool> {
        // Whoever had it before may have read without waiting.
        rustix::io::ioctl_fionbio(&self.socket, false)?;
        loop {
            match self.receive(RecvFlags::empty()) {
                Ok(0) => return Ok(false),
                Ok(length) => return self.split(length, take).map(|()| true),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// As [`read`](Self::read), without waiting: `None` when nothing is there.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_now(
        &mut self,
        take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<Option<bool>> {
        match self.receive(RecvFlags::DONTWAIT) {
            Ok(0) => Ok(Some(false)),
            Ok(length) => self.split(length, take).map(|()| Some(true)),
            Err(Errno::INTR | Errno::AGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Bytes of memory that it holds.
    #[cfg(any(test, fuzzing))]
    pub fn held(&self) -> usize {
        self.buffer.capacity()
    }

    /// What [`read`](Self::read) waits for.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    fn receive(&mut self, flags: RecvFlags) -> rustix::io::Result<usize> {
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        match rustix::net::recv(&self.socket, free, flags) {
            // It ended before it had read all that it was sent, which is an end too.
            Err(Errno::CONNRESET) => Ok(0),
            received => received.map(|(length, _)| length),
        }
    }

    fn split(
        &mut self,
        length: usize,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.end += length;
        while let Some((one, length)) = self.buffer.get(self.start..self.end).and_then(frame::first)
        {
            take(one)?;
            self.start += length;
        }
        self.make_room()
    }

    /// Moves what is left to the front, and grows for a frame that is larger than the buffer.
    fn make_room(&mut self) -> io::Result<()> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.buffer.len() > BUFFER {
                self.buffer = vec![0; BUFFER];
            }
            return Ok(());
        }
        let left = self.buffer.get(self.start..self.end).unwrap_or_default();
        let wanted = frame::announced(left).unwrap_or_default();
        if wanted > self.most {
            return Err(io::Error::other(format!("a frame of {wanted} bytes")));
        }
        let crowded = self.buffer.len() - self.end < BUFFER / 4;
        if crowded || wanted > self.buffer.len() - self.start {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if wanted + BUFFER / 4 > self.buffer.len() {
                self.buffer.resize(wanted + BUFFER / 4, 0);
            }
        }
        Ok(())
    }
}
