//! What a server tells of itself: timing, traces, metrics, health.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;

use owt_testing::{Answer, Owt, PATIENCE, Start};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The entries of `Server-Timing` with their durations in milliseconds.
fn timing(answer: &Answer) -> HashMap<String, f64> {
    let entries = answer.header("server-timing").split(", ").map(|entry| {
        let (name, value) = entry.split_once(";dur=").unwrap_or_else(|| panic!("{entry}"));
        let (_, fraction) = value.split_once('.').unwrap_or_else(|| panic!("{entry}"));
        assert_eq!(fraction.len(), 3, "{entry}");
        (name.to_owned(), value.parse().unwrap())
    });
    entries.collect()
}

fn sorted(timing: &HashMap<String, f64>) -> Vec<&str> {
    let mut names: Vec<_> = timing.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn the_first_call_tells_its_load_and_every_call_its_run() {
    let owt = Owt::start();
    let code = "import time\ntime.sleep(0.04)\ndef run():\n    time.sleep(0.03)\n    return 'x'";
    let first = timing(&owt.code(code).post("/"));
    assert_eq!(sorted(&first), ["load", "queue", "run"]);
    assert!(first["load"] >= 40.0 && first["run"] >= 30.0, "{first:?}");
    let second = timing(&owt.code(code).post("/"));
    assert_eq!(sorted(&second), ["queue", "run"]);
    assert!(second["run"] >= 30.0, "{second:?}");
}

#[test]
fn a_streams_run_is_until_its_first_chunk_also_on_the_event_loop() {
    let owt = Owt::start();
    let after = "yield 'a'\n    time.sleep(2)\n    yield 'b'";
    for code in [
        format!("import time\ndef run():\n    time.sleep(0.03)\n    {after}"),
        "import asyncio\nasync def run():\n    await asyncio.sleep(0.03)\n    yield 'a'".to_owned(),
        "import asyncio\nasync def run():\n    await asyncio.sleep(0.03)\n    return 'a'"
            .to_owned(),
        format!(
            "import asyncio, time\ndef later():\n    time.sleep(0.01)\n    {after}\n\
             async def run():\n    await asyncio.sleep(0.02)\n    return later()"
        ),
    ] {
        // The head is enough: what comes after the first chunk is not waited for.
        let headers = owt.code(&code).posting("/").send().unwrap().headers().clone();
        let timing = timing(&Answer { status: 200, headers, body: Vec::new() });
        assert!((30.0..2000.0).contains(&timing["run"]), "{code}\n{timing:?}");
    }
}

#[test]
fn of_first_calls_that_come_together_one_tells_the_load() {
    let owt = Owt::start();
    let code = "import time\ntime.sleep(0.2)\ndef run(): return 'x'";
    let both = [0, 1].map(|_| {
        let call = owt.code(code);
        std::thread::spawn(move || timing(&call.post("/")))
    });
    let both = both.map(|one| one.join().unwrap());
    let loaded = both.iter().filter(|timing| timing.contains_key("load")).count();
    assert_eq!(loaded, 1, "{both:?}");
}

#[test]
fn a_hit_says_so_and_a_problem_tells_its_total() {
    let owt = Owt::start();
    let call = owt.code("def run(): return 'x'").field("use_cache", true);
    assert!(call.post("/").header("server-timing").starts_with("cache;desc=miss, queue;dur="));
    assert_eq!(call.post("/").header("server-timing"), "cache;desc=hit");
    let raised = owt.code("import time\ndef run():\n    time.sleep(0.02)\n    1/0").post("/");
    raised.refused(500, "adaptor-raised");
    assert!(timing(&raised)["total"] >= 20.0);
    let refused = Answer::of(owt.request("GET", "/none").send().unwrap());
    assert_eq!(sorted(&timing(&refused)), ["total"]);
}

#[test]
fn an_adaptors_own_server_timing_stays() {
    let owt = Owt::start();
    let answer = owt.code("def run(): return 'x', {'Server-Timing': 'db;dur=5'}").post("/");
    let all: Vec<_> = answer.headers.get_all("server-timing").iter().collect();
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(all[0], "db;dur=5");
}

#[test]
fn a_valid_trace_is_continued_and_seen_by_the_adaptor() {
    let owt = Owt::start();
    let sent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let call = owt.code("def run(request): return request.headers['traceparent']");
    let mut spans = Vec::new();
    for _ in 0..2 {
        let response = call.posting("/").header("traceparent", &sent).send().unwrap();
        let answer = Answer::of(response);
        assert_eq!(answer.ok(), sent);
        let parts: Vec<_> = answer.header("traceparent").split('-').map(str::to_owned).collect();
        assert_eq!((&*parts[0], &*parts[1], &*parts[3]), ("00", TRACE, "01"), "{parts:?}");
        assert!(parts[2].len() == 16 && parts[2] != "00f067aa0ba902b7", "{parts:?}");
        spans.push(parts[2].clone());
    }
    assert_ne!(spans[0], spans[1]);
}

#[test]
fn a_trace_that_is_absent_or_not_valid_is_not_continued() {
    let owt = Owt::start();
    let call = owt.code("def run(): return 'x'");
    assert!(!call.post("/").headers.contains_key("traceparent"));
    for wrong in [
        "00".to_owned(),
        format!("00-{TRACE}-0000000000000000-01"),
        format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
        format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
        format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
        format!("ff-{TRACE}-00f067aa0ba902b7-01"),
    ] {
        let answer = Answer::of(call.posting("/").header("traceparent", &wrong).send().unwrap());
        assert_eq!(answer.ok(), "x");
        assert!(!answer.headers.contains_key("traceparent"), "{wrong}");
    }
    let mut twice = HeaderMap::new();
    for _ in 0..2 {
        let valid = format!("00-{TRACE}-00f067aa0ba902b7-01");
        twice.append("traceparent", valid.parse().unwrap());
    }
    let answer = Answer::of(call.posting("/").headers(twice).send().unwrap());
    assert!(!answer.headers.contains_key("traceparent"));
}

fn own(owt: &Owt, path: &str) -> Answer {
    Answer::of(owt.request("GET", path).send().unwrap())
}

/// Every value of the metrics by name and labels; panics at a line that is not well-formed.
fn metrics(owt: &Owt) -> HashMap<String, f64> {
    let answer = own(owt, "/_owt/metrics");
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    let lines: Vec<_> = answer.ok().lines().collect();
    assert_eq!(lines.last(), Some(&"# EOF"));
    let mut values = HashMap::new();
    let mut family = "";
    for line in &lines[..lines.len() - 1] {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.split(' ');
            assert!(["HELP", "TYPE"].contains(&words.next().unwrap()), "{line}");
            family = words.next().unwrap();
            assert!(words.next().is_some(), "{line}");
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        assert!(family.starts_with("owt_") && name.starts_with(family), "{line} in {family}");
        let (bare, labels) = name.split_once('{').unwrap_or((name, "}"));
        assert!(bare.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{line}");
        let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("{line}"));
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (_, quoted) = label.split_once('=').unwrap_or_else(|| panic!("{line}"));
            assert!(
                quoted.len() >= 2 && quoted.starts_with('"') && quoted.ends_with('"'),
                "{line}"
            );
        }
        let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
        assert!(values.insert(name.to_owned(), value).is_none(), "{line} is there twice");
    }
    values
}

