//! Clients that take their time: heads and bodies a byte now and then, answers that nobody
//! reads.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use owt_testing::family::eventually;
use rustix::net::{AddressFamily, SocketType, sockopt};

use crate::siege::{Siege, get, is_over_for, post, rest, sent, statuses};
use owt_testing::raw::Raw;
use owt_testing::{Folder, Owt, PATIENCE, Start};

/// More than a worker has threads.
const CROWD: usize = 80;

/// Has each say a byte now and then until the server has had enough.
#[track_caller]
fn drip(mut streams: Vec<TcpStream>) {
    eventually("slow clients are cut", || {
        streams.retain_mut(|stream| !is_over_for(stream));
        streams.is_empty()
    });
}

#[test]
fn heads() {
    let siege = Siege::of(2, &["--head-timeout", "2s", "--idle-timeout", "1s"]);
    let owt = siege.owt();
    let kept = || {
        let mut kept =
            Raw::send(owt, format!("GET /_owt/livez HTTP/1.1\r\nHost: {}\r\n\r\n", owt.address()));
        assert_eq!(kept.answer().0, 200);
        kept.write("GET / HTTP/1.1\r\nX-Slow: ");
        kept.into_stream()
    };
    let silent: Vec<_> = (0..CROWD).map(|_| owt.connect()).collect();
    let first: Vec<_> = (0..CROWD).map(|_| sent(owt, "GET / HTTP/1.1\r\nX-Slow: ")).collect();
    // The head of a connection's second request is a head too.
    let second: Vec<_> = (0..CROWD).map(|_| kept()).collect();
    siege.others_are_served();
    for stream in silent {
        assert_eq!(statuses(&rest(stream)), [408]);
    }
    drip(first);
    drip(second);
    siege.ends();
}

#[test]
fn bodies() {
    let siege = Siege::of(2, &["--body-timeout", "2s"]);
    let (owt, folder) = (siege.owt(), Folder::new());
    let head = post(owt, &format!("lambda: {}", folder.mark("ran")));
    let sized = format!("{head}Content-Length: 1000000\r\n\r\n");
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\nfffff;");
    let dripping: Vec<_> = (0..CROWD).map(|_| sent(owt, &sized)).collect();
    let silent: Vec<_> = (0..CROWD).map(|_| sent(owt, &sized)).collect();
    let unsized_: Vec<_> = (0..CROWD).map(|_| Raw::send(owt, &chunked)).collect();
    siege.others_are_served();
    drip(dripping);
    for stream in silent {
        assert_eq!(statuses(&rest(stream)), [408]);
    }
    for mut raw in unsized_ {
        assert_eq!(raw.head().0, 408);
    }
    assert_eq!(folder.marks("ran"), 0);
    siege.ends();
}

