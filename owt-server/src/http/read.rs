//! From an HTTP request to a call (WIRE §1).

use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, web};
use bytes::Bytes;
use futures_util::{StreamExt, poll};
use owt_core::{Call, CallError, Problem, ProblemKind};

use super::Site;
use super::visit::Visit;
use crate::door::Pass;
use crate::engine::{Context, Headers};
use crate::gathering::Gathering;

/// What a request turned out to be.
pub(super) enum Reading {
    /// It carries code.
    Call(Box<Call>, Bytes),
    /// It carries none and nothing that looks like a call.
    Nothing,
}

/// Reads the call and the body.
///
/// # Errors
/// A problem that names the field or the header, and the mend.
pub(super) async fn read(
    request: &HttpRequest,
    payload: &mut web::Payload,
    site: &Site,
    pass: &Pass,
) -> Result<Reading, Box<Problem>> {
    let in_query = match Call::from_query(request.query_string()) {
        // The code may still come in the body; the query is the adaptor's then.
        Err(CallError::MissingCode) if request.method() == Method::POST => None,
        read => read.map_err(malformed)?,
    };
    // What sends JSON may have been told by a stranger where to (a webhook): the code is what it
    // wrote itself, not what the URL carries.
    if in_query.is_some() && request.method() == Method::POST && !pass.is_meant {
        return Err(site.door.unmeant());
    }
    let body = body(request.headers(), payload, site.max_body, site.body_timeout).await?;
    if let Some(call) = in_query {
        return Ok(Reading::Call(Box::new(call), body));
    }
    if request.method() == Method::GET {
        return Ok(Reading::Nothing);
    }
    let call = in_body(request.headers(), &body).await?;
    Ok(Reading::Call(Box::new(call), body))
}

async fn in_body(headers: &HeaderMap, body: &Bytes) -> Result<Call, Box<Problem>> {
    if let Some(coding) = headers.get(header::CONTENT_ENCODING)
        && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(Box::new(Problem::new(
            ProblemKind::UnsupportedType,
            "a body that holds the call is not decompressed: send it without Content-Encoding; \
             a compressed body is welcome when the fields are in the query string, and the \
             adaptor gets it as it came",
        )));
    }
    let content_type = match headers.get(header::CONTENT_TYPE) {
        Some(value) => value.to_str().unwrap_or_default(),
        None if body.is_empty() => return Err(missing()),
        None => "",
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let call = match essence.as_str() {
        "application/json" => return Call::from_json(body).map_err(malformed),
        "application/x-www-form-urlencoded" => Call::from_form(body).map_err(malformed)?,
        "multipart/form-data" => multipart(content_type, body).await?,
        other if other.ends_with("+json") => return Call::from_json(body).map_err(malformed),
        other => {
            let given = if other.is_empty() { "no Content-Type" } else { other };
            return Err(Box::new(Problem::new(
                ProblemKind::UnsupportedType,
                format!(
                    "a call's fields come as application/json, \
                     application/x-www-form-urlencoded or multipart/form-data, not as {given}; \
                     a body of any type is welcome when the fields are in the query string"
                ),
            )));
        }
    };
    call.ok_or_else(missing)
}

async fn multipart(content_type: &str, body: &Bytes) -> Result<Option<Call>, Box<Problem>> {
    let bad = |error: multer::Error| {
        let detail = format!("the multipart body cannot be read: {error}");
        Box::new(Problem::new(ProblemKind::MalformedCall, detail))
    };
    let boundary = multer::parse_boundary(content_type).map_err(bad)?;
    let body = body.clone();
    let whole = futures_util::stream::once(async move { Ok::<_, std::io::Error>(body) });
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(bad)? {
        let name = part.name().unwrap_or_default().to_owned();
        fields.push((name, part.bytes().await.map_err(bad)?));
    }
    Call::from_fields(fields).map_err(malformed)
}

fn malformed(error: CallError) -> Box<Problem> {
    Box::new(Problem::from(error))
}

/// A request that should carry code and does not.
pub(super) fn missing() -> Box<Problem> {
    let detail = "`code_b64` is missing: send the Python to run, base64-encoded, in a JSON or \
                  form body or in the query string";
    Box::new(Problem::new(ProblemKind::MalformedCall, detail).with_field("code_b64"))
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
            None if whole.len() == 0 => first = Some(piece),
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
    Box::new(Problem::new(
        ProblemKind::BodyTooLarge,
        format!("the body is larger than the {most} bytes that this server takes (--max-body)"),
    ))
}

/// What the adaptor can ask about the request.
pub(super) fn context(request: &HttpRequest, body: Bytes, pass: &Pass, visit: &Visit) -> Context {
    let mut headers = Headers::with_capacity(request.headers().len());
    for (name, value) in request.headers() {
        // A key to this server is not for the adaptors on it.
        if pass.has_shown_key && name == header::AUTHORIZATION {
            continue;
        }
        headers.push(name.as_str(), value.as_bytes());
    }
    let port = request.peer_addr().map_or(0, |peer| peer.port());
    Context {
        id: visit.id().to_owned(),
        method: if request.method() == Method::GET { "GET" } else { "POST" },
        path: request.path().to_owned(),
        query: request.query_string().to_owned(),
        headers,
        body,
        scheme: if pass.own.scheme() == "https" { "https" } else { "http" },
        remote: visit.caller().from.map(|from| SocketAddr::new(from, port)),
        user: visit.caller().user.clone(),
    }
}
