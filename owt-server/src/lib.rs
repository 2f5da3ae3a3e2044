//! Serves Python to HTTP: code comes with the request, runs in a warm interpreter and answers.
//!
//! [`serve`] is the one entry. Inside, a request goes one way: the door decides
//! whether it may come in, HTTP reads the call, the engine queues it or answers it
//! from the cache, Python runs it, and its events become the response.

mod audit;
mod config;
mod descriptors;
mod doctor;
mod door;
mod functions;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod hosting;
mod http;
mod listener;
mod metrics;
mod pool;
mod scratch;
mod serve;
mod served;
mod tls;

pub use audit::{AuditError, AuditFileError};
pub use config::{Config, Exposed, Mcp};
pub use doctor::diagnose;
pub use door::{
    Host, HostError as HostNameError, KeyError, KeyFileError, KeyFiles, Keyring, Keys, Origin,
    OriginError, Quotas, Rate, Rules, TOKEN_USER, random_token,
};
pub use functions::{NotPublishable, Publication};
pub use hosting::HostError;
pub use listener::{Address, Listener, Socket, SocketError};
pub use owt_system::sandbox::{Sandbox, SandboxError};
pub use pool::{WorkerCommand, Workers, run_guard};
pub use serve::{Ready, ServeError, Signals, serve};
pub use served::{Diagnosis, ExtensionError, FindError, ServedError, default_python};
pub use tls::{Tls, TlsError};
