//! Clients that mean harm, on the wire: what they get is bounded, and others do not notice.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

mod siege;

mod bodies;
mod connections;
mod refused;
mod slow;
mod smuggling;
