//! Serves MCP by Streamable HTTP: one POST is one message, and nothing is remembered between two.

use std::convert::Infallible;
use std::io::Read;
use std::rc::Rc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::stream::unfold;
use owt_core::{Call, CallFields, FieldNames, FunctionName, Others, Problem, ProblemKind};
use owt_engine::{CacheInput, Context, Event, Events, Fingerprint, Gathering, Head, Opened};
use serde_json::{Value, json};

use super::sniff::{OCTETS, sniff_whole};
use super::visit::Visit;
use super::{Site, functions, read, respond};
use crate::config::Mcp;
use crate::door::Pass;
use crate::functions::mcp::{
    Action, Asked, Asking, Content, RUN_PYTHON, Refusal, Repeated, Tool, act, failed, list,
    read as read_message, said,
};

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
/// What is preferred of a result's forms: what a model reads, then what it sees and hears.
const ACCEPT: &str = "application/json, image/png;q=0.9, image/*;q=0.8, audio/*;q=0.8, \
                      text/plain;q=0.7, text/*;q=0.6, */*;q=0.5";
/// Bytes of a result at most. A client reads it at once, and a picture in it as text.
const MOST: usize = 32 << 20;
/// Letters of a piece of a stream that progress tells.
const TOLD: usize = 1000;

/// Answers one message.
///
/// # Errors
/// A problem of the request itself; what is wrong with a message is answered as JSON-RPC has it.
pub(super) async fn answer(
    request: &HttpRequest,
    payload: &mut web::Payload,
    site: &Site,
    visit: &Rc<Visit>,
    pass: Pass,
    mcp: Mcp,
) -> Result<HttpResponse, Box<Problem>> {
    let body = read::body(request.headers(), payload, site.max_body, site.body_timeout).await?;
    let message = read::aside(body.len(), move || read_message(&body)).await?;
    let action = repeated(request.headers())
        .and_then(|repeated| Ok(act(message?, repeated)))
        .unwrap_or_else(Action::Refuse);
    match action {
        Action::Answer(answer) => Ok(told(StatusCode::OK, &answer)),
        Action::Accept => Ok(HttpResponse::Accepted().finish()),
        Action::List(asking) => {
            let tools = list(&functions::catalogue(site).await, mcp.runs_code);
            Ok(told(StatusCode::OK, &asking.list(tools)))
        }
        Action::Refuse(refusal) => Ok(refused(refusal)),
        Action::Call(asked) => call(request, site, visit, pass, *asked, mcp).await,
    }
}

fn refused(refusal: Refusal) -> HttpResponse {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    told(status, &refusal.answer())
}

fn told(status: StatusCode, answer: &Value) -> HttpResponse {
    HttpResponse::build(status).content_type(JSON).body(answer.to_string())
}

/// The headers that repeat what the body says, each once.
fn repeated(headers: &HeaderMap) -> Result<Repeated<'_>, Refusal> {
    let one = |name: &'static str| {
        let mut all = headers.get_all(HeaderName::from_static(name));
        match (all.next().map(HeaderValue::to_str).transpose(), all.next()) {
            (Ok(value), None) => Ok(value),
            (Err(_), _) => Err(Refusal::headers(format!("`{name}` is no ASCII text"))),
            (_, Some(_)) => Err(Refusal::headers(format!("`{name}` came more than once"))),
        }
    };
    Ok(Repeated {
        version: one("mcp-protocol-version")?,
        method: one("mcp-method")?,
        name: one("mcp-name")?,
    })
}

