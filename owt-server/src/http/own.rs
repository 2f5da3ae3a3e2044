//! The server's own pages, below `/_owt/`: problems explained, health and metrics.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use owt_core::{Problem, ProblemKind};

use super::visit::Visit;
use super::{Site, respond};
use crate::metrics::{OPENMETRICS, Scrape};

/// Paths that belong to the server.
pub(super) const OWN: &str = "/_owt/";

const TEXT: &str = "text/plain; charset=utf-8";

/// The page of that path, or a problem.
pub(super) fn page(request: &HttpRequest, site: &Site, visit: &Visit) -> HttpResponse {
    let name = request.path().strip_prefix(OWN).unwrap_or_default();
    let found = match name {
        "livez" => Some(HttpResponse::Ok().content_type(TEXT).body("live\n")),
        "readyz" => Some(ready(site)),
        "metrics" => metrics(site),
        _ => name.strip_prefix("problems/").and_then(explanation),
    };
    found.unwrap_or_else(|| {
        let detail = format!("there is nothing at {}; /_owt/ is the server's own", request.path());
        respond::problem(request.headers(), Problem::new(ProblemKind::NotFound, detail), visit)
    })
}

/// What a problem's `type` points to.
fn explanation(slug: &str) -> Option<HttpResponse> {
    let kind = ProblemKind::from_slug(slug)?;
    let text = format!("{} {}\n\n{}\n", kind.status(), kind.title(), kind.explanation());
    Some(HttpResponse::Ok().content_type(TEXT).body(text))
}

/// Whether calls are taken. A load balancer sends them elsewhere meanwhile.
fn ready(site: &Site) -> HttpResponse {
    let host = site.engine.status();
    let (status, text) = match (host.ready, host.workers.iter().any(|worker| worker.up)) {
        (true, true) => (StatusCode::OK, "ready\n"),
        (true, false) => (StatusCode::SERVICE_UNAVAILABLE, "not ready: no Python process is up\n"),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "not ready: no calls are taken\n"),
    };
    HttpResponse::build(status).content_type(TEXT).body(text)
}

fn metrics(site: &Site) -> Option<HttpResponse> {
    let scrape = Scrape {
        metrics: site.metrics.clone(),
        host: site.engine.status(),
        cache_bytes: site.engine.cache_bytes(),
        python_version: site.python_version.clone(),
    };
    Some(HttpResponse::Ok().content_type(OPENMETRICS).body(scrape.text().ok()?))
}
