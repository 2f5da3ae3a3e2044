//! Reads a call from an HTTP request (§1 of `docs/wire.md`).

use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, web};
use bytes::Bytes;
use bytesize::ByteSize;
use futures_util::{StreamExt, poll};
use owt_core::{Call, CallError, CallFields, FieldNames, Others, Problem, ProblemKind};
use owt_engine::{Context, Fingerprint, Gathering, Headers};
use url::form_urlencoded;

use super::carrier::Carrier;
use super::visit::Visit;
use super::{Site, functions};
use crate::door::Pass;

/// What a request turned out to be.
pub(super) enum Reading {
    /// It carries code.
    Call(Box<Sent>),
    /// It carries none and nothing that looks like a call.
    Nothing,
}

/// A call as it was sent.
pub(super) struct Sent {
    pub call: Call,
    /// The names of the fields that it came in.
    pub names: FieldNames,
    /// The body, which is the adaptor's to read too.
    pub body: Bytes,
    /// What the adaptor is sent beside the call, where the cache wants to know.
    pub own: Option<Fingerprint>,
    /// How old a kept result may be.
    pub max_age: Option<Duration>,
}

/// A larger body is not read on an HTTP thread, which others wait for.
const LARGE: usize = 64 << 10;

/// Reads the call and the body.
///
/// # Errors
/// A problem that names the field or the header, and the mend.
pub(super) async fn read(
    request: &HttpRequest,
    payload: &mut web::Payload,
    site: &Site,
    pass: &Pass,
    visit: &Visit,
) -> Result<Reading, Box<Problem>> {
    let headers = request.headers();
    let query = CallFields::from_form(request.query_string().as_bytes(), Others::Passed);
    let is_get = request.method() == Method::GET;
    let is_sent = functions::is_call(request.path());
    let code_field = query.code_field().filter(|_| !is_sent);
    let named = match code_field {
        Some(_) => None,
        None => site.functions.named(request.path())?,
    };
    if named.is_none() && (code_field.is_some() || (is_get && !query.is_empty())) {
        let (names, has_others) = (query.names(), query.has_others());
        let call = query.into_call().map_err(malformed)?;
        // What sends JSON may have been told by a stranger where to (a webhook): the code is what it
        // wrote itself, not what the URL carries.
        if !is_get && !pass.is_meant {
            return Err(site.door.unmeant());
        }
        let body = body(headers, payload, site.max_body, site.body_timeout).await?;
        refuse_two_codes(headers, &body, code_field).await?;
        let own = if call.use_cache { in_query(request, has_others, &body).await? } else { None };
        return Ok(Reading::Call(Box::new(Sent { call, names, body, own, max_age: None })));
    }
    let body = body(headers, payload, site.max_body, site.body_timeout).await?;
    if let Some(named) = named
        && (is_sent || !functions::carries_code(headers, &body).await?)
    {
        let sent = functions::call(request, named, body, site, pass, visit).await?;
        return Ok(Reading::Call(Box::new(sent)));
    }
    if is_get {
        return Ok(Reading::Nothing);
    }
    in_body(request, body).await.map(|sent| Reading::Call(Box::new(sent)))
}

/// Does this where nobody waits for the thread, if it is about a body of that many bytes.
pub(super) async fn aside<T: Send + 'static>(
    size: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Box<Problem>> {
    if size <= LARGE {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        let detail = format!("the body could not be read: {error}");
        Box::new(Problem::new(ProblemKind::Internal, detail))
    })
}

/// One would run, and the other could be what somebody looks at.
async fn refuse_two_codes(
    headers: &HeaderMap,
    body: &Bytes,
    query: Option<&'static str>,
) -> Result<(), Box<Problem>> {
    let (Some(query), false) = (query, body.is_empty() || is_encoded(headers)) else {
        return Ok(());
    };
    let Ok(Some(carrier)) = Carrier::of(headers) else { return Ok(()) };
    let read = body.clone();
    match aside(body.len(), move || carrier.code_field(&read)).await? {
        Some(body) => Err(malformed(CallError::TwoCodes { query, body })),
        None => Ok(()),
    }
}

