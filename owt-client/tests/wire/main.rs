//! What goes over the wire and what is made of what comes, against a peer that
//! answers with the bytes it is told to. The real server is met elsewhere.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may; clippy.toml exempts only the test functions themselves"
)]

mod vectors;

use std::error::Error as _;
use std::time::Duration;

use owt_client::{Call, Client, Error, ErrorKind, GET, POST, ProblemKind, owt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers one connection's one request; the task gives the request as text.
async fn peer(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = String::new();
        let mut buffer = [0; 4096];
        while !is_whole(&request) {
            let read = stream.read(&mut buffer).await.unwrap();
            request += std::str::from_utf8(&buffer[..read]).unwrap();
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        request
    });
    (url, served)
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    body.len() >= length
}

async fn refused(answer: &'static str) -> Error {
    let (url, _served) = peer(answer).await;
    let client = Client::new(url).unwrap();
    client.call(Call::new("secret_code")).send().await.unwrap_err()
}

/// The call read back by the server's own reader.
fn sent_in_query(request: &str) -> Call {
    let target = request.split(' ').nth(1).unwrap();
    Call::from_query(target.split_once('?').unwrap().1).unwrap().unwrap()
}

fn a_call() -> Call {
    let mut call = Call::new("f(sota.hard_task)");
    call.use_cache = true;
    call
}

/// The lower-case text of a request's header.
fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let lines = request.lines().take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_once(": ")).find(|(it, _)| *it == name).map(|(_, v)| v)
}

#[tokio::test]
async fn a_post_sends_json() {
    let (url, served) = peer(OK).await;
    let base = url.replace("//", "//me:p%40ss@") + "/owt/";
    let client = Client::new(base).unwrap();
    let request = client.owt::<POST>("f(sota.hard_task)", "solve AGI").cache(true).path("/agi");
    let reply = request.send().await.unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.text().await.unwrap(), "ok");
    let request = served.await.unwrap();
    assert!(request.starts_with("POST /owt/agi HTTP/1.1\r\n"), "{request}");
    assert_eq!(header(&request, "content-type"), Some("application/json"));
    assert_eq!(header(&request, "x-owt"), Some("1"));
    assert!(header(&request, "user-agent").unwrap().starts_with("owt-client/"));
    // base64 of me:p@ss
    assert_eq!(header(&request, "authorization"), Some("Basic bWU6cEBzcw=="));
    let mut call = a_call();
    call.kwargs = Some(r"'\'solve AGI\''".into());
    let body = request.split_once("\r\n\r\n").unwrap().1;
    assert_eq!(Call::from_json(body.as_bytes()).unwrap(), call);
}

#[tokio::test]
async fn who_wants_json_asks_for_it() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n42";
    for (given, wanted) in [(None, "application/json"), (Some("text/x-y"), "text/x-y")] {
        let (url, served) = peer(answer).await;
        let request = Client::new(url).unwrap().call(a_call());
        let request = match given {
            Some(media) => request.header("accept", media),
            None => request,
        };
        assert_eq!(request.json::<u8>().await.unwrap(), 42);
        assert_eq!(header(&served.await.unwrap(), "accept"), Some(wanted));
    }
    let (url, served) = peer(answer).await;
    Client::new(url).unwrap().call(a_call()).text().await.unwrap();
    assert_eq!(header(&served.await.unwrap(), "accept"), Some("*/*"));
}

#[tokio::test]
async fn a_get_sends_the_query() {
    let (url, served) = peer(OK).await;
    let client = Client::new(url).unwrap().basic_auth("me", "old").bearer("a token");
    let request = client.owt::<GET>("f(sota.hard_task)", json!({"n": 1})).cache(true);
    request.header("Accept", "image/png").send().await.unwrap();
    let request = served.await.unwrap();
    assert!(request.starts_with("GET /?"), "{request}");
    assert_eq!(header(&request, "accept"), Some("image/png"));
    assert_eq!(header(&request, "authorization"), Some("Bearer a token"));
    let mut call = a_call();
    call.kwargs = Some("{'n': 1}".into());
    assert_eq!(sent_in_query(&request), call);
}

#[tokio::test]
async fn data_is_the_body_and_the_call_goes_in_the_query() {
    let (url, served) = peer(OK).await;
    let client = Client::new(url).unwrap();
    let request = client.call(a_call()).data("RIFF").header("content-type", "audio/wav");
    request.send().await.unwrap();
    let request = served.await.unwrap();
    assert!(request.starts_with("POST /?") && request.ends_with("\r\n\r\nRIFF"), "{request}");
    assert_eq!(header(&request, "content-type"), Some("audio/wav"));
    assert!(!request.contains("octet-stream"));
    assert_eq!(sent_in_query(&request), a_call());
}

#[tokio::test]
async fn a_problem_is_an_error_with_the_problem() {
    let error = refused(
        "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/problem+json; charset=utf-8\r\nContent-Length: 79\r\n\r\n\
         {\"type\":\"/_owt/problems/adaptor-raised\",\"status\":500,\"detail\":\"ValueError: no\"}",
    )
    .await;
    assert_eq!(error.kind(), ErrorKind::Problem);
    assert_eq!(error.problem().unwrap().kind, ProblemKind::AdaptorRaised);
    assert_eq!(error.to_string(), "The adaptor raised an exception (500): ValueError: no");
}

#[tokio::test]
async fn an_unreadable_problem_is_told_as_such() {
    let error = refused("HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/problem+json\r\nContent-Length: 1\r\n\r\n{").await;
    assert_eq!(error.kind(), ErrorKind::Answered);
    assert!(error.to_string().ends_with(" answered 502 Bad Gateway"), "{error}");
}

