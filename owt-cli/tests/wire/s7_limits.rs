//! §7: 408, 413, 503 and 504: too slow, too large, too many, too long.

use std::time::{Duration, Instant};

use owt_testing::meeting::Meeting;
use owt_testing::raw::Raw;
use owt_testing::{Answer, Folder, Owt, Start};

#[test]
fn a_body_too_large_is_refused_however_it_comes() {
    let owt = Start::new().args(["--max-body", "2000"]).start();
    let folder = Folder::new();
    let code = format!("{}\ndef run(): return str(len(request.data))\n", folder.mark("ran"));
    let call = owt.code(&code);
    for size in [2001, 5_000_000] {
        let answer = Answer::of(call.posting_data("/", "image/png", vec![0; size]).send().unwrap());
        let problem = answer.refused(413, "body-too-large");
        assert!(problem["detail"].as_str().unwrap().contains("2000"), "{problem}");
    }
    call.clone().field("filler", "x".repeat(3000)).post("/").refused(413, "body-too-large");
    // Without a length, so that only counting can tell.
    let head = |extra: &str| {
        let request = call.getting("/").build().unwrap();
        let query = request.url().query().unwrap().to_owned();
        format!(
            "POST /?{query} HTTP/1.1\r\nHost: {}\r\nX-Owt: 1\r\nTransfer-Encoding: chunked\r\n{extra}\r\n",
            owt.address()
        )
    };
    let mut raw = Raw::send(&owt, head(""));
    for _ in 0..3 {
        raw.write(format!("3e8\r\n{}\r\n", "x".repeat(1000)));
    }
    assert_eq!(raw.head().0, 413);
    // A length alone is enough: the client need not send the rest to hear of it.
    let promise = head("").replace("Transfer-Encoding: chunked", "Content-Length: 999999999");
    assert_eq!(Raw::send(&owt, promise).head().0, 413);
    assert_eq!(folder.marks("ran"), 0);
    // What is just not too large is taken, either way.
    let exact = Answer::of(call.posting_data("/", "image/png", vec![0; 2000]).send().unwrap());
    assert_eq!(exact.ok(), "2000");
    let mut raw = Raw::send(&owt, head(""));
    for _ in 0..2 {
        raw.write(format!("3e8\r\n{}\r\n", "x".repeat(1000)));
    }
    raw.write("0\r\n\r\n");
    assert_eq!(raw.answer().2, "2000");
}

#[test]
fn a_body_that_does_not_come_is_too_slow() {
    let owt = Start::new().args(["--body-timeout", "1"]).start();
    let folder = Folder::new();
    let call = owt.code(&format!("{}\ndef run(): pass\n", folder.mark("ran")));
    let request = call.getting("/").build().unwrap();
    let mut slow = Raw::send(
        &owt,
        format!(
            "POST /?{} HTTP/1.1\r\nHost: {}\r\nX-Owt: 1\r\nContent-Length: 100\r\n\r\nonly this",
            request.url().query().unwrap(),
            owt.address()
        ),
    );
    // Others are served meanwhile.
    assert_eq!(owt.code("lambda: 'served'").post("/").ok(), "served");
    slow.patience(Duration::from_secs(100));
    let (status, _, body) = slow.answer();
    assert_eq!(status, 408, "{body}");
    assert!(body.contains("body-too-slow"), "{body}");
    assert_eq!(folder.marks("ran"), 0);
}

