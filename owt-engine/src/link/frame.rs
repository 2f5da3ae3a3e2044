//! Defines the messages between the server and a worker, and how they are framed.
//!
//! A frame is its length (32 bits, little-endian), a message in postcard's format, and
//! the rest, which is the message's payload: bytes that need no encoding.

#![allow(missing_docs, reason = "what a field is, its message says")]

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use owt_core::{Call, Code, CodeId, Origin, WarmAdaptor};
use owt_system::sandbox::Walls;
use serde::{Deserialize, Serialize};

use super::settings::Settings;
use crate::{Context, Head, Headers, Note, PIECE};

/// What the server tells a worker.
#[derive(Debug, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "never kept, and a call is the commonest")]
pub enum ToWorker<'a> {
    /// The first message: how to host Python, and behind which walls.
    Begin(Box<Settings>, Option<Walls>),
    /// A call; the payload is the beginning of its body.
    Call(#[serde(borrow)] CallFrame<'a>),
    /// The next piece of that call's body.
    Body { number: u32 },
    /// There is room for the rest of that call's answer.
    Fetch { number: u32 },
    /// Nobody waits for that call any more. It had begun.
    Cancel { number: u32 },
    /// So many bytes of that call's chunks were read.
    Credit { number: u32, bytes: usize },
    /// Unload what is idle until so many bytes are resident at most, and say `Slimmed`.
    Slim { most: u64 },
    /// Say which adaptors are loaded, by `Adaptors`.
    List,
    /// Take no more, end what runs, and end. What is left to do then may take that long.
    Stop { patience: Duration },
}

/// What a worker tells the server.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromWorker<'a> {
    /// Python runs; calls are welcome.
    Ready,
    /// Python does not start, and why.
    Failed(&'a str),
    /// The whole answer; the payload is the beginning of its body of that length. Of a large one
    /// the rest is to be fetched.
    Answer { number: u32, head: Head, length: usize },
    /// The next piece of that answer's body.
    Rest { number: u32 },
    /// The answer is the file that was handed over before, of the path that is the payload, which
    /// need not be UTF-8.
    File { number: u32, head: Head },
    /// A stream begins.
    Head { number: u32, head: Head },
    /// A piece of it is the payload.
    Chunk { number: u32 },
    /// It ended as it should.
    End { number: u32 },
    /// The call failed; the payload is the problem as JSON.
    Problem { number: u32 },
    /// The call failed with the problem that is the payload, before more than its module body ran:
    /// an earlier version of that is in its way in this process.
    Outgrown { number: u32 },
    /// What there is to know of a call that goes on.
    Note { number: u32, note: Note },
    /// Nothing of the call runs any more.
    Done { number: u32 },
    /// The adaptors of these codes are no longer loaded.
    Unloaded { codes: Vec<[u8; 32]> },
    /// As much as could be was unloaded: so many adaptors; and so many bytes are resident.
    Slimmed { unloaded: usize, bytes: u64 },
    /// The adaptors that are loaded.
    Adaptors { loaded: Vec<WarmAdaptor> },
}

/// A call and its context, without its body.
#[derive(Debug, Serialize, Deserialize)]
pub struct CallFrame<'a> {
    pub number: u32,
    code_id: [u8; 32],
    source: &'a str,
    /// The module that the source is of, and its file.
    origin: Option<(&'a str, &'a str)>,
    by_name: bool,
    kwargs: Option<&'a str>,
    fn_name: Option<&'a str>,
    code_name: Option<&'a str>,
    id: &'a str,
    is_get: bool,
    is_tls: bool,
    path: &'a str,
    query: &'a str,
    headers: Cow<'a, Headers>,
    remote: Option<SocketAddr>,
    user: Option<&'a str>,
    /// Bytes of the whole body.
    pub length: usize,
}

impl<'a> CallFrame<'a> {
    pub fn new(number: u32, call: &'a Call, context: &'a Context) -> Self {
        Self {
            number,
            code_id: *call.code.id().as_bytes(),
            source: call.code.source(),
            origin: call.code.origin().map(|origin| (&*origin.module, &*origin.path)),
            by_name: call.by_name,
            kwargs: call.kwargs.as_deref(),
            fn_name: call.fn_name.as_deref(),
            code_name: context.code_name.as_deref(),
            id: &context.id,
            is_get: context.method == "GET",
            is_tls: context.scheme == "https",
            path: &context.path,
            query: &context.query,
            headers: Cow::Borrowed(&context.headers),
            remote: context.remote,
            user: context.user.as_deref(),
            length: context.body.len(),
        }
    }

    /// The call as the server had it, as far as running it needs; the body is still to come.
    pub fn into_call(self) -> (Call, Context) {
        let origin =
            self.origin.map(|(module, path)| Origin { module: module.into(), path: path.into() });
        let code = Code::with_id(self.source, CodeId::from_bytes(self.code_id), origin);
        let mut call = Call::of(code);
        call.by_name = self.by_name;
        call.kwargs = self.kwargs.map(Into::into);
        call.fn_name = self.fn_name.map(Into::into);
        let context = Context {
            id: self.id.to_owned(),
            method: if self.is_get { "GET" } else { "POST" },
            path: self.path.to_owned(),
            query: self.query.to_owned(),
            headers: self.headers.into_owned(),
            body: Bytes::new(),
            code_name: self.code_name.map(Into::into),
            scheme: if self.is_tls { "https" } else { "http" },
            remote: self.remote,
            user: self.user.map(Into::into),
        };
        (call, context)
    }
}

/// Whole answers of more bytes than that stay with their worker until they are fetched.
pub const LARGE: usize = 1 << 20;

/// Bytes of a frame's length.
pub const PREFIX: usize = 4;

/// A message that cannot be written: only for want of memory, or a mistake of ours.
pub type Unwritable = postcard::Error;

/// Appends a frame. After an error nothing of `into` is worth keeping.
pub fn write(
    into: &mut Vec<u8>,
    message: &impl Serialize,
    payload: &[u8],
) -> Result<(), Unwritable> {
    let start = into.len();
    into.extend_from_slice(&[0; PREFIX]);
    let mut whole = postcard::to_extend(message, std::mem::take(into))?;
    whole.extend_from_slice(payload);
    let length = u32::try_from(whole.len() - start - PREFIX)
        .map_err(|_| postcard::Error::SerializeBufferFull)?;
    if let Some(prefix) = whole.get_mut(start..start + PREFIX) {
        prefix.copy_from_slice(&length.to_le_bytes());
    }
    *into = whole;
    Ok(())
}

/// The frame at the beginning of `bytes`, and how many bytes it is with its prefix; `None`
/// when it is not there as a whole.
pub fn first(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (prefix, rest) = bytes.split_first_chunk::<PREFIX>()?;
    let length = u32::from_le_bytes(*prefix) as usize;
    Some((rest.get(..length)?, PREFIX + length))
}

/// Bytes that a frame of which this is the beginning has in all.
pub fn announced(bytes: &[u8]) -> Option<usize> {
    let (prefix, _) = bytes.split_first_chunk::<PREFIX>()?;
    Some(PREFIX + u32::from_le_bytes(*prefix) as usize)
}

/// Reads a message and its payload.
pub fn read<'a, M: Deserialize<'a>>(frame: &'a [u8]) -> Result<(M, &'a [u8]), postcard::Error> {
    postcard::take_from_bytes(frame)
}

/// The first piece of a payload that travels in pieces, and the others.
pub fn pieces(payload: &Bytes) -> (Bytes, Bytes) {
    let cut = payload.len().min(PIECE);
    (payload.slice(..cut), payload.slice(cut..))
}
