//! A call on its way out.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use owt_core::Call;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, RequestBuilder};
use serde::de::DeserializeOwned;
use url::Url;

use crate::client::Client;
use crate::error::Error;
use crate::event::Event;
use crate::function::Function;
use crate::reply::Reply;
use crate::stream::ReplyStream;

/// What a server is given beyond the deadline to say that it has passed.
const LEEWAY: Duration = Duration::from_secs(5);

/// How a call travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// The call in the query string. Mind what comes between: many proxies
    /// stop at 8 KiB, and log what they pass on.
    GET,
    /// The call as a JSON body; with [`data`](CallRequest::data), the call in
    /// the query string and the data as the body.
    #[default]
    POST,
}

/// A [`Method`] as a type, so that [`owt`](crate::owt) reads as the request it makes.
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

/// A call that can be sent, as what is asked of it: [`text`](Self::text), [`json`](Self::json),
/// [`stream`](Self::stream) and so on, or [`send`](Self::send) for the answer with its head.
///
/// A mistake in making it is told then. Dropping it while it is under way cancels the call on
/// the server, and so does dropping a stream before its end.
#[must_use = "nothing is sent before an answer is asked for"]
pub struct CallRequest {
    made: Result<Parts, Error>,
}

pub(crate) struct Parts {
    client: Client,
    pub what: What,
    method: Method,
    data: Option<Body>,
    files: Vec<File>,
    headers: HeaderMap,
}

/// What is called.
pub(crate) enum What {
    /// Code that the request carries, below this path.
    Code { call: Box<Call>, path: Option<String> },
    /// A function by its name.
    Function(Box<Function>),
}

/// A file that goes with a call.
struct File {
    field: String,
    name: String,
    content: Body,
}

impl CallRequest {
    pub(crate) fn new(client: Client, call: Call) -> Self {
        Self::of(client, What::Code { call: Box::new(call), path: None })
    }

    pub(crate) fn of_function(client: Client, function: Function) -> Self {
        Self::of(client, What::Function(Box::new(function)))
    }

    fn of(client: Client, what: What) -> Self {
        let (method, headers) = (Method::default(), HeaderMap::new());
        Self { made: Ok(Parts { client, what, method, data: None, files: Vec::new(), headers }) }
    }

    pub(crate) fn mistaken(mistake: Error) -> Self {
        Self { made: Err(mistake) }
    }

    fn with(self, change: impl FnOnce(&mut Parts)) -> Self {
        self.change(|parts| {
            change(parts);
            Ok(())
        })
    }

    /// Changes it, unless it has a mistake already.
    pub(crate) fn change(self, change: impl FnOnce(&mut Parts) -> Result<(), Error>) -> Self {
        let changed = |mut parts| change(&mut parts).map(|()| parts);
        Self { made: self.made.and_then(changed) }
    }

    /// Says what only a call with its code can have.
    fn with_code(
        self,
        name: &'static str,
        change: impl FnOnce(&mut Call, &mut Option<String>),
    ) -> Self {
        self.change(|parts| match &mut parts.what {
            What::Code { call, path } => {
                change(call, path);
                Ok(())
            }
            What::Function(_) => {
                let what =
                    format!("{name} is for calls that bring their code, not for functions by name");
                Err(Error::usage(what, None))
            }
        })
    }

    /// How the call travels, instead of as it was made to.
    pub fn method(self, method: Method) -> Self {
        self.with(|parts| parts.method = method)
    }

    /// The name that the code must define, instead of `run`.
    pub fn fn_name(self, name: impl AsRef<str>) -> Self {
        self.with_code("fn_name", |call, _| call.fn_name = Some(name.as_ref().into()))
    }

    /// Whether the server keeps the result, and answers from a kept one.
    pub fn cache(self, cache: bool) -> Self {
        self.with(|parts| match &mut parts.what {
            What::Code { call, .. } => call.use_cache = cache,
            What::Function(function) => function.set("use_cache", cache.to_string()),
        })
    }

    /// Whether it keeps a result for each set of arguments.
    pub fn cache_kwargs(self, cache_kwargs: bool) -> Self {
        self.with_code("cache_kwargs", |call, _| call.cache_kwargs = cache_kwargs)
    }

    /// Whether the result is shared with the server's other users.
    pub fn cache_shared(self, cache_shared: bool) -> Self {
        self.with(|parts| match &mut parts.what {
            What::Code { call, .. } => call.cache_shared = cache_shared,
            What::Function(function) => function.set("cache_shared", cache_shared.to_string()),
        })
    }

    /// What results are kept under, instead of path, code and arguments.
    pub fn cache_key(self, key: impl Into<String>) -> Self {
        self.with(|parts| match &mut parts.what {
            What::Code { call, .. } => call.cache_key_override = Some(key.into()),
            What::Function(function) => function.set("cache_key_override", key.into()),
        })
    }