/// Calls a tool, the one way through.
async fn call(
    request: &HttpRequest,
    site: &Site,
    visit: &Rc<Visit>,
    mut pass: Pass,
    asked: Asked,
    mcp: Mcp,
) -> Result<HttpResponse, Box<Problem>> {
    let permit = pass.permit.take().ok_or_else(|| site.door.unmeant())?;
    let Asked { by, name, arguments, progress } = asked;
    let body = Bytes::from(arguments);
    visit.enters();
    let found = if name == RUN_PYTHON && mcp.runs_code {
        sent_code(&body).map(Some)
    } else {
        published(site, &name, &body).await
    };
    let Prepared { tool, call, names, path, own, max_age } = match found {
        Ok(Some(prepared)) => prepared,
        Ok(None) => return Ok(refused(by.no_tool(&name))),
        // Whoever called can do better.
        Err(problem) => {
            let problem = visit.fails(*problem);
            return Ok(told(StatusCode::OK, &by.answer(failed(&problem))));
        }
    };
    visit.reads(&call);
    visit.holds(site.door.share(visit.caller())?);
    visit.calls(names);
    let user = visit.caller().user.as_ref();
    let form = Fingerprint::of([ACCEPT.as_bytes(), b""]);
    let input = CacheInput { path: &path, user, own, form, max_age };
    let context = |call: &Call| context(request, call, body, &pass, visit, &path);
    let (events, cache) = site.engine.submit(permit, call, input, context);
    cache.iter().for_each(|outcome| site.metrics.lookup(*outcome));
    let answering = Answering {
        events: Some(events),
        by,
        tool,
        progress: progress.filter(|_| takes_events(request.headers())),
        head: None,
        body: Gathering::default(),
        told: 0,
        visit: Rc::clone(visit),
    };
    Ok(match answering.progress.is_some() {
        true => stream(answering),
        false => whole(answering).await,
    })
}

/// A call of a tool, ready for the engine.
struct Prepared {
    tool: Tool,
    call: Call,
    names: FieldNames,
    path: String,
    own: Option<Fingerprint>,
    max_age: Option<Duration>,
}

/// The call of code that comes with it: its fields are those of a call's JSON.
fn sent_code(arguments: &[u8]) -> Result<Prepared, Box<Problem>> {
    let fields = CallFields::from_json(arguments, Others::Passed).map_err(read::malformed)?;
    let names = fields.names();
    let call = fields.into_call().map_err(read::malformed)?;
    let (tool, path) = (Tool::RunPython, "/".to_owned());
    Ok(Prepared { tool, call, names, path, own: None, max_age: None })
}

/// The call of a function that is published; `None` if none of that name is.
async fn published(
    site: &Site,
    name: &str,
    arguments: &Bytes,
) -> Result<Option<Prepared>, Box<Problem>> {
    if FunctionName::parse(name).is_none() {
        return Ok(None);
    }
    let path = format!("/{}", name.replace('.', "/"));
    let Some(named) = site.functions.named(&path)? else { return Ok(None) };
    let (code, function, code_name) = match named.function(&site.asker()).await {
        Err(problem) if problem.kind == ProblemKind::NotFound => return Ok(None),
        found => found?,
    };
    if function.is_hidden() {
        return Ok(None);
    }
    let tool = Tool::Function(Box::new(function.info().clone()));
    let mut call = function.call(code, "").map_err(read::malformed)?;
    call.code_name = code_name;
    let own = if call.use_cache { Fingerprint::of([JSON.as_bytes(), arguments]) } else { None };
    let (names, max_age) = (FieldNames::default(), function.max_age());
    Ok(Some(Prepared { tool, call, names, path, own, max_age }))
}

/// The request as the function sees it: a POST of its arguments.
fn context(
    request: &HttpRequest,
    call: &Call,
    body: Bytes,
    pass: &Pass,
    visit: &Visit,
    path: &str,
) -> Context {
    let own = |name: &HeaderName| {
        [header::ACCEPT, header::CONTENT_TYPE, header::CONTENT_LENGTH].contains(name)
            || name.as_str().starts_with("mcp-")
    };
    let mut headers = read::headers(request, pass, |name| !own(name));
    headers.push("accept", ACCEPT.as_bytes());
    headers.push("content-type", JSON.as_bytes());
    headers.push("content-length", body.len().to_string().as_bytes());
    let context = read::context(request, call, body, pass, visit);
    Context { path: path.to_owned(), query: String::new(), headers, ..context }
}

fn takes_events(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    accepts.flat_map(|value| value.split(',')).any(|one| {
        let essence = one.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case(EVENTS)
    })
}

/// The answer at once.
async fn whole(mut answering: Answering) -> HttpResponse {
    while let Some(event) = answering.next().await {
        if let Told::Answer(answer) = event {
            return told(StatusCode::OK, &answer);
        }
    }
    HttpResponse::InternalServerError().finish()
}

