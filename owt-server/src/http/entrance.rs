//! The one way in: around every route stands the door, and on every answer what it says.

use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use owt_core::{Problem, ProblemKind};

use super::visit::Visit;
use super::{Site, respond};
use crate::door::{self, Pass, Verdict};

/// What the door and the log know of a request, for who answers it.
pub(super) struct Entry {
    pub visit: Rc<Visit>,
    pub pass: Pass,
}

/// Middleware around the whole application: a route that is added is behind it.
pub(super) async fn entrance(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let site = request.app_data::<web::Data<Site>>().cloned();
    // Without it there is no door: nothing goes on.
    let Some(site) = site else { return Ok(closed(request)) };
    let visit = Visit::begin(request.request(), &site);
    let mut response = match site.door.admit(request.request()).await {
        Ok(Verdict::In(pass)) => {
            request.extensions_mut().insert(Entry { visit: Rc::clone(&visit), pass: *pass });
            next.call(request).await?.map_into_boxed_body()
        }
        Ok(Verdict::Preflight) => {
            let answer = door::preflight(request.request());
            request.into_response(answer)
        }
        Err(refusal) => {
            let answer = respond::problem(request.headers(), *refusal, &visit);
            request.into_response(answer)
        }
    };
    let dress = site.door.dress(response.request(), visit.is_call());
    dress.on(response.headers_mut());
    visit.answers(response.response_mut());
    Ok(response)
}

fn closed(request: ServiceRequest) -> ServiceResponse {
    let failure = Problem::new(ProblemKind::Internal, "this server has no door");
    request.into_response(HttpResponse::InternalServerError().json(failure))
}
