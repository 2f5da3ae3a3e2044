#![doc = include_str!("../README.md")]

mod adaptor;
mod address;
mod arguments;
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod client;
mod connections;
mod error;
mod event;
mod function;
mod key;
mod limits;
#[cfg(feature = "ndarray")]
mod npy;
mod oneliner;
mod own;
mod published;
mod reply;
mod request;
mod stream;

pub use address::{DEFAULT_URL, URL_VARIABLE, server_url};
pub use builder::Builder;
pub use bytes::Bytes;
pub use client::Client;
pub use error::{Error, ErrorKind};
pub use event::Event;
#[cfg(feature = "ndarray")]
pub use npy::{Element, from_npy, to_npy};
pub use oneliner::{encode, owt};
pub use owt_core::{
    Call, Exception, Fault, Foreign, Problem, ProblemKind, PyBytes, PyExpr, Warm, WarmAdaptor,
    WarmWorker, to_literal,
};
pub use published::Published;
pub use reply::Reply;
pub use request::{CallRequest, GET, Method, POST, Verb};
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Body, StatusCode};
pub use stream::ReplyStream;
pub use url::Url;
