//! §7: a failure in mid-stream ends the response visibly, never as a clean end.

use owt_testing::meeting::Meeting;
use owt_testing::raw::{Raw, expect, rest};
use owt_testing::{Owt, Sent};

/// Ways to fail after some chunks, sync and async.
fn failing(owt: &Owt) -> Vec<(String, Sent)> {
    let mut calls = Vec::new();
    for head in ["def run():", "async def run():"] {
        for failure in [
            "raise ValueError('in the middle')",
            "1 / 0",
            "raise SystemExit(1)",
            "yield object()",
            "raise KeyboardInterrupt",
        ] {
            let code = format!(
                "{head}\n    yield 'begun'\n    yield 'and on'\n    {failure}\n    yield 'never'\n"
            );
            calls.push((code.clone(), owt.code(&code)));
        }
    }
    for code in [
        "def flow():\n    yield 'begun'\n    yield 'and on'\n    1 / 0\nasync def run(): return flow()\n",
        "import flask
def flow():
    yield 'begun'
    yield 'and on'
    1 / 0
def run(): return flask.Response(flow())
",
    ] {
        calls.push((code.to_owned(), owt.code(code)));
    }
    calls
}

#[test]
fn the_chunked_coding_is_cut() {
    let owt = Owt::start();
    for (code, call) in failing(&owt) {
        let mut raw = Raw::get(&owt, &call, "/", &[]);
        let (status, headers) = raw.head();
        assert_eq!(status, 200, "{code}");
        assert!(headers.contains("transfer-encoding: chunked"), "{headers}");
        let rest = raw.rest();
        let text = String::from_utf8_lossy(&rest);
        // The end of the connection with no last chunk before it.
        assert!(!text.ends_with("0\r\n\r\n"), "{code}: a clean end: {text:?}");
        assert!(!text.contains("never"), "{code}: {text:?}");
        // What was given before has been sent: it was yielded first.
        assert!(text.contains("begun") && text.contains("and on"), "{code}: {text:?}");
    }
    assert_eq!(owt.code("lambda: 'alive'").post("/").ok(), "alive");
}

#[test]
fn what_was_given_before_arrives_and_then_the_client_errs() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    for (head, meet, listen) in
        [("def", "meet()", "here.listen()"), ("async def", "await ameet()", "await here.listen()")]
    {
        let code = format!(
            "{}
{head} run():
    here = {meet}
    yield 'begun'
    {listen}
    raise ValueError('in the middle')
",
            meeting.python()
        );
        let mut response = owt.code(&code).posting("/").send().unwrap();
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        expect(&mut response, "begun");
        meeting.guest().tell("fail now");
        assert!(rest(response).is_err(), "a cut stream reads as an error");
        // The log says why, and for which request.
        let log = owt.log_with(&id);
        assert!(
            log.lines().any(|line| line.contains("in the middle") && line.contains(&id)),
            "{log}"
        );
    }
}

#[test]
fn a_stream_that_fails_before_its_first_chunk_is_a_500() {
    let owt = Owt::start();
    for head in ["def", "async def"] {
        for code in [
            format!("{head} run():\n    raise ValueError('at once')\n    yield 'never'\n"),
            format!(
                "{head} flow():\n    raise ValueError('at once')\n    yield\nasync def run(): return flow()\n"
            ),
        ] {
            // Nothing of it has been sent, so that the problem can still be told.
            let problem = owt.code(&code).post("/").refused(500, "adaptor-raised");
            assert_eq!(problem["exception"]["message"], "at once", "{code}");
        }
    }
}

#[test]
fn a_first_chunk_that_cannot_be_made_is_a_500() {
    let owt = Owt::start();
    for (value, said) in [
        ("object()", "object"),
        ("threading.Lock()", "lock"),
        ("{'a': [1, {2, object()}]}", "object"),
        (r"'\ud800'", "UTF-8"),
    ] {
        for shape in [
            "def run():\n    yield VALUE\n",
            "def run():\n    yield ''\n    yield b''\n    yield VALUE\n",
            "async def run():\n    yield VALUE\n",
            "async def run():\n    yield ''\n    yield VALUE\n",
            "def run(): return sse([VALUE])\n",
            "def run(): return stream([VALUE])\n",
            "def run(): return iter([VALUE]), 201, {'X-Mine': 'yes'}\n",
            "def run(): return Response(map(lambda it: it, [VALUE]))\n",
            "async def run(): return iter([VALUE])\n",
            "async def run(): return sse([VALUE])\n",
            "import flask\ndef run(): return flask.Response(it for it in [VALUE])\n",
        ] {
            let code = format!("import threading\n{}", shape.replace("VALUE", value));
            for call in [owt.code(&code), owt.code(&code).field("use_cache", true)] {
                let problem = call.post("/");
                // What flask encodes itself raises there.
                let slug = match (shape.contains("flask"), value.contains("ud800")) {
                    (true, true) => "adaptor-raised",
                    _ => "unrenderable",
                };
                let problem = problem.refused(500, slug);
                let detail = problem["detail"].as_str().unwrap();
                assert!(slug == "adaptor-raised" || detail.contains(said), "{code}: {detail}");
            }
        }
    }
}

