//! Puts Python expressions among values.

use serde::Serialize;

/// What [`PyExpr`] is called for the writer of literals.
pub(super) const NAME: &str = "$owt::PyExpr";

/// A Python expression that is sent as it is, as the arguments or anywhere in them.
///
/// The server evaluates it: make it of your own text, never of somebody's.
///
/// ```
/// use owt_core::{PyExpr, to_kwargs};
/// use std::collections::BTreeMap;
///
/// assert_eq!(to_kwargs(&PyExpr("{'n': 2**64}"))?.unwrap(), "{'n': 2**64}");
/// let named = BTreeMap::from([("path", PyExpr("__import__('pathlib').Path.home()"))]);
/// assert_eq!(to_kwargs(&named)?.unwrap(), "{'path': (__import__('pathlib').Path.home())}");
/// # Ok::<(), owt_core::LiteralError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename = "$owt::PyExpr")]
pub struct PyExpr<'a>(pub &'a str);
