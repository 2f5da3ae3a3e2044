//! Handles signals: the first SIGTERM or SIGINT asks the server to stop, the second stops it.
//! SIGHUP asks for fresh workers, re-reads the files of TLS and keys, and reopens the audit log.

use std::io;
use std::time::Duration;

use owt_server::Signals as Told;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;
use tokio::sync::{mpsc, oneshot};

use crate::log;

/// What the server may take beyond the grace to end in order.
const PATIENCE: Duration = Duration::from_secs(5);

/// Ends the process after that long, whatever native code of an adaptor's does not return.
fn last_resort(after: Duration) {
    let spawned = std::thread::Builder::new().name("owt-last-resort".to_owned()).spawn(move || {
        std::thread::sleep(after);
        tracing::error!("ended with calls still running after the grace period");
        log::flush();
        low_level::exit(1);
    });
    if let Err(error) = spawned {
        tracing::error!(%error, "a stuck call could keep this process; a second signal ends it");
    }
}

/// What the server is told by signals. The second one that asks it to end ends the process at
/// once, with the status a shell gives to a signal's death.
///
/// On a thread of its own, so that it works whatever else is stuck.
///
/// # Errors
/// The signals cannot be taken over, or there is no thread.
pub(crate) fn signals(
    grace: Duration,
) -> io::Result<Told<impl Future<Output = ()> + Send + 'static>> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let (ask, asked) = oneshot::channel();
    let (renew, reload) = mpsc::channel(1);
    std::thread::Builder::new().name("owt-signals".to_owned()).spawn(move || {
        let mut ask = Some(ask);
        for signal in signals.forever() {
            match (signal, ask.take()) {
                (SIGHUP, unasked) => {
                    ask = unasked;
                    // One that waits already asks for the same; after the end nobody listens.
                    let _ = renew.try_send(());
                }
                (_, Some(ask)) => {
                    // Nobody listens when the server has ended by itself.
                    let _ = ask.send(());
                    last_resort(grace + PATIENCE);
                }
                (signal, None) => {
                    log::flush();
                    low_level::exit(128 + signal)
                }
            }
        }
    })?;
    let shutdown = async {
        // Never dropped unsent: the thread ends with the process.
        let _ = asked.await;
    };
    Ok(Told { shutdown, reload })
}
