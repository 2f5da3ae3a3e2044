#![doc = include_str!("../README.md")]

mod adaptor;
#[cfg(feature = "blocking")]
pub mod blocking;
mod client;
mod connections;
mod error;
mod event;
mod limits;
mod oneliner;
mod reply;
mod request;
mod stream;

pub use client::{Builder, Client, DEFAULT_URL, URL_VARIABLE, server_url};
pub use error::{Error, ErrorKind};
pub use event::Event;
pub use oneliner::{encode, owt};
pub use owt_core::{
    Call, Exception, Foreign, Problem, ProblemKind, PyBytes, PyExpr, Warm, WarmAdaptor, WarmWorker,
    to_literal,
};
pub use reply::Reply;
pub use request::{CallRequest, GET, Method, POST, Verb};
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Body, StatusCode};
pub use stream::ReplyStream;
pub use url::Url;
