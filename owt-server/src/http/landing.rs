//! Answers `GET /` without code: a page for people, a catalogue for programs. And the page of functions.

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use owt_core::ProblemKind;
use serde_json::json;

use super::Site;
use super::own::Page;
use super::template::{escape, fill};
use crate::door::Origin;

/// Only what this server itself gives; what calls answer is shown from memory, or in the frame.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' blob: data:; media-src blob:; frame-src 'self'; frame-ancestors 'none'; \
     base-uri 'none'; form-action 'none'",
);

/// The landing page, or the catalogue for `Accept: application/json`.
pub(super) fn landing(request: &HttpRequest, own: &Origin, site: &Site) -> HttpResponse {
    if wants_json(request.headers()) {
        return HttpResponse::Ok().json(json!({
            "name": "owt",
            "version": env!("CARGO_PKG_VERSION"),
            "python": site.python_version,
            "call": {
                "methods": ["GET", "POST"],
                "path": "any",
                "fields": {
                    "code_b64": "base64 of UTF-8 Python; required",
                    "kwargs_b64": "base64 of a Python expression or JSON: the arguments",
                    "fn_name": "the name that the code defines; run by default",
                    "use_cache": "keep and reuse the result",
                    "cache_kwargs": "make the arguments part of the cache key",
                    "cache_key_override": "use this cache key instead",
                    "cache_shared": "share the result with other users",
                    "timeout": "deadline in seconds",
                },
            },
            "pages": Page::all().map(Page::path).collect::<Vec<_>>(),
            "problems": ProblemKind::ALL.iter().map(|kind| json!({
                "type": format!("/_owt/problems/{}", kind.slug()),
                "status": kind.status(),
                "title": kind.title(),
            })).collect::<Vec<_>>(),
        }));
    }
    shown(include_str!("page/index.html"), own, site)
}

/// What is published, for people: the page asks for the catalogue itself.
pub(super) fn functions(own: &Origin, site: &Site) -> HttpResponse {
    shown(include_str!("page/functions.html"), own, site)
}

/// One of the pages that call, with what it says of this server.
fn shown(template: &str, own: &Origin, site: &Site) -> HttpResponse {
    let asks_key = site.door.asks_key();
    let page = fill(template, |name| match name {
        "version" => env!("CARGO_PKG_VERSION").to_owned(),
        "python" => escape(&site.python_version),
        "url" => escape(&own.to_string()),
        "asks_key" => if asks_key { "yes" } else { "no" }.to_owned(),
        "key" => if asks_key { "a key is needed" } else { "no key is needed" }.to_owned(),
        _ => String::new(),
    });
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((
            header::CROSS_ORIGIN_OPENER_POLICY,
            HeaderValue::from_static("same-origin"),
        ))
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-cache")))
        .body(page)
}

/// True for a browser that opens a page; programs get JSON.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept
        .is_some_and(|accept| accept.contains("application/json") && !accept.contains("text/html"))
}
