//! §7: quotas. How many calls each user may have under way, and may send.

use owt_testing::raw::Raw;
use reqwest::blocking::RequestBuilder;

use crate::s7_keys::{TOKEN, refused};
use owt_testing::{Answer, Folder, Owt, Sent, Start};

const SECOND: &str = "second-token-of-this-test";
const BOBS: &str = "bobs-token-of-this-test";

/// `ali` has two tokens, and `bob` has one.
fn start(folder: &Folder, args: &[&str]) -> Owt {
    let tokens = folder.write("tokens", format!("ali:{TOKEN}\nali:{SECOND}\nbob:{BOBS}\n"));
    let start = Start::new().args(["--token-file", tokens.to_str().unwrap()]);
    start.args(args.iter().copied()).start()
}

fn with(call: &Sent, token: &str) -> Answer {
    sent(call.posting("/").bearer_auth(token))
}

fn sent(request: RequestBuilder) -> Answer {
    Answer::of(request.send().unwrap())
}

#[track_caller]
fn exceeded(answer: &Answer, flag: &str) -> u64 {
    let problem = answer.refused(429, "quota-exceeded");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(flag) && detail.contains("nothing of this one has run"), "{detail}");
    let wait = problem["retry_after"].as_u64().unwrap();
    assert_eq!(answer.header("retry-after"), wait.max(1).to_string());
    wait
}

#[test]
fn a_user_has_so_many_calls_under_way() {
    let folder = Folder::new();
    let owt = start(&folder, &["--user-concurrency", "2"]);
    let key = format!("Authorization: Bearer {TOKEN}");
    let code = "import time\ndef run():\n    yield 'first '\n    while True: time.sleep(0.005)";
    let stream = |key: &str| {
        let mut raw = Raw::get(&owt, &owt.code(code), "/", &[key]);
        assert_eq!(raw.head().0, 200);
        assert_eq!(raw.chunk().unwrap(), b"first ");
        raw
    };
    let (one, _other) = (stream(&key), stream(&format!("Authorization: Bearer {SECOND}")));
    let call = owt.code(&format!("{}\ndef run(): return 'ran'", folder.mark("ran")));
    for token in [TOKEN, SECOND] {
        exceeded(&with(&call, token), "--user-concurrency");
    }
    assert_eq!(folder.marks("ran"), 0);
    // Pages are no calls, and others have quotas of their own.
    assert_eq!(sent(owt.request("GET", "/_owt/livez").bearer_auth(TOKEN)).status, 200);
    assert_eq!(with(&call, BOBS).ok(), "ran");
    // Its client goes, and so it is no longer under way, as soon as the server sees that.
    drop(one);
    while with(&call, TOKEN).status == 429 {
        std::thread::yield_now();
    }
    assert_eq!(with(&call, SECOND).ok(), "ran");
    // What failed is over too.
    for _ in 0..3 {
        with(&owt.code("def run(): return 1 / 0"), TOKEN).refused(500, "adaptor-raised");
    }
}

#[test]
fn a_user_sends_so_many_calls_in_a_time() {
    let folder = Folder::new();
    let owt = start(&folder, &["--user-rate", "3/h"]);
    let call = owt.code(&format!("def run():\n    {}", folder.mark("ran")));
    for token in [TOKEN, SECOND, TOKEN] {
        with(&call, token).ok();
    }
    for token in [TOKEN, SECOND] {
        let wait = exceeded(&with(&call, token), "3/h, --user-rate");
        assert!((1000..=1200).contains(&wait), "{wait}");
    }
    assert_eq!(folder.marks("ran"), 3);
    with(&call, BOBS).ok();
    assert_eq!(sent(owt.request("GET", "/_owt/livez").bearer_auth(TOKEN)).status, 200);
}

#[test]
fn where_nobody_has_a_name_an_address_counts() {
    let owt = Start::new().args(["--user-rate", "1/h", "--trust-proxy", "127.0.0.1"]).start();
    let call = owt.code("def run(): return 'ran'");
    let from = |address| sent(call.posting("/").header("x-forwarded-for", address));
    assert_eq!(from("10.0.0.1").ok(), "ran");
    exceeded(&from("10.0.0.1"), "--user-rate");
    assert_eq!(from("10.0.0.2").ok(), "ran");
    assert_eq!(sent(call.posting("/")).ok(), "ran");
    exceeded(&sent(call.posting("/")), "this address");
}

#[test]
fn a_quota_that_is_none_does_not_start() {
    for (args, says) in [
        (["--user-rate", "3"], "10/s"),
        (["--user-rate", "0/s"], "10/s"),
        (["--user-rate", "3/day"], "10/s"),
        (["--user-concurrency", "0"], "--user-concurrency"),
    ] {
        let output = refused(&args, None);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
        assert!(told.contains(says), "{args:?}: {told}");
    }
}
