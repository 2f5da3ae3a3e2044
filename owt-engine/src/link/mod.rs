//! Connects a server to a worker: a socket for frames both ways, one for open files, a pipe for log
//! lines, and a table in shared memory that tells which calls have begun.

mod claims;
pub mod frame;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod handing;
mod inbox;
mod line;
mod outbox;
mod settings;

pub use claims::Claims;
pub use frame::{CallFrame, FromWorker, ToWorker};
pub use handing::{Giving, Taking, way};
pub use inbox::Inbox;
pub use line::{Line, Message, log};
pub use outbox::Outbox;
pub use settings::{Found, MOST_LOOPING, Settings, Slimmed};
