//! Call it from anywhere: `owt::<POST>("f(sota.hard_task)", "solve AGI")`.

use std::sync::Arc;

use owt_core::Call;
use serde::Serialize;

use crate::client::Client;
use crate::error::Error;
use crate::reply::Reply;
use crate::request::Method;

/// A [`Method`] as a type, so that [`owt`] reads as the request it makes.
pub trait Verb {
    /// The method.
    const METHOD: Method;
}

/// [`Method::GET`] as a type.
#[derive(Clone, Copy, Debug)]
pub struct GET;

/// [`Method::POST`] as a type.
#[derive(Clone, Copy, Debug)]
pub struct POST;

impl Verb for GET {
    const METHOD: Method = Method::GET;
}

impl Verb for POST {
    const METHOD: Method = Method::POST;
}

/// Runs this code with these arguments on the server at `$OWT_URL`, else the
/// one on this machine.
///
/// A map or struct becomes keyword arguments, anything else one unnamed value,
/// `()` none. For more than a few calls keep a [`Client`], which keeps its
/// connections.
///
/// # Errors
/// See [`ErrorKind`](crate::ErrorKind).
pub async fn owt<M: Verb>(code: impl Into<Arc<str>>, args: impl Serialize) -> Result<Reply, Error> {
    Client::from_env()?.call(Call::new(code)).args(&args).method(M::METHOD).send().await
}
