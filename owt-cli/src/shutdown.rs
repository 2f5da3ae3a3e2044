//! SIGTERM and SIGINT: the first asks the server to end, the second ends it.

use std::io;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;
use tokio::sync::oneshot;

/// Resolves at the first signal. A second one ends the process at once, with
/// the status a shell gives to a signal's death.
///
/// On a thread of its own, so that it works whatever else is stuck.
///
/// # Errors
/// The signals cannot be taken over, or there is no thread.
pub(crate) fn asked() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let (ask, asked) = oneshot::channel();
    std::thread::Builder::new().name("owt-signals".to_owned()).spawn(move || {
        let mut signals = signals.forever();
        signals.next();
        // Nobody listens when the server has ended by itself.
        let _ = ask.send(());
        if let Some(signal) = signals.next() {
            low_level::exit(128 + signal);
        }
    })?;
    Ok(async {
        // Never dropped unsent: the thread ends with the process.
        let _ = asked.await;
    })
}
