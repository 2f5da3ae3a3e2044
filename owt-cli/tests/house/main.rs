//! What a server does over its life: warm modules, streams, its end, the environment
//! that it serves, and the scripts that people wrote for it.

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod support;

mod ending;
mod environment;
mod once;
mod scripts;
mod streams;