/// Waits until a metric has that value.
#[track_caller]
fn reaches(owt: &Owt, name: &str, wanted: f64) {
    let until = Instant::now() + PATIENCE;
    loop {
        let value = metrics(owt)[name];
        if value == wanted {
            return;
        }
        assert!(Instant::now() < until, "{name} is {value}, not {wanted}");
        // A client that goes is noticed a moment later.
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_counters_move_by_what_was_done() {
    let owt = Owt::start();
    let before = metrics(&owt);
    let call = owt.code("def run(): return 'x'").field("use_cache", true);
    (0..3).for_each(|_| drop(call.post("/")));
    owt.code("def run():\n    yield 'ab'\n    yield 'cd'").post("/").ok();
    owt.code("def run(): 1/0").post("/").refused(500, "adaptor-raised");
    // This one is never loaded, so it is not warm.
    owt.code("1/0\ndef run(): pass").post("/").refused(500, "adaptor-raised");
    owt.code("def run(): return 'x', 302").post("/");
    Answer::of(owt.request("GET", "/none").send().unwrap()).refused(400, "malformed-call");
    reaches(&owt, "owt_calls_in_progress", 0.0);
    let after = metrics(&owt);
    let moved = |name: &str| after[name] - before[name];
    // The scrape before is counted too, and those that waited.
    assert!(moved("owt_requests_total{code=\"2xx\"}") >= 5.0);
    assert_eq!(moved("owt_requests_total{code=\"3xx\"}"), 1.0);
    assert_eq!(moved("owt_requests_total{code=\"4xx\"}"), 1.0);
    assert_eq!(moved("owt_requests_total{code=\"5xx\"}"), 2.0);
    assert_eq!(moved("owt_problems_total{kind=\"adaptor-raised\"}"), 2.0);
    assert_eq!(moved("owt_problems_total{kind=\"malformed-call\"}"), 1.0);
    assert_eq!(moved("owt_cache_lookups_total{result=\"miss\"}"), 1.0);
    assert_eq!(moved("owt_cache_lookups_total{result=\"hit\"}"), 2.0);
    assert!(moved("owt_cache_bytes") >= 1.0);
    assert_eq!(moved("owt_streamed_bytes_total"), 4.0);
    assert!((1.0..=2.0).contains(&moved("owt_streamed_chunks_total")));
    let count = after["owt_request_duration_seconds_count"];
    assert_eq!(after["owt_request_duration_seconds_bucket{le=\"+Inf\"}"], count);
    assert!(moved("owt_request_duration_seconds_sum") > 0.0);
    assert_eq!(after["owt_worker_up{worker=\"0\"}"], 1.0);
    assert_eq!(after["owt_worker_restarts_total{worker=\"0\"}"], 0.0);
    assert_eq!(after["owt_worker_warm_adaptors{worker=\"0\"}"], 4.0);
    assert!(after["owt_worker_resident_bytes{worker=\"0\"}"] > 1e6);
    assert!(after["owt_start_time_seconds"] > 1.7e9);
    assert!(after.keys().any(|name| name.starts_with("owt_build_info{")));
}

#[test]
fn what_runs_is_in_progress_until_its_client_goes() {
    let owt = Owt::start();
    let code = "import time\ndef run():\n    while True:\n        yield 'tick\\n'\n        time.sleep(0.01)";
    let mut stream = BufReader::new(owt.code(code).posting("/").send().unwrap());
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    let during = metrics(&owt);
    assert_eq!(during["owt_calls_in_progress"], 1.0);
    assert_eq!(during["owt_worker_running_calls{worker=\"0\"}"], 1.0);
    drop(stream);
    reaches(&owt, "owt_calls_in_progress", 0.0);
    reaches(&owt, "owt_worker_running_calls{worker=\"0\"}", 0.0);
    assert_eq!(metrics(&owt)["owt_requests_total{code=\"gone\"}"], 0.0);

    // This one goes before there is an answer.
    let code = owt.code("import time\ndef run():\n    while True: time.sleep(0.01)");
    let url = reqwest::Url::parse_with_params("http://h/", code.text_fields()).unwrap();
    let target = &url[url::Position::BeforePath..];
    let mut stream = owt.connect();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost\r\nX-Owt: 1\r\n\r\n").unwrap();
    reaches(&owt, "owt_calls_in_progress", 1.0);
    drop(stream);
    reaches(&owt, "owt_calls_in_progress", 0.0);
    reaches(&owt, "owt_requests_total{code=\"gone\"}", 1.0);
}

#[test]
fn calls_that_wait_are_counted() {
    let owt = Start::new().args(["--threads", "1"]).start();
    let code = "import time\ndef run():\n    while True:\n        yield 'tick\\n'\n        time.sleep(0.01)";
    let mut running = BufReader::new(owt.code(code).posting("/").send().unwrap());
    let mut line = String::new();
    running.read_line(&mut line).unwrap();
    let waiting = owt.code("def run(): return 'x'");
    let waiting = std::thread::spawn(move || waiting.post("/").ok().to_owned());
    reaches(&owt, "owt_calls_waiting", 1.0);
    drop(running);
    assert_eq!(waiting.join().unwrap(), "x");
    reaches(&owt, "owt_calls_waiting", 0.0);
}

#[test]
fn health_is_told_to_those_who_may_come_in() {
    let owt = Owt::start();
    assert_eq!(own(&owt, "/_owt/livez").ok(), "live\n");
    assert_eq!(own(&owt, "/_owt/readyz").ok(), "ready\n");
    own(&owt, "/_owt/healthz").refused(404, "not-found");

    // The password is "pw".
    let auth = "me:30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4";
    let owt = Start::new().args(["--auth", auth]).start();
    for path in ["/_owt/livez", "/_owt/readyz", "/_owt/metrics"] {
        own(&owt, path).refused(401, "unauthenticated");
        let known = owt.request("GET", path).basic_auth("me", Some("pw")).send().unwrap();
        assert_eq!(known.status(), 200, "{path}");
    }
}
