//! HTTP in, events out: nothing else happens here.

mod landing;
mod own;
mod read;
mod respond;
mod timing;
mod visit;

use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::Server;
use actix_web::http::{Method, header};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use owt_core::{Problem, ProblemKind};
use visit::Visit;

use crate::config::Config;
use crate::door::Door;
use crate::engine::{self, Engine};
use crate::metrics::Metrics;

/// Connections that wait to be taken.
const BACKLOG: u32 = 1024;
/// How long a client may take to send its headers.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection may idle between two requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// What every request needs.
pub(crate) struct Site {
    pub engine: Engine,
    pub door: Door,
    pub max_body: usize,
    pub body_timeout: Duration,
    pub python_version: String,
    pub metrics: Arc<Metrics>,
}

/// The HTTP server on that listener, not yet polled.
///
/// # Errors
/// When the listener cannot be used.
pub(crate) fn server(listener: TcpListener, config: &Config, site: Site) -> io::Result<Server> {
    let site = Arc::new(site);
    let grace = config.grace.as_secs() + u64::from(config.grace.subsec_nanos() > 0);
    let server = HttpServer::new(move || {
        // Once on each HTTP thread, for as long as it lives.
        actix_web::rt::spawn(engine::attend());
        App::new().app_data(web::Data::from(Arc::clone(&site))).default_service(web::to(handle))
    })
    .backlog(BACKLOG)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEAD_TIMEOUT)
    // A client that has closed its sending half has gone: its call is cancelled.
    .h1_allow_half_closed(false)
    .disable_signals()
    .shutdown_timeout(grace.max(1))
    .listen(listener)?;
    Ok(server.run())
}

/// Every request comes through here: its visit begins, then the door, then the rest.
async fn handle(
    request: HttpRequest,
    payload: web::Payload,
    site: web::Data<Site>,
) -> HttpResponse {
    let visit = Visit::begin(&request, &site);
    let from = request.peer_addr().map(|address| address.ip());
    let mut response = match site.door.admit(request.headers(), from) {
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
