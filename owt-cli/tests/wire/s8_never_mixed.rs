//! §8: nothing of one request shows in another; no answer goes to the wrong caller.

use std::collections::HashMap;

use serde_json::Value;

use owt_testing::meeting::Meeting;
use owt_testing::raw::Raw;
use owt_testing::{Folder, Owt, Start};

const MANY: usize = 200;

/// Everything that a call can know of itself, asked before and after it gave way to others.
const KNOWS: &str = "
import asyncio, contextvars, logging, time
var = contextvars.ContextVar('var', default='unset')
log = logging.getLogger('mine')
calls = 0

def knows(n, items):
    return [n, request.id, request.args['n'], request.path, request.headers['x-mine'],
            var.get(), len(items), args.port]

def begin(n, items):
    first = var.get()
    var.set(n)
    args.port = n
    items.append(n)
    print(f'printed <{n}>')
    return first

def end(n, items, first, wanted):
    log.info('logged <%d>', n)
    if n % 5 == 0:
        raise ValueError(f'raised <{n}>')
    return {'n': n, 'first': first, 'items': items, 'same': wanted == knows(n, items), 'knows': wanted}

def run(n, items):
    first = begin(n, items)
    wanted = knows(n, items)
    for _ in range(20):
        time.sleep(0.0005)
        assert knows(n, items) == wanted
    return end(n, items, first, wanted)

async def later(n, items):
    first = begin(n, items)
    wanted = knows(n, items)
    for _ in range(20):
        await asyncio.sleep(0.0005)
        assert knows(n, items) == wanted
    return end(n, items, first, wanted)

def flow(n, items):
    first = begin(n, items)
    for part in range(20):
        time.sleep(0.0005)
        yield f'<{n}:{part}:{request.path}:{var.get()}>'

async def later_flow(n, items):
    first = begin(n, items)
    for part in range(20):
        await asyncio.sleep(0.0005)
        yield f'<{n}:{part}:{request.path}:{var.get()}>'
";

fn all_at_once(owt: &Owt, fn_name: &str) -> Vec<Raw> {
    (0..MANY)
        .map(|n| {
            let call = owt.code(KNOWS).field("fn_name", fn_name).field("n", n);
            let call = call.kwargs(&format!("{{'n': {n}, 'items': []}}"));
            Raw::get(owt, &call, &format!("/path/{n}"), &[&format!("X-Mine: {n}")])
        })
        .collect()
}

fn id_in(headers: &str) -> String {
    headers.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap().to_owned()
}

#[test]
fn two_hundred_calls_at_once_each_know_only_themselves() {
    let owt = Owt::start();
    let mut ids = HashMap::new();
    for fn_name in ["run", "later"] {
        for (n, raw) in all_at_once(&owt, fn_name).iter_mut().enumerate() {
            let (status, headers, body) = raw.answer();
            let told: Value = serde_json::from_str(&body).unwrap();
            let id = id_in(&headers);
            if n % 5 == 0 {
                assert_eq!(status, 500, "{body}");
                assert_eq!(told["exception"]["message"], format!("raised <{n}>"), "{body}");
                assert_eq!(told["request_id"], id, "{body}");
            } else {
                assert_eq!(status, 200, "{body}");
                assert_eq!(told["n"], n);
                assert_eq!(told["first"], "unset", "a context variable of another call");
                assert_eq!(told["items"], serde_json::json!([n]), "another call's arguments");
                assert_eq!(told["same"], true);
                let knows = told["knows"].as_array().unwrap();
                assert_eq!(knows[1], id, "the id of the answer and of the adaptor");
                assert_eq!(knows[2], n.to_string());
                assert_eq!(knows[3], format!("/path/{n}"));
                assert_eq!(knows[4], n.to_string());
            }
            assert!(ids.insert(id, n).is_none(), "two requests with one id");
        }
    }
    // Each line that was printed or logged is whole, and is its own call's.
    for n in 0..MANY {
        owt.log_with(&format!("printed <{n}>"));
        owt.log_with(&format!("logged <{n}>"));
    }
    let log = owt.log_with("");
    for words in ["printed <", "logged <"] {
        let lines: Vec<_> = log.lines().filter(|line| line.contains(words)).collect();
        assert_eq!(lines.len(), 2 * MANY, "{words}");
        for line in lines {
            assert_eq!(line.matches(words).count(), 1, "two calls in one line: {line}");
            let number = line.split_once(words).unwrap().1.split_once('>').unwrap().0;
            let (_, n) =
                ids.iter().find(|(id, _)| line.contains(id.as_str())).expect("a call's id");
            assert_eq!(number, n.to_string(), "{line}");
        }
    }
}

