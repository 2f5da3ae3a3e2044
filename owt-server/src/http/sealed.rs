//! Seals a page that shows what a stranger may have written: it loads only what bears its nonce,
//! and no page can frame it.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use owt_core::{Problem, ProblemKind};

/// What makes a page one.
pub(super) struct Seal {
    /// Of its scripts and styles.
    pub nonce: String,
}

impl Seal {
    /// # Errors
    /// The system gives no random bytes.
    pub fn new() -> Result<Self, Box<Problem>> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| {
            let detail = format!("the system gives no random bytes: {error}");
            Box::new(Problem::new(ProblemKind::Internal, detail))
        })?;
        Ok(Self { nonce: STANDARD.encode(random) })
    }

    /// The answer with this page as its body.
    pub fn answer(&self, mut response: HttpResponseBuilder, page: String) -> HttpResponse {
        let nonce = &self.nonce;
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; \
             form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        );
        response
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_SECURITY_POLICY, policy))
            .insert_header((header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")))
            .insert_header((
                header::CROSS_ORIGIN_OPENER_POLICY,
                HeaderValue::from_static("same-origin"),
            ))
            .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
            .body(page)
    }
}
