//! Answers that are errors, by whomever.

use std::io;
use std::time::Duration;

use futures_util::stream;
use owt_client::{Body, Client, ErrorKind, GET, POST, ProblemKind, StatusCode};
use owt_testing::peer::{Peer, Then, whole};
use serde_json::json;

use crate::call;

const PROBLEM: &str = "Content-Type: application/problem+json";

#[tokio::test]
async fn no_status_has_a_call_sent_again() {
    for status in [401, 407, 408, 409, 413, 421, 425, 429, 500, 502, 503, 504] {
        let head = format!("{status} Odd");
        let peer = Peer::saying(whole(&head, &["Retry-After: 0"], "no"), || Then::Keep);
        let client = Client::builder().url(&peer.url).retries(3).build().unwrap();
        let error = client.owt::<POST>("x", ()).text().await.unwrap_err();
        assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Answered, status));
        assert_eq!(peer.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_redirect_names_both_addresses() {
    let location = "Location: https://me:hunter2@models.example/new?code_b64=c2VjcmV0";
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let peer = Peer::saying(whole(status, &[location], "<h1>moved</h1>"), || Then::Keep);
        let client = Client::new(&peer.url).unwrap();
        for call in [client.owt::<POST>("x", ()), client.owt::<GET>("x", ())] {
            let error = call.text().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Redirected);
            let shown = format!("{error}\n{error:?}");
            assert!(shown.contains(&peer.url), "{shown}");
            assert!(shown.contains("https://models.example/new"), "{shown}");
            assert!(!shown.contains("hunter2") && !shown.contains("code_b64"), "{shown}");
            assert_eq!(error.body().unwrap(), "<h1>moved</h1>");
        }
        assert_eq!(peer.requests().len(), 2);
    }
    let peer = Peer::saying(whole("301 Moved", &["Location: /there"], ""), || Then::Keep);
    let error = call(&peer).json::<u8>().await.unwrap_err();
    assert!(error.to_string().contains(&format!("{}/there", peer.url)), "{error}");
}

#[tokio::test]
async fn somebody_elses_problem_is_kept_whole() {
    let credit = json!({
        "type": "https://example.com/no-credit", "title": "No credit", "status": 402,
        "detail": "30 are missing", "instance": "/a/1", "balance": 30,
    });
    let headers = [PROBLEM, "X-Request-Id: r7", "Retry-After: 3", "X-Mine: yes"];
    let answer = whole("402 Payment Required", &headers, credit.to_string());
    let peer = Peer::saying(answer, || Then::Keep);
    let error = call(&peer).text().await.unwrap_err();
    assert_eq!(error.to_string(), "No credit (402): 30 are missing");
    assert_eq!(error.status().unwrap(), StatusCode::PAYMENT_REQUIRED);
    assert_eq!(error.request_id(), Some("r7"));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
    assert_eq!(error.headers().unwrap()["x-mine"], "yes");
    let problem = error.problem().unwrap();
    assert_eq!(problem.type_uri(), "https://example.com/no-credit");
    let foreign = problem.foreign.as_ref().unwrap();
    assert_eq!(
        (&foreign.members["balance"], &foreign.members["instance"]),
        (&json!(30), &json!("/a/1"))
    );
}

#[tokio::test]
async fn a_problem_need_not_say_much() {
    for (status, media, body, shown) in [
        (418, "application/problem+json", "{}", "status 418"),
        (418, "Application/Problem+JSON; charset=utf-8", r#"{"title": "Nope"}"#, "Nope (418)"),
        (
            500,
            "application/problem+json",
            r#"{"title": "T", "status": "500", "detail": {}}"#,
            "T (500)",
        ),
    ] {
        let head = format!("{status} Odd");
        let media = format!("Content-Type: {media}");
        let peer = Peer::saying(whole(&head, &[&media], body), || Then::Keep);
        let error = call(&peer).text().await.unwrap_err();
        assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Problem, status));
        assert_eq!(error.to_string(), shown);
    }
}

