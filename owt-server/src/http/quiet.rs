//! Ends connections on which nothing is asked, or nothing that makes sense.
//!
//! actix-http limits the time of a connection's first head and of a connection that says
//! nothing, but not of a later head that comes a byte now and then: such a connection would
//! stay for ever.

use std::cell::{Cell, RefCell};
use std::os::fd::{BorrowedFd, RawFd};
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use actix_web::dev::Extensions;
use actix_web::http::StatusCode;
use rustix::net::Shutdown;
use rustix::net::sockopt::set_socket_linger;

use crate::listener::Stream;

/// Mistakes in a row that a connection outlives.
const MOST_MISTAKES: u32 = 100;

thread_local! {
    /// The connections of this HTTP thread.
    static OPEN: RefCell<Vec<Weak<Watched>>> = const { RefCell::new(Vec::new()) };
}

/// One connection. Gone before its socket is closed, since actix-http owns both.
#[derive(Debug)]
pub(super) struct Watched {
    socket: RawFd,
    /// Requests that are being answered.
    visits: Cell<usize>,
    /// Requests in a row that were the client's mistake.
    mistakes: Cell<u32>,
    quiet_since: Cell<Instant>,
}

impl Watched {
    /// A request has come.
    pub fn begins(&self) {
        self.visits.set(self.visits.get() + 1);
    }

    /// It is answered so. False when the connection shall end with that answer.
    ///
    /// A client that sends on and on without reading, were it only what is refused, would keep
    /// its HTTP thread busy for as long as it likes: actix-http then looks for more without a
    /// pause, and finishes what it has read even after an answer that ends the connection.
    pub fn goes_on(&self, status: StatusCode) -> bool {
        let mistakes = if status.is_client_error() { self.mistakes.get() + 1 } else { 0 };
        self.mistakes.set(mistakes);
        if mistakes > MOST_MISTAKES {
            self.cut("it asked on, and nothing that it may");
        }
        mistakes < MOST_MISTAKES
    }

    /// Its answer is over, as far as it was made.
    pub fn ends(&self) {
        self.visits.set(self.visits.get().saturating_sub(1));
        self.quiet_since.set(Instant::now());
    }

    /// Ends with a reset, which nobody takes for a body's end. A Unix socket has none.
    pub fn resets(&self) {
        if let Err(error) = set_socket_linger(self.socket(), Some(Duration::ZERO)) {
            tracing::debug!(%error, "a connection that shall be reset has gone");
        }
    }

    /// Ends it though more of a request comes that has been answered, with a reset: a client that
    /// waits for room to send on would learn of a plain end only when the system forgets it.
    pub fn leaves_unread(&self) {
        self.resets();
        self.cut("it sent on what had been answered");
    }

    fn look(&self, limit: Duration) {
        if self.visits.get() > 0 {
            return;
        }
        if is_sending(self.socket) {
            // Of an answer that somebody reads slowly. Who reads nothing, the system cuts.
            self.quiet_since.set(Instant::now());
        } else if self.quiet_since.get().elapsed() > limit {
            self.cut("it brought no whole request");
        }
    }

    fn socket(&self) -> BorrowedFd<'_> {
        // SAFETY: open as long as this object lives.
        unsafe { BorrowedFd::borrow_raw(self.socket) }
    }

    fn cut(&self, why: &str) {
        match rustix::net::shutdown(self.socket(), Shutdown::Both) {
            Ok(()) => tracing::debug!("a connection was cut: {why}"),
            // The client was quicker.
            Err(error) => tracing::debug!(%error, "a connection to be cut has gone"),
        }
    }
}

/// Bytes of an answer are on their way.
fn is_sending(socket: RawFd) -> bool {
    let mut unsent: libc::c_int = 0;
    // SAFETY: writes one number, which lives through the call.
    let asked = unsafe { libc::ioctl(socket, libc::TIOCOUTQ, &raw mut unsent) };
    asked == 0 && unsent > 0
}

/// Watches a connection that begins.
pub(super) fn note(stream: &Stream<'_>, data: &mut Extensions) {
    let socket = stream.socket();
    let quiet_since = Cell::new(Instant::now());
    let connection =
        Rc::new(Watched { socket, visits: Cell::new(0), mistakes: Cell::new(0), quiet_since });
    OPEN.with_borrow_mut(|open| open.push(Rc::downgrade(&connection)));
    data.insert(connection);
}

/// Cuts connections of the calling thread that have been quiet for that long, give or take a
/// fourth, for as long as it is polled there.
pub(super) async fn watch(limit: Duration) {
    let mut due = tokio::time::interval((limit / 4).max(Duration::from_millis(1)));
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        OPEN.with_borrow_mut(|open| {
            open.retain(|connection| {
                let connection = connection.upgrade();
                connection.iter().for_each(|connection| connection.look(limit));
                connection.is_some()
            });
        });
    }
}