#[test]
fn a_failure_within_an_event_is_the_cut_alone() {
    let owt = Owt::start();
    for (sent, is_between) in [
        (r"['data: one\n\nda']", false),
        (r"['data: one\n\n', 'data: two\n']", false),
        (r"['data: one\r\n']", false),
        (r"['data: one\n\n', ': beat\n\n']", true),
        (r"['data: one\r\n\r\n']", true),
        (r"['data: one\r', '\r']", true),
        (r"['data: one\n', '\r\n']", true),
    ] {
        let code = format!(
            "def flow():
    yield from {sent}
    1 / 0
def run(): return stream(flow(), 'text/event-stream')
"
        );
        let mut raw = Raw::get(&owt, &owt.code(&code), "/", &[]);
        assert_eq!(raw.head().0, 200);
        let rest = String::from_utf8(raw.rest()).unwrap();
        // After a part of an event it would make that look like a whole one.
        assert_eq!(rest.contains("event: error\n"), is_between, "{sent}: {rest:?}");
        assert!(!rest.ends_with("0\r\n\r\n"), "{sent}: a clean end");
    }
}

#[test]
fn server_sent_events_get_an_error_event_first() {
    let owt = Owt::start();
    for head in ["def", "async def"] {
        for code in [
            format!(
                "{head} flow():
    yield 'data: one\\n\\n'
    raise ValueError('in the middle')

def run(): return flow(), {{'Content-Type': 'text/event-stream'}}
"
            ),
            format!(
                "{head} flow():
    yield 'data: one\\n\\n'
    raise ValueError('in the middle')

async def run(): return flow(), 200, {{'content-type': 'text/event-stream; charset=utf-8'}}
"
            ),
            format!(
                "from owt import sse
{head} flow():
    yield 'one'
    raise ValueError('in the middle')

def run(): return sse(flow())
"
            ),
        ] {
            let mut raw = Raw::get(&owt, &owt.code(&code), "/", &[]);
            let (status, headers) = raw.head();
            assert_eq!(status, 200, "{code}");
            assert!(headers.contains("content-type: text/event-stream"), "{headers}");
            let rest = String::from_utf8(raw.rest()).unwrap();
            assert!(!rest.ends_with("0\r\n\r\n"), "{code}: a clean end");
            let (before, after) = rest.split_once("event: error\n").expect("an error event");
            assert!(before.contains("data: one\n\n"), "{before:?}");
            let data = after.lines().next().unwrap().strip_prefix("data: ").unwrap();
            let problem: serde_json::Value = serde_json::from_str(data).unwrap();
            assert_eq!(problem["type"], "/_owt/problems/adaptor-raised");
            assert_eq!(problem["exception"]["message"], "in the middle");
            let id = headers.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap();
            assert_eq!(problem["request_id"], id);
        }
    }
}

#[test]
fn a_deadline_in_mid_stream_is_visible_too() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    for (head, meet, wait) in [
        ("def", "meet()", "while True: time.sleep(0.01)"),
        ("async def", "await ameet()", "await asyncio.Event().wait()"),
    ] {
        let code = format!(
            "{}
import time
{head} run():
    here = {meet}
    yield 'begun'
    try:
        {wait}
    finally:
        here.say('stopped')
",
            meeting.python()
        );
        let call = owt.code(&code).field("timeout", 0.5);
        let mut raw = Raw::get(&owt, &call, "/", &[]);
        assert_eq!(raw.head().0, 200);
        assert_eq!(raw.bytes(5), b"begun");
        let rest = raw.rest();
        assert!(!rest.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&rest));
        assert_eq!(meeting.guest().says().as_deref(), Some("stopped"), "the work stops: {head}");
    }
}
