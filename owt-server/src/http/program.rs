//! Gives every request, but for those to owt's own pages, to one program: `owt serve --tarp`.

use std::rc::Rc;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use owt_core::{Call, Code, FieldNames, Problem};
use serde_json::json;

use super::read::{self, Sent};
use super::visit::Visit;
use super::{Site, run};
use crate::door::{Pass, Scope};

/// The code that answers for a program that uses `owt.tarp.server`.
pub(crate) struct Program {
    code: Code,
}

impl Program {
    /// For a file or a module of that name.
    pub(crate) fn new(name: &str) -> Self {
        // A string of JSON is one of Python.
        let name = json!(name);
        let code =
            format!("from owt.tarp._serving import answer\ndef run(): return answer({name})\n");
        Self { code: Code::new(code) }
    }

    /// Its answer, as if the request had come with its code.
    pub(super) async fn answer(
        &self,
        request: &HttpRequest,
        payload: &mut web::Payload,
        site: &Site,
        visit: &Rc<Visit>,
        pass: Pass,
    ) -> Result<HttpResponse, Box<Problem>> {
        if !matches!(*request.method(), Method::GET | Method::POST) {
            // As TARP words it.
            let said = json!({
                "status": "error", "type": "generic",
                "message": format!("Unsupported method ({:?})", request.method().as_str()),
            });
            return Ok(HttpResponse::NotImplemented().json(said));
        }
        if pass.scope == Scope::Probe {
            return Err(site.door.out_of_scope());
        }
        let body = read::body(request.headers(), payload, site.max_body, site.body_timeout).await?;
        let call = Call::of(self.code.clone());
        let sent = Sent { call, names: FieldNames::default(), body, own: None, max_age: None };
        run(request, sent, site, visit, pass).await
    }
}
