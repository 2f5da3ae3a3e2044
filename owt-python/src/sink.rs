//! Takes what async adaptors give from the event loop, and lets tokio's threads, which never attach
//! to Python, call back into the loop.

use std::collections::HashMap;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use owt_engine::{Clock, Context, Event, Head, Sender};
use parking_lot::Mutex;
use pyo3::exceptions::{PyBrokenPipeError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::{PyTraverseError, PyVisit};
use tokio::task::AbortHandle;

use super::answer::{Answer, from_response, open};
use super::calling::OnLoop;
use super::job::{Job, Shared, Step, exit_if_forked};
use super::places::Place;
use super::pool::Work;

/// Callbacks that wait to be run on the loop's thread, and the bell that wakes it.
pub struct Mailbox {
    bell: OwnedFd,
    next: AtomicU64,
    callbacks: Mutex<HashMap<u64, Py<PyAny>>>,
    due: Mutex<Vec<u64>>,
}

impl Mailbox {
    /// # Errors
    /// When the process has no file descriptor left.
    pub fn new() -> std::io::Result<Self> {
        // SAFETY: makes a descriptor that nobody else has yet.
        let bell = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if bell < 0 {
            return Err(std::io::Error::last_os_error());
        }
        Ok(Self {
            // SAFETY: open, and owned by nobody else.
            bell: unsafe { OwnedFd::from_raw_fd(bell) },
            next: AtomicU64::new(0),
            callbacks: Mutex::default(),
            due: Mutex::default(),
        })
    }

    /// What the loop watches for reading.
    pub fn bell(&self) -> RawFd {
        self.bell.as_raw_fd()
    }

    fn register(&self, callback: Py<PyAny>) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.callbacks.lock().insert(number, callback);
        number
    }

    fn forget(&self, number: u64) -> Option<Py<PyAny>> {
        self.callbacks.lock().remove(&number)
    }

    /// Forgets every callback.
    pub fn clear(&self) {
        let callbacks = std::mem::take(&mut *self.callbacks.lock());
        drop(callbacks);
    }

    /// From any thread: run that callback on the loop.
    fn post(&self, number: u64) {
        self.due.lock().push(number);
        // SAFETY: writes eight bytes that live through the call. A full counter (the only
        // failure of an open eventfd) means that the bell rings already.
        unsafe { libc::eventfd_write(self.bell.as_raw_fd(), 1) };
    }

    /// On the loop's thread: what is to be run now.
    pub fn drain(&self) -> Vec<Py<PyAny>> {
        let due = std::mem::take(&mut *self.due.lock());
        due.into_iter().filter_map(|number| self.forget(number)).collect()
    }
}

/// The loop's end of one call.
#[pyclass(frozen, name = "Sink", module = "owt")]
pub struct Sink {
    shared: Arc<Shared>,
    clock: Clock,
    /// Until the call is over, and with the place that it takes: whoever waits for the call's
    /// end waits for these to go, not for Python to free this object.
    open: Mutex<Option<(Sender, Place)>>,
    whose: Arc<Context>,
    /// Until the call is over, too.
    call: Mutex<Option<OnLoop>>,
    watches: Mutex<Vec<(u64, AbortHandle)>>,
    /// Goes with the first chunk: what raises before it is an ordinary failure.
    head: Mutex<Option<Head>>,
    /// Bytes of the chunk that had no room.
    refused: AtomicUsize,
}

impl Sink {
    pub fn new(
        shared: &Arc<Shared>,
        clock: Clock,
        whose: Arc<Context>,
        events: Sender,
        call: OnLoop,
        head: Option<Head>,
        place: Place,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            clock,
            open: Mutex::new(Some((events, place))),
            whose,
            call: Mutex::new(Some(call)),
            watches: Mutex::default(),
            head: Mutex::new(head),
            refused: AtomicUsize::new(0),
        }
    }

    /// Runs a callback on the loop's thread when that future is over.
    fn after<F: Future<Output = ()> + Send + 'static>(&self, callback: Py<PyAny>, future: F) {
        let mailbox = Arc::clone(&self.shared.mailbox);
        let number = mailbox.register(callback);
        let task = self.shared.runtime.spawn(async move {
            future.await;
            mailbox.post(number);
        });
        let mut watches = self.watches.lock();
        // A stream waits for room again and again.
        watches.retain(|(_, task)| !task.is_finished());
        watches.push((number, task.abort_handle()));
    }

    fn send_event(&self, event: Event) {
        if let Some((events, _)) = &*self.open.lock() {
            events.send(event);
        }
    }

    /// The way to the reader, while the call is not over.
    fn events(&self) -> PyResult<Sender> {
        let open = self.open.lock();
        let events = open.as_ref().map(|(events, _)| events.clone());
        events.ok_or_else(over)
    }

    fn begin(&self) {
        if let Some(mut head) = self.head.lock().take() {
            self.clock.stamp(&mut head);
            self.send_event(Event::Head(head));
        }
    }

    /// The call is over: nothing more is watched for it, its place is free. Attached.
    fn finish(&self, py: Python<'_>) {
        self.leave();
        let call = self.call.lock().take();
        if let Some(call) = call {
            self.shared.bridge.leave(call.raw.bind(py), true);
            call.end(py);
        }
    }

    /// [`Sink::finish`] for a call that may go on elsewhere.
    fn leave(&self) {
        let watches = std::mem::take(&mut *self.watches.lock());
        let mut callbacks = Vec::new();
        for (number, task) in watches {
            task.abort();
            callbacks.extend(self.shared.mailbox.forget(number));
        }
        drop(callbacks);
        let open = self.open.lock().take();
        drop(open);
    }
}

