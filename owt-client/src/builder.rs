//! Makes a client of what there is to say of it.

use std::path::Path;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::address::{
    BEHIND_SOCKET, DEFAULT_URL, URL_VARIABLE, is_loopback, server_url, socket, take_login,
};
use crate::client::Client;
use crate::connections::Route;
use crate::error::Error;
use crate::limits::Waits;
use crate::request::header;

/// Settings of a [`Client`].
#[derive(Clone, Default)]
pub struct Builder {
    url: Option<String>,
    headers: HeaderMap,
    timeout: Option<Duration>,
    waits: Waits,
    retries: u32,
}

impl Builder {
    /// Where the server is, as for [`Client::new`], instead of `$OWT_URL`.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// How long a call may take, from sending it to the end of its answer; no
    /// limit by default.
    ///
    /// This is the client's own clock. [`CallRequest::timeout`](crate::CallRequest::timeout) is the server's,
    /// which can say more about what it stopped.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long a connection may take to stand; 10 seconds by default.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.waits.connect = timeout;
        self
    }

    /// How long the server may say nothing, until its answer begins and then between two pieces of
    /// it; no limit by default. Sending the call counts: give uploads their time.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.waits.silence = Some(timeout);
        self
    }

    /// How often a call is sent again where it is certain that nothing of it has run: nobody
    /// listened, or the server is full, ends, or has a quota that is used up. It waits in between as
    /// long as the server says; where that is more than 30 seconds, the error is given at once. Data and
    /// files that are streams go out once. Never by default.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// A header of every call; [`CallRequest::header`](crate::CallRequest::header) replaces it.
    ///
    /// # Errors
    /// It is no header.
    pub fn header<N, V>(mut self, name: N, value: V) -> Result<Self, Error>
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
        N::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        V::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (name, value) = header(name, value)?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Makes the client; no connection is opened yet.
    ///
    /// # Errors
    /// The URL is no http or https URL, or it is https in a program without the feature `tls`.
    pub fn build(self) -> Result<Client, Error> {
        let from_env = || std::env::var(URL_VARIABLE).ok().filter(|url| !url.is_empty());
        let url = self.url.or_else(from_env).unwrap_or_else(|| DEFAULT_URL.to_owned());
        let socket = socket(&url);
        let mut base = server_url(if socket.is_some() { BEHIND_SOCKET } else { &url })?;
        if cfg!(not(any(feature = "tls", feature = "tls-ring"))) && base.scheme() == "https" {
            return Err(Error::no_tls());
        }
        let key = take_login(&mut base);
        let route = Route {
            socket: socket.map(Path::to_owned),
            no_proxy: is_loopback(&base),
            tls: base.scheme() == "https",
            waits: self.waits,
        };
        let Self { headers, timeout, retries, .. } = self;
        Ok(Client { route, base, key, headers, timeout, retries })
    }
}
