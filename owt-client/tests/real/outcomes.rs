//! What comes of calls, by the vectors that all clients share.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use owt_client::{CallRequest, Client, Error, ErrorKind, Method, POST, PyExpr};
use owt_testing::Owt;
use owt_testing::tagged::Tagged;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::client;

fn request(row: &Value, client: &Client) -> CallRequest {
    let code = row["code"].as_str().unwrap();
    let request = match (row.get("kwargs"), row["kwargs_text"].as_str()) {
        (Some(value), _) => client.owt::<POST>(code, Tagged(value)),
        (None, Some(text)) => client.owt::<POST>(code, PyExpr(text)),
        (None, None) => client.owt::<POST>(code, ()),
    };
    let options = row["options"].as_object().into_iter().flatten();
    let request = options.fold(request, |request, (name, value)| match name.as_str() {
        "fn_name" => request.fn_name(value.as_str().unwrap()),
        "timeout" => request.timeout(Duration::from_secs_f64(value.as_f64().unwrap())),
        other => panic!("no option {other}"),
    });
    let request = match row["method"].as_str() {
        Some("GET") => request.method(Method::GET),
        _ => request,
    };
    match row["accept"].as_str() {
        Some(media) => request.header("accept", media),
        None => request,
    }
}

/// What is left to compare once a whole answer was read.
enum Read {
    Json(Box<RawValue>),
    Text(String),
    Bytes(Vec<u8>),
    /// Lines or events as JSON, and the error that ended them.
    Pieces(Vec<Box<RawValue>>, Option<Error>),
}

async fn read(row: &Value, client: &Client) -> Result<Read, Error> {
    let request = request(row, client);
    let mut pieces = Vec::new();
    let mut end = None;
    match row["ask"].as_str().unwrap() {
        "json" => return request.json().await.map(Read::Json),
        "text" => return request.text().await.map(Read::Text),
        "bytes" => return request.bytes().await.map(|bytes| Read::Bytes(bytes.to_vec())),
        "lines" => {
            let mut lines = request.lines::<Box<RawValue>>().await?;
            while end.is_none()
                && let Some(line) = lines.next().await
            {
                line.map_or_else(|error| end = Some(error), |line| pieces.push(line));
            }
        }
        "events" => {
            let mut events = request.events().await?;
            while let Some(event) = events.next().await {
                let event = event.map(|event| {
                    let mut said = json!({"data": event.data});
                    if event.name != "message" {
                        said["event"] = event.name.into();
                    }
                    if let Some(id) = event.id {
                        said["id"] = id.into();
                    }
                    RawValue::from_string(said.to_string()).unwrap()
                });
                event.map_or_else(|error| end = Some(error), |event| pieces.push(event));
            }
        }
        other => panic!("nothing is asked by {other}"),
    }
    Ok(Read::Pieces(pieces, end))
}

/// Whether the error is the one that a row tells.
fn is_told(error: &Error, wanted: &Value) -> bool {
    let told = error.problem().map(|problem| serde_json::to_value(problem).unwrap());
    let told = told.unwrap_or_default();
    let seconds = error.retry_after().map(|wait| wait.as_secs());
    wanted.as_object().unwrap().iter().all(|(name, value)| match name.as_str() {
        "status" => error.status().is_some_and(|status| *value == status.as_u16()),
        "type" => told["type"].as_str().is_some_and(|it| it.ends_with(value.as_str().unwrap())),
        "detail" => told["detail"].as_str().is_some_and(|it| it.contains(value.as_str().unwrap())),
        "retry_after" => seconds.is_some_and(|seconds| *value == seconds),
        "exception" | "members" => value.as_object().unwrap().iter().all(|(member, value)| {
            let holder = if name == "members" { &told } else { &told[name] };
            holder[member] == *value
        }),
        _ => told[name] == *value,
    })
}

/// Whether the error is the end that a row says.
fn is_end(error: &Error, end: &Value) -> bool {
    match end.as_str() {
        Some("cut") => error.kind() == ErrorKind::Interrupted,
        Some(_) => error.kind() == ErrorKind::Unreadable,
        None => error.kind() == ErrorKind::Problem && is_told(error, end),
    }
}

fn is_expected(read: &Result<Read, Error>, expect: &Value, server: &str) -> bool {
    match read {
        Ok(Read::Json(json)) => expect.get("value").is_some_and(|wanted| Tagged(wanted).is(json)),
        Ok(Read::Text(text)) => expect["text"] == **text,
        Ok(Read::Bytes(bytes)) => expect["bytes"] == STANDARD.encode(bytes),
        Ok(Read::Pieces(pieces, end)) => {
            let is = |wanted: &Value, piece: &RawValue| match expect.get("lines") {
                Some(_) => Tagged(wanted).is(piece),
                None => *wanted == serde_json::from_str::<Value>(piece.get()).unwrap(),
            };
            let wanted = expect.get("lines").or(expect.get("events")).and_then(Value::as_array);
            wanted.is_some_and(|wanted| {
                wanted.len() == pieces.len()
                    && wanted.iter().zip(pieces).all(|(wanted, piece)| is(wanted, piece))
            }) && match (end, expect.get("then")) {
                (None, None) => true,
                (Some(error), Some(then)) => is_end(error, then),
                _ => false,
            }
        }
        Err(error) => {
            let said = error.to_string();
            let has = |name: &str| expect[name].as_str().is_some_and(|part| said.contains(part));
            match error.kind() {
                ErrorKind::Problem => is_told(error, &expect["problem"]),
                ErrorKind::Answered => {
                    is_told(error, &expect["problem"])
                        && expect.get("text").is_none_or(|text| {
                            text.as_str().unwrap().as_bytes() == error.body().unwrap()
                        })
                }
                ErrorKind::Redirected => has("redirect") && said.contains(server),
                ErrorKind::Interrupted => expect["cut"] == true,
                ErrorKind::Unreadable => expect.get("unreadable").is_some() || has("refused"),
                _ => false,
            }
        }
    }
}

#[tokio::test]
async fn calls_come_out_as_the_vectors_say() {
    let server = Owt::start();
    let client = client(&server);
    let rows = include_str!("../../../clients/vectors/outcomes.json");
    let mut wrong = Vec::new();
    let rows = serde_json::from_str::<Vec<Value>>(rows).unwrap();
    assert!(rows.len() > 120);
    for row in &rows {
        let read = read(row, &client).await;
        if !is_expected(&read, &row["expect"], &server.url) {
            let error = read.err().map(|error| error.to_string());
            wrong.push(format!("{}: {:?}", row["name"], error));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
