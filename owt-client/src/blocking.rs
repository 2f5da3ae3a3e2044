//! Makes calls from programs that do not `await`: the same call, waited for.
//!
//! ```no_run
//! use owt_client::{POST, owt};
//!
//! let answer = owt::<POST>("f(math.sqrt)", 2).cache(true).blocking().text()?;
//! # Ok::<(), owt_client::Error>(())
//! ```

use std::fmt;
use std::future::ready;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::Error;
use crate::event::Event;
use crate::request::CallRequest;
use crate::stream::ReplyStream;

impl CallRequest {
    /// The same call for a program that does not `await`, or a part of one: in
    /// `tokio::task::spawn_blocking` too. What is asked of it waits, and is an error where waiting
    /// would stop an async runtime.
    pub fn blocking(self) -> Blocking {
        Blocking(self)
    }
}

/// A [`CallRequest`] whose answers are waited for.
#[derive(Debug)]
#[must_use = "nothing is sent before an answer is asked for"]
pub struct Blocking(CallRequest);

impl Blocking {
    /// As [`CallRequest::send`].
    ///
    /// # Errors
    /// As there.
    pub fn send(self) -> Result<Reply, Error> {
        wait(self.0.send())?.map(Reply)
    }

    /// As [`CallRequest::text`].
    ///
    /// # Errors
    /// As there.
    pub fn text(self) -> Result<String, Error> {
        wait(self.0.text())?
    }

    /// As [`CallRequest::bytes`].
    ///
    /// # Errors
    /// As there.
    pub fn bytes(self) -> Result<Bytes, Error> {
        wait(self.0.bytes())?
    }

    /// As [`CallRequest::json`].
    ///
    /// # Errors
    /// As there.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        wait(self.0.json())?
    }

    /// As [`CallRequest::value`].
    ///
    /// # Errors
    /// As there.
    pub fn value<T: DeserializeOwned>(self) -> Result<T, Error> {
        wait(self.0.value())?
    }

    /// As [`CallRequest::array`].
    ///
    /// # Errors
    /// As there.
    #[cfg(feature = "ndarray")]
    pub fn array<A: crate::Element>(self) -> Result<ndarray::ArrayD<A>, Error> {
        wait(self.0.array())?
    }

    /// As [`CallRequest::stream`], as an iterator.
    ///
    /// # Errors
    /// As there.
    pub fn stream(self) -> Result<Iter<Bytes>, Error> {
        wait(self.0.stream())?.map(Iter::new)
    }

    /// As [`CallRequest::events`], as an iterator.
    ///
    /// # Errors
    /// As there.
    pub fn events(self) -> Result<Iter<Event>, Error> {
        wait(self.0.events())?.map(Iter::new)
    }

    /// As [`CallRequest::lines`], as an iterator.
    ///
    /// # Errors
    /// As there.
    pub fn lines<T: DeserializeOwned + Send + 'static>(self) -> Result<Iter<T>, Error> {
        wait(self.0.lines())?.map(Iter::new)
    }
}

/// A [`Reply`](crate::Reply) whose body is waited for; its head is that of the reply within, to which
/// this dereferences.
#[derive(Debug)]
pub struct Reply(crate::Reply);

impl Reply {
    /// As [`Reply::success`](crate::Reply::success).
    ///
    /// # Errors
    /// As there.
    pub fn success(self) -> Result<Self, Error> {
        wait(self.0.success())?.map(Self)
    }

    /// As [`Reply::text`](crate::Reply::text).
    ///
    /// # Errors
    /// As there.
    pub fn text(self) -> Result<String, Error> {
        wait(self.0.text())?
    }

    /// As [`Reply::bytes`](crate::Reply::bytes).
    ///
    /// # Errors
    /// As there.
    pub fn bytes(self) -> Result<Bytes, Error> {
        wait(self.0.bytes())?
    }

    /// As [`Reply::json`](crate::Reply::json).
    ///
    /// # Errors
    /// As there.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        wait(self.0.json())?
    }

    /// As [`Reply::value`](crate::Reply::value).
    ///
    /// # Errors
    /// As there.
    pub fn value<T: DeserializeOwned>(self) -> Result<T, Error> {
        wait(self.0.value())?
    }
}

impl Deref for Reply {
    type Target = crate::Reply;

    fn deref(&self) -> &crate::Reply {
        &self.0
    }
}

/// A [`ReplyStream`] as an iterator. Dropping it cancels the call.
#[must_use = "nothing is read before the iterator is"]
pub struct Iter<T> {
    /// None when it could not be waited for.
    stream: Option<ReplyStream<T>>,
}

impl<T> Iter<T> {
    fn new(stream: ReplyStream<T>) -> Self {
        Self { stream: Some(stream) }
    }
}

impl<T> Iterator for Iter<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        wait(self.stream.as_mut()?.next()).unwrap_or_else(|error| {
            self.stream = None;
            Some(Err(error))
        })
    }
}

impl<T> fmt::Debug for Iter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}

/// Waits for it. Connections live on in a thread of their own, for the next call.
fn wait<F: Future>(future: F) -> Result<F::Output, Error> {
    static RUNTIME: OnceLock<Result<Runtime, std::io::Error>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread().worker_threads(1).thread_name("owt-client").enable_all().build()
    });
    match runtime {
        Ok(runtime) if may_wait(runtime) => Ok(runtime.block_on(future)),
        Ok(_) => Err(Error::usage(
            "inside an async task a call is awaited, or waited for in spawn_blocking",
            None,
        )),
        Err(error) => Err(Error::usage(format!("no thread for the network: {error}"), None)),
    }
}

/// Whether this thread may stand still. tokio alone knows, and tells only by a panic where it may
/// not: a thread for blocking work belongs to a runtime as one for tasks does.
fn may_wait(runtime: &Runtime) -> bool {
    Handle::try_current().is_err()
        || catch_unwind(AssertUnwindSafe(|| runtime.block_on(ready(())))).is_ok()
}
