//! Sets the security headers of every answer, and decides what pages of other origins may read.

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use owt_core::CODE_PATH;

use super::consent::COOKIE;

/// Nothing is guessed to be a script.
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
/// URLs hold code: other sites do not get to see them.
const REFERRERS: HeaderValue = HeaderValue::from_static("same-origin");
/// No other site's page can put ours under its own buttons.
const FRAMES: HeaderValue = HeaderValue::from_static("frame-ancestors 'self'");
/// What an adaptor's page may do when it shall not be of our origin.
const SANDBOX: HeaderValue = HeaderValue::from_static(
    "sandbox allow-downloads allow-forms allow-modals allow-pointer-lock allow-popups \
     allow-scripts",
);
/// What a page of an allowed origin can read beside the simple headers.
const READABLE: HeaderValue = HeaderValue::from_static(
    "Cache-Status, Content-Disposition, Content-Range, Retry-After, Server-Timing, traceparent, \
     X-Request-Id",
);
/// What a call is answered depends on these, and a browser's cache shall know: an answer to a page
/// of ours is not shown to who opens the same address by hand, nor is it a service worker's script.
const VARIES: HeaderValue = HeaderValue::from_static("Accept, Sec-Fetch-Site, Service-Worker");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
/// By which code is sent that is to be called by its hash.
const PUT: HeaderValue = HeaderValue::from_static("PUT");
/// Seconds that a browser may remember the answer to its question.
const REMEMBER: HeaderValue = HeaderValue::from_static("600");

/// What is said of an answer, whatever it is.
pub(crate) struct Dress {
    /// The origin whose page may read it.
    pub reader: Option<HeaderValue>,
    /// Whether answers differ from origin to origin at all.
    pub varies: bool,
    /// Whether it is an adaptor's.
    pub is_call: bool,
    /// Whether it is an adaptor's that is kept apart from our origin.
    pub is_apart: bool,
}

impl Dress {
    pub fn on(self, headers: &mut HeaderMap) {
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        if !headers.contains_key(header::REFERRER_POLICY) {
            headers.insert(header::REFERRER_POLICY, REFERRERS);
        }
        // Beside what the adaptor may have set: browsers obey all of them.
        headers.append(header::CONTENT_SECURITY_POLICY, FRAMES);
        if self.is_apart {
            headers.append(header::CONTENT_SECURITY_POLICY, SANDBOX);
        }
        if self.is_call {
            headers.append(header::VARY, VARIES);
        }
        if self.varies {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(reader) = self.reader {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, reader);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, READABLE);
        }
    }
}

/// True for a header that is not an adaptor's to send: it would tell a browser more than about this
/// one answer, and mostly for longer than a page of it is open.
pub(crate) fn rules_the_origin(name: &HeaderName, value: &HeaderValue) -> bool {
    match name.as_str() {
        // A script that answers in our place.
        "service-worker-allowed"
        // Another server in our place; no plain HTTP to this name, on any port.
        | "alt-svc" | "strict-transport-security"
        // Somebody who is told of all that is asked of us.
        | "nel" | "report-to"
        // An answer that is kept for our other addresses too.
        | "no-vary-search" | "use-as-dictionary"
        // An end of all that was kept: cookies, of other ports too, and a person's drafts.
        | "clear-site-data" => true,
        // A person's yes. Browsers send `=owt_run_x=y`, which has no name, as if it were one.
        "set-cookie" => {
            let pair = value.as_bytes().trim_ascii_start();
            let named = pair.iter().position(|byte| *byte != b'=' && !byte.is_ascii_whitespace());
            named.and_then(|start| pair.get(start..)).is_some_and(|it| it.starts_with(COOKIE.as_bytes()))
        }
        // Who may read is said at the door.
        name => name.starts_with("access-control-"),
    }
}

/// True when a browser asks whether its page may send something (Fetch, CORS preflight).
pub(super) fn is_preflight(request: &RequestHead) -> bool {
    request.method == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// It may: GET and POST, and PUT of code, with the headers that it asks for.
pub(crate) fn preflight(request: &RequestHead) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    let methods = if request.uri.path() == CODE_PATH { PUT } else { METHODS };
    response.insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods));
    response.insert_header((header::ACCESS_CONTROL_MAX_AGE, REMEMBER));
    if let Some(asked) = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        response.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, asked));
    }
    response.finish()
}