fn over() -> PyErr {
    PyBrokenPipeError::new_err("the call is over")
}

impl Drop for Sink {
    fn drop(&mut self) {
        // By Python, on a thread that is attached.
        self.leave();
    }
}

#[pymethods]
impl Sink {
    /// Takes the normal form of what an awaitable gave.
    fn respond(&self, py: Python<'_>, response: &Bound<'_, PyAny>) -> PyResult<()> {
        exit_if_forked();
        match from_response(response)? {
            Answer::Whole(mut event) => {
                event.head_mut().into_iter().for_each(|head| self.clock.stamp(head));
                self.send_event(event);
                self.finish(py);
            }
            Answer::Stream(head, stream) => {
                let events = self.events()?;
                let call = self.call.lock().take();
                let step = Step::Pull {
                    clock: self.clock,
                    head,
                    stream: stream.unbind(),
                    call: call.ok_or_else(over)?,
                    whose: Arc::clone(&self.whose),
                    events,
                };
                let shared = Arc::clone(&self.shared);
                if let Err(job) = self.shared.pool.submit(Job { shared, step }) {
                    job.refuse(py);
                }
                self.leave();
            }
            Answer::Loop { head: Some(head), .. } => *self.head.lock() = Some(head),
            Answer::Loop { head: None, .. } => {
                return Err(PyRuntimeError::new_err("an awaitable gave awaitables without end"));
            }
        }
        Ok(())
    }

    /// What encodes the values of a stream that are neither text nor bytes; the first decides.
    fn opening<'py>(&self, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let known = self.head.lock().as_ref().and_then(|head| head.content_type.clone());
        let accept = self.whose.headers.joined("accept");
        let media = known.unwrap_or_default();
        let (media, encode) = open(self.shared.bridge, value, &media, &accept)?;
        if let Some(head) = self.head.lock().as_mut() {
            head.content_type = Some(media.into());
        }
        Ok(encode)
    }

    /// True when the chunk was taken, false when there is no room for it now.
    fn send(&self, chunk: &Bound<'_, PyBytes>) -> PyResult<bool> {
        exit_if_forked();
        let bytes = chunk.as_bytes();
        self.begin();
        self.refused.store(bytes.len(), Ordering::Relaxed);
        let gone = || PyBrokenPipeError::new_err("the client has gone");
        let open = self.open.lock();
        let (events, _) = open.as_ref().ok_or_else(gone)?;
        events.try_chunk(&Bytes::copy_from_slice(bytes)).map_err(|_| gone())
    }

    /// Calls back on the loop when a refused chunk may be tried again.
    fn when_room(&self, callback: Py<PyAny>) -> PyResult<()> {
        let events = self.events()?;
        let length = self.refused.load(Ordering::Relaxed);
        // Gone or room: the next send says which.
        self.after(callback, async move { events.room(length).await });
        Ok(())
    }

    /// Calls back on the loop when nobody waits for the call any more.
    fn on_gone(&self, callback: Py<PyAny>) -> PyResult<()> {
        let events = self.events()?;
        self.after(callback, async move { events.closed().await });
        Ok(())
    }

    /// The stream ended as it should.
    fn end(&self, py: Python<'_>) {
        exit_if_forked();
        self.begin();
        self.send_event(Event::End);
        self.finish(py);
    }

    /// The call raised.
    fn fail(&self, py: Python<'_>, error: &Bound<'_, PyAny>) {
        exit_if_forked();
        let problem =
            self.shared.bridge.problem(py, &PyErr::from_value(error.clone()), &self.whose);
        self.send_event(Event::Problem(Box::new(problem)));
        self.finish(py);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // As for a `RawCall`. What the mailbox has of this call is the mailbox's.
        let Some(call) = self.call.try_lock() else { return Ok(()) };
        let Some(call) = &*call else { return Ok(()) };
        visit.call(&call.context)?;
        visit.call(&call.raw)
    }

    fn __clear__(&self) {
        let call = self.call.lock().take();
        drop(call);
    }
}
