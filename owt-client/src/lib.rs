//! Calls an owt server: sends Python along with a request, gives back what it answers.
//!
//! The short way, to the server at `$OWT_URL` or `http://127.0.0.1:9876`:
//!
//! ```no_run
//! # async fn example() -> Result<(), owt_client::Error> {
//! use owt_client::{POST, owt};
//!
//! let answer = owt::<POST>("f(sota.hard_task)", "solve AGI").await?.text().await?;
//! # Ok(()) }
//! ```
//!
//! The long way, with everything that a call can say:
//!
//! ```no_run
//! # async fn example() -> Result<(), owt_client::Error> {
//! use futures_util::StreamExt;
//! use owt_client::{Call, Client, Method, to_literal};
//!
//! let client = Client::new("http://me:secret@models.local:9876")?;
//! let mut call = Call::new(include_str!("lib.rs"));
//! call.use_cache = true;
//! let reply = client.call(call).args(&[("text", "hello")]).method(Method::POST).send().await?;
//! let mut chunks = reply.chunks();
//! while let Some(chunk) = chunks.next().await {
//!     let audio = chunk?;
//! }
//! # Ok(()) }
//! ```

mod client;
mod error;
mod oneliner;
mod reply;
mod request;

pub use client::{Builder, Client, DEFAULT_URL, URL_VARIABLE, server_url};
pub use error::{Error, ErrorKind};
pub use oneliner::{GET, POST, Verb, owt};
pub use owt_core::{Call, Exception, Problem, ProblemKind, to_literal};
pub use reply::{Chunks, Reply};
pub use request::{CallRequest, Method};
pub use reqwest::StatusCode;
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use url::Url;
