//! What a server does over its life: warm modules, streams, its end, what it tells, the environment
//! that it serves, the scripts that people wrote for it, and the units
//! by which systemd runs it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

mod adaptors_doc;
mod audit;
mod audit_file;
mod calling;
mod doctor;
mod ending;
mod environment;
mod listening;
mod listening_tls;
mod listening_unix;
mod listing;
mod once;
mod places;
mod scripts;
mod seeing;
mod seeing_log;
mod strangers;
mod streams;
mod units;
