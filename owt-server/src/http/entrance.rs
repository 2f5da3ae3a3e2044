//! Puts the door around every route, and its headers on every answer.

use std::rc::Rc;
use std::time::Duration;

use actix_http::Request;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Payload, RequestHead, ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, Version};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use owt_core::{Problem, ProblemKind};

use super::quiet::Watched;
use super::visit::Visit;
use super::{Site, linger, own, read, respond};
use crate::door::{self, Dress, Pass, Verdict};

/// What the door and the log know of a request, for who answers it.
pub(super) struct Entry {
    pub visit: Rc<Visit>,
    pub pass: Pass,
}

/// Middleware around the whole application: a route that is added is behind it.
pub(super) async fn entrance(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let site = request.app_data::<web::Data<Site>>().cloned();
    // Without it there is no door: nothing goes on.
    let Some(site) = site else { return Ok(closed(request)) };
    let connection = request.conn_data::<Rc<Watched>>().cloned();
    let visit = Visit::begin(request.head(), connection, &site);
    let verdict = match visit.audits() || own::is_health(request.path()) {
        true => {
            let (caller, verdict) = site.door.admit(request.head(), request.conn_data()).await;
            visit.comes_from(caller);
            verdict
        }
        false => Err(untold()),
    };
    let mut response = match verdict {
        Ok(Verdict::In(pass)) => {
            request.extensions_mut().insert(Entry { visit: Rc::clone(&visit), pass: *pass });
            next.call(request).await?.map_into_boxed_body()
        }
        Ok(Verdict::Preflight) => {
            let answer = door::preflight(request.head());
            let answer = linger::unread(answer, request.take_payload(), visit.connection()).await;
            request.into_response(answer)
        }
        Err(refusal) => {
            let body = request.take_payload();
            let answer = refuse(request.head(), *refusal, body, &visit).await;
            request.into_response(answer)
        }
    };
    let head = response.request().head();
    let (dress, version) = (site.door.dress(head, visit.is_call()), head.version);
    finish(response.response_mut(), dress, version, &visit);
    Ok(response)
}

/// The client's question whether to send its body (`Expect: 100-continue`, RFC 9110, 10.1.1): yes
/// is for who passes the door, before which nothing is said and nothing read.
pub(super) async fn expected(
    mut request: Request,
    site: web::Data<Site>,
) -> Result<Request, HttpResponse> {
    let (caller, verdict) = site.door.admit(request.head(), request.conn_data()).await;
    let refusal = match verdict.map(|_| read::fits(request.headers(), site.max_body)) {
        Ok(Ok(())) => return Ok(request),
        Ok(Err(too_large)) => too_large,
        Err(refusal) => refusal,
    };
    let connection = request.conn_data::<Rc<Watched>>().cloned();
    let visit = Visit::begin(request.head(), connection, &site);
    visit.comes_from(caller);
    let body = request.take_payload();
    let mut answer = refuse(request.head(), *refusal, body, &visit).await;
    let head = request.head();
    finish(&mut answer, site.door.dress(head, false), head.version, &visit);
    Err(answer)
}

/// What becomes of a request of whose body nothing is read.
async fn refuse(
    request: &RequestHead,
    refusal: Problem,
    body: Payload,
    visit: &Visit,
) -> HttpResponse {
    let answer = respond::problem(request.headers(), refusal, visit);
    linger::unread(answer, body, visit.connection()).await
}

/// What every answer says.
fn finish(answer: &mut HttpResponse, dress: Dress, version: Version, visit: &Visit) {
    dress.on(answer.headers_mut());
    visit.answers(answer);
    if version < Version::HTTP_11 {
        end_by_closing(answer);
    }
}

/// A client of HTTP/1.0 knows no chunked coding (RFC 9112, 6.1): a body of unknown length ends
/// with the connection.
fn end_by_closing(response: &mut HttpResponse) {
    if response.body().size() == BodySize::Stream {
        let head = response.head_mut();
        head.no_chunking(true);
        head.set_connection_type(ConnectionType::Close);
    }
}

/// What cannot be told in the audit log is not done.
fn untold() -> Box<Problem> {
    let detail = "the server cannot write its audit log, and does nothing that it could not tell";
    let problem = Problem::new(ProblemKind::AuditUnavailable, detail);
    Box::new(problem.with_retry_after(Duration::from_secs(1)))
}

fn closed(request: ServiceRequest) -> ServiceResponse {
    let failure = Problem::new(ProblemKind::Internal, "this server has no door");
    request.into_response(HttpResponse::InternalServerError().json(failure))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;

    use actix_web::{HttpServer, web};

    use super::*;
    use crate::door::{Door, Rules};
    use crate::functions::Functions;
    use crate::http::app;
    use crate::listener::{Connection, Stream};
    use owt_engine::{Engine, Host, HostStatus, Listing, NotTaken, Task};

    /// Where nothing is called.
    struct Nowhere;

    impl Host for Nowhere {
        fn submit(&self, task: Task) -> Result<(), NotTaken> {
            Err(NotTaken::Stopping(Box::new(task)))
        }

        fn stop(&self, _: Duration) {}

        fn adaptors(&self) -> Listing {
            Box::pin(std::future::ready(Vec::new()))
        }

        fn status(&self) -> HostStatus {
            HostStatus { ready: false, workers: Vec::new(), waiting: 0 }
        }
    }

    fn answer(address: std::net::SocketAddr, host: &str, more: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        let request =
            format!("GET /new HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn a_route_that_is_added_is_behind_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        actix_web::rt::System::new().block_on(async move {
            let runtime = tokio::runtime::Handle::current();
            let (engine, permits) = Engine::new(Arc::new(Nowhere), 0, None, runtime);
            let site = web::Data::new(Site {
                engine,
                door: Arc::new(Door::new(Rules::default(), permits).unwrap()),
                max_body: 0,
                body_timeout: Duration::from_secs(1),
                stall_timeout: Duration::from_secs(1),
                python_version: String::new(),
                program: None,
                metrics: Arc::default(),
                audit: None,
                mcp: None,
                functions: Arc::new(Functions::new(Vec::new(), HashMap::new(), None)),
            });
            let new = || async { "somebody added this" };
            let server =
                HttpServer::new(move || app(site.clone()).route("/new", web::get().to(new)))
                    .workers(1)
                    .disable_signals()
                    .on_connect(|stream, notes| {
                        notes.insert(Connection::of(&Stream::of(stream).unwrap()));
                    })
                    .listen(listener)
                    .unwrap()
                    .run();
            let handle = server.handle();
            actix_web::rt::spawn(server);
            let asked = tokio::task::spawn_blocking(move || {
                [
                    answer(address, "localhost", ""),
                    answer(address, "evil.example", ""),
                    answer(address, "localhost", "Origin: http://evil.example\r\n"),
                    answer(address, "localhost", "Sec-Fetch-Site: cross-site\r\n"),
                ]
            });
            let [ours, name, origin, site] = asked.await.unwrap();
            assert_eq!(ours, "HTTP/1.1 200 OK");
            for refused in [name, origin, site] {
                assert_eq!(refused, "HTTP/1.1 403 Forbidden");
            }
            handle.stop(false).await;
        });
    }
}
