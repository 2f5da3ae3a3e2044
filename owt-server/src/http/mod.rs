//! Turns HTTP into calls, and events into HTTP.

mod ask;
mod assets;
mod carrier;
mod docs;
mod edit;
mod entrance;
mod file;
mod functions;
mod landing;
mod linger;
mod listen;
mod mcp;
mod own;
mod problem_page;
mod program;
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
use owt_core::{Call, Problem, ProblemKind};
use problem_page::Opened;
use read::{Reading, Sent};
use visit::Visit;

pub(crate) use listen::server;
pub(crate) use program::Program;

use owt_engine::{CacheInput, Engine};

use crate::audit::Audit;
use crate::config::Mcp;
use crate::door::{Door, Pass, Scope};
use crate::functions::Functions;
use crate::metrics::Metrics;

/// What every request needs.
pub(crate) struct Site {
    pub engine: Engine,
    pub door: Arc<Door>,
    pub max_body: usize,
    pub body_timeout: Duration,
    pub stall_timeout: Duration,
    pub python_version: String,
    /// What answers every request beside owt's own pages, in the place of the code that comes.
    pub program: Option<Program>,
    pub metrics: Arc<Metrics>,
    pub audit: Option<Arc<Audit>>,
    /// How MCP is served, if it is.
    pub mcp: Option<Mcp>,
    pub functions: Arc<Functions>,
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
    mut payload: web::Payload,
    site: web::Data<Site>,
) -> HttpResponse {
    let entry = request.extensions_mut().remove::<Entry>();
    // Whatever comes through the entrance has one.
    let Some(Entry { visit, pass }) = entry else {
        return HttpResponse::InternalServerError().finish();
    };
    let response = match route(&request, &mut payload, &site, &visit, pass).await {
        // Its body has been read.
        Ok(response) if visit.is_call() => return response,
        Ok(response) => response,
        Err(failure) => respond::problem(request.headers(), *failure, &visit),
    };
    linger::unread(response, payload.into_inner(), visit.connection()).await
}

async fn route(
    request: &HttpRequest,
    payload: &mut web::Payload,
    site: &Site,
    visit: &Rc<Visit>,
    pass: Pass,
) -> Result<HttpResponse, Box<Problem>> {
    if request.path().starts_with(own::OWN) && !functions::is_call(request.path()) {
        return own::page(request, payload, site, visit, pass).await;
    }
    visit.enters();
    if let Some(program) = &site.program {
        return program.answer(request, payload, site, visit, pass).await;
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
    if pass.scope == Scope::Probe {
        // A GET, of which the body is not read either.
        return match (request.path(), Call::from_query(request.query_string())) {
            ("/", Ok(None)) => Ok(landing::landing(request, &pass.own, site)),
            _ => Err(site.door.out_of_scope()),
        };
    }
    match read::read(request, payload, site, &pass, visit).await? {
        Reading::Call(sent) => run(request, *sent, site, visit, pass).await,
        Reading::Nothing if request.path() == "/" => Ok(landing::landing(request, &pass.own, site)),
        // A call of that path is an adaptor's, as on every other.
        Reading::Nothing if request.path() == assets::FAVICON => Ok(Asset::icon().answer(request)),
        Reading::Nothing => Err(read::missing()),
    }
}

/// Runs a call that somebody meant, and answers what comes of it.
async fn run(
    request: &HttpRequest,
    sent: Sent,
    site: &Site,
    visit: &Rc<Visit>,
    mut pass: Pass,
) -> Result<HttpResponse, Box<Problem>> {
    let Sent { call, names, body, own, max_age } = sent;
    visit.reads(&call);
    let Some(permit) = pass.permit.take() else {
        return ask::page(request, &call, &pass.own, &site.door)
            .unwrap_or_else(|| Err(site.door.unmeant()));
    };
    visit.holds(site.door.share(visit.caller())?);
    if *request.method() == Method::GET {
        Opened::of(request, &call).into_iter().for_each(|opened| visit.shows(opened));
    }
    visit.calls(names);
    let submitted = Instant::now();
    let user = visit.caller().user.as_ref();
    let form = if call.use_cache { read::form(request) } else { None };
    let input = CacheInput { path: request.path(), user, own, form, max_age };
    let context = |call: &Call| read::context(request, call, body, &pass, visit);
    let (events, cache) = site.engine.submit(permit, call, input, context);
    if let Some(outcome) = cache {
        site.metrics.lookup(outcome);
    }
    Ok(respond::respond(request, events, cache, submitted, visit).await)
}
