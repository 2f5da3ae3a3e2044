//! The log: its two forms, and that what belongs to a request says so.

use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use owt_testing::{Owt, PATIENCE, Start};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn in_json(args: &[&'static str]) -> Owt {
    Start::new().args(["--log-format", "json"]).args(args.iter().copied()).start()
}

/// Every whole line of the log so far, each a JSON object with what each must have.
fn records(owt: &Owt) -> Vec<Value> {
    let text = owt.log_with("");
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    let parse = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        for name in ["timestamp", "level", "target", "message"] {
            assert!(record[name].is_string(), "{name} is not in {line}");
        }
        record
    };
    whole.lines().map(parse).collect()
}

/// The records of a request, once there is one with that message.
fn of_request(owt: &Owt, id: &str, wanted: &str) -> Vec<Value> {
    let until = Instant::now() + PATIENCE;
    loop {
        let mut records = records(owt);
        records.retain(|record| record["id"] == id);
        if records.iter().any(|record| record["message"].as_str().unwrap().contains(wanted)) {
            return records;
        }
        assert!(Instant::now() < until, "{wanted:?} is not in the log:\n{}", owt.log_with(""));
        // The log comes a moment after the answer.
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_request_and_all_that_its_adaptor_says_bear_its_id() {
    let owt = in_json(&["-v", "--workers", "0"]);
    let code = "import logging\nprint('loads')\ndef run():\n    print('says')\n    \
                logging.warning('warns')\n    return 'x'";
    let call = owt.code(code).kwargs("{}");
    let sent = call.posting("/a%20path?private=1").header("x-request-id", "mine-1");
    assert_eq!(sent.send().unwrap().status(), 200);
    let records = of_request(&owt, "mine-1", "answered");
    let messages: Vec<_> =
        records.iter().map(|record| record["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["loads", "says", "warns", "answered"]);
    assert_eq!(records[2]["level"], "WARN");
    assert_eq!(records[2]["target"], "adaptor");
    let request = &records[3];
    assert_eq!(request["level"], "DEBUG");
    assert_eq!(request["method"], "POST");
    assert_eq!(request["path"], "/a%20path");
    assert_eq!(request["status"], 200);
    assert!(request["duration_ms"].as_f64().unwrap() > 0.0);
    assert!(request.get("problem").is_none() && request.get("trace").is_none(), "{request}");
}

/// A worker's lines come by a way of their own: in order, but not in step with the server's.
#[test]
fn what_is_said_in_a_worker_bears_its_id_in_order() {
    let owt = in_json(&["-v", "--workers", "1"]);
    let code = "print('loads')\ndef run():\n    print('says')\n    print('warns')\n    return 'x'";
    let sent = owt.code(code).posting("/").header("x-request-id", "mine-1");
    assert_eq!(sent.send().unwrap().status(), 200);
    owt.log_with("warns");
    let records = of_request(&owt, "mine-1", "answered");
    let mut messages: Vec<_> =
        records.iter().map(|record| record["message"].as_str().unwrap()).collect();
    messages.retain(|message| *message != "answered");
    assert_eq!(messages, ["loads", "says", "warns"]);
    assert_eq!(records.len(), 4);
}

#[test]
fn the_trace_is_on_every_line_of_its_request() {
    let owt = in_json(&["-v", "--workers", "0"]);
    let answer = owt
        .code("def run():\n    print('says')\n    yield 'x' * 9\n    1/0")
        .posting("/")
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-00"))
        .send()
        .unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert!(answer.bytes().is_err(), "the stream is cut");
    let records = of_request(&owt, &id, "failed in the middle");
    assert_eq!(records.len(), 2, "{records:?}");
    assert!(records.iter().all(|record| record["trace"] == TRACE), "{records:?}");
    assert_eq!(records[1]["problem"], "adaptor-raised");
    assert_eq!(records[1]["status"], 200);
}

#[test]
fn a_problem_is_named_and_secrets_are_not() {
    // The password is "pw".
    let auth = "me:30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4";
    let owt = in_json(&["-vv", "--auth", auth]);
    let call = owt.code("def run(): return 'x'");
    let sent = call.getting("/p").header("x-request-id", "wrong").basic_auth("me", Some("zebra"));
    assert_eq!(sent.send().unwrap().status(), 401);
    let sent = call.getting("/p").header("x-request-id", "right").basic_auth("me", Some("pw"));
    assert_eq!(sent.send().unwrap().status(), 200);
    let records = of_request(&owt, "wrong", "answered");
    assert_eq!(records[0]["problem"], "unauthenticated");
    assert_eq!(records[0]["status"], 401);
    assert!(records[0]["level"] == "DEBUG" && records[0]["path"] == "/p");
    of_request(&owt, "right", "answered");
    let log = owt.log_with("");
    for secret in ["code_b64", "zebra", "Basic ", "30c952fab"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

#[test]
fn each_failed_call_is_one_line_without_being_asked() {
    let owt = Start::new().args(["--workers", "1"]).start();
    let forged = "2026-01-01T00:00:00Z  INFO forged";
    let raises = format!("def run(): raise ValueError('one\\n{forged}\\x1b[31m two')");
    for (id, sent) in [
        ("raises", owt.code(&raises).posting("/path?secret=1")),
        ("refused", owt.code("def run(").posting("/path")),
        ("malformed", owt.request("POST", "/path").json(&serde_json::json!({"code": 5}))),
        ("misfit", owt.code("def run(a): pass").getting("/path")),
        ("fine", owt.code("lambda: 'fine'").posting("/path")),
        ("own answer", owt.code("lambda: ('no', 500)").posting("/path")),
        ("page", owt.request("GET", "/_owt/nothing")),
    ] {
        sent.header("x-request-id", id.replace(' ', "-")).send().unwrap();
    }
    owt.log_with("misfit");
    // What comes after all of them.
    let last = owt.code("def run(): raise KeyError('last')").posting("/");
    last.header("x-request-id", "end").send().unwrap();
    let log = owt.log_with("end");
    let lines = |id: &str| -> Vec<String> {
        let marked = format!("id=\"{id}\"");
        log.lines().filter(|line| line.contains(&marked)).map(str::to_owned).collect()
    };
    for (id, level, says) in [
        ("raises", "WARN", "the adaptor raised ValueError: one | 2026-01-01"),
        ("refused", "INFO", "the code is no Python"),
        ("malformed", "INFO", "`code` must be text"),
        ("misfit", "INFO", "needs an argument"),
    ] {
        let [line] = &lines(id)[..] else { panic!("{id}: {log}") };
        assert!(line.contains(level) && line.contains(says), "{line}");
        assert!(line.contains("path=\"/path\""), "{line}");
    }
    for id in ["fine", "own-answer", "page"] {
        assert!(lines(id).is_empty(), "{log}");
    }
    assert!(!log.contains("secret") && !log.contains('\u{1b}'), "{log}");
    assert!(!log.lines().any(|line| line.starts_with(forged)), "{log}");
}

#[test]
fn what_fails_in_mid_stream_is_logged_with_its_traceback() {
    for verbosity in [&[][..], &["-v"], &["-vv"]] {
        let owt = Start::new().args(verbosity.iter().copied()).start();
        let code = "def run():\n    yield 'x' * 9\n    raise ValueError('told')\n";
        let sent = owt.code(code).field("code_name", "plot.py").posting("/");
        let answer = sent.header("x-request-id", "mid").send().unwrap();
        assert!(answer.bytes().is_err(), "the stream is cut");
        let log = owt.log_with("    ValueError: told");
        assert!(log.contains("failed in the middle of its answer: the adaptor raised ValueError"));
        assert!(log.contains("      File \"plot.py\", line 3, in run\n"), "{log}");
        assert!(log.contains("        raise ValueError('told')\n"), "{log}");
        for unwanted in ["Problem {", "Cut(", "/owt/", "adaptors/h"] {
            assert!(!log.contains(unwanted), "{unwanted}: {log}");
        }
    }
}

/// Nor in what Python itself writes there.
#[test]
fn the_file_of_an_adaptor_goes_by_its_name_in_the_log() {
    let owt = Owt::start();
    let code = "import logging, traceback, warnings
def run():
    try:
        1 / 0
    except ZeroDivisionError:
        traceback.print_exc()
        logging.exception('logged')
    warnings.warn('warned')
    print('done')
";
    let call = owt.code(code);
    call.clone().field("code_name", "plot.py").post("/").ok();
    let log = owt.log_with("done");
    assert_eq!(log.matches("File \"plot.py\", line 4, in run").count(), 2, "{log}");
    assert!(log.contains("plot.py:8: UserWarning: warned"), "{log}");
    assert!(!log.contains("adaptors/h"), "{log}");
    call.post("/").ok();
    owt.log_with("File \"adaptor.py\", line 4, in run");
}

#[test]
fn without_being_asked_the_log_is_text_and_tells_no_requests() {
    let owt = Owt::start();
    let sent = owt.code("def run(): print('says')").posting("/");
    sent.header("x-request-id", "mine-2").send().unwrap();
    let log = owt.log_with("says");
    let line = log.lines().find(|line| line.contains("says")).unwrap();
    assert!(!line.starts_with('{') && line.contains("mine-2"), "{line}");
    assert!(!log.contains("answered"), "{log}");
}

/// What a line of the log could be forged with.
const FORGED: &str = "x\\n2026-11-27T00:00:00Z ERROR owt: \\x1b[2Jforged\\r\\u009b0m\\u202e";

#[test]
fn nothing_that_comes_in_begins_a_line_or_steers_a_terminal() {
    for (form, workers) in [("text", "0"), ("text", "1"), ("json", "1")] {
        let owt = Start::new().args(["-vv", "--log-format", form, "--workers", workers]).start();
        let code = format!(
            "import logging, os\nevil = '{FORGED}'\ndef run(how):\n    print(evil)\n    \
             logging.getLogger(evil).warning(evil)\n    \
             if {workers}: os.write(2, (evil + '\\n').encode())\n    \
             if how == 'stream':\n        yield 'x'\n    raise ValueError(evil)\n"
        );
        for how in ["stream", "raise"] {
            let call = owt.code(&code).kwargs(&format!("{{'how': {how:?}}}"));
            let sent = call.posting("/a%0ab%1b").header("x-request-id", how).send().unwrap();
            assert_eq!(sent.bytes().is_err(), how == "stream");
        }
        // A worker's last words, told in one line.
        if workers == "1" {
            let code = format!("import os\nos.write(2, '{FORGED}'.encode())\nos._exit(3)");
            owt.code(&code).post("/").refused(502, "worker-died");
            owt.log_with("exit status 3");
        }
        let log = owt.log_with("failed in the middle of its answer");
        for line in log.lines() {
            let begins = if form == "json" { "{\"timestamp\":" } else { "20" };
            assert!(
                line.starts_with("    ")
                    || (line.starts_with(begins) && !line.starts_with("2026-11-27T00:00:00Z")),
                "{line}"
            );
            let is_seen = |letter: char| !letter.is_control() && letter != '\u{202e}';
            assert!(line.chars().all(is_seen), "{line:?}");
        }
        assert!(log.contains("forged"), "{log}");
    }
}

#[test]
fn a_log_that_nobody_reads_holds_up_no_request_and_says_what_it_lacks() {
    let (mut read, write) = std::io::pipe().unwrap();
    let start = Start::new().args(["-v"]).log_to(Stdio::from(write));
    let mut owt = start.start();
    // More than the pipe and what may wait.
    let noisy = owt.code("def run():\n    for n in range(3000):\n        print('x' * 4000)");
    noisy.post("/").ok();
    for _ in 0..100 {
        owt.code("def run(): return 'served'").post("/").ok();
    }
    let reading = std::thread::spawn(move || {
        let mut log = String::new();
        read.read_to_string(&mut log).unwrap();
        log
    });
    owt.signal("-TERM");
    assert_eq!(owt.wait().code(), Some(0));
    drop(owt);
    let log = reading.join().unwrap();
    assert!(log.contains("lines of the log were dropped"), "{}", &log[log.len() - 3000..]);
    assert!(log.contains("stopping; calls under way may end"), "the end is there");
}
