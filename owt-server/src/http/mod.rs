//! HTTP in, events out: nothing else happens here.

mod ask;
mod assets;
mod connection;
mod docs;
mod edit;
mod entrance;
mod file;
mod landing;
mod listen;
mod own;
mod problem_page;
mod quiet;
mod range;
mod read;
mod respond;
mod sealed;
mod sniff;
mod template;
mod timing;
mod visit;

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpMessage, HttpRequest, HttpResponse, web};
use assets::Asset;
use entrance::{Entry, entrance};
use owt_core::{Problem, ProblemKind};
use problem_page::Opened;
use read::Reading;
use visit::Visit;

pub(crate) use connection::Connection;
pub(crate) use listen::server;

use crate::door::{Door, Pass};
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

/// What every HTTP thread serves. Everything is behind the [`entrance`].
fn app(
    site: web::Data<Site>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    App::new().app_data(site).default_service(web::to(handle)).wrap(from_fn(entrance))
}

/// What came in is answered here, whatever its path.
async fn handle(
    request: HttpRequest,
    payload: web::Payload,
    site: web::Data<Site>,
) -> HttpResponse {
    let entry = request.extensions_mut().remove::<Entry>();
    // Whatever comes through the entrance has one.
    let Some(Entry { visit, pass }) = entry else {
        return HttpResponse::InternalServerError().finish();
    };
    match route(&request, payload, &site, &visit, pass).await {
        Ok(response) => response,
        Err(failure) => respond::problem(request.headers(), *failure, &visit),
    }
}

async fn route(
    request: &HttpRequest,
    mut payload: web::Payload,
    site: &Site,
    visit: &Rc<Visit>,
    mut pass: Pass,
) -> Result<HttpResponse, Box<Problem>> {
    if request.path().starts_with(own::OWN) {
        return own::page(request, &mut payload, site, pass).await;
    }
    match *request.method() {
        Method::GET | Method::POST => {}
        Method::HEAD if request.path() == "/" => {
            return Ok(landing::landing(request, &pass.own, site));
        }
        Method::OPTIONS => {
            let mut response = HttpResponse::NoContent();
            return Ok(response.insert_header((header::ALLOW, "GET, POST")).finish());
        }
        _ => {
            let detail = format!("{} never runs code; send GET or POST", request.method());
            return Err(Box::new(Problem::new(ProblemKind::MethodNotAllowed, detail)));
        }
    }
    match read::read(request, &mut payload, site.max_body, site.body_timeout).await? {
        Reading::Call(call, body) => {
            let Some(permit) = pass.permit.take() else {
                return ask::page(request, &call, &pass.own)
                    .unwrap_or_else(|| Err(site.door.unmeant()));
            };
            if *request.method() == Method::GET {
                Opened::of(request, &call).into_iter().for_each(|opened| visit.shows(opened));
            }
            let context = read::context(request, visit.id().to_owned(), body, &pass);
            visit.calls();
            let submitted = Instant::now();
            let (events, cache) = site.engine.submit(permit, *call, context);
            if let Some(outcome) = cache {
                site.metrics.lookup(outcome);
            }
            Ok(respond::respond(request, events, cache, submitted, visit).await)
        }
        Reading::Nothing if request.path() == "/" => Ok(landing::landing(request, &pass.own, site)),
        // A call of that path is an adaptor's, as on every other.
        Reading::Nothing if request.path() == assets::FAVICON => Ok(Asset::icon().answer(request)),
        Reading::Nothing => Err(read::missing()),
    }
}
