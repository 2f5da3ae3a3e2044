//! SIGTERM and SIGINT: the first asks the server to end, the second ends it.

use std::io;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;
use tokio::sync::oneshot;

/// What the server may take beyond the grace to end in order.
const PATIENCE: Duration = Duration::from_secs(2);

/// Ends the process after that long, whatever native code of an adaptor's does not return.
fn last_resort(after: Duration) {
    let spawned = std::thread::Builder::new().name("owt-last-resort".to_owned()).spawn(move || {
        std::thread::sleep(after);
        tracing::error!("ended with calls still running after the grace period");
        low_level::exit(1);
    });
    if let Err(error) = spawned {
        tracing::error!(%error, "a stuck call could keep this process; a second signal ends it");
    }
}

/// Resolves at the first signal. A second one ends the process at once, with
/// the status a shell gives to a signal's death.
///
/// On a thread of its own, so that it works whatever else is stuck.
///
/// # Errors
/// The signals cannot be taken over, or there is no thread.
pub(crate) fn asked(grace: Duration) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let (ask, asked) = oneshot::channel();
    std::thread::Builder::new().name("owt-signals".to_owned()).spawn(move || {
        let mut signals = signals.forever();
        signals.next();
        // Nobody listens when the server has ended by itself.
        let _ = ask.send(());
        last_resort(grace + PATIENCE);
        if let Some(signal) = signals.next() {
            low_level::exit(128 + signal);
        }
    })?;
    Ok(async {
        // Never dropped unsent: the thread ends with the process.
        let _ = asked.await;
    })
}