#[tokio::test]
async fn what_is_no_problem_document_keeps_its_status_and_its_body() {
    for (status, body) in [(503, ""), (500, "<html>oops"), (502, "[1]"), (502, "{")] {
        let head = format!("{status} Odd");
        let answer = whole(&head, &[PROBLEM, "Retry-After: 7", "X-Request-Id: r1"], body);
        let peer = Peer::saying(answer, || Then::Keep);
        let error = call(&peer).text().await.unwrap_err();
        assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Answered, status));
        assert_eq!(error.body().unwrap(), body);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(error.request_id(), Some("r1"));
        assert!(error.to_string().starts_with(&peer.url), "{error}");
        assert!(!error.has_not_run());
    }
    // The status says more than that its body was cut.
    let cut =
        format!("HTTP/1.1 500 Odd\r\n{PROBLEM}\r\nContent-Length: 500\r\n\r\n{{\"title\": \"Cu");
    let peer = Peer::saying(cut, || Then::Close);
    assert_eq!(call(&peer).text().await.unwrap_err().status().unwrap(), 500);
}

#[tokio::test]
async fn kinds_by_status() {
    let of = async |status: &str| {
        let peer = Peer::saying(whole(status, &[], ""), || Then::Keep);
        call(&peer).text().await.unwrap_err()
    };
    assert!(of("401 Unauthorized").await.is_unauthenticated());
    assert!(of("403 Forbidden").await.is_forbidden());
    assert!(of("404 Not Found").await.is_not_found());
    assert!(of("429 Too Many Requests").await.is_busy());
    assert!(of("503 Service Unavailable").await.is_busy());
    assert!(of("504 Gateway Timeout").await.is_timeout());
    assert!(!of("500 Internal Server Error").await.is_busy());
}

/// What owt's own server says of a call of which nothing has run.
fn busy() -> Vec<u8> {
    let busy = json!({
        "type": "/_owt/problems/busy", "title": "The server is full", "status": 503,
        "detail": "full", "retry_after": 0,
    });
    whole("503 Service Unavailable", &[PROBLEM], busy.to_string())
}

#[tokio::test]
async fn only_what_has_not_run_is_sent_again_and_not_for_ever() {
    let peer = Peer::answering(|_, nth| match nth {
        0 | 1 => (vec![busy()], Then::Keep),
        _ => (vec![whole("200 OK", &[], "done")], Then::Keep),
    });
    let with = |retries| Client::builder().url(&peer.url).retries(retries).build().unwrap();
    let error = with(1).owt::<POST>("x", ()).text().await.unwrap_err();
    assert!(error.has_not_run());
    assert_eq!(error.problem().unwrap().kind, ProblemKind::Busy);
    assert_eq!(peer.requests().len(), 2);
    assert_eq!(with(0).owt::<POST>("x", ()).text().await.unwrap(), "done");

    let peer = Peer::saying(busy(), || Then::Keep);
    let client = Client::builder().url(&peer.url).retries(3).build().unwrap();
    assert!(client.owt::<POST>("x", ()).text().await.unwrap_err().is_busy());
    let bodies: Vec<_> = peer.requests().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies.len(), 4);
    assert!(bodies.iter().all(|body| *body == bodies[0] && !body.is_empty()));
}

#[tokio::test]
async fn data_and_files_are_sent_again_whole_but_streams_are_not() {
    let stream = || Body::wrap_stream(stream::iter([io::Result::Ok("once")]));
    let full = || Peer::saying(busy(), || Then::Keep);
    for (is_file, content, times) in [
        (false, Body::from("bytes"), 3),
        (true, Body::from("bytes"), 3),
        (false, stream(), 1),
        (true, stream(), 1),
    ] {
        let peer = full();
        let client = Client::builder().url(&peer.url).retries(2).build().unwrap();
        let call = client.owt::<POST>("x", ());
        let call = if is_file { call.file("a", "a.txt", content) } else { call.data(content) };
        assert!(call.text().await.unwrap_err().is_busy());
        let mut seen = peer.requests();
        // What is streamed comes in chunks, which the peer does not read as a body.
        seen.retain(|it| it.head.starts_with("POST "));
        assert_eq!(seen.len(), times);
        assert!(seen.iter().all(|it| it.body == seen[0].body && it.head == seen[0].head));
        let held = String::from_utf8_lossy(&seen[0].body).contains("bytes");
        assert!(held || times == 1, "{is_file}");
    }
}