#[test]
fn a_full_server_refuses_and_what_it_refused_has_not_run() {
    let owt = Start::new().args(["--threads", "1", "--max-queue", "2"]).start();
    let (meeting, folder) = (Meeting::new(), Folder::new());
    let code = format!(
        "{}
def run(n):
    with open({:?}, 'a') as file: file.write(f'{{n}} ')
    return f'{{n}} {{meet().listen()}}'
",
        meeting.python(),
        folder.path("ran")
    );
    let call = |n: usize| owt.code(&code).kwargs(&format!("{{'n': {n}}}"));
    let mut running = Raw::get(&owt, &call(0), "/", &[]);
    let mut guest = meeting.guest();
    // One runs on the only thread; of ten more, two may wait.
    let mut others: Vec<_> = (1..=10).map(|n| (n, Raw::get(&owt, &call(n), "/", &[]))).collect();
    let refused = |raw: &mut Raw| {
        let (status, headers, body) = raw.answer();
        assert_eq!(status, 503, "{body}");
        assert!(body.contains("/_owt/problems/busy"), "{body}");
        let wait = headers.lines().find_map(|line| line.strip_prefix("retry-after: "));
        assert!(wait.expect("Retry-After").parse::<u64>().unwrap() >= 1);
    };
    let mut waiting = Vec::new();
    let mut number_refused = 0;
    while number_refused < 8 {
        // Those that are answered while the thread is held were refused.
        others.retain_mut(|(_, raw)| {
            if !raw.is_answered() {
                return true;
            }
            refused(raw);
            number_refused += 1;
            false
        });
        assert!(others.len() >= 2, "more than eight were refused");
    }
    waiting.append(&mut others);
    assert_eq!(folder.read("ran"), "0 ");
    guest.tell("done");
    assert_eq!(running.answer().2, "0 done");
    for _ in 0..2 {
        meeting.guest().tell("done");
    }
    let mut ran = vec!["0".to_owned()];
    for (n, raw) in &mut waiting {
        assert_eq!(raw.answer().2, format!("{n} done"));
        ran.push(n.to_string());
    }
    let mut marked: Vec<_> = folder.read("ran").split_whitespace().map(str::to_owned).collect();
    marked.sort();
    assert_eq!(
        marked,
        {
            ran.sort();
            ran
        },
        "only what was taken has run"
    );
    // There is room again.
    assert_eq!(owt.code("lambda: 'room'").post("/").ok(), "room");
}

#[test]
fn calls_that_run_take_no_place_of_those_that_wait() {
    let owt = Start::new().args(["--threads", "4", "--max-queue", "1"]).start();
    let meeting = Meeting::new();
    let code = format!("{}\ndef run(): return meet().listen()\n", meeting.python());
    let call = owt.code(&code);
    let mut running = Vec::new();
    // Each is running, on a thread of its own, before the next comes.
    for _ in 0..4 {
        running.push((Raw::get(&owt, &call, "/", &[]), meeting.guest()));
    }
    for (raw, guest) in &mut running {
        guest.tell("x");
        assert_eq!(raw.answer().2, "x");
    }
}

#[test]
fn draining_lets_calls_end_and_refuses_the_rest() {
    let mut owt = Start::new().args(["--threads", "1", "--grace", "60"]).start();
    let (meeting, folder) = (Meeting::new(), Folder::new());
    let code = format!("{}\ndef run(): return meet().listen()\n", meeting.python());
    let mut running = Raw::get(&owt, &owt.code(&code), "/", &[]);
    let mut stream = Raw::get(
        &owt,
        &owt.code("async def run():\n    for n in range(3): yield str(n)\n"),
        "/",
        &[],
    );
    let mut guest = meeting.guest();
    owt.signal("-TERM");
    owt.log_with("stopping");
    let late = owt.code(&format!("{}\ndef run(): return 'ran'\n", folder.mark("ran")));
    match late.posting("/").send() {
        // Nobody listens any more, or somebody says so.
        Err(error) => assert!(error.is_connect() || error.is_request(), "{error:?}"),
        Ok(response) => {
            let answer = Answer::of(response);
            answer.refused(503, "draining");
            assert!(!answer.header("retry-after").is_empty());
        }
    }
    guest.tell("in peace");
    assert_eq!(running.answer().2, "in peace");
    assert_eq!(stream.head().0, 200);
    assert_eq!(stream.bytes(3), b"012");
    assert!(owt.wait().success());
    assert_eq!(folder.marks("ran"), 0);
}

#[test]
fn what_still_waits_when_the_grace_is_over_is_refused_and_has_not_run() {
    let mut owt = Start::new().args(["--threads", "1", "--grace", "1"]).start();
    let (meeting, folder) = (Meeting::new(), Folder::new());
    let blocked = format!("{}\ndef run(): return meet().listen()\n", meeting.python());
    let _running = Raw::get(&owt, &owt.code(&blocked), "/", &[]);
    let _guest = meeting.guest();
    let waits = owt.code(&format!("{}\ndef run(): return 'ran'\n", folder.mark("ran")));
    let waiting = Raw::get(&owt, &waits, "/", &[]);
    owt.signal("-TERM");
    owt.wait();
    let rest = String::from_utf8_lossy(&waiting.rest()).into_owned();
    assert!(rest.is_empty() || rest.contains("/_owt/problems/draining"), "{rest}");
    assert_eq!(folder.marks("ran"), 0);
}