/// What form a result is wished for in: by `Accept`, and by `format` in the query, as the package
/// reads them (`owt.forms.wishes`). `None` where any will do.
pub(super) fn form(request: &HttpRequest) -> Option<Fingerprint> {
    let accept: Vec<_> =
        request.headers().get_all(header::ACCEPT).map(HeaderValue::as_bytes).collect();
    let accept = accept.join(&b", "[..]);
    let accept = if accept == b"*/*" { &[][..] } else { &accept };
    let query = request.query_string();
    let mut format = Vec::new();
    if query.contains("format=") {
        let fields = form_urlencoded::parse(query.as_bytes());
        for (_, value) in fields.filter(|(name, _)| name == "format") {
            format.extend_from_slice(value.as_bytes());
            format.push(b'\n');
        }
    }
    Fingerprint::of([accept, &format])
}

/// What tells a call in the query from the same call with other data.
async fn in_query(
    request: &HttpRequest,
    has_others: bool,
    body: &Bytes,
) -> Result<Option<Fingerprint>, Box<Problem>> {
    let again = || CallFields::from_form(request.query_string().as_bytes(), Others::Noted);
    let others = if has_others { again().others() } else { None };
    let media = request.headers().get(header::CONTENT_TYPE).map(|value| value.as_bytes().to_vec());
    let body = body.clone();
    aside(body.len(), move || {
        let others = others.as_ref().map_or(&[][..], |digest| &digest[..]);
        let media = media.filter(|_| !body.is_empty()).unwrap_or_default();
        Fingerprint::of([others, &media, &body])
    })
    .await
}

pub(super) fn is_encoded(headers: &HeaderMap) -> bool {
    let coding = headers.get(header::CONTENT_ENCODING);
    coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

async fn in_body(request: &HttpRequest, body: Bytes) -> Result<Sent, Box<Problem>> {
    let headers = request.headers();
    if is_encoded(headers) {
        return Err(Box::new(Problem::new(
            ProblemKind::UnsupportedType,
            "a body that holds the call is not decompressed: send it without Content-Encoding; \
             a compressed body is welcome when the fields are in the query string, and the \
             adaptor gets it as it came",
        )));
    }
    if body.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
        return Err(missing());
    }
    let carrier = Carrier::of(headers)?.ok_or_else(|| unsupported(headers))?;
    let query = request.query_string().to_owned();
    aside(body.len(), move || {
        let fields = carrier.fields(&query, &body, Others::Passed)?;
        let (names, has_others) = (fields.names(), fields.has_others());
        let call = fields.into_call().map_err(malformed)?;
        let own = if call.use_cache { beside(&carrier, &query, has_others, &body)? } else { None };
        Ok(Sent { call, names, body, own, max_age: None })
    })
    .await?
}

/// What tells a call in the body from the same call with other fields, or another query.
fn beside(
    carrier: &Carrier,
    query: &str,
    has_others: bool,
    body: &Bytes,
) -> Result<Option<Fingerprint>, Box<Problem>> {
    let again = || carrier.fields(query, body, Others::Noted);
    let others = if has_others { again()?.others() } else { None };
    let others = others.as_ref().map_or(&[][..], |digest| &digest[..]);
    // The query is the adaptor's, unless it has the fields that the body has no room for.
    let query = if *carrier == Carrier::Python { "" } else { query };
    Ok(Fingerprint::of([query.as_bytes(), others]))
}

fn unsupported(headers: &HeaderMap) -> Box<Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let given = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let given = if given.is_empty() { "no Content-Type" } else { given };
    Box::new(Problem::new(
        ProblemKind::UnsupportedType,
        format!(
            "a call's fields come as application/json, application/x-www-form-urlencoded or \
             multipart/form-data, or its code as text/x-python, not as {given}; a body of any \
             type is welcome when the fields are in the query string"
        ),
    ))
}

pub(super) fn malformed(error: CallError) -> Box<Problem> {
    Box::new(Problem::from(error))
}

