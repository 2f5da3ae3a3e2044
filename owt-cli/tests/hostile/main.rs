//! Clients that mean harm, on the wire: what they get is bounded, and others do not notice.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

#[allow(dead_code, reason = "each test program uses its part")]
#[path = "../support/mod.rs"]
mod support;

#[allow(dead_code, reason = "other test programs use the rest")]
#[path = "../faults/family.rs"]
mod family;
#[allow(dead_code, reason = "other test programs use the rest")]
#[path = "../faults/hello.rs"]
mod hello;
#[allow(dead_code, reason = "other test programs use the rest")]
#[path = "../wire/meeting.rs"]
mod meeting;
#[allow(dead_code, reason = "other test programs use the rest")]
#[path = "../wire/raw.rs"]
mod raw;

mod siege;

mod bodies;
mod connections;
mod refused;
mod slow;
mod smuggling;
