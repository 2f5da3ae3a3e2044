//! Makes calls from programs that do not `await`: the same call, waited for.
//!
//! ```no_run
//! use owt_client::{POST, owt};
//!
//! let answer = owt::<POST>("f(math.sqrt)", 2).cache(true).blocking().text()?;
//! # Ok::<(), owt_client::Error>(())
//! ```

use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::Error;
use crate::event::Event;
use crate::request::CallRequest;
use crate::stream::ReplyStream;

impl CallRequest {
    /// The same call for a program that does not `await`. What is asked of it waits, and is an
    /// error where waiting would stop an async runtime.
    pub fn blocking(self) -> Blocking {
        Blocking(self)
    }
}

/// A [`CallRequest`] whose answers are waited for.
#[derive(Debug)]
#[must_use = "nothing is sent before an answer is asked for"]
pub struct Blocking(CallRequest);

impl Blocking {
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
    if Handle::try_current().is_ok() {
        return Err(Error::usage(
            "inside an async runtime a call is awaited, not waited for",
            None,
        ));
    }
    let runtime = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread().worker_threads(1).thread_name("owt-client").enable_all().build()
    });
    match runtime {
        Ok(runtime) => Ok(runtime.block_on(future)),
        Err(error) => Err(Error::usage(format!("no thread for the network: {error}"), None)),
    }
}
