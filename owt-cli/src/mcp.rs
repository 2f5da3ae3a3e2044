//! `owt mcp`: speaks MCP on standard input and output, for a server that speaks it by HTTP.
//!
//! A line is a message. Each request is a POST of its own, so that they run beside one another, and
//! one that its client cancels is cancelled there: its connection is closed.

#![allow(
    clippy::indexing_slicing,
    reason = "of JSON alone: what is not there is null, and what is written to is an object"
)]

use std::collections::HashMap;
use std::io::{self, BufRead, Read};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use owt_client::{Client, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::{AbortHandle, JoinSet};

use crate::args::McpArgs;
use crate::call::wait;
use crate::failure::Failure;
use crate::output;

/// Requests that are under way at once; more wait to be read.
const MOST: usize = 256;
/// Bytes of a line at most: what a server takes by default.
const LONGEST: u64 = 256 << 20;

const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");

pub(crate) fn run(args: &McpArgs) -> Result<(), Failure> {
    let client = args.token.client(&args.server, Client::builder())?;
    wait(serve(Arc::new(client)))
}

/// Serves until standard input ends; what runs then is cancelled.
async fn serve(client: Arc<Client>) -> Result<(), Failure> {
    let mut lines = lines()?;
    let mut running = JoinSet::new();
    let mut handles: HashMap<String, AbortHandle> = HashMap::new();
    loop {
        let line = tokio::select! {
            line = lines.recv(), if running.len() < MOST => line.transpose()?,
            Some(done) = running.join_next() => {
                told(done)?;
                continue;
            }
        };
        let Some(line) = line else { return Ok(()) };
        if line.trim_ascii().is_empty() {
            continue;
        }
        handles.retain(|_, handle| !handle.is_finished());
        let message: Value = serde_json::from_slice(&line).unwrap_or_default();
        if message["method"] == "notifications/cancelled" {
            if let Some(handle) = handles.remove(&message["params"]["requestId"].to_string()) {
                handle.abort();
            }
            continue;
        }
        let id = message.get("id").map(Value::to_string);
        let handle = running.spawn(pass_on(Arc::clone(&client), message, line));
        handles.extend(id.map(|id| (id, handle)));
    }
}

/// The lines of standard input, read by a thread that nobody has to wait for.
fn lines() -> Result<Receiver<Result<Vec<u8>, Failure>>, Failure> {
    let unreadable = |source| Failure::Start { what: "cannot read standard input".into(), source };
    let (give, lines) = channel(1);
    let read = move || {
        let mut stdin = std::io::stdin().lock();
        loop {
            let mut line = Vec::new();
            let read = (&mut stdin).take(LONGEST).read_until(b'\n', &mut line);
            let given = match read {
                Ok(0) => return,
                Ok(_) if line.len() as u64 == LONGEST => Err(unreadable(io::Error::other(
                    format!("a line is longer than {LONGEST} bytes"),
                ))),
                Ok(_) => Ok(line),
                Err(error) => Err(unreadable(error)),
            };
            if give.blocking_send(given).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("owt-stdin".into()).spawn(read).map_err(unreadable)?;
    Ok(lines)
}

/// # Errors
/// Nobody reads what is written.
fn told(done: Result<Result<(), Failure>, tokio::task::JoinError>) -> Result<(), Failure> {
    match done {
        Ok(done) => done,
        // It was cancelled.
        Err(_) => Ok(()),
    }
}

/// Sends a message, and writes what is answered: each JSON on a line.
async fn pass_on(client: Arc<Client>, message: Value, line: Vec<u8>) -> Result<(), Failure> {
    let asks = message.get("id").is_some_and(|id| !id.is_null());
    let reply = match client.mcp(line, headers(&message)).await {
        Ok(reply) => reply,
        Err(_) if !asks => return Ok(()),
        Err(error) => return write(&failed(&message, &error.to_string())),
    };
    let status = reply.status();
    match reply.content_type().unwrap_or_default().split(';').next().unwrap_or_default() {
        "text/event-stream" => {
            let mut events = reply.events()?;
            while let Some(event) = events.next().await {
                match event.and_then(|event| event.json::<Value>()) {
                    Ok(told) => write(&told)?,
                    Err(error) => return write(&failed(&message, &error.to_string())),
                }
            }
            Ok(())
        }
        "application/json" => match reply.json::<Value>().await {
            Ok(told) => write(&told),
            Err(error) => write(&failed(&message, &error.to_string())),
        },
        _ if !asks => Ok(()),
        _ => {
            let why = reply.text().await.unwrap_or_default();
            write(&failed(&message, &format!("the server answered with {status}: {why}")))
        }
    }
}

fn write(told: &Value) -> Result<(), Failure> {
    output::write(format!("{told}\n").as_bytes())
}

/// The headers that repeat what the message says.
fn headers(message: &Value) -> Vec<(HeaderName, HeaderValue)> {
    let params = &message["params"];
    let version = &params["_meta"]["io.modelcontextprotocol/protocolVersion"];
    let name = if params["name"].is_string() { &params["name"] } else { &params["uri"] };
    [(VERSION, version), (METHOD, &message["method"]), (NAME, name)]
        .into_iter()
        .filter_map(|(header, said)| Some((header, carried(said.as_str()?)?)))
        .collect()
}

/// A text as a header carries it.
fn carried(text: &str) -> Option<HeaderValue> {
    let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && text.trim() == text
        && !text.starts_with("=?base64?");
    let encoded = || format!("=?base64?{}?=", STANDARD.encode(text));
    if is_plain { text.parse().ok() } else { encoded().parse().ok() }
}

/// An answer where the server gave none.
fn failed(message: &Value, why: &str) -> Value {
    json!({
        "jsonrpc": "2.0",
        "id": message["id"],
        "error": {"code": -32603, "message": why},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_repeat_the_message() {
        let message = json!({"method": "tools/call", "params": {
            "name": "werkzeug.größe",
            "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"},
        }});
        let told: Vec<_> = headers(&message)
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        assert_eq!(
            told,
            [
                "mcp-protocol-version: 2026-07-28",
                "mcp-method: tools/call",
                "mcp-name: =?base64?d2Vya3pldWcuZ3LDtsOfZQ==?=",
            ]
        );
        assert_eq!(carried("=?base64?a?=").unwrap(), "=?base64?PT9iYXNlNjQ/YT89?=");
    }
}
