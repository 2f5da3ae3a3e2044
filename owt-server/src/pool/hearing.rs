//! Hears what a worker says, from its first word to its end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};

use owt_engine::link::Inbox;
use owt_engine::link::frame::{self, FromWorker};
use owt_engine::run_there;
use tokio::io::Interest;
use tokio::net::UnixStream;

use super::death::NotReady;
use super::pool::Pool;
use super::process::Process;
use super::worker::Heard;

/// Waits until the worker says that it is ready.
pub fn greet(inbox: &mut Inbox) -> Result<(), NotReady> {
    let mut answer = None;
    while answer.is_none() {
        let goes_on = inbox.read(|bytes| {
            match frame::read::<FromWorker<'_>>(bytes).map_err(io::Error::other)?.0 {
                FromWorker::Ready => answer = Some(Ok(())),
                FromWorker::Failed(why) => answer = Some(Err(NotReady::Said(why.to_owned()))),
                _ => {}
            }
            Ok(())
        })?;
        if !goes_on && answer.is_none() {
            return Err(io::Error::other("it ended before it was ready").into());
        }
    }
    answer.unwrap_or(Ok(()))
}

/// Hears the worker to its end.
///
/// On an HTTP thread as soon as there is one: half of the answers or more are for the thread
/// that reads them, and cost no knock. On another one when that ends before the worker does.
pub fn hear_out(pool: &Arc<Pool>, process: &Arc<Process>, mut inbox: Inbox) -> io::Result<()> {
    let (tell, told) = sync_channel(1);
    loop {
        let hearing = Hearing {
            pool: Arc::clone(pool),
            process: Arc::clone(process),
            inbox: Some(inbox),
            tell: tell.clone(),
        };
        let back = match run_there(hearing, |hearing| Box::pin(hear_there(hearing))) {
            Ok(()) => match told.recv() {
                Ok(Told::End(end)) => return end,
                Ok(Told::Back(inbox)) => Some(inbox),
                Err(_) => None,
            },
            Err(mut hearing) => hearing.inbox.take(),
        };
        inbox = back.ok_or_else(|| io::Error::other("the connection was lost on its way"))?;
        if !inbox.read(|bytes| hear(pool, process, bytes))? {
            return Ok(());
        }
    }
}

/// A worker that is heard elsewhere.
struct Hearing {
    pool: Arc<Pool>,
    process: Arc<Process>,
    inbox: Option<Inbox>,
    tell: SyncSender<Told>,
}

/// What became of it there.
enum Told {
    End(io::Result<()>),
    /// That place is no more.
    Back(Inbox),
}

impl Drop for Hearing {
    fn drop(&mut self) {
        if let Some(inbox) = self.inbox.take() {
            // Whoever waits for it does so to the end.
            let _ = self.tell.send(Told::Back(inbox));
        }
    }
}

async fn hear_there(mut hearing: Hearing) {
    let (pool, process) = (Arc::clone(&hearing.pool), Arc::clone(&hearing.process));
    // Left where it is: this may be dropped while it waits.
    let Some(inbox) = hearing.inbox.as_mut() else { return };
    let end = hear_all(&pool, &process, inbox).await;
    hearing.inbox = None;
    // As above.
    let _ = hearing.tell.send(Told::End(end));
}

async fn hear_all(pool: &Pool, process: &Process, inbox: &mut Inbox) -> io::Result<()> {
    let socket = std::os::unix::net::UnixStream::from(inbox.socket().try_clone_to_owned()?);
    socket.set_nonblocking(true)?;
    let socket = UnixStream::from_std(socket)?;
    loop {
        socket.readable().await?;
        let heard = socket.try_io(Interest::READABLE, || {
            let heard = inbox.read_now(|bytes| hear(pool, process, bytes))?;
            heard.ok_or_else(|| io::ErrorKind::WouldBlock.into())
        });
        match heard {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

fn hear(pool: &Pool, process: &Process, bytes: &[u8]) -> io::Result<()> {
    let (message, payload) = frame::read(bytes).map_err(io::Error::other)?;
    match process.worker.hear(message, payload)? {
        Heard::Ended(adaptor) if pool.has_suspects.load(Ordering::Relaxed) => {
            let mut state = pool.state.lock();
            state.quarantine.clear(adaptor);
            pool.has_suspects.store(!state.quarantine.is_empty(), Ordering::Relaxed);
        }
        Heard::Nothing | Heard::Ended(_) => {}
        Heard::Outgrown(task, problem) => pool.outgrow(&process.worker, *task, problem),
    }
    Ok(())
}