/// A client that has asked and reads nothing; it has little room for what it does not read.
fn unread(owt: &Owt, request: &str) -> TcpStream {
    let address: SocketAddr = owt.address().parse().unwrap();
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    sockopt::set_socket_recv_buffer_size(&socket, 4096).unwrap();
    rustix::net::connect(&socket, &address).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

const STREAM: &str = "def run():\n    while True: yield 'x' * 65536\n";
const ASYNC_STREAM: &str = "async def run():\n    while True: yield 'x' * 65536\n";
const LARGE: &str = "lambda: bytes(30_000_000)";

/// True when the server has cut the connection of one who reads nothing: who speaks into it is
/// told so. A line end is what may stand before a request.
fn is_cut(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let refused = stream.write(b"\r\n").is_err_and(|error| error.kind() != ErrorKind::WouldBlock);
    stream.set_nonblocking(false).unwrap();
    refused
}

/// Readers that stall are cut, and what they held is free: a thread, the loop, memory.
#[track_caller]
fn stall(owt: &Owt, code: &str, count: usize) {
    let mut readers: Vec<_> = (0..count)
        .map(|n| unread(owt, &get(owt, code, &format!("X-Request-Id: stalled-{n}\r\n"))))
        .collect();
    let mut asked = Instant::now();
    eventually("they are cut", || {
        // What arrives puts off the system's look at the other direction.
        let is_due = asked.elapsed() > Duration::from_secs(3);
        if is_due {
            asked = Instant::now();
        }
        is_due && readers.iter_mut().all(is_cut)
    });
    for reader in readers {
        let answer = rest(reader);
        assert!(!answer.ends_with("\r\n0\r\n\r\n"), "it was cut, not ended");
    }
}

/// With two threads others are served only when those that hold them have been cut.
const QUICK: &[&str] = &["--threads", "2", "--stall-timeout", "2s"];

#[test]
fn readers_of_streams() {
    // Long beside the time that it takes to fill the system's buffers.
    let siege = Siege::of(1, &["--threads", "2", "--stall-timeout", "6s"]);
    stall(siege.owt(), STREAM, 2);
    for n in 0..2 {
        let log = siege.owt().log_with(&format!("stalled-{n}"));
        assert!(log.contains("a stream was cut"), "{log}");
    }
    siege.ends();
}

#[test]
fn readers_of_async_streams() {
    let siege = Siege::of(1, QUICK);
    stall(siege.owt(), ASYNC_STREAM, 6);
    siege.ends();
}

#[test]
fn readers_of_large_answers() {
    let mut siege = Siege::of(1, QUICK);
    // The allocators keep what the first round needed; the second has no more to need.
    stall(siege.owt(), LARGE, 8);
    siege.is_used_to_it();
    stall(siege.owt(), LARGE, 8);
    siege.ends();
}

/// What one process holds in memory of its own, in MB.
fn megabytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[test]
fn answers_that_nobody_reads_hold_no_more_than_they_may() {
    // What waits in the worker is no more than it may hold, either.
    let siege = Siege::of(1, &["--answer-bytes", "100M", "--cache-bytes", "0"]);
    let owt = siege.owt();
    let before = megabytes(owt.pid());
    let began = |reader: &TcpStream| matches!(reader.peek(&mut [0]), Ok(1));
    let mut readers = Vec::new();
    for _ in 0..3 {
        let reader = unread(owt, &get(owt, LARGE, ""));
        eventually("it has begun", || began(&reader));
        readers.push(reader);
    }
    // It marks when its bytes have been handed over.
    let marks = Folder::new();
    marks.write("handed over", "");
    let code = &format!(
        "class Large(bytes):\n    def __del__(self):\n        {}\ndef run(): return Large(29_000_000)\n",
        marks.mark("handed over")
    );
    // For these there is no room in the server.
    let waiting: Vec<_> = (0..3).map(|_| unread(owt, &get(owt, code, ""))).collect();
    eventually("they have run and wait", || marks.marks("handed over") == 3);
    let problem = owt.code(code).post("/").refused(500, "unrenderable");
    assert!(problem["detail"].as_str().unwrap().contains("--answer-bytes"), "{problem}");
    assert!(megabytes(owt.pid()) < before + 140, "{before}");
    siege.others_are_served();
    // Who reads has all of it, and then those who wait have.
    for reader in readers {
        assert_eq!(body_of(reader), 30_000_000);
    }
    for reader in waiting {
        assert_eq!(body_of(reader), 29_000_000);
    }
    siege.ends();
}

/// How long the whole body of an answer is.
fn body_of(stream: TcpStream) -> usize {
    let (status, _, body) = Raw::from(stream).answer();
    assert_eq!(status, 200);
    body.len()
}

#[test]
fn one_answer_that_is_too_large_is_refused_and_a_stream_is_not() {
    let owt = Start::new().args(["--answer-bytes", "8M"]).start();
    let problem = owt.code("lambda: bytes(10_000_000)").post("/").refused(500, "unrenderable");
    assert!(problem["detail"].as_str().unwrap().contains("--answer-bytes"), "{problem}");
    let stream = owt.code("def run():\n    for _ in range(10): yield bytes(1_000_000)");
    assert_eq!(stream.post("/").body.len(), 10_000_000);
    assert_eq!(owt.code("lambda: bytes(7_000_000)").post("/").body.len(), 7_000_000);
}

#[test]
fn an_answer_that_waits_outlives_the_exchange_of_its_worker() {
    let siege = Siege::of(1, &["--answer-bytes", "40M", "--cache-bytes", "0"]);
    let owt = siege.owt();
    let first = unread(owt, &get(owt, LARGE, ""));
    eventually("the first has begun", || matches!(first.peek(&mut [0]), Ok(1)));
    let second = unread(owt, &get(owt, LARGE, ""));
    let running = || siege.family.metric("owt_worker_running_calls");
    eventually("the second has run and waits", || running() == 1.0);
    let old = siege.family.workers();
    owt.signal("-HUP");
    eventually("another takes the place", || running() == 0.0);
    assert!(siege.family.workers().is_superset(&old), "it has an answer to give");
    assert_eq!([first, second].map(body_of), [30_000_000; 2]);
    siege.ends();
}

#[test]
fn readers_of_streams_without_workers() {
    let owt = Start::new().args(["--workers", "0"]).args(QUICK.iter().copied()).start();
    stall(&owt, STREAM, 2);
    assert_eq!(owt.code("lambda: 'served'").post("/").ok(), "served");
}

#[test]
fn readers_of_more_streams_than_a_worker_has_threads() {
    let mut siege = Siege::of(2, &[]);
    for _ in 0..2 {
        let owt = siege.owt();
        let mut readers: Vec<_> = (0..CROWD).map(|_| unread(owt, &get(owt, STREAM, ""))).collect();
        let began = |reader: &mut TcpStream| matches!(reader.peek(&mut [0]), Ok(1));
        eventually("all streams have begun", || readers.iter_mut().all(began));
        siege.others_are_served();
        // One who reads on has lost nothing by having paused.
        let mut last = Raw::from(readers.pop().unwrap());
        assert_eq!(last.head().0, 200);
        assert!(last.bytes(20 << 20).iter().all(|byte| *byte == b'x'));
        siege.is_used_to_it();
    }
    siege.ends();
}

#[test]
fn who_asks_on_and_on_and_reads_nothing() {
    let siege = Siege::of(2, &["--stall-timeout", "2s"]);
    let owt = siege.owt();
    let head = format!("HTTP/1.1\r\nHost: {}\r\n\r\n", owt.address());
    let asking: Vec<_> = ["OPTIONS /", "HEAD /", "PUT /", "GET /_owt/nothing", "GET /"]
        .into_iter()
        .map(|line| {
            let stream = unread(owt, "");
            stream.set_nonblocking(true).unwrap();
            (stream, format!("{line} {head}").repeat(1000))
        })
        .collect();
    siege.others_are_served();
    for (mut stream, requests) in asking {
        eventually("it is cut", || match stream.write(requests.as_bytes()) {
            Ok(_) => false,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        });
    }
    siege.ends();
}
