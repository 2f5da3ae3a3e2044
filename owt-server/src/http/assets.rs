//! The files that the binary carries for browsers.

use std::sync::LazyLock;

use actix_web::http::header::{
    self, CacheControl, CacheDirective, EntityTag, Header as _, HeaderValue, IfNoneMatch,
};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const HTML: &str = "text/html; charset=utf-8";

/// Scripts run in the frame, but as nobody's: it has no origin, so the door refuses what they
/// send, and they reach nothing of the page around it.
const FRAME: HeaderValue =
    HeaderValue::from_static("sandbox allow-scripts allow-forms allow-popups");

/// The look of all our pages.
pub(super) const LOOK: &str = include_str!("page/look.css");
/// When a press counts, on the landing page and on the one that asks.
pub(super) const FRONT: &str = include_str!("page/front.js");

/// One of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asset {
    /// Where it is served.
    pub path: &'static str,
    content_type: &'static str,
    content: &'static str,
    policy: Option<HeaderValue>,
    tag: String,
}

/// A file of the landing page.
macro_rules! page {
    ($name:literal, $type:expr) => {
        Asset::new(concat!("/_owt/page/", $name), $type, include_str!(concat!("page/", $name)))
    };
}

static ALL: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    vec![
        Asset::new("/_owt/owt.js", JAVASCRIPT, include_str!("page/owt.js")),
        Asset {
            policy: Some(FRAME),
            ..Asset::new("/_owt/frame", HTML, include_str!("page/frame.html"))
        },
        Asset::new("/_owt/look.css", CSS, LOOK),
        page!("style.css", CSS),
        page!("icon.svg", SVG),
        page!("prism.min.js", JAVASCRIPT),
        page!("call.js", JAVASCRIPT),
        page!("editor.js", JAVASCRIPT),
        page!("frame.js", JAVASCRIPT),
        Asset::new("/_owt/page/front.js", JAVASCRIPT, FRONT),
        page!("main.js", JAVASCRIPT),
        page!("problem.js", JAVASCRIPT),
        page!("quote.js", JAVASCRIPT),
        page!("result.js", JAVASCRIPT),
        page!("samples.js", JAVASCRIPT),
        page!("snippets.js", JAVASCRIPT),
        page!("tabs.js", JAVASCRIPT),
        page!("tape.js", JAVASCRIPT),
        page!("unseen.js", JAVASCRIPT),
        page!("views.js", JAVASCRIPT),
    ]
});

impl Asset {
    fn new(path: &'static str, content_type: &'static str, content: &'static str) -> Self {
        let tag = URL_SAFE_NO_PAD.encode(Sha256::digest(content));
        Self { path, content_type, content, policy: None, tag }
    }

    /// All of them.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// Its content, or 304 for who has it as it is.
    pub fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let tag = EntityTag::new_strong(self.tag.clone());
        let known = match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
            Err(_) => false,
        };
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header(header::ETag(tag));
        // Another version of the server is another file.
        response.insert_header(CacheControl(vec![CacheDirective::NoCache]));
        if let Some(policy) = &self.policy {
            response.insert_header((header::CONTENT_SECURITY_POLICY, policy.clone()));
        }
        if known {
            return response.finish();
        }
        response.content_type(self.content_type).body(self.content)
    }
}
