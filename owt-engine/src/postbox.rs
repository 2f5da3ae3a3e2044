//! Wakes many tasks of an HTTP thread at once, and sends what many of its tasks have to send in one
//! write.
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
    /// That task is no more: what is put in now would stay in.
    is_closed: bool,
}

impl Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside").finish_non_exhaustive()
    }
}

impl Postbox {
    /// Puts something in.
    ///
    /// # Errors
    /// Gives it back when nobody empties this postbox any more.
    fn post<T>(&self, what: T, put: impl FnOnce(&mut Inside, T)) -> Result<(), T> {
        let carrier = {
            let mut inside = self.0.lock();
            if inside.is_closed {
                return Err(what);
            }
            put(&mut inside, what);
            inside.carrier.take()
        };
        carrier.into_iter().for_each(Waker::wake);
        Ok(())
    }
}

/// Closes a postbox when the task that empties it ends.
///
/// Others can hold the postbox for longer than its thread lives. Without this an errand that
/// comes between the end of the task and that of the last holder is neither run nor dropped, and
/// whoever sent it waits for ever.
struct Closing(Arc<Postbox>);

impl Drop for Closing {
    fn drop(&mut self) {
        let Inside { waiting, outgoing, errands, .. } = std::mem::replace(
            &mut *self.0.0.lock(),
            Inside { is_closed: true, ..Inside::default() },
        );
        // Not under the lock: each of these may post something.
        outgoing.iter().for_each(|one| one.send());
        waiting.into_iter().for_each(Waker::wake);
        drop(errands);
    }
}

/// Gives the calling thread a postbox and empties it, for as long as it is polled there.
pub async fn attend() {
    let postbox = MINE.with(|mine| Arc::clone(mine.get_or_init(Arc::default)));
    let _closing = Closing(Arc::clone(&postbox));
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
    let postboxes = {
        let mut all = ALL.lock();
        all.0.retain(|postbox| postbox.strong_count() > 0);
        all.1 = all.1.wrapping_add(1);
        let turn = all.1.checked_rem(all.0.len()).unwrap_or_default();
        let (before, from) = all.0.split_at_checked(turn).unwrap_or_default();
        from.iter().chain(before).filter_map(Weak::upgrade).collect::<Vec<_>>()
    };
    let put = |inside: &mut Inside, given| inside.errands.push(Box::new(move || errand(given)));
    // Those of threads that are ending give it back.
    let mut given = given;
    for postbox in postboxes {
        match postbox.post(given, put) {
            Ok(()) => return Ok(()),
            Err(back) => given = back,
        }
    }
    Err(given)
}

/// Has it sent when this thread's tasks have had their turn; at once where there are none.
pub fn soon<O: Outgoing + 'static>(outgoing: &Arc<O>) {
    let postbox = MINE.with(|mine| mine.get().map(Arc::clone));
    let Some(postbox) = postbox else { return outgoing.send() };
    let is_same =
        |other: &Arc<dyn Outgoing>| std::ptr::addr_eq(Arc::as_ptr(other), Arc::as_ptr(outgoing));
    let posted = postbox.post((), |inside, ()| {
        if !inside.outgoing.iter().any(is_same) {
            inside.outgoing.push(Arc::clone(outgoing) as Arc<dyn Outgoing>);
        }
    });
    if posted.is_err() {
        outgoing.send();
    }
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
            Some(postbox) => {
                // One whose thread ends wakes no task any more.
                if let Err(waker) = postbox.post(self.waker, |inside, one| inside.waiting.push(one))
                {
                    waker.wake();
                }
            }
            None => self.waker.wake(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// What is given to an errand: tells when it is dropped.
    struct Given(Sender<()>);

    impl Drop for Given {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }

    fn given() -> (Given, Receiver<()>) {
        let (tell, told) = channel();
        (Given(tell), told)
    }

    /// A postbox that somebody holds for longer than its thread empties it.
    fn attended(meanwhile: impl FnOnce(&Postbox)) -> Arc<Postbox> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async {
            let mut attending = Box::pin(attend());
            assert!(futures_util::poll!(&mut attending).is_pending());
            let postbox = MINE.with(|mine| Arc::clone(mine.get().unwrap()));
            meanwhile(&postbox);
            postbox
        })
    }

    fn put(inside: &mut Inside, given: Given) {
        inside.errands.push(Box::new(move || {
            Box::pin(async move {
                let _ = given;
            })
        }));
    }

    #[test]
    fn an_errand_that_is_not_run_is_dropped_with_its_task_whoever_holds_the_postbox() {
        std::thread::spawn(|| {
            let (given, told) = given();
            let held = attended(|postbox| assert!(postbox.post(given, put).is_ok()));
            told.try_recv().expect("dropped by now");
            drop(held);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn an_errand_that_comes_too_late_is_given_back() {
        std::thread::spawn(|| {
            let held = attended(|_| ());
            let (given, told) = given();
            let back = held.post(given, put);
            assert!(back.is_err() && told.try_recv().is_err(), "not dropped");
        })
        .join()
        .unwrap();
    }
}
