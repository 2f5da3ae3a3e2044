//! Tells what a page made a browser send from what its user or a program meant to send.
//!
//! Browsers mark what they send: `Sec-Fetch-Site` (Fetch Metadata) where they speak TLS or to
//! loopback, `Origin` (RFC 6454) with what is not a plain GET, `Referer`, `Cookie`, and their
//! `User-Agent`. A page can hide some of them, but never all.

use actix_web::http::header::{self, HeaderMap, HeaderName};

use super::authority::Origin;
use super::{Refusal, client, refused};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_FETCH_USER: HeaderName = HeaderName::from_static("sec-fetch-user");
const SERVICE_WORKER: HeaderName = HeaderName::from_static("service-worker");

/// Only a program, or a page of an origin that was allowed to, sends this.
const OWN_HEADER: HeaderName = HeaderName::from_static(owt_core::MEANT);

/// The page that a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// Nothing tells of one.
    None,
    /// None: the browser's user typed the address, or followed a link from elsewhere.
    Address,
    /// Ours.
    Own,
    /// Of an origin that is allowed by name.
    Allowed,
}

/// The page that sent it, by `Origin` and `Sec-Fetch-Site`.
///
/// # Errors
/// A page of an origin that is not allowed sent it: 403.
pub(super) fn page(headers: &HeaderMap, own: &Origin, allowed: &[Origin]) -> Result<Page, Refusal> {
    let page = match one(headers, &header::ORIGIN) {
        One::None => Page::None,
        One::Value(text) => match text.parse::<Origin>() {
            Ok(origin) if origin == *own => Page::Own,
            Ok(origin) if allowed.contains(&origin) => Page::Allowed,
            Ok(_) | Err(_) => return Err(foreign("Origin", text)),
        },
        One::Odd => return Err(foreign("Origin", "more than one, or not text")),
    };
    match one(headers, &SEC_FETCH_SITE) {
        One::None => Ok(page),
        One::Value("none") => Ok(if page == Page::None { Page::Address } else { page }),
        One::Value("same-origin") => Ok(if page == Page::Allowed { page } else { Page::Own }),
        One::Value(_) if page == Page::Allowed => Ok(page),
        One::Value(site) => Err(foreign("Sec-Fetch-Site", site)),
        One::Odd => Err(foreign("Sec-Fetch-Site", "more than one, or not text")),
    }
}

fn foreign(header: &str, value: &str) -> Refusal {
    refused(format!(
        "a page of another origin sent this ({header}: {value}); serve the page from owt, open \
         the URL by hand, or start the server with --allow-origin"
    ))
}

/// True when a person or their program sent it, or a page that may: what runs code at once.
/// `shows_consent` tells whether the browser's user has agreed to exactly this.
pub(super) fn is_meant(
    headers: &HeaderMap,
    page: Page,
    own: &Origin,
    shows_consent: impl FnOnce() -> bool,
) -> bool {
    matches!(page, Page::Own | Page::Allowed)
        || headers.contains_key(&OWN_HEADER)
        || (bears_no_mark(headers) && client::is_called(headers))
        || refers_to(headers, own)
        || shows_consent()
}

/// Nothing that browsers send. Node's `fetch` sends `Sec-Fetch-Mode` alone, which no browser does:
/// that is no mark.
fn bears_no_mark(headers: &HeaderMap) -> bool {
    let marks = [
        &header::ORIGIN,
        &header::REFERER,
        &header::COOKIE,
        &SEC_FETCH_SITE,
        &SEC_FETCH_DEST,
        &SEC_FETCH_USER,
    ];
    !marks.iter().any(|mark| headers.contains_key(*mark))
}

/// One of our own pages sent it, and the browser has no better mark to say so.
fn refers_to(headers: &HeaderMap, own: &Origin) -> bool {
    let (One::None, One::Value(referer)) =
        (one(headers, &SEC_FETCH_SITE), one(headers, &header::REFERER))
    else {
        return false;
    };
    let end = referer.find("://").and_then(|scheme| {
        let rest = referer.get(scheme + 3..)?;
        Some(scheme + 3 + rest.find(['/', '?', '#']).unwrap_or(rest.len()))
    });
    end.and_then(|end| referer.get(..end)).and_then(|origin| origin.parse().ok()).as_ref()
        == Some(own)
}

/// True when a browser asks for the script of a service worker (Service Workers, "Update"; Fetch
/// Metadata). A page cannot leave either header out, nor make one up.
pub(super) fn wants_service_worker(headers: &HeaderMap) -> bool {
    headers.contains_key(&SERVICE_WORKER)
        || headers.get_all(&SEC_FETCH_DEST).any(|dest| dest == "serviceworker")
}

/// What a browser says of what it fetches before its user asks for it, and perhaps never will:
/// prefetched and prerendered pages, previews of links. `Sec-Purpose` is Fetch's; `Purpose` is
/// Chromium's from before, `X-Purpose` WebKit's, `X-Moz` and `X-Firefox-AI` Gecko's.
const AHEAD: [HeaderName; 5] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-purpose"),
    HeaderName::from_static("x-moz"),
    HeaderName::from_static("x-firefox-ai"),
];

/// True when a person opens it as a page, and so can be asked.
pub(crate) fn is_navigation(headers: &HeaderMap) -> bool {
    if AHEAD.iter().any(|name| headers.contains_key(name)) {
        return false;
    }
    let is = |name: &HeaderName, wanted: &str| match one(headers, name) {
        One::None => true,
        One::Value(value) => value == wanted,
        One::Odd => false,
    };
    is(&SEC_FETCH_MODE, "navigate")
        && is(&SEC_FETCH_DEST, "document")
        && matches!(one(headers, &header::ACCEPT), One::Value(accept) if accept.contains("text/html"))
}

/// A body that a page of another origin cannot send without asking first (CORS preflight).
pub(super) fn is_deliberate(headers: &HeaderMap) -> bool {
    let One::Value(value) = one(headers, &header::CONTENT_TYPE) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim();
    let is = |kind: &str| essence.eq_ignore_ascii_case(kind);
    is("application/json") || owt_core::PYTHON_TYPES.into_iter().any(is)
}

/// What a header says that comes once at most.
pub(super) enum One<'a> {
    None,
    Value(&'a str),
    /// Several, or no text: whoever sends it hides something.
    Odd,
}

pub(super) fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> One<'a> {
    let mut all = headers.get_all(name);
    match (all.next().map(header::HeaderValue::to_str), all.next()) {
        (None, _) => One::None,
        (Some(Ok(value)), None) => One::Value(value),
        _ => One::Odd,
    }
}
