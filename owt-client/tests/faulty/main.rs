//! Servers and proxies that misbehave, and programs that do. What a client then says is told, and
//! no call gets another's answer or is sent twice.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may; clippy.toml exempts only the test functions themselves"
)]

mod connections;
mod limits;
mod programs;
mod statuses;
mod streams;

use owt_client::{CallRequest, Client, POST};
use owt_testing::peer::Peer;

fn call(peer: &Peer) -> CallRequest {
    Client::new(&peer.url).unwrap().owt::<POST>("secret_code", ())
}
