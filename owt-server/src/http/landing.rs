//! `GET /` without code: a page for people, a catalogue for programs.

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse};
use owt_core::ProblemKind;
use serde_json::json;

use super::own::Page;
use super::template::{escape, fill};
use crate::door::Origin;

/// The landing page, or the catalogue for `Accept: application/json`.
pub(super) fn landing(request: &HttpRequest, own: &Origin, python_version: &str) -> HttpResponse {
    if wants_json(request.headers()) {
        return HttpResponse::Ok().json(json!({
            "name": "owt",
            "version": env!("CARGO_PKG_VERSION"),
            "python": python_version,
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
    let page = fill(include_str!("landing.html"), |name| match name {
        "version" => env!("CARGO_PKG_VERSION").to_owned(),
        "python" => escape(python_version),
        "url" => escape(&own.to_string()),
        _ => String::new(),
    });
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page)
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept
        .is_some_and(|accept| accept.contains("application/json") && !accept.contains("text/html"))
}
