//! Speaks the Model Context Protocol, as far as it is a matter of JSON: what came, and what to
//! answer. Functions are tools; whatever calls them is elsewhere.
//!
//! Two eras are spoken. Since 2026-07-28 a request says everything itself, in `_meta` and in headers
//! that repeat some of it. Before, a client began with `initialize`; here that is answered and
//! nothing is remembered, which those revisions allow (no `Mcp-Session-Id` is given out).

#![allow(
    clippy::indexing_slicing,
    reason = "of JSON alone: what is not there is null, and what is written to is an object"
)]

mod act;
mod conform;
mod message;
mod outcome;
mod tools;

pub(crate) use act::{Action, Asked, Asking, Repeated, act};
pub(crate) use message::{Refusal, read};
pub(crate) use outcome::{Content, failed, said};
pub(crate) use tools::{RUN_PYTHON, Tool, list};

/// The revision in which every request stands for itself.
const MODERN: &str = "2026-07-28";
/// Those that begin with `initialize`, the newest first.
const LEGACY: [&str; 2] = ["2025-11-25", "2025-06-18"];

/// How a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// As of 2026-07-28.
    Modern,
    /// Before.
    Legacy,
}