    /// The call's deadline, which the server keeps; a server that does not answer is given up
    /// soon after it.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|parts| match &mut parts.what {
            What::Code { call, .. } => call.timeout = Some(timeout),
            What::Function(function) => function.timeout = Some(timeout),
        })
    }

    /// The path of the virtual endpoint below the client's URL, which the
    /// adaptor reads as `request.path`.
    pub fn path(self, path: impl Into<String>) -> Self {
        self.with_code("path", |_, own| *own = Some(path.into()))
    }

    /// A body for the adaptor, its `request.data`: an image, a WAV file; bytes, or a stream of
    /// them by [`Body::wrap_stream`]. Its type is `application/octet-stream` unless a
    /// [`header`](Self::header) says. A GET has no body.
    pub fn data(self, data: impl Into<Body>) -> Self {
        self.with(|parts| parts.data = Some(data.into()))
    }

    /// A file, which the adaptor reads as `request.files[field]`; there may be several, and the call
    /// goes with them whatever its length. It is bytes, or a stream of them.
    pub fn file(
        self,
        field: impl Into<String>,
        name: impl Into<String>,
        content: impl Into<Body>,
    ) -> Self {
        let file = File { field: field.into(), name: name.into(), content: content.into() };
        self.with(|parts| parts.files.push(file))
    }

    /// One more header, such as `Accept`.
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
        N::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        V::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match header(name, value) {
            Ok((name, value)) => self.with(|parts| {
                parts.headers.insert(name, value);
            }),
            Err(mistake) => Self { made: self.made.and(Err(mistake)) },
        }
    }

    /// The URL that makes this call when it is opened, without name and password. Headers and
    /// data are no part of it.
    ///
    /// # Errors
    /// The call has a mistake, or is too long for a URL.
    pub fn encode(self) -> Result<Url, Error> {
        let parts = self.made?;
        parts.what.whole_url(&parts.client)
    }

    /// Sends the call and waits until its answer begins.
    ///
    /// Whatever status an adaptor gave is an answer; only owt's own problems
    /// are errors.
    ///
    /// # Errors
    /// What could not be sent, or answered: see [`ErrorKind`](crate::ErrorKind).
    pub async fn send(self) -> Result<Reply, Error> {
        self.made?.send().await
    }

    /// The whole answer as text.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`Reply::text`], and an adaptor's answer of 400 or more.
    pub async fn text(self) -> Result<String, Error> {
        self.send().await?.success().await?.text().await
    }

    /// The whole answer.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`Reply::bytes`], and an adaptor's answer of 400 or more.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        self.send().await?.success().await?.bytes().await
    }

    /// The whole answer, read as JSON, which is asked for unless a [`header`](Self::header) says
    /// otherwise.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`Reply::json`], and an adaptor's answer of 400 or more.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.asking("application/json").send().await?.success().await?.json().await
    }

    /// The answer as the value that it is, JSON or text: see [`Reply::value`]. JSON is asked for,
    /// unless a [`header`](Self::header) says otherwise.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`Reply::value`], and an adaptor's answer of 400 or more.
    pub async fn value<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.asking("application/json, */*;q=0.5").send().await?.success().await?.value().await
    }

    /// With that `Accept`, if it has none.
    pub(crate) fn asking(self, accept: &'static str) -> Self {
        self.with(|parts| {
            parts.headers.entry(ACCEPT).or_insert(HeaderValue::from_static(accept));
        })
    }

    /// The answer piece by piece, each as soon as it comes: see [`Reply::stream`].
    ///
    /// # Errors
    /// As [`send`](Self::send), and an adaptor's answer of 400 or more.
    pub async fn stream(self) -> Result<ReplyStream<Bytes>, Error> {
        Ok(self.send().await?.success().await?.stream())
    }

    /// The answer as server-sent events, each as soon as it comes: see [`Reply::events`].
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`Reply::events`], and an adaptor's answer of 400 or more.
    pub async fn events(self) -> Result<ReplyStream<Event>, Error> {
        self.send().await?.success().await?.events()
    }

    /// The answer as JSON lines, each as soon as it comes: see [`Reply::lines`].
    ///
    /// # Errors
    /// As [`send`](Self::send), and an adaptor's answer of 400 or more.
    pub async fn lines<T: DeserializeOwned + Send + 'static>(
        self,
    ) -> Result<ReplyStream<T>, Error> {
        Ok(self.send().await?.success().await?.lines())
    }
}

impl Parts {
    async fn send(self) -> Result<Reply, Error> {
        let (client, limit) = (self.client.clone(), self.limit());
        let published = match &self.what {
            What::Function(function) => function.published.clone().map(|it| (it, function.timeout)),
            What::Code { .. } => None,
        };
        let request = self.request(published.is_some()).await?;
        match published {
            Some((published, deadline)) => published.call(request, limit, deadline).await,
            None => client.execute(request, limit).await,
        }
    }