/// A request that should carry code and does not.
pub(super) fn missing() -> Box<Problem> {
    let detail = "`code` is missing: send the Python to run in a JSON or form body or in the \
                  query string, or encoded as base64 in `code_b64`";
    Box::new(Problem::new(ProblemKind::MalformedCall, detail).with_field("code"))
}

/// The whole body.
pub(super) async fn body(
    headers: &HeaderMap,
    payload: &mut web::Payload,
    most: usize,
    patience: Duration,
) -> Result<Bytes, Box<Problem>> {
    let length = length(headers);
    if length == Some(0) || (length.is_none() && !headers.contains_key(header::TRANSFER_ENCODING)) {
        return Ok(Bytes::new());
    }
    fits(headers, most)?;
    let mut collecting = pin!(collect(payload, length, most));
    // Most bodies are there with their headers: no timer for those.
    if let Poll::Ready(body) = poll!(collecting.as_mut()) {
        return body;
    }
    match tokio::time::timeout(patience, collecting).await {
        Ok(body) => body,
        Err(_) => Err(Box::new(Problem::new(
            ProblemKind::BodyTooSlow,
            format!("the body did not arrive within {} s", patience.as_secs_f64()),
        ))),
    }
}

/// # Errors
/// The body says that it is longer than that.
pub(super) fn fits(headers: &HeaderMap, most: usize) -> Result<(), Box<Problem>> {
    match length(headers) {
        Some(length) if length > most => Err(too_large(most)),
        _ => Ok(()),
    }
}

/// What the body says of its length.
fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Collects a body of that length, as far as its client has said.
async fn collect(
    payload: &mut web::Payload,
    length: Option<usize>,
    most: usize,
) -> Result<Bytes, Box<Problem>> {
    let mut whole = Gathering::default();
    let mut first = None;
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|error| {
            let detail = format!("the body cannot be read: {error}");
            Box::new(Problem::new(ProblemKind::MalformedCall, detail))
        })?;
        if whole.len() + piece.len() > most {
            return Err(too_large(most));
        }
        // Most bodies come in one piece, which needs no copy.
        match first.take() {
            None if whole.is_empty() => first = Some(piece),
            None => whole.push(&piece),
            Some(earlier) => {
                if earlier.len() + piece.len() > most {
                    return Err(too_large(most));
                }
                // Room for all of it is no memory yet: that is taken by what comes.
                whole = Gathering::with_capacity(length.unwrap_or_default());
                whole.push(&earlier);
                whole.push(&piece);
            }
        }
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}

fn too_large(most: usize) -> Box<Problem> {
    let readable = ByteSize(most as u64).display().iec();
    Box::new(Problem::new(
        ProblemKind::BodyTooLarge,
        format!(
            "the body is larger than the {most} bytes ({readable}) that this server takes (--max-body)"
        ),
    ))
}

/// The headers that an adaptor sees, but for those that are not kept.
pub(super) fn headers(
    request: &HttpRequest,
    pass: &Pass,
    is_kept: impl Fn(&HeaderName) -> bool,
) -> Headers {
    let mut headers = Headers::with_capacity(request.headers().len());
    for (name, value) in request.headers() {
        // A key to this server is not for the adaptors on it.
        let is_key = pass.has_shown_key && name == header::AUTHORIZATION;
        if !is_key && is_kept(name) {
            headers.push(name.as_str(), value.as_bytes());
        }
    }
    headers
}

/// What the adaptor can ask about the request.
pub(super) fn context(
    request: &HttpRequest,
    call: &Call,
    body: Bytes,
    pass: &Pass,
    visit: &Visit,
) -> Context {
    let port = request.peer_addr().map_or(0, |peer| peer.port());
    Context {
        id: visit.id().to_owned(),
        method: if request.method() == Method::GET { "GET" } else { "POST" },
        path: request.path().to_owned(),
        query: request.query_string().to_owned(),
        headers: headers(request, pass, |_| true),
        body,
        code_name: call.code_name.clone(),
        scheme: if pass.own.scheme() == "https" { "https" } else { "http" },
        remote: visit.caller().from.map(|from| SocketAddr::new(from, port)),
        user: visit.caller().user.clone(),
    }
}
