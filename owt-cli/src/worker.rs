//! `owt worker`: runs a worker. Servers start it; nobody types it.

use std::os::fd::{FromRawFd, OwnedFd};

use owt_python::run_worker;
use signal_hook::low_level;

use crate::args::WorkerArgs;
use crate::failure::Failure;

pub(crate) fn run(args: &WorkerArgs) -> Result<(), Failure> {
    let numbers = [args.socket, args.log, args.claims, args.files];
    let [socket, log, claims, files] = numbers.map(|number| {
        if number < 3 {
            return Err(Failure::Usage("`owt serve` starts workers itself".to_owned()));
        }
        // SAFETY: the server opened it for this process, and nothing else here knows of it.
        Ok(unsafe { OwnedFd::from_raw_fd(number) })
    });
    let done = run_worker(socket?, log?, claims?, files?);
    let is_well = done.is_ok();
    if let Err(error) = done {
        Failure::from(error).tell();
    }
    // The ordinary way would run destructors under threads that still run Python.
    low_level::exit(if is_well { 0 } else { 1 });
}