    /// The request. It may have to be sent twice where its client says so, or where this does.
    async fn request(self, twice: bool) -> Result<RequestBuilder, Error> {
        let Self { client, what, method, data, files, headers } = self;
        let http = client.route.connections()?;
        let has_files = !files.is_empty();
        if method == Method::GET && (has_files || data.is_some()) {
            return Err(Error::usage("data needs a body, which a GET has not: use POST", None));
        }
        if has_files && data.is_some() {
            return Err(Error::usage("data is all of a body: send it as one more file", None));
        }
        let request = match (method, data) {
            (Method::GET, _) => http.get(what.whole_url(&client)?),
            (Method::POST, Some(data)) => http
                .post(what.url_beside_data(&client)?)
                .header(CONTENT_TYPE, "application/octet-stream")
                .body(data),
            (Method::POST, None) if has_files => {
                let is_held = files.iter().all(|file| file.content.as_bytes().is_some());
                let may_repeat = is_held && (twice || client.retries > 0);
                let request = http.post(what.url(&client));
                with_form(request, with_files(what.form()?, files), may_repeat).await?
            }
            (Method::POST, None) => http
                .post(what.url(&client))
                .header(CONTENT_TYPE, "application/json")
                .body(what.json_text()),
        };
        // Last: they replace what stands there already.
        let request = client.open(request.headers(client.headers.clone()))?;
        Ok(request.headers(headers))
    }

    /// What this end waits at most.
    fn limit(&self) -> Option<Duration> {
        let deadline = match &self.what {
            What::Code { call, .. } => call.timeout,
            What::Function(function) => function.timeout,
        };
        let deadline = deadline.map(|timeout| timeout.saturating_add(LEEWAY));
        deadline.into_iter().chain(self.client.timeout).min()
    }
}

impl What {
    /// Where it is called, with its arguments in the body.
    fn url(&self, client: &Client) -> Url {
        match self {
            Self::Code { path, .. } => below(client, path.as_deref()),
            Self::Function(function) => function.url(client),
        }
    }

    /// The URL that says all of it.
    fn whole_url(self, client: &Client) -> Result<Url, Error> {
        match self {
            Self::Code { call, path } => {
                call.to_url(&below(client, path.as_deref())).map_err(Error::call)
            }
            Self::Function(function) => function.url_with_arguments(client),
        }
    }

    /// The URL that says all of it, where data takes the body.
    fn url_beside_data(self, client: &Client) -> Result<Url, Error> {
        match self {
            Self::Code { call, path } => {
                call.to_url(&below(client, path.as_deref())).map_err(Error::beside_data)
            }
            Self::Function(function) => function.url_with_arguments(client),
        }
    }

    fn json_text(self) -> String {
        match self {
            Self::Code { call, .. } => call.to_json_text(),
            Self::Function(function) => function.json_text(),
        }
    }

    fn form(self) -> Result<Form, Error> {
        match self {
            Self::Code { call, .. } => Ok(form(&call)),
            Self::Function(function) => function.form(),
        }
    }
}

/// The path of a virtual endpoint below the client's URL.
fn below(client: &Client, path: Option<&str>) -> Url {
    let mut url = client.base.clone();
    if let Some(path) = path {
        let base = url.path().trim_end_matches('/');
        url.set_path(&format!("{base}/{}", path.trim_start_matches('/')));
    }
    url
}

/// A header of these, or why it is none. Its value may be a secret, and is not shown.
pub(crate) fn header<N, V>(name: N, value: V) -> Result<(HeaderName, HeaderValue), Error>
where
    N: TryInto<HeaderName>,
    V: TryInto<HeaderValue>,
    N::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    V::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let name = name.try_into().map_err(|e| Error::usage("no name of a header", Some(e.into())))?;
    let value = value.try_into().map_err(|e| {
        let what = format!("no value of the header {name}: it is one line of text");
        Error::usage(what, Some(e.into()))
    })?;
    Ok((name, value))
}

/// The call as the fields of a form.
fn form(call: &Call) -> Form {
    let fields = call.to_json();
    let fields = fields.as_object().into_iter().flatten().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name.clone(), text)
    });
    fields.fold(Form::new(), |form, (name, text)| form.text(name, text))
}

fn with_files(form: Form, files: Vec<File>) -> Form {
    files.into_iter().fold(form, |form, file| {
        form.part(file.field, Part::stream(file.content).file_name(file.name))
    })
}

/// The request with that form as its body. A form goes out once: where it may have to be sent again, its
/// bytes are put together first.
async fn with_form(
    request: RequestBuilder,
    form: Form,
    may_repeat: bool,
) -> Result<RequestBuilder, Error> {
    if !may_repeat {
        return Ok(request.multipart(form));
    }
    let kind = format!("multipart/form-data; boundary={}", form.boundary());
    let mut body = BytesMut::new();
    let mut pieces = std::pin::pin!(form.into_stream());
    while let Some(piece) = pieces.try_next().await.map_err(Error::client)? {
        body.extend_from_slice(&piece);
    }
    Ok(request.header(CONTENT_TYPE, kind).body(body.freeze()))
}

impl fmt::Debug for CallRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("CallRequest");
        match &self.made {
            Ok(parts) => {
                let shown = shown.field("client", &parts.client).field("method", &parts.method);
                match &parts.what {
                    What::Code { call, path } => {
                        shown.field("path", path).field("code", &call.code.id())
                    }
                    What::Function(function) => shown.field("path", &function.path()),
                }
            }
            Err(mistake) => shown.field("mistake", mistake),
        }
        .finish_non_exhaustive()
    }
}
