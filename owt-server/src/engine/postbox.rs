//! Wakes many tasks of another thread with one knock.
//!
//! Waking a task of a single-threaded runtime from outside costs a system call each time,
//! and answers come in batches: each HTTP thread has a postbox that is emptied on that
//! thread, where waking costs nothing, and knocks only when it was empty.

use std::cell::OnceCell;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

thread_local! {
    static MINE: OnceCell<Arc<Postbox>> = const { OnceCell::new() };
}

/// One thread's postbox.
#[derive(Debug, Default)]
struct Postbox(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    waiting: Vec<Waker>,
    /// The task that empties it, until it has been knocked up.
    carrier: Option<Waker>,
}

impl Postbox {
    fn post(&self, waker: Waker) {
        let carrier = {
            let mut inside = self.0.lock();
            inside.waiting.push(waker);
            inside.carrier.take()
        };
        carrier.into_iter().for_each(Waker::wake);
    }
}

/// Gives the calling thread a postbox and empties it, for as long as it is polled there.
pub async fn attend() {
    let postbox = MINE.with(|mine| Arc::clone(mine.get_or_init(Arc::default)));
    let mut woken = Vec::new();
    poll_fn(|context| {
        {
            let mut inside = postbox.0.lock();
            std::mem::swap(&mut inside.waiting, &mut woken);
            inside.carrier = Some(context.waker().clone());
        }
        woken.drain(..).for_each(Waker::wake);
        Poll::<()>::Pending
    })
    .await;
}

/// A task that waits, and the postbox of its thread if that has one.
#[derive(Debug)]
pub struct Reader {
    waker: Waker,
    postbox: Option<Arc<Postbox>>,
}

impl Reader {
    /// The task that is being polled.
    pub fn of(context: &Context<'_>) -> Self {
        let postbox = MINE.with(|mine| mine.get().map(Arc::clone));
        Self { waker: context.waker().clone(), postbox }
    }

    /// Wakes it, from any thread.
    pub fn wake(self) {
        match self.postbox {
            Some(postbox) => postbox.post(self.waker),
            None => self.waker.wake(),
        }
    }
}
