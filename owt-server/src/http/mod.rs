//! HTTP in, events out: nothing else happens here.

mod landing;
mod read;
mod respond;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, header};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use owt_core::{Problem, ProblemKind};

use crate::config::Config;
use crate::door::Door;
use crate::engine::{self, Engine};

/// Connections that wait to be taken.
const BACKLOG: u32 = 1024;
/// How long a client may take to send its headers.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection may idle between two requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every request needs.
pub(crate) struct Site {
    pub engine: Engine,
    pub door: Door,
    pub max_body: usize,
    pub body_timeout: Duration,
    pub python_version: String,
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

/// The client's own id if it is a decent one, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let decent = |id: &&str| {
        (1..=128).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
    };
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(decent);
    given.map_or_else(new_id, str::to_owned)
}

/// Sixteen hexadecimal digits that differ from request to request and from run to run.
fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static START: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    let start = START.get_or_init(|| {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(std::process::id())
    });
    // A step of odd length visits every number once before it repeats.
    let number = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:016x}", start.wrapping_add(number))
}

/// Every request comes through here: its id first, then the door, then the rest.
async fn handle(
    request: HttpRequest,
    payload: web::Payload,
    site: web::Data<Site>,
) -> HttpResponse {
    let id = request_id(request.headers());
    let from = request.peer_addr().map(|address| address.ip());
    let mut response = match site.door.admit(request.headers(), from) {
        Ok(()) => route(&request, payload, &site, &id).await,
        Err(failure) => respond::problem(request.headers(), *failure, &id),
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

async fn route(
    request: &HttpRequest,
    mut payload: web::Payload,
    site: &Site,
    id: &str,
) -> HttpResponse {
    if request.path().starts_with(landing::OWN) {
        return own_page(request, id);
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
            return respond::problem(request.headers(), failure, id);
        }
    }
    match read::read(request, &mut payload, site.max_body, site.body_timeout).await {
        Ok(read::Reading::Call(call, body)) => {
            let context = read::context(request, id.to_owned(), body);
            let (events, cache) = site.engine.submit(*call, context);
            respond::respond(request, events, cache, id).await
        }
        Ok(read::Reading::Nothing) if request.path() == "/" => {
            landing::landing(request, &site.python_version)
        }
        Ok(read::Reading::Nothing) => respond::problem(request.headers(), *read::missing(), id),
        Err(failure) => respond::problem(request.headers(), *failure, id),
    }
}

fn own_page(request: &HttpRequest, id: &str) -> HttpResponse {
    landing::own(request.path()).unwrap_or_else(|| {
        let detail = format!("there is nothing at {}; /_owt/ is the server's own", request.path());
        respond::problem(request.headers(), Problem::new(ProblemKind::NotFound, detail), id)
    })
}
