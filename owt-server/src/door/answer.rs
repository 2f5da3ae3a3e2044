//! What every answer tells the browser, and what a page of another origin may read of it.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

const PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

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
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
/// Seconds that a browser may remember the answer to its question.
const REMEMBER: HeaderValue = HeaderValue::from_static("600");

/// What is said of an answer, whatever it is.
pub(crate) struct Dress {
    /// The origin whose page may read it.
    pub reader: Option<HeaderValue>,
    /// Whether answers differ from origin to origin at all.
    pub varies: bool,
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
        // Who may read is said at the door, not by adaptors.
        headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        headers.remove(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
        headers.remove(&PRIVATE_NETWORK);
        if self.varies {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(reader) = self.reader {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, reader);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, READABLE);
        }
    }
}

/// True when a browser asks whether its page may send something (Fetch, CORS preflight).
pub(super) fn is_preflight(request: &HttpRequest) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// It may: GET and POST, with the headers that it asks for.
pub(crate) fn preflight(request: &HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response.insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS));
    response.insert_header((header::ACCESS_CONTROL_MAX_AGE, REMEMBER));
    if let Some(asked) = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        response.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, asked));
    }
    response.finish()
}
