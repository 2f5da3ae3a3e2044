//! Who comes in, and who does not: requests as they are on the wire, each with code that would
//! leave a mark if it ran.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

mod answers;
mod asking;
mod routes;
mod table;

mod ahead;
mod browsers;
mod clients;
mod hosts;
mod methods;
mod pages;
mod proxies;
mod scopes;
mod sockets;