/// Events: progress, then the answer.
fn stream(answering: Answering) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.content_type(EVENTS);
    response.insert_header((header::CACHE_CONTROL, respond::AS_THEY_COME));
    response.insert_header((respond::ACCEL_BUFFERING, "no"));
    response.streaming(unfold(answering, |mut answering| async move {
        let (Told::Progress(message) | Told::Answer(message)) = answering.next().await?;
        let event = Bytes::from(format!("event: message\ndata: {message}\n\n"));
        Some((Ok::<_, Infallible>(event), answering))
    }))
}

/// What a client is told while a call runs, and at its end.
enum Told {
    Progress(Value),
    Answer(Value),
}

/// A call whose answer is gathered. Dropped, it cancels the call.
struct Answering {
    /// Until the answer is there.
    events: Option<Events>,
    by: Asking,
    tool: Tool,
    /// What progress is told by, if it is told.
    progress: Option<Value>,
    head: Option<Head>,
    body: Gathering,
    /// Pieces that progress has told.
    told: u64,
    visit: Rc<Visit>,
}

impl Answering {
    async fn next(&mut self) -> Option<Told> {
        loop {
            let event = self.events.as_mut()?.next().await.unwrap_or(Event::End);
            match event {
                Event::Head(head) => self.head = Some(head),
                Event::Chunk(piece) if self.body.len() + piece.len() > MOST => {
                    return Some(self.end(Err(too_much())));
                }
                Event::Chunk(piece) => {
                    self.body.push(&piece);
                    if let Some(progress) = self.progress(&piece) {
                        return Some(Told::Progress(progress));
                    }
                }
                Event::End => {
                    let body = std::mem::take(&mut self.body).freeze();
                    let head = self.head.take();
                    let done = head.map(|head| (head, body)).ok_or_else(without_beginning);
                    return Some(self.end(done));
                }
                Event::Answer(head, body) => return Some(self.end(Ok((head, body)))),
                Event::File(head, file) => {
                    let read = read_file(head, file).await;
                    return Some(self.end(read));
                }
                Event::Problem(problem) => return Some(self.end(Err(*problem))),
            }
        }
    }

    /// What a function yields is how far it is.
    fn progress(&mut self, piece: &[u8]) -> Option<Value> {
        let token = self.progress.as_ref()?;
        self.told += 1;
        let text = String::from_utf8_lossy(piece);
        let message: String = text.trim_end().chars().take(TOLD).collect();
        Some(json!({
            "jsonrpc": "2.0",
            "method": "notifications/progress",
            "params": {"progressToken": token, "progress": self.told, "message": message},
        }))
    }

    fn end(&mut self, done: Result<(Head, Bytes), Problem>) -> Told {
        self.events = None;
        let result = match done {
            Ok((_, body)) if body.len() > MOST => Err(too_much()),
            done => done,
        };
        let result = match result {
            Ok((head, body)) => {
                let media = match head.content_type.as_deref() {
                    Some(media) => media,
                    None if body.is_empty() => "",
                    None => sniff_whole(&body),
                };
                said(&self.tool, Content { status: head.status, media, body: &body })
            }
            Err(problem) => failed(&self.visit.fails(problem)),
        };
        Told::Answer(self.by.answer(result))
    }
}

fn too_much() -> Problem {
    let detail = format!("the result is larger than the {MOST} bytes that MCP is answered with");
    Problem::new(ProblemKind::Unrenderable, detail)
}

fn without_beginning() -> Problem {
    Problem::new(ProblemKind::Internal, "an answer without a beginning")
}

/// The content of a file that a call gave, read where nobody waits for the thread.
async fn read_file(mut head: Head, file: Opened) -> Result<(Head, Bytes), Problem> {
    let path = file.path().to_owned();
    if head.content_type.is_none() {
        let suffix = path.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default();
        let media = actix_files::file_extension_to_mime(suffix);
        head.content_type =
            Some(media.to_string().into()).filter(|_| media.essence_str() != OCTETS);
    }
    let reading = tokio::task::spawn_blocking(move || {
        let mut body = Vec::new();
        file.into_file()?.take(MOST as u64 + 1).read_to_end(&mut body).map(|_| body)
    });
    match reading.await.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
        Ok(body) => Ok((head, body.into())),
        Err(error) => Err(Opened::unreadable(&path, &error)),
    }
}
