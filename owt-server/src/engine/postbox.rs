//! Wakes many tasks of an HTTP thread with one knock, and sends what many of its tasks
//! have to send in one go.
//!
//! Waking a task of a single-threaded runtime from outside costs a system call each time,
//! and answers come in batches: each HTTP thread has a postbox that is emptied on that
//! thread, where waking costs nothing, and knocks only when it was empty. The other way
//! round calls come in batches too, as many as there are sockets to read from at the time:
//! what is sent [`soon`] goes when all of them have been read.

use std::cell::OnceCell;
use std::fmt::{self, Debug};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

thread_local! {
    static MINE: OnceCell<Arc<Postbox>> = const { OnceCell::new() };
}

/// Something that sends what it has collected.
pub trait Outgoing: Debug + Send + Sync {
    /// Sends it.
    fn send(&self);
}

/// What shall run on an HTTP thread, made there.
type Errand = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// Every thread's postbox, and whose turn it is.
static ALL: Mutex<(Vec<Weak<Postbox>>, usize)> = Mutex::new((Vec::new(), 0));

/// One thread's postbox.
#[derive(Debug, Default)]
struct Postbox(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    waiting: Vec<Waker>,
    outgoing: Vec<Arc<dyn Outgoing>>,
    errands: Vec<Errand>,
    /// The task that empties it, until it has been knocked up.
    carrier: Option<Waker>,
}

impl Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside").finish_non_exhaustive()
    }
}

impl Postbox {
    fn post(&self, put: impl FnOnce(&mut Inside)) {
        let carrier = {
            let mut inside = self.0.lock();
            put(&mut inside);
            inside.carrier.take()
        };
        carrier.into_iter().for_each(Waker::wake);
    }
}

/// Gives the calling thread a postbox and empties it, for as long as it is polled there.
pub async fn attend() {
    let postbox = MINE.with(|mine| Arc::clone(mine.get_or_init(Arc::default)));
    ALL.lock().0.push(Arc::downgrade(&postbox));
    let (mut woken, mut outgoing) = (Vec::new(), Vec::new());
    poll_fn(|context| {
        let errands = {
            let mut inside = postbox.0.lock();
            std::mem::swap(&mut inside.waiting, &mut woken);
            std::mem::swap(&mut inside.outgoing, &mut outgoing);
            inside.carrier = Some(context.waker().clone());
            std::mem::take(&mut inside.errands)
        };
        for errand in errands {
            tokio::task::spawn_local(errand());
        }
        woken.drain(..).for_each(Waker::wake);
        outgoing.drain(..).for_each(|one: Arc<dyn Outgoing>| one.send());
        Poll::<()>::Pending
    })
    .await;
}

/// Runs something on an HTTP thread, one after the other in turn, with what is given; which
/// comes back where there are none.
pub fn run_there<T: Send + 'static>(
    given: T,
    errand: fn(T) -> Pin<Box<dyn Future<Output = ()>>>,
) -> Result<(), T> {
    let postbox = {
        let mut all = ALL.lock();
        all.0.retain(|postbox| postbox.strong_count() > 0);
        all.1 = all.1.wrapping_add(1);
        let turn = all.1.checked_rem(all.0.len()).unwrap_or_default();
        all.0.get(turn).and_then(Weak::upgrade)
    };
    let Some(postbox) = postbox else { return Err(given) };
    postbox.post(|inside| inside.errands.push(Box::new(move || errand(given))));
    Ok(())
}

/// Has it sent when this thread's tasks have had their turn; at once where there are none.
pub fn soon<O: Outgoing + 'static>(outgoing: &Arc<O>) {
    let postbox = MINE.with(|mine| mine.get().map(Arc::clone));
    let Some(postbox) = postbox else { return outgoing.send() };
    let is_same =
        |other: &Arc<dyn Outgoing>| std::ptr::addr_eq(Arc::as_ptr(other), Arc::as_ptr(outgoing));
    postbox.post(|inside| {
        if !inside.outgoing.iter().any(is_same) {
            inside.outgoing.push(Arc::clone(outgoing) as Arc<dyn Outgoing>);
        }
    });
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
            Some(postbox) => postbox.post(|inside| inside.waiting.push(self.waker)),
            None => self.waker.wake(),
        }
    }
}
