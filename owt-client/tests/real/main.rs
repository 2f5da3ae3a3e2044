//! The client and a real server with a real Python. `OWT_BIN` names the server's binary, else
//! it is the one that `cargo build -p owt-cli` makes.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may; clippy.toml exempts only the test functions themselves"
)]

mod arrays;
mod errors;
mod functions;
mod oneliner;
mod outcomes;
mod readme;
mod restarts;
mod results;
mod same;
mod streams;
mod stubs;
mod waited;

use owt_client::Client;
use owt_testing::Owt;

fn client(owt: &Owt) -> Client {
    Client::new(&owt.url).unwrap()
}