#[test]
fn the_deadline_of_a_call_is_a_504_and_the_work_stops() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    for (head, meet, wait) in [
        ("def", "meet()", "while True: time.sleep(0.01)"),
        ("def", "meet()", "while True: pass"),
        ("async def", "await ameet()", "await asyncio.Event().wait()"),
    ] {
        let code = format!(
            "{}
import time
{head} run():
    here = {meet}
    try:
        here.say('works')
        {wait}
    finally:
        here.say('stopped')
",
            meeting.python()
        );
        let began = Instant::now();
        let call = owt.code(&code);
        let timed = call.clone().field("timeout", 0.3);
        let answer = timed.post("/");
        let problem = answer.refused(504, "deadline-passed");
        assert!(problem["detail"].as_str().unwrap().contains("0.3"), "{problem}");
        assert!(began.elapsed() >= Duration::from_millis(300), "not before it");
        let mut guest = meeting.guest();
        assert_eq!(guest.says().unwrap(), "works");
        assert_eq!(guest.says().as_deref(), Some("stopped"), "its finally runs: {head} {wait}");
        // As text, too.
        let text = call.field("timeout", "0.3").get("/");
        text.refused(504, "deadline-passed");
        assert_eq!(meeting.guest().says().unwrap(), "works");
    }
    assert_eq!(owt.code("lambda: 'alive'").field("timeout", 30).post("/").ok(), "alive");
}

#[test]
fn a_body_that_does_not_end_is_stopped_when_nobody_waits_for_it() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    let code = format!(
        "{}
import time
here = meet()
try:
    here.say('loads')
    while here.listen() != 'ready': pass
    while True: time.sleep(0.01)
finally:
    here.say('stopped')

def run(): return 'well'
",
        meeting.python()
    );
    let call = owt.code(&code);
    let patient = Raw::get(&owt, &call, "/", &[]);
    let mut guest = meeting.guest();
    assert_eq!(guest.says().unwrap(), "loads");
    guest.tell("ready");
    // One who shares the load gives up; the load goes on for the other.
    call.clone().field("timeout", 0.3).post("/").refused(504, "deadline-passed");
    assert!(!patient.is_answered());
    drop(patient);
    assert_eq!(guest.says().as_deref(), Some("stopped"), "its finally runs");
    // The code is not lost for that: the next call loads it anew.
    let again = Raw::get(&owt, &call, "/", &[]);
    assert_eq!(meeting.guest().says().unwrap(), "loads");
    drop(again);
}

#[test]
fn the_servers_deadline_is_for_calls_that_bring_none() {
    let owt = Start::new().args(["--timeout", "0.3"]).start();
    let meeting = Meeting::new();
    let forever = owt.code("import time\ndef run():\n    while True: time.sleep(0.01)\n");
    forever.post("/").refused(504, "deadline-passed");
    // One of its own stands instead, longer or shorter.
    let code = format!("{}\ndef run(): return meet().listen()\n", meeting.python());
    let call = owt.code(&code).field("timeout", 60);
    let mut longer = Raw::get(&owt, &call, "/", &[]);
    let mut guest = meeting.guest();
    forever.post("/").refused(504, "deadline-passed");
    guest.tell("took its time");
    assert_eq!(longer.answer().2, "took its time");
}

#[test]
fn a_call_whose_deadline_passes_while_it_waits_never_runs() {
    let owt = Start::new().args(["--threads", "1"]).start();
    let (meeting, folder) = (Meeting::new(), Folder::new());
    let code = format!("{}\ndef run(): return meet().listen()\n", meeting.python());
    let mut running = Raw::get(&owt, &owt.code(&code), "/", &[]);
    let mut guest = meeting.guest();
    let waits = owt.code(&format!("{}\ndef run(): return 'ran'\n", folder.mark("ran")));
    waits.field("timeout", 0.1).post("/").refused(504, "deadline-passed");
    guest.tell("done");
    assert_eq!(running.answer().2, "done");
    assert_eq!(owt.code("lambda: 'after it in the queue'").post("/").ok(), "after it in the queue");
    assert_eq!(folder.marks("ran"), 0);
}
