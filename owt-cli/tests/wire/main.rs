//! Every row of the wire specification, over real HTTP against a real server.
//! The modules and tests are named after its sections.

#[path = "../support/mod.rs"]
mod support;

mod s1_the_call;
