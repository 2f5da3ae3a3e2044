//! Checks whether a Python can be served: looks at it, and starts a worker with it.

use std::net::SocketAddr;
use std::time::Duration;

use crate::config::Config;
use crate::hosting::{self, HostError};
use crate::listener::Address;
use crate::pool::Workers;
use crate::scratch::Scratch;
use crate::served::{self, Diagnosis, Served};

/// Looks at the Python that this configuration means. A worker is started with it, and ended.
///
/// Blocks for as long as that takes; the process adopts what the worker leaves behind.
#[must_use]
pub fn diagnose(config: &Config) -> Diagnosis {
    let mut diagnosis = served::diagnose(config.python.as_deref());
    if diagnosis.can_be_tried
        && let Err(error) = try_worker(config)
    {
        diagnosis.problems.insert(0, error.to_string());
    }
    diagnosis
}

fn try_worker(config: &Config) -> Result<(), HostError> {
    let config =
        Config { workers: Workers { count: 1, ..config.workers.clone() }, ..config.clone() };
    let scratch = Scratch::new().map_err(HostError::Package)?;
    // Where nobody listens: nothing is called.
    let address = Address::Tcp { bound: SocketAddr::new(config.address, 0), is_tls: false };
    let served = Served::find(config.python.as_deref())?;
    let settings = hosting::settings(&config, &served, &address, scratch.path())?;
    hosting::Supervised::start(&config, &served, settings, None)?.end(Duration::ZERO);
    Ok(())
}
