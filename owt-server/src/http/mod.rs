//! HTTP in, events out: nothing else happens here.

mod landing;
mod listen;
mod own;
mod quiet;
mod read;
mod respond;
mod timing;
mod visit;

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use owt_core::{Problem, ProblemKind};
use visit::Visit;

pub(crate) use listen::server;

use crate::door::Door;
use crate::engine::Engine;
use crate::metrics::Metrics;

/// What every request needs.
pub(crate) struct Site {
    pub engine: Engine,
    pub door: Door,
    pub max_body: usize,
    pub body_timeout: Duration,
    pub stall_timeout: Duration,
    pub python_version: String,
    pub metrics: Arc<Metrics>,
}

/// Every request comes through here: its visit begins, then the door, then the rest.
async fn handle(
    request: HttpRequest,
    payload: web::Payload,
    site: web::Data<Site>,
) -> HttpResponse {
    let visit = Visit::begin(&request, &site);
    let from = request.peer_addr().map(|address| address.ip());
    let mut response = match site.door.admit(request.headers(), from).await {
        Ok(()) => route(&request, payload, &site, &visit).await,
        Err(failure) => respond::problem(request.headers(), *failure, &visit),
    };
    visit.answers(&mut response);
    response
}

async fn route(
    request: &HttpRequest,
    mut payload: web::Payload,
    site: &Site,
    visit: &Rc<Visit>,
) -> HttpResponse {
    if request.path().starts_with(own::OWN) {
        return own::page(request, site, visit);
    }
    match *request.method() {
        Method::GET | Method::POST => {}
        Method::HEAD if request.path() == "/" => {
            return landing::landing(request, &site.python_version);
        }
        Method::OPTIONS => {
            return HttpResponse::NoContent().insert_header((header::ALLOW, "GET, POST")).finish();
        }
        _ => {
            let detail = format!("{} never runs code; send GET or POST", request.method());
            let failure = Problem::new(ProblemKind::MethodNotAllowed, detail);
            return respond::problem(request.headers(), failure, visit);
        }
    }
    match read::read(request, &mut payload, site.max_body, site.body_timeout).await {
        Ok(read::Reading::Call(call, body)) => {
            let context = read::context(request, visit.id().to_owned(), body);
            visit.calls();
            let submitted = Instant::now();
            let (events, cache) = site.engine.submit(*call, context);
            if let Some(outcome) = cache {
                site.metrics.lookup(outcome);
            }
            respond::respond(request, events, cache, submitted, visit).await
        }
        Ok(read::Reading::Nothing) if request.path() == "/" => {
            landing::landing(request, &site.python_version)
        }
        Ok(read::Reading::Nothing) => respond::problem(request.headers(), *read::missing(), visit),
        Err(failure) => respond::problem(request.headers(), *failure, visit),
    }
}
