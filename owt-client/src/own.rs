//! Asks for the server's own pages: what is warm, what is published, and MCP.

use std::time::Duration;

use owt_core::{
    CODE_PATH, Catalogue, FUNCTIONS_PATH, MCP_PATH, PYTHON_TYPES, SentCode, WARM_PATH, Warm,
};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Body, Method, RequestBuilder};
use url::Url;

use crate::client::Client;
use crate::error::Error;
use crate::reply::Reply;

impl Client {
    /// The adaptors that are warm in the server's workers. Of a server that asks for keys, one of
    /// the scope `run` is wanted.
    ///
    /// # Errors
    /// What could not be sent, or answered: see [`ErrorKind`](crate::ErrorKind).
    pub async fn warm(&self) -> Result<Warm, Error> {
        let request = self.own(Method::GET, self.page(WARM_PATH))?;
        let request = self.open(request.header(ACCEPT, "application/json"))?;
        self.execute(request, self.timeout).await?.json().await
    }

    /// Sends a message of MCP, which is JSON, with these headers, to a server that speaks it. The
    /// reply is JSON or a stream of events, or a problem.
    ///
    /// # Errors
    /// What could not be sent: see [`ErrorKind`](crate::ErrorKind).
    pub async fn mcp(
        &self,
        message: impl Into<Body>,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Result<Reply, Error> {
        let request = self.own(Method::POST, self.page(MCP_PATH))?.body(message);
        let request = request.headers(headers.into_iter().collect());
        let request = request.header(ACCEPT, "application/json, text/event-stream");
        let request = self.open(request.header(CONTENT_TYPE, "application/json"))?;
        self.execute(request, self.timeout).await
    }

    /// The functions that the server publishes. Of a server that asks for keys, one of the scope
    /// `run` is wanted.
    ///
    /// # Errors
    /// What could not be sent, or answered: see [`ErrorKind`](crate::ErrorKind).
    pub async fn functions(&self) -> Result<Catalogue, Error> {
        let request = self.own(Method::GET, self.page(FUNCTIONS_PATH))?;
        let request = self.open(request.header(ACCEPT, "application/json"))?;
        self.execute(request, self.timeout).await?.json().await
    }

    /// Sends code to be called by its hash, and by a name if it is given one: until the server
    /// ends, or with `keep` by the next one too. `code_name` is what tracebacks call it.
    ///
    /// # Errors
    /// What could not be sent, or answered: see [`ErrorKind`](crate::ErrorKind).
    pub async fn publish(
        &self,
        code: &str,
        code_name: Option<&str>,
        name: Option<&str>,
        keep: bool,
    ) -> Result<SentCode, Error> {
        let mut url = self.page(CODE_PATH);
        let fields = [("code_name", code_name), ("name", name), ("keep", keep.then_some("true"))];
        for (field, value) in fields {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(field, value);
            }
        }
        self.put_code(url, code.to_owned(), self.timeout).await?.json().await
    }

    /// Sends code to that URL.
    pub(crate) async fn put_code(
        &self,
        url: Url,
        code: impl Into<Body>,
        total: Option<Duration>,
    ) -> Result<Reply, Error> {
        let [python, ..] = PYTHON_TYPES;
        let request = self.own(Method::PUT, url)?.header(CONTENT_TYPE, python).body(code);
        self.execute(self.open(request)?, total).await
    }

    /// The URL of a page that is the server's own, or of a function, wherever calls go.
    pub(crate) fn page(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url.set_query(None);
        url
    }

    fn own(&self, method: Method, url: Url) -> Result<RequestBuilder, Error> {
        Ok(self.route.connections()?.request(method, url).headers(self.headers.clone()))
    }
}
