//! States what must hold of any bytes that come through a worker's socket.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a property that panics does not hold"
)]

use std::io::Write;
use std::os::unix::net::UnixStream;

use super::frame::{self, FromWorker, ToWorker};
use super::inbox::Inbox;

/// Bytes of a frame at most.
const MOST: usize = 1 << 20;
/// Bytes that an inbox holds beside the frame that it waits for.
const BESIDE: usize = 512 << 10;

/// A macro, since the message that is read again borrows from other bytes.
macro_rules! comes_back {
    ($message:ident, $bytes:expr) => {
        if let Ok((message, payload)) = frame::read::<$message<'_>>($bytes) {
            let mut written = Vec::new();
            frame::write(&mut written, &message, payload).expect("it was read");
            let length = written.len();
            assert_eq!(frame::announced(&written), Some(length));
            let (again, of) = frame::first(&written).expect("it is whole");
            assert_eq!(of, length);
            let (read, rest) = frame::read::<$message<'_>>(again).expect("it was written");
            assert_eq!((format!("{read:?}"), rest), (format!("{message:?}"), payload));
        }
    };
}

/// Frames come out of an inbox whole and in order however the bytes were cut, one that is too
/// large is an error before there is memory for it, and a message that was read is the same
/// when it is written and read again.
///
/// The first byte says how the others are cut.
///
/// # Panics
/// When that does not hold.
pub fn frame(data: &[u8]) {
    let Some((cut, bytes)) = data.split_first() else { return };
    comes_back!(ToWorker, bytes);
    comes_back!(FromWorker, bytes);
    if let Ok((ToWorker::Call(call), _)) = frame::read(bytes) {
        let (call, context) = call.into_call();
        assert!(call.code.source().len() <= bytes.len());
        let pairs = context.headers.iter().map(|(name, value)| name.len() + value.len());
        assert!(pairs.count() <= bytes.len());
    }
    frames(bytes, usize::from(*cut) + 1);
}

fn frames(bytes: &[u8], piece: usize) {
    let (mut speaker, hearer) = UnixStream::pair().expect("sockets");
    let mut inbox = Inbox::new(hearer, MOST);
    let (mut heard, mut failed) = (Vec::new(), false);
    for piece in bytes.chunks(piece) {
        speaker.write_all(piece).expect("there is room");
        let read = inbox.read(|frame| {
            heard.push(frame.to_vec());
            Ok(())
        });
        assert!(inbox.held() <= MOST + BESIDE, "{} bytes", inbox.held());
        if read.is_err() {
            failed = true;
            break;
        }
    }
    let (mut rest, mut wanted) = (bytes, Vec::new());
    while let Some((frame, length)) = frame::first(rest) {
        wanted.push(frame.to_vec());
        rest = &rest[length..];
    }
    let is_too_large = frame::announced(rest).is_some_and(|length| length > MOST);
    assert_eq!(failed, is_too_large);
    assert_eq!(heard, wanted);
}

#[cfg(test)]
mod tests {
    #[test]
    fn any_frame() {
        let folder = format!("{}/../fuzz/seeds/frame", env!("CARGO_MANIFEST_DIR"));
        let mut count = 0;
        for seed in std::fs::read_dir(folder).unwrap() {
            let seed = seed.unwrap().path();
            println!("{}", seed.display());
            super::frame(&std::fs::read(seed).unwrap());
            count += 1;
        }
        assert!(count > 0, "there are no seeds");
    }
}
