//! The owt server: Python comes with the HTTP request, runs in a warm interpreter
//! and answers.
//!
//! [`serve`] is the one entry. Inside, a request goes one way: the door decides
//! whether it may come in, HTTP reads the call, the engine queues it or answers it
//! from the cache, Python runs it, and its events become the response.

mod audit;
mod config;
mod descriptors;
mod doctor;
mod door;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod hosting;
mod http;
mod listener;
mod memory;
mod metrics;
mod private;
mod process;
mod python;
mod scratch;
mod serve;
mod tls;
mod worker;

pub use audit::{AuditError, AuditFileError};
pub use config::{Config, Exposed};
pub use doctor::diagnose;
pub use door::{
    Host, HostError as HostNameError, KeyError, KeyFileError, KeyFiles, Keyring, Keys, Origin,
    OriginError, Quotas, Rate, Rules, TOKEN_USER, random_token,
};
pub use listener::{Address, Listener, Socket, SocketError};
pub use memory::collect_by;
pub use private::{FolderError, folder as private_folder};
pub use python::{Diagnosis, DiscoverError, HostError, LaunchError, check_expression, literal_of};
pub use serve::{Ready, ServeError, Signals, serve};
pub use tls::{Tls, TlsError};
pub use worker::{
    Sandbox, SandboxError, WorkerCommand, WorkerError, Workers, run_guard, run_worker,
};
