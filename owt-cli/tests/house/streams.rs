//! Streams, and readers that are slow or go away.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use owt_testing::{Owt, PATIENCE};

/// Waits until a file is there, and gives its content.
fn appears(path: &std::path::Path) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        match std::fs::read_to_string(path) {
            Ok(text) if !text.is_empty() => return text,
            _ => assert!(Instant::now() < until, "{} did not appear", path.display()),
        }
        // The other side's state, looked at anew.
        std::thread::yield_now();
    }
}

/// Sends a call by hand, reads the first bytes of its stream and goes away.
fn leave_early(owt: &Owt, code: &str) {
    let query = owt.code(code).text_fields();
    let url = reqwest::Url::parse_with_params("http://h/", query).unwrap();
    let mut stream = owt.connect();
    let target = &url[url::Position::BeforePath..];
    write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost\r\nX-Owt: 1\r\n\r\n").unwrap();
    let mut first = [0; 512];
    let mut seen = String::new();
    while !seen.contains("tick") {
        let length = stream.read(&mut first).unwrap();
        assert_ne!(length, 0, "{seen}");
        seen += &String::from_utf8_lossy(&first[..length]);
    }
}

#[test]
fn a_generator_is_closed_when_its_reader_goes() {
    let owt = Owt::start();
    let folder = tempfile::tempdir().unwrap();
    let kinds = [
        ("sync", "def", "time.sleep(0.01)"),
        ("async", "async def", "await asyncio.sleep(0.01)"),
        ("flood", "def", "pass"),
        ("async flood", "async def", "pass"),
    ];
    for (name, def, pause) in kinds {
        let file = folder.path().join(name);
        let code = format!(
            "import asyncio, time\n{def} run():\n    try:\n        while True:\n            \
             yield 'tick\\n'\n            {pause}\n    finally:\n        \
             open({file:?}, 'w').write('closed')\n"
        );
        leave_early(&owt, &code);
        assert_eq!(appears(&file), "closed", "{name}");
        assert_eq!(owt.code("def run(): return 'well'").post("/").ok(), "well", "{name}");
    }
}

#[test]
fn a_call_that_computes_is_cancelled_when_its_client_goes() {
    let owt = Owt::start();
    let folder = tempfile::tempdir().unwrap();
    for (name, def, wait) in
        [("sync", "def", "time.sleep(0.01)"), ("async", "async def", "await asyncio.sleep(0.01)")]
    {
        let (begun, ended) =
            (folder.path().join(format!("{name} begun")), folder.path().join(name));
        let code = format!(
            "import asyncio, time\n{def} run():\n    open({begun:?}, 'w').write('begun')\n    try:\n        \
             while True:\n            {wait}\n    finally:\n        open({ended:?}, 'w').write('ended')\n"
        );
        let query = owt.code(&code).text_fields();
        let url = reqwest::Url::parse_with_params("http://h/", query).unwrap();
        let mut stream = owt.connect();
        let target = &url[url::Position::BeforePath..];
        write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost\r\nX-Owt: 1\r\n\r\n").unwrap();
        appears(&begun);
        drop(stream);
        assert_eq!(appears(&ended), "ended", "{name}");
    }
}

/// The server's resident memory in bytes.
fn resident(owt: &Owt) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", owt.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn a_slow_reader_does_not_make_memory_grow() {
    const WHOLE: u64 = 300 << 20;
    const RATE: u64 = 20 << 20;
    let owt = Owt::start();
    owt.code("def run(): return 'warm'").post("/").ok();
    let code = "def run():\n    for _ in range(300):\n        yield bytes(1 << 20)\n";
    let start = resident(&owt);
    let call = owt.code(code);
    let mut response = call.posting("/").timeout(2 * PATIENCE).send().unwrap();
    let begun = Instant::now();
    let mut piece = vec![0; 256 << 10];
    let (mut read, mut most) = (0, start);
    loop {
        let length = response.read(&mut piece).unwrap();
        if length == 0 {
            break;
        }
        read += length as u64;
        most = most.max(resident(&owt));
        // The reader's own pace: it is slow on purpose.
        let due = Duration::from_secs_f64(read as f64 / RATE as f64);
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
    }
    assert_eq!(read, WHOLE);
    let grown = (most - start) >> 20;
    println!("grew by {grown} MiB while 300 MiB were read at 20 MiB/s");
    assert!(grown < 50, "{grown} MiB");
}
