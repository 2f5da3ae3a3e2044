//! Serves the server's own pages below `/_owt/`: health, metrics, warm adaptors, a person's yes,
//! files for browsers, MCP, and explanations of problems.

use std::rc::Rc;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use owt_core::{CODE_PATH, FUNCTIONS_PATH, MCP_PATH, Problem, ProblemKind, WARM_PATH};

use super::assets::Asset;
use super::visit::Visit;
use super::{Site, ask, functions, landing, mcp};
use crate::door::{Pass, Scope};
use crate::functions::openapi::{About, document};
use crate::metrics::{OPENMETRICS, Scrape};

/// Paths that belong to the server.
pub(super) const OWN: &str = "/_owt/";

const TEXT: &str = "text/plain; charset=utf-8";

/// One of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Livez,
    Readyz,
    Metrics,
    Adaptors,
    Functions,
    Code,
    Run,
    Mcp,
    OpenApi,
    Asset(&'static Asset),
    Problem(ProblemKind),
}

impl Page {
    /// Every page there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let assets = Asset::all().iter().map(Self::Asset);
        let problems = ProblemKind::ALL.iter().map(|kind| Self::Problem(*kind));
        let pages = [
            Self::Livez,
            Self::Readyz,
            Self::Metrics,
            Self::Adaptors,
            Self::Functions,
            Self::Code,
            Self::Run,
            Self::Mcp,
            Self::OpenApi,
        ];
        pages.into_iter().chain(assets).chain(problems)
    }

    pub fn path(self) -> String {
        match self {
            Self::Livez => "/_owt/livez".to_owned(),
            Self::Readyz => "/_owt/readyz".to_owned(),
            Self::Metrics => "/_owt/metrics".to_owned(),
            Self::Adaptors => WARM_PATH.to_owned(),
            Self::Functions => FUNCTIONS_PATH.to_owned(),
            Self::Code => CODE_PATH.to_owned(),
            Self::Run => ask::PATH.to_owned(),
            Self::Mcp => MCP_PATH.to_owned(),
            Self::OpenApi => "/_owt/openapi.json".to_owned(),
            Self::Asset(asset) => asset.path.clone().into_owned(),
            Self::Problem(kind) => format!("/_owt/problems/{}", kind.slug()),
        }
    }
}

/// Pages that tell how the server is, also when it does nothing else.
pub(super) fn is_health(path: &str) -> bool {
    [Page::Livez, Page::Readyz, Page::Metrics].iter().any(|page| page.path() == path)
}

/// The page of that path, or a problem.
pub(super) async fn page(
    request: &HttpRequest,
    payload: &mut web::Payload,
    site: &Site,
    visit: &Rc<Visit>,
    pass: Pass,
) -> Result<HttpResponse, Box<Problem>> {
    let Some(page) = Page::all().find(|page| page.path() == request.path()) else {
        let detail = format!("there is nothing at {}; /_owt/ is the server's own", request.path());
        return Err(Box::new(Problem::new(ProblemKind::NotFound, detail)));
    };
    let (is_taken, allow) = match page {
        Page::Run | Page::Mcp => (request.method() == Method::POST, "POST"),
        Page::Code => (request.method() == Method::PUT, "PUT"),
        _ => (matches!(*request.method(), Method::GET | Method::HEAD), "GET"),
    };
    if !is_taken {
        visit.takes_only(allow);
        let detail = format!("{} is not for this page; send {allow}", request.method());
        return Err(Box::new(Problem::new(ProblemKind::MethodNotAllowed, detail)));
    }
    let text = |text: String| HttpResponse::Ok().content_type(TEXT).body(text);
    Ok(match page {
        Page::Livez => text("live\n".to_owned()),
        Page::Readyz => ready(site),
        Page::Metrics => metrics(site)?,
        // It names what other users call.
        Page::Adaptors | Page::Functions | Page::OpenApi | Page::Code
            if pass.scope == Scope::Probe =>
        {
            return Err(site.door.out_of_scope());
        }
        Page::Adaptors => HttpResponse::Ok().json(site.engine.warm().await),
        Page::Functions if landing::wants_page(request.headers()) => {
            landing::functions(&pass.own, site)
        }
        Page::Functions => HttpResponse::Ok().json(functions::catalogue(site).await),
        Page::Code => functions::publish(request, payload, site, pass).await?,
        Page::Run => agreed(request, payload, site, &pass).await?,
        Page::OpenApi => HttpResponse::Ok().json(openapi(site).await),
        Page::Mcp => match site.mcp {
            Some(mcp) => mcp::answer(request, payload, site, visit, pass, mcp).await?,
            None => return Err(without_mcp()),
        },
        Page::Asset(asset) => asset.answer(request),
        Page::Problem(kind) => {
            text(format!("{} {}\n\n{}\n", kind.status(), kind.title(), kind.explanation()))
        }
    })
}

async fn openapi(site: &Site) -> serde_json::Value {
    let about = About { asks_key: site.door.asks_key(), takes_tokens: site.door.takes_tokens() };
    document(&functions::catalogue(site).await, about)
}

fn without_mcp() -> Box<Problem> {
    let detail = "this server does not serve MCP: `owt serve --mcp` does";
    Box::new(Problem::new(ProblemKind::NotFound, detail))
}

/// Whether calls are taken. A load balancer sends them elsewhere meanwhile.
fn ready(site: &Site) -> HttpResponse {
    let host = site.engine.status();
    if site.audit.as_ref().is_some_and(|audit| !audit.admits()) {
        let text = "not ready: the audit log cannot be written\n";
        return HttpResponse::ServiceUnavailable().content_type(TEXT).body(text);
    }
    let (status, text) = match (host.ready, host.workers.iter().any(|worker| worker.up)) {
        (true, true) => (StatusCode::OK, "ready"),
        (true, false) => (StatusCode::SERVICE_UNAVAILABLE, "not ready: no Python process is up"),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "not ready: no calls are taken"),
    };
    // Calls are taken before all functions are described, and by their names too.
    let text = format!("{text}{}\n", functions::progress(site));
    HttpResponse::build(status).content_type(TEXT).body(text)
}

fn metrics(site: &Site) -> Result<HttpResponse, Box<Problem>> {
    let scrape = Scrape {
        metrics: site.metrics.clone(),
        host: site.engine.status(),
        cache_bytes: site.engine.cache_bytes(),
        python_version: site.python_version.clone(),
    };
    let text = scrape.text().map_err(|_| {
        Box::new(Problem::new(ProblemKind::Internal, "the metrics could not be written"))
    })?;
    Ok(HttpResponse::Ok().content_type(OPENMETRICS).body(text))
}

/// A person has agreed to run what a URL carries; only our own page's form says so.
async fn agreed(
    request: &HttpRequest,
    payload: &mut web::Payload,
    site: &Site,
    pass: &Pass,
) -> Result<HttpResponse, Box<Problem>> {
    if !pass.is_meant {
        return Err(site.door.unmeant());
    }
    let yes = ask::yes(request, payload, site.body_timeout).await?;
    let shown = yes.remember.as_deref();
    let cookie = shown.map(|shown| site.door.agreed(&yes.target, shown, &pass.own)).transpose()?;
    Ok(ask::go(&yes.target, cookie))
}
