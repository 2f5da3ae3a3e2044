//! The audit log: each request is a line of it, whatever came of it, and no line is lost or mixed.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use reqwest::blocking::RequestBuilder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use owt_testing::raw::Raw;
use owt_testing::{Answer, Folder, Owt, Start};

/// Its password is `open sesame`.
const ALI: &str = "ali:41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb";
const CI: &str = "ci-0123456789-token";
const OTHER: &str = "other-0123456789-token";
const PROBE: &str = "probe-0123456789-token";

fn start(folder: &Folder, args: &[&str]) -> Owt {
    let tokens = folder.write("tokens", format!("ci:{CI}\nother:{OTHER}\nci:{PROBE}:probe\n"));
    let start = Start::new().args(["--auth", ALI, "--token-file", tokens.to_str().unwrap()]);
    let start = start.args(args.iter().copied());
    start.args(["--audit", folder.path("audit").to_str().unwrap()]).start()
}

/// Ends the server, and gives the lines of its audit log by the requests' ids.
fn ended(mut owt: Owt, audit: &Path) -> HashMap<String, Value> {
    owt.signal("-TERM");
    owt.wait();
    lines(audit)
}

/// Each line by its request's id, which comes once.
pub fn lines(audit: &Path) -> HashMap<String, Value> {
    let text = std::fs::read_to_string(audit).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is whole");
    let mut lines = HashMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        let id = line["request_id"].as_str().expect("an id").to_owned();
        assert!(lines.insert(id, line).is_none(), "a request is told of once");
    }
    lines
}

