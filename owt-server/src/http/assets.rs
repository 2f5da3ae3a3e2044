//! Serves the files that the binary carries for browsers.

use std::borrow::Cow;
use std::sync::LazyLock;

use actix_web::http::header::{
    self, CacheControl, CacheDirective, EntityTag, Header as _, HeaderValue, IfNoneMatch,
};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::docs;

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const SVG: &str = "image/svg+xml";
const ICO: &str = "image/x-icon";
pub(super) const JSON: &str = "application/json";
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// Scripts run in the frame, but as nobody's: it has no origin, so the door refuses what they
/// send, and they reach nothing of the page around it.
const FRAME: HeaderValue =
    HeaderValue::from_static("sandbox allow-scripts allow-forms allow-popups");

/// The look of all our pages.
pub(super) const LOOK: &str = include_str!("page/look.css");
/// When a press counts, on the landing page and on the one that asks.
pub(super) const FRONT: &str = include_str!("page/front.js");

/// Where a browser looks for an icon of its own accord.
pub(super) const FAVICON: &str = "/favicon.ico";

/// One of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asset {
    /// Where it is served.
    pub path: Cow<'static, str>,
    content_type: &'static str,
    content: Bytes,
    policy: Option<HeaderValue>,
    tag: String,
}

/// A file of the landing page.
macro_rules! page {
    ($name:literal, $type:expr) => {
        Asset::new(concat!("/_owt/page/", $name), $type, include_bytes!(concat!("page/", $name)))
    };
}

/// A file of the repository that is not the server's own (`build.rs`).
macro_rules! carried {
    ($path:expr, $type:expr, $file:expr) => {
        Asset::new($path, $type, include_bytes!(concat!(env!("OWT_CARRIED"), "/", $file)))
    };
}

/// A file of an example.
macro_rules! example {
    ($name:literal, $type:expr, $file:literal) => {
        carried!(concat!("/_owt/page/examples/", $name), $type, concat!("examples/", $file))
    };
}

static ALL: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let mut all = vec![
        carried!("/_owt/owt.js", JAVASCRIPT, "clients/js/index.js"),
        Asset::new("/_owt/frame", HTML, include_bytes!("page/frame.html")).under(FRAME),
        Asset::new("/_owt/look.css", CSS, LOOK.as_bytes()),
        page!("style.css", CSS),
        page!("docs.css", CSS),
        page!("icon.svg", SVG),
        page!("prism.min.js", JAVASCRIPT),
        page!("call.js", JAVASCRIPT),
        page!("catalogue.js", JAVASCRIPT),
        page!("copy.js", JAVASCRIPT),
        page!("docs.js", JAVASCRIPT),
        page!("editor.js", JAVASCRIPT),
        page!("frame.js", JAVASCRIPT),
        page!("form.js", JAVASCRIPT),
        Asset::new("/_owt/page/front.js", JAVASCRIPT, FRONT.as_bytes()),
        page!("functions.css", CSS),
        page!("functions.js", JAVASCRIPT),
        page!("gallery.js", JAVASCRIPT),
        page!("highlight.js", JAVASCRIPT),
        page!("history.js", JAVASCRIPT),
        page!("kept.js", JAVASCRIPT),
        page!("main.js", JAVASCRIPT),
        page!("models.js", JAVASCRIPT),
        page!("named.js", JAVASCRIPT),
        page!("packages.js", JAVASCRIPT),
        page!("paint.js", JAVASCRIPT),
        page!("panels.js", JAVASCRIPT),
        page!("plain.js", JAVASCRIPT),
        page!("problem.js", JAVASCRIPT),
        page!("quote.js", JAVASCRIPT),
        page!("result.js", JAVASCRIPT),
        page!("samples.js", JAVASCRIPT),
        page!("snippets.js", JAVASCRIPT),
        page!("tabs.js", JAVASCRIPT),
        page!("tape.js", JAVASCRIPT),
        page!("unseen.js", JAVASCRIPT),
        page!("views.js", JAVASCRIPT),
        example!("speech.py", TEXT, "speech/speech.py"),
        example!("speech.txt", TEXT, "requirements/speech.txt"),
        example!("chat.py", TEXT, "chat/chat.py"),
        example!("chat.txt", TEXT, "requirements/chat.txt"),
        example!("transcribe.py", TEXT, "transcribe/transcribe.py"),
        example!("transcribe.txt", TEXT, "requirements/transcribe.txt"),
        example!("embed.py", TEXT, "embed/embed.py"),
        example!("embed.txt", TEXT, "requirements/embed.txt"),
        example!("ocr.py", TEXT, "ocr/ocr.py"),
        example!("ocr.txt", TEXT, "requirements/ocr.txt"),
        example!("page.png", "image/png", "ocr/sample.png"),
        example!("speech.wav", "audio/wav", "transcribe/sample.wav"),
    ];
    all.extend(docs::assets());
    all
});

/// Outside of the server's own paths: what is there is given where no call is.
static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(FAVICON, ICO, include_bytes!("page/favicon.ico")));

impl Asset {
    fn new(path: &'static str, content_type: &'static str, content: &'static [u8]) -> Self {
        let tag = URL_SAFE_NO_PAD.encode(Sha256::digest(content));
        let content = Bytes::from_static(content);
        Self { path: path.into(), content_type, content, policy: None, tag }
    }

    /// One that is made when the server starts.
    pub fn made(path: String, content_type: &'static str, content: String) -> Self {
        let tag = URL_SAFE_NO_PAD.encode(Sha256::digest(&content));
        Self { path: path.into(), content_type, content: content.into(), policy: None, tag }
    }

    /// The same, with this as its Content-Security-Policy.
    pub fn under(self, policy: HeaderValue) -> Self {
        Self { policy: Some(policy), ..self }
    }

    /// All of them.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The icon at [`FAVICON`].
    pub fn icon() -> &'static Self {
        &ICON
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
        response.content_type(self.content_type).body(self.content.clone())
    }
}
