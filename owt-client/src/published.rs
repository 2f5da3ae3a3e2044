//! Keeps code that is called by its hash, and sends it where the server has not got it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use owt_core::{CODE_PATH, Code, CodeId, ProblemKind};
use reqwest::RequestBuilder;

use crate::client::Client;
use crate::error::Error;
use crate::reply::Reply;

/// Code whose functions are called by its hash, [`function`](Self::function) for function: see
/// [`Client::published`]. Clones are of the same code, and one of them sends it for all.
#[derive(Clone)]
pub struct Published {
    client: Client,
    code: Code,
    /// The server has had it.
    is_sent: Arc<AtomicBool>,
}

impl Published {
    pub(crate) fn new(client: Client, code: Code) -> Self {
        Self { client, code, is_sent: Arc::default() }
    }

    /// The SHA-256 of the code, in hexadecimal: what it is called by.
    pub fn hash(&self) -> String {
        self.code().to_string()
    }

    pub(crate) fn code(&self) -> CodeId {
        self.code.id()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Calls by the hash. Where the server has never had the code, or has it no more, the code goes first
    /// and then the call once more, all of it within this time.
    pub(crate) async fn call(
        &self,
        request: RequestBuilder,
        within: Option<Duration>,
        deadline: Option<Duration>,
    ) -> Result<Reply, Error> {
        let begun = Instant::now();
        let left = |whole: Option<Duration>| whole.map(|all| all.saturating_sub(begun.elapsed()));
        if !self.is_sent.load(Ordering::Acquire) {
            self.send(left(within)).await?;
        }
        // None of a body that can be read only once.
        let again = request.try_clone();
        let answered = self.client.execute(until(request, left(deadline))?, left(within)).await;
        match answered {
            Err(error) if error.is_unknown_code() => {
                self.send(left(within)).await?;
                let Some(again) = again else { return Err(error) };
                self.client.execute(until(again, left(deadline))?, left(within)).await
            }
            answered => answered,
        }
    }

    async fn send(&self, within: Option<Duration>) -> Result<(), Error> {
        let url = self.client.page(CODE_PATH);
        let code = self.code.source().to_string();
        self.client.put_code(url, code, within).await?.success().await?;
        self.is_sent.store(true, Ordering::Release);
        Ok(())
    }
}

/// The same request with this deadline for the server.
fn until(request: RequestBuilder, deadline: Option<Duration>) -> Result<RequestBuilder, Error> {
    let Some(deadline) = deadline else { return Ok(request) };
    let (http, request) = request.build_split();
    let mut request = request.map_err(Error::client)?;
    // A deadline that has passed is for the server to say: it takes none of no time.
    let seconds = deadline.max(Duration::from_millis(1)).as_secs_f64().to_string();
    request.url_mut().query_pairs_mut().append_pair("timeout", &seconds);
    Ok(RequestBuilder::from_parts(http, request))
}

impl Error {
    fn is_unknown_code(&self) -> bool {
        self.problem().is_some_and(|problem| {
            problem.foreign.is_none()
                && problem.kind == ProblemKind::UnknownCode
                && self.headers().is_some()
        })
    }
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published")
            .field("client", &self.client)
            .field("hash", &self.hash())
            .finish_non_exhaustive()
    }
}