#[test]
fn two_hundred_streams_at_once_do_not_mix() {
    let owt = Owt::start();
    for fn_name in ["flow", "later_flow"] {
        for (n, raw) in all_at_once(&owt, fn_name).iter_mut().enumerate() {
            assert_eq!(raw.head().0, 200);
            let mut body = Vec::new();
            loop {
                let chunk = raw.chunk().expect("the stream was cut");
                if chunk.is_empty() {
                    break;
                }
                body.extend(chunk);
            }
            let wanted: String =
                (0..20).map(|part| format!("<{n}:{part}:/path/{n}:{n}>")).collect();
            assert_eq!(String::from_utf8(body).unwrap(), wanted, "{fn_name}");
        }
    }
}

#[test]
fn calls_on_one_connection_follow_each_other_and_share_nothing() {
    let owt = Owt::start();
    let code = "import contextvars, threading
var = contextvars.ContextVar('var', default='unset')
def run(n):
    before = var.get()
    var.set(n)
    return f'{n} {before} {request.args[\"n\"]}'
";
    let mut bytes = String::new();
    for n in 0..50 {
        let call = owt.code(code).kwargs(&format!("{{'n': {n}}}")).field("n", n);
        let request = call.getting("/").build().unwrap();
        let query = request.url().query().unwrap().to_owned();
        bytes += &format!("GET /?{query} HTTP/1.1\r\nHost: {}\r\nX-Owt: 1\r\n\r\n", owt.address());
    }
    // All are sent before the first is answered.
    let mut raw = Raw::send(&owt, bytes);
    for n in 0..50 {
        assert_eq!(raw.answer().2, format!("{n} unset {n}"));
    }
}

#[test]
fn a_cancelled_call_hits_no_other() {
    let owt = Start::new().args(["--threads", "2"]).start();
    let meeting = Meeting::new();
    let code = format!(
        "{}
import time
def run():
    here = meet()
    try:
        here.say('works')
        while True: time.sleep(0.0005)
    finally:
        here.say('stopped')
",
        meeting.python()
    );
    let busy = owt.code(
        "def run(n):\n    total = 0\n    for i in range(3000): total += i\n    return [n, total]\n",
    );
    for round in 0..30 {
        let cancelled = Raw::get(&owt, &owt.code(&code), "/", &[]);
        let mut guest = meeting.guest();
        assert_eq!(guest.says().unwrap(), "works");
        drop(cancelled);
        // While the exception is on its way, others run on the same threads.
        for n in 0..10 {
            let answer = busy.clone().kwargs(&format!("{{'n': {n}}}")).post("/").json();
            assert_eq!(answer, serde_json::json!([n, 4_498_500]), "round {round}");
        }
        assert_eq!(guest.says().as_deref(), Some("stopped"), "its finally runs");
    }
}

#[test]
fn a_cancelled_call_leaves_no_lock_behind() {
    let owt = Owt::start();
    let code = "
import logging

class Quiet(logging.Handler):
    def emit(self, record): pass

log = logging.getLogger('quiet')
log.propagate = False
log.addHandler(Quiet())

def imports():
    try:
        import no_such_module
    except ImportError:
        pass

def logs():
    log.error('x')

def run(what):
    while True:
        globals()[what]()
        for _ in range(3000): pass

def check():
    imports(), logs()
    return 'well'
";
    let check = owt.code(code).field("fn_name", "check");
    assert_eq!(check.post("/").ok(), "well");
    // An exception at the wrong place would leave logging's lock locked.
    for _ in 0..60 {
        let calls: Vec<_> = ["logs", "logs", "logs", "logs"]
            .iter()
            .map(|what| {
                Raw::get(&owt, &owt.code(code).kwargs(&format!("{{'what': '{what}'}}")), "/", &[])
            })
            .collect();
        drop(calls);
        assert_eq!(check.post("/").ok(), "well");
    }
}