/// As a person opens it in a browser.
fn opened(request: RequestBuilder) -> RequestBuilder {
    let marks = [
        ("user-agent", "Mozilla/5.0"),
        ("accept", "text/html"),
        ("sec-fetch-site", "none"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    marks.into_iter().fold(request, |request, (name, value)| request.header(name, value))
}

fn sha256(code: &str) -> String {
    Sha256::digest(code).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn each_request_is_a_line() {
    let folder = Folder::new();
    let began = SystemTime::now();
    let owt = start(&folder, &[]);
    let (code, fails) = ("def other(x=1):\n    return x", "def run(): return 1 / 0");
    let call = owt.code(code).field("fn_name", "other").kwargs("{'x': 's3cret'}");
    let send = |id: &str, request: RequestBuilder| {
        Answer::of(request.header("x-request-id", id).send().unwrap()).status
    };
    let ali = |request: RequestBuilder| request.basic_auth("ali", Some("open sesame"));
    let statuses = [
        send("get", ali(call.getting("/a%2Fb/c"))),
        send("post", call.posting("/x").bearer_auth(CI)),
        send("raises", owt.code(fails).posting("/").bearer_auth(CI)),
        send("no-code", owt.request("POST", "/").json(&json!({})).bearer_auth(CI)),
        send("no-key", call.posting("/x")),
        send("wrong-key", call.posting("/x").bearer_auth("not-0123456789-token")),
        send("no-scope", call.posting("/x").bearer_auth(PROBE)),
        send("foreign", ali(call.getting("/x").header("origin", "http://evil.example"))),
        send("asked", ali(opened(call.getting("/x")))),
        send("own", owt.request("GET", "/_owt/livez").bearer_auth(PROBE)),
    ];
    assert_eq!(statuses, [200, 200, 500, 400, 401, 401, 403, 403, 200, 200]);
    let took = began.elapsed().unwrap();
    let lines = ended(owt, &folder.path("audit"));
    let (id, ran, raised) = (sha256(code), Some("other"), sha256(fails));
    let expected = [
        ("get", Some("ali"), "GET", "/a%2Fb/c", Some(&id), ran, true, "answered"),
        ("post", Some("ci"), "POST", "/x", Some(&id), ran, true, "answered"),
        ("raises", Some("ci"), "POST", "/", Some(&raised), Some("run"), true, "adaptor-raised"),
        ("no-code", Some("ci"), "POST", "/", None, None, false, "malformed-call"),
        ("no-key", None, "POST", "/x", None, None, false, "unauthenticated"),
        ("wrong-key", None, "POST", "/x", None, None, false, "unauthenticated"),
        ("no-scope", Some("ci"), "POST", "/x", None, None, false, "insufficient-scope"),
        ("foreign", None, "GET", "/x", None, None, false, "forbidden"),
        ("asked", Some("ali"), "GET", "/x", Some(&id), ran, false, "answered"),
        ("own", Some("ci"), "GET", "/_owt/livez", None, None, false, "answered"),
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (number, (id, user, method, path, code, fn_name, called, outcome)) in
        expected.into_iter().enumerate()
    {
        let line = &lines[id];
        let wanted = json!({
            "time": line["time"], "request_id": id, "peer": "127.0.0.1", "user": user,
            "method": method, "path": path, "code_sha256": code, "fn_name": fn_name,
            "called": called, "status": statuses[number], "outcome": outcome,
            "duration_ms": line["duration_ms"],
        });
        let wanted = wanted.as_object().unwrap().clone().into_iter();
        let wanted: Value = wanted.filter(|(_, value)| !value.is_null()).collect();
        assert_eq!(line, &wanted);
        let time = humantime(line["time"].as_str().unwrap());
        assert!(time >= began - Duration::from_secs(1) && time <= began + took, "{line}");
        let duration = line["duration_ms"].as_f64().unwrap();
        assert!(duration > 0.0 && duration <= took.as_secs_f64() * 1e3, "{line}");
    }
    let text = folder.read("audit");
    for secret in ["s3cret", "code_b64", "open sesame", CI, PROBE, "Basic", "return x"] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// A time as `date` understands it (RFC 3339).
fn humantime(text: &str) -> SystemTime {
    assert!(text.ends_with('Z') && text.contains('T'), "{text}");
    let told = std::process::Command::new("date").args(["-d", text, "+%s%N"]).output().unwrap();
    let nanos: u64 = String::from_utf8(told.stdout).unwrap().trim().parse().unwrap();
    SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)
}

#[test]
fn by_a_unix_socket_it_is_the_keys_user_or_else_the_peers() {
    let folder = Folder::new();
    let id = std::process::Command::new("id").arg("-un").output().unwrap();
    let own = String::from_utf8(id.stdout).unwrap();
    for (number, (args, user, outcome)) in
        [(&[][..], Some(own.trim()), "answered"), (&["--auth", ALI], None, "unauthenticated")]
            .into_iter()
            .enumerate()
    {
        let (socket, audit) = (folder.path("socket"), folder.path(&number.to_string()));
        let start = Start::new().args(["--audit", audit.to_str().unwrap()]);
        let owt = start.args(args.iter().copied()).unix(&socket).start();
        let client = reqwest::blocking::Client::builder().unix_socket(socket).build().unwrap();
        client.get("http://localhost/_owt/livez").header("x-request-id", "it").send().unwrap();
        let lines = ended(owt, &audit);
        let wanted = json!(["unix", user, outcome]);
        let line = &lines["it"];
        assert_eq!(json!([line["peer"], line["user"], line["outcome"]]), wanted);
    }
}

#[test]
fn who_goes_is_told_of() {
    let folder = Folder::new();
    let owt = start(&folder, &["--grace", "0.2"]);
    let key = format!("Authorization: Bearer {CI}");
    let begun = |name: &str| format!("open({:?}, 'w').close()", folder.path(name));
    let waits = |name: &str| {
        owt.code(&format!(
            "import time\ndef run():\n    {}\n    while True: time.sleep(0.005)",
            begun(name)
        ))
    };
    let get = |call: &owt_testing::Sent, id: &str| {
        Raw::get(&owt, call, "/", &[&key, &format!("X-Request-Id: {id}")])
    };
    let is_there = |name: &str| {
        while !folder.path(name).exists() {
            std::thread::yield_now();
        }
    };
    let early = get(&waits("early"), "early");
    is_there("early");
    drop(early);
    let code = "import time\ndef run():\n    yield 'first '\n    while True: time.sleep(0.005)";
    let mut midway = get(&owt.code(code), "midway");
    assert_eq!(midway.head().0, 200);
    assert_eq!(midway.chunk().unwrap(), b"first ");
    drop(midway);
    let code = "def run():\n    yield 'first '\n    raise ValueError('late')";
    let mut late = get(&owt.code(code), "late");
    assert_eq!(late.head().0, 200);
    late.rest();
    let whole = Raw::get(
        &owt,
        &owt.code("def run():\n    yield 'all'"),
        "/",
        &[&key, "X-Request-Id: whole", "Connection: close"],
    );
    whole.rest();
    // One that is still under way when the server ends.
    let _under_way = get(&waits("stays"), "stays");
    is_there("stays");
    let lines = ended(owt, &folder.path("audit"));
    let told = |id: &str| [&lines[id]["status"], &lines[id]["outcome"]].map(Value::clone);
    assert_eq!(told("early"), [Value::Null, json!("gone")]);
    assert_eq!(told("midway"), [json!(200), json!("gone")]);
    assert_eq!(told("late"), [json!(200), json!("adaptor-raised")]);
    assert_eq!(told("whole"), [json!(200), json!("answered")]);
    assert!(lines.contains_key("stays"), "{lines:?}");
}

/// Sends so many calls by many connections, and compares the lines with what was sent.
fn no_line_is_lost_or_mixed(calls: usize) {
    const CONNECTIONS: usize = 32;
    let folder = Folder::new();
    let owt = start(&folder, &[]);
    let call = owt.code("def run(): return ''");
    let query = call.getting("/").build().unwrap().url().query().unwrap().to_owned();
    std::thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let (owt, query) = (&owt, &query);
            scope.spawn(move || {
                let mut raw = Raw::from(owt.connect());
                for number in (connection..calls).step_by(CONNECTIONS) {
                    raw.write(format!(
                        "GET {path}?{query} HTTP/1.1\r\nHost: {host}\r\n\
                         X-Request-Id: r-{number}\r\nAuthorization: Bearer {key}\r\n\r\n",
                        path = path(number),
                        host = owt.address(),
                        key = if number % 2 == 0 { CI } else { OTHER },
                    ));
                    raw.answer();
                }
            });
        }
    });
    let lines = ended(owt, &folder.path("audit"));
    assert_eq!(lines.len(), calls);
    for number in 0..calls {
        let line = &lines[&format!("r-{number}")];
        assert_eq!(line["path"], path(number), "{line}");
        assert_eq!(line["user"], if number % 2 == 0 { "ci" } else { "other" }, "{line}");
        let is_call = number % 10 != 0;
        assert_eq!(line["called"], is_call, "{line}");
        assert_eq!(line["outcome"], if is_call { "answered" } else { "not-found" }, "{line}");
    }
}

/// Every tenth is no call; they differ in length.
fn path(number: usize) -> String {
    let room = if number.is_multiple_of(10) { "_owt/none/" } else { "" };
    format!("/{room}{number}/{}", "x".repeat(number % 100))
}

#[test]
fn no_line_of_20_000_is_lost_or_mixed() {
    no_line_is_lost_or_mixed(20_000);
}

#[test]
#[ignore = "takes minutes in a debug build"]
fn no_line_of_100_000_is_lost_or_mixed() {
    no_line_is_lost_or_mixed(100_000);
}
