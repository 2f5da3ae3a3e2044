//! The files that the binary carries for browsers.

use std::sync::LazyLock;

use actix_web::http::header::{
    self, CacheControl, CacheDirective, EntityTag, Header as _, IfNoneMatch,
};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// One of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    /// Where it is served.
    pub path: &'static str,
    content_type: &'static str,
    content: &'static str,
    tag: String,
}

impl File {
    fn new(path: &'static str, content_type: &'static str, content: &'static str) -> Self {
        let hash = Sha256::digest(content);
        Self { path, content_type, content, tag: URL_SAFE_NO_PAD.encode(hash) }
    }

    /// All files.
    pub fn all() -> &'static [Self] {
        static ALL: LazyLock<[File; 1]> =
            LazyLock::new(|| [File::new("/_owt/owt.js", JAVASCRIPT, include_str!("page/owt.js"))]);
        &*ALL
    }

    /// The file, or 304 for who has it as it is.
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
        if known {
            return response.finish();
        }
        response.content_type(self.content_type).body(self.content)
    }
}