#[test]
fn globals_of_one_code_are_not_those_of_another() {
    let owt = Owt::start();
    let first = owt.code("secret = 'first'\ndef run(): return secret\n");
    let second = owt.code("def run(): return globals().get('secret', 'none')\n");
    assert_eq!(first.post("/").ok(), "first");
    assert_eq!(second.post("/").ok(), "none");
    // What code does to its own namespace, it does to no other's.
    let rude =
        owt.code("pipe = request = shell = None\nimport builtins\ndef run(): return str(pipe)\n");
    assert_eq!(rude.post("/").ok(), "None");
    assert_eq!(owt.code("pipe().path().last()").post("/x").ok(), "x");
    assert_eq!(owt.code("def run(): return request.path\n").post("/y").ok(), "/y");
}

#[test]
fn a_refused_call_has_not_run() {
    let auth = "ali:41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb";
    let folder = Folder::new();
    let guarded = Start::new().args(["--auth", auth]).start();
    let small = Start::new().args(["--max-body", "10"]).start();
    let owt = Owt::start();
    let code = format!("{}\ndef run(n=0): return 'ran'\n", folder.mark("ran"));
    let post = |owt: &Owt| owt.code(&code).posting("/").send().unwrap().status().as_u16();
    assert_eq!(post(&guarded), 401);
    assert_eq!(post(&small), 413);
    let call = owt.code(&code);
    for (status, request) in [
        (400, call.clone().field("timeout", "x").posting("/")),
        (400, call.clone().field("kwargs_b64", "!").posting("/")),
        (403, call.posting("/").header("origin", "http://evil.example")),
        (403, call.posting("/").header("host", "evil.example")),
        (404, call.posting("/_owt/x")),
        (405, owt.request("DELETE", "/").query(&call.text_fields())),
        (415, owt.request("POST", "/").body(format!("code_b64={}", owt_testing::b64(&code)))),
    ] {
        assert_eq!(request.send().unwrap().status().as_u16(), status);
    }
    assert_eq!(folder.marks("ran"), 0);
    assert_eq!(post(&owt), 200);
    assert_eq!(folder.marks("ran"), 1);
}

#[test]
fn the_body_of_a_refused_request_is_not_the_next_request() {
    let owt = Owt::start();
    let folder = Folder::new();
    let call = owt.code(&format!("{}\ndef run(): return 'ran'\n", folder.mark("ran")));
    let request = call.getting("/").build().unwrap();
    let (host, query) = (owt.address(), request.url().query().unwrap());
    let inner = format!("GET /?{query} HTTP/1.1\r\nHost: {host}\r\nX-Owt: 1\r\n\r\n");
    let last = format!("GET /last HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    for first in [
        "POST / HTTP/1.1\r\nOrigin: http://evil.example",
        "GET /x HTTP/1.1\r\nOrigin: http://evil.example",
        "PUT / HTTP/1.1",
        "OPTIONS / HTTP/1.1",
        "HEAD / HTTP/1.1",
        "POST /_owt/x HTTP/1.1",
        "POST /?timeout=soon HTTP/1.1",
        "POST / HTTP/1.1\r\nContent-Type: text/plain",
        "GET / HTTP/1.1",
    ] {
        let length = inner.len();
        let head = format!("{first}\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n");
        let mut raw = Raw::send(&owt, head + &inner + &last);
        assert!(raw.head().0 >= 200, "{first}");
        // The connection is cut, or what follows the body is answered; the body never is.
        let rest = String::from_utf8_lossy(&raw.rest()).into_owned();
        assert!(rest.matches("HTTP/1.1 ").count() <= 1, "{first}: {rest}");
    }
    assert_eq!(folder.marks("ran"), 0);
}
