//! Reads calls of functions by their names, publishes code that is sent, and tells the catalogue.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use owt_core::{
    CODE_PATH, Call, Catalogue, Code, Others, PYTHON_TYPES, Problem, ProblemKind, SentCode,
};
use owt_engine::Fingerprint;
use url::form_urlencoded;

use super::Site;
use super::carrier::Carrier;
use super::read::{self, Sent, aside, malformed};
use super::visit::Visit;
use crate::door::Pass;
use crate::functions::{Asker, Functions, Named, Wish};

impl Site {
    /// Who calls for the server itself.
    pub fn asker(&self) -> Asker<'_> {
        Asker { engine: &self.engine, door: &self.door }
    }
}

/// True for a path of the server's own that is for calls of functions that were sent.
pub(super) fn is_call(path: &str) -> bool {
    path.starts_with(CODE_PATH) && Functions::is_sent(path)
}

/// The call that a request makes of a function by its name; the arguments are what it carries.
///
/// # Errors
/// There is no such function, its module does not load, or it is called by GET and not for that.
pub(super) async fn call(
    request: &HttpRequest,
    named: Named,
    body: Bytes,
    site: &Site,
    pass: &Pass,
    visit: &Visit,
) -> Result<Sent, Box<Problem>> {
    let headers = request.headers();
    let is_get = request.method() == Method::GET;
    // Its URL may be a stranger's, who told a webhook where to.
    if !is_get && !pass.is_meant {
        return Err(site.door.unmeant());
    }
    if !body.is_empty() && read::is_encoded(headers) {
        let detail = "a body that holds a function's arguments is not decompressed: send it \
                      without Content-Encoding";
        return Err(Box::new(Problem::new(ProblemKind::UnsupportedType, detail)));
    }
    let (code, function, code_name) = named.function(&site.asker()).await?;
    if is_get && !function.takes_get() {
        visit.takes_only("POST");
        let detail = format!(
            "{} is called by POST; a GET calls what is marked for it (@owt.function(get=True))",
            function.name()
        );
        return Err(Box::new(Problem::new(ProblemKind::MethodNotAllowed, detail)));
    }
    let mut call = function.call(code, request.query_string()).map_err(malformed)?;
    call.code_name = code_name;
    let own = if call.use_cache { arguments_of(request, &body).await? } else { None };
    let names = owt_core::FieldNames::default();
    Ok(Sent { call, names, body, own, max_age: function.max_age() })
}

/// What tells a call from the same one with other arguments.
async fn arguments_of(
    request: &HttpRequest,
    body: &Bytes,
) -> Result<Option<Fingerprint>, Box<Problem>> {
    let media = request.headers().get(header::CONTENT_TYPE).filter(|_| !body.is_empty());
    let media = media.map(|media| media.as_bytes().to_vec()).unwrap_or_default();
    let (query, body) = (request.query_string().to_owned(), body.clone());
    aside(body.len(), move || Fingerprint::of([query.as_bytes(), &media, &body])).await
}

/// Whether a body holds code, which then is what runs.
///
/// # Errors
/// It is a form in parts and does not say how they are told apart.
pub(super) async fn carries_code(headers: &HeaderMap, body: &Bytes) -> Result<bool, Box<Problem>> {
    if body.is_empty() || read::is_encoded(headers) {
        return Ok(false);
    }
    let Some(carrier) = Carrier::of(headers)? else { return Ok(false) };
    // Most hold no such word.
    if carrier != Carrier::Python && !holds(body, b"code") && !holds(body, b"%") {
        return Ok(false);
    }
    let read = body.clone();
    aside(body.len(), move || carrier.code_field(&read).is_some()).await
}

fn holds(body: &[u8], word: &[u8]) -> bool {
    body.windows(word.len()).any(|part| part == word)
}

/// Publishes code that is sent: gives its hash and its functions.
///
/// # Errors
/// It may not be, it cannot be read, or it does not load.
pub(super) async fn publish(
    request: &HttpRequest,
    payload: &mut web::Payload,
    site: &Site,
    pass: Pass,
) -> Result<HttpResponse, Box<Problem>> {
    if !pass.is_meant {
        return Err(site.door.unmeant());
    }
    let headers = request.headers();
    let body = read::body(headers, payload, site.max_body, site.body_timeout).await?;
    let (code, mut wish) = sent_code(headers, body).await?;
    for (name, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        match &*name {
            "name" if !value.is_empty() => wish.name = Some(value.into_owned()),
            "keep" => wish.keep = flag("keep", &value)?,
            "code_name" if Call::is_code_name(&value) => wish.code_name = Some((*value).into()),
            "name" | "code_name" => return Err(wrong(&name, "is none that can be one")),
            _ => return Err(wrong(&name, "is not known here; there are name, keep and code_name")),
        }
    }
    if wish.keep && wish.name.is_none() {
        return Err(wrong("name", "is missing: what is kept is kept by a name"));
    }
    if wish.code_name.is_none() {
        wish.code_name = wish.name.as_ref().map(|name| format!("{name}.py").into());
    }
    let id = code.id();
    let functions = site.functions.publish(&site.asker(), code, wish.clone()).await?;
    let hash = id.to_string();
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("{CODE_PATH}/{hash}")))
        .json(SentCode { hash, name: wish.name, kept: wish.keep, functions }))
}

/// The code of a body that is nothing else, or holds it as a call's does.
async fn sent_code(headers: &HeaderMap, body: Bytes) -> Result<(Code, Wish), Box<Problem>> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    let is_plain = ["", "text/plain", "application/octet-stream"].contains(&&*essence)
        || PYTHON_TYPES.contains(&&*essence);
    if read::is_encoded(headers) {
        let detail = "code is not decompressed: send it without Content-Encoding";
        return Err(Box::new(Problem::new(ProblemKind::UnsupportedType, detail)));
    }
    let carrier = if is_plain { Some(Carrier::Python) } else { Carrier::of(headers)? };
    let Some(carrier) = carrier else {
        let detail = format!(
            "code comes as text/x-python, or in the field `code` of JSON or of a form, not as {essence}"
        );
        return Err(Box::new(Problem::new(ProblemKind::UnsupportedType, detail)));
    };
    aside(body.len(), move || {
        let call = carrier.fields("", &body, Others::Passed)?.into_call().map_err(malformed)?;
        let Call { code, code_name, .. } = call;
        Ok((code, Wish { code_name, ..Wish::default() }))
    })
    .await?
}

fn flag(name: &str, value: &str) -> Result<bool, Box<Problem>> {
    match value.to_ascii_lowercase().as_str() {
        "" | "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(wrong(name, "is true or false")),
    }
}

fn wrong(field: &str, why: &str) -> Box<Problem> {
    let problem = Problem::new(ProblemKind::MalformedCall, format!("`{field}` {why}"));
    Box::new(problem.with_field(field))
}

/// The catalogue, as it is now.
pub(super) async fn catalogue(site: &Site) -> Catalogue {
    Arc::clone(&site.functions).catalogue(&site.asker()).await
}

/// What to say of functions that are not described yet; nothing once all are.
pub(super) fn progress(site: &Site) -> String {
    if site.functions.is_ready() {
        return String::new();
    }
    let (done, all) = site.functions.progress();
    format!("; functions of {done} of {all} modules are described")
}