#[tokio::test]
async fn what_an_adaptor_answers_is_no_error_whatever_its_status() {
    let answer = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]";
    let (url, _served) = peer(answer).await;
    let reply = Client::new(url).unwrap().call(a_call()).send().await.unwrap();
    assert_eq!(reply.status(), 302);
    assert_eq!(reply.content_type(), Some("application/json"));
    assert_eq!(reply.json::<Value>().await.unwrap(), json!([]));
}

#[tokio::test]
async fn a_whole_stream_ends_cleanly() {
    let answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n";
    let (url, _served) = peer(answer).await;
    let mut chunks = Client::new(url).unwrap().call(a_call()).send().await.unwrap().stream();
    let mut body = Vec::new();
    while let Some(chunk) = chunks.next().await {
        body.extend(chunk.unwrap());
    }
    assert_eq!(body, b"onetwo");
}

/// §7: a failure in mid-stream is never a clean end.
#[tokio::test]
async fn a_cut_body_is_an_error_however_it_is_read() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n";
    let counted = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none";
    for answer in [chunked, counted] {
        let (url, _served) = peer(answer).await;
        let client = Client::new(url).unwrap();
        let mut chunks = client.call(a_call()).send().await.unwrap().stream();
        assert_eq!(chunks.next().await.unwrap().unwrap(), "one");
        let error = chunks.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        assert!(error.source().is_some());

        let (url, _served) = peer(answer).await;
        let reply = Client::new(url).unwrap().call(a_call()).send().await.unwrap();
        assert_eq!(reply.bytes().await.unwrap_err().kind(), ErrorKind::Interrupted);
    }
}

#[tokio::test]
async fn errors_show_no_secrets() {
    // The port of our end of a connection: nobody listens there, nor can while we have it.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let held = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let port = held.local_addr().unwrap().port();
    let client = Client::new(format!("http://me:hunter2@127.0.0.1:{port}/")).unwrap();
    let request = client.owt::<GET>("secret_code", ());
    let error = request.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.to_string(), format!("no connection to http://127.0.0.1:{port}"));
    let shown = format!("{error:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("code_b64"), "{shown}");

    assert_eq!(refused("").await.kind(), ErrorKind::Interrupted);
}

#[tokio::test]
async fn the_timeout_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let limit = Duration::from_millis(20);
    let client = Client::builder().url(url).timeout(limit).build().unwrap();
    let error = client.call(a_call()).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().ends_with("has not answered in full within 20ms"), "{error}");
}

#[tokio::test]
async fn mistakes_are_told_at_the_end() {
    let client = Client::new("127.0.0.1:1").unwrap();
    let request = || client.owt::<POST>("x", ());
    for request in [
        client.owt::<GET>("x", ()).data("x"),
        client.owt::<POST>("x", std::collections::BTreeMap::from([(vec![1], 2)])).cache(true),
        request().header("no name", "x").fn_name("main"),
        request().header("name", "no\nvalue"),
    ] {
        assert_eq!(request.text().await.unwrap_err().kind(), ErrorKind::Usage);
    }
    let long = client.owt::<GET>("x".repeat(60_000), ());
    assert_eq!(long.encode().unwrap_err().kind(), ErrorKind::Usage);
}

/// The call without a client finds its server in the environment, or on this machine.
#[test]
fn a_client_can_go_without_saying() {
    let url = owt::<GET>("x", ()).encode().unwrap();
    let expected = Client::from_env().unwrap().owt::<GET>("x", ()).encode().unwrap();
    assert_eq!(url, expected);
    let url = owt_client::encode("http://me:pw@h/owt", "x", "y").unwrap();
    assert_eq!(url.as_str(), "http://h/owt?code_b64=eA&kwargs_b64=J1wneVwnJw");
}

#[tokio::test]
async fn an_adaptors_own_error_is_an_error_of_what_is_asked_of_it() {
    let answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nno such";
    let (url, _served) = peer(answer).await;
    let error = Client::new(url).unwrap().call(a_call()).text().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Answered);
    assert_eq!(error.status().unwrap(), 404);
    assert_eq!(error.body().unwrap(), "no such");
    assert!(error.to_string().ends_with(" answered 404 Not Found"), "{error}");
}

/// Cut anywhere, the events are the same.
#[tokio::test]
async fn events_are_read_as_the_standard_has_them() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n\
         c\r\n: hello\n\ndat\r\n12\r\na: one\r\ndata:two\n\n\r\n17\r\nevent: end\nid: 7\ndata\n\n\r\n\
         9\r\ndata: cut\r\n0\r\n\r\n";
    let (url, _served) = peer(answer).await;
    let mut events = Client::new(url).unwrap().call(a_call()).events().await.unwrap();
    let first = events.next().await.unwrap().unwrap();
    assert_eq!((&*first.name, &*first.data, first.id), ("message", "one\ntwo", None));
    let second = events.next().await.unwrap().unwrap();
    assert_eq!((&*second.name, &*second.data, second.id.as_deref()), ("end", "", Some("7")));
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn what_is_no_stream_of_events_is_told() {
    let (url, _served) = peer(OK).await;
    let error = Client::new(url).unwrap().call(a_call()).events().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreadable);
}

#[tokio::test]
async fn lines_are_read_one_by_one() {
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
         4\r\n1\n\n2\r\n7\r\n2\r\nno\n3\r\n";
    let (url, _served) = peer(answer).await;
    let mut lines = Client::new(url).unwrap().call(a_call()).lines::<u8>().await.unwrap();
    assert_eq!(lines.next().await.unwrap().unwrap(), 1);
    assert_eq!(lines.next().await.unwrap().unwrap(), 22);
    let error = lines.next().await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "line 4 of the answer is not the JSON asked for");
    // The 3 may be the beginning of more.
    let error = lines.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}
