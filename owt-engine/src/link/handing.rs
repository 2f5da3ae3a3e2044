//! Hands open files from a worker to the server on a socket of their own: the worker's rights
//! decide what an adaptor may open.
//!
//! A file goes before the frame that speaks of it, and files go in the order of their frames. So
//! with each such frame there is exactly one to be taken.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};

/// How often a file is tried that the kernel does not take, a millisecond apart.
const MOST_TRIES: u32 = 1000;

/// A new way: the server's end and the worker's.
///
/// # Errors
/// When there is no descriptor.
pub fn way() -> io::Result<(OwnedFd, OwnedFd)> {
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    Ok(rustix::net::socketpair(family, kind, SocketFlags::CLOEXEC, None)?)
}

/// The worker's end.
#[derive(Debug)]
pub struct Giving(Mutex<OwnedFd>);

impl Giving {
    /// By that end of a [`way`].
    pub fn new(end: OwnedFd) -> Self {
        Self(Mutex::new(end))
    }

    /// Sends the file of a call, then has `tell` put its frame in line. Where it has to wait,
    /// `flush` sees to it that the server hears of those before.
    ///
    /// # Errors
    /// When the file did not go: nothing was told.
    pub fn give(
        &self,
        number: u32,
        file: BorrowedFd<'_>,
        flush: impl Fn(),
        tell: impl FnOnce(),
    ) -> io::Result<()> {
        // Held until it is told, for the order.
        let end = self.0.lock();
        let mut tries = 0;
        loop {
            match send(&end, number, file) {
                Ok(()) => break,
                Err(Errno::INTR) => {}
                Err(Errno::TOOMANYREFS) if tries < MOST_TRIES => {
                    // The user's processes have as many on their way as they may, all together.
                    tries += 1;
                    flush();
                    std::thread::park_timeout(Duration::from_millis(1));
                }
                Err(Errno::AGAIN) => {
                    flush();
                    let end = end.as_fd();
                    // Whatever it answers, the next try says what holds.
                    let _ = rustix::event::poll(&mut [PollFd::new(&end, PollFlags::OUT)], None);
                }
                Err(error) => return Err(error.into()),
            }
        }
        tell();
        Ok(())
    }
}

fn send(end: &OwnedFd, number: u32, file: BorrowedFd<'_>) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    let files = [file];
    beside.push(SendAncillaryMessage::ScmRights(&files));
    let number = number.to_le_bytes();
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    rustix::net::sendmsg(end, &[IoSlice::new(&number)], &mut beside, flags).map(drop)
}

/// The server's end.
#[derive(Debug)]
pub struct Taking(OwnedFd);

impl Taking {
    /// By that end of a [`way`].
    pub fn new(end: OwnedFd) -> Self {
        Self(end)
    }

    /// The file of that call, whose frame has come. `None` when this process has no descriptor
    /// left for it.
    ///
    /// # Errors
    /// When there is none, or another's: an adaptor has meddled.
    pub fn take(&self, number: u32) -> io::Result<Option<File>> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut beside = RecvAncillaryBuffer::new(&mut space);
        let mut said = [0; 4];
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let read =
            rustix::net::recvmsg(&self.0, &mut [IoSliceMut::new(&mut said)], &mut beside, flags)?;
        let files = beside.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(files) => Some(files),
            _ => None,
        });
        let file = files.flatten().next().map(File::from);
        if read.bytes != said.len() || u32::from_le_bytes(said) != number {
            return Err(io::Error::other("a file that belongs to no answer"));
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};
    use std::sync::mpsc::channel;

    use super::*;

    fn text_file(text: &str) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.rewind().unwrap();
        file
    }

    #[test]
    fn files_come_in_the_order_of_their_frames_however_many() {
        const MANY: u32 = 2000;
        let (server, worker) = way().unwrap();
        let (giving, taking) = (Giving::new(worker), Taking::new(server));
        let (tell, told) = channel();
        std::thread::scope(|scope| {
            for first in 0..4 {
                let (giving, tell) = (&giving, tell.clone());
                scope.spawn(move || {
                    for number in (first..MANY).step_by(4) {
                        let file = text_file(&number.to_string());
                        let tell = || tell.send(number).unwrap();
                        giving.give(number, file.as_fd(), || {}, tell).unwrap();
                    }
                });
            }
            drop(tell);
            for number in told {
                let mut text = String::new();
                taking.take(number).unwrap().unwrap().read_to_string(&mut text).unwrap();
                assert_eq!(text, number.to_string());
            }
        });
    }

    #[test]
    fn a_frame_without_its_file_is_an_error() {
        let (server, worker) = way().unwrap();
        let (giving, taking) = (Giving::new(worker), Taking::new(server));
        assert!(taking.take(7).is_err());
        giving.give(8, text_file("").as_fd(), || {}, || {}).unwrap();
        assert!(taking.take(7).is_err());
    }
}
