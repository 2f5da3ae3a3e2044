//! The end of a server with async calls and streams open that outlast the grace.

use std::time::{Duration, Instant};

use owt_testing::Start;
use owt_testing::family::{Family, eventually};
use owt_testing::raw::Raw;

/// Each says `x` at once, one way or another, and then goes on for longer than any grace.
const KINDS: [&str; 6] = [
    "async def run():\n    while True:\n        yield 'x'\n        await asyncio.sleep(0.05)\n",
    // Nobody reads it: it waits for room.
    "async def run():\n    while True:\n        yield 'x' * 100_000\n",
    "async def run():\n    yield 'x'\n    await asyncio.Event().wait()\n",
    "async def run():\n    try:\n        yield 'x'\n        await asyncio.Event().wait()\n    \
     finally:\n        await asyncio.sleep(3600)\n",
    "async def run():\n    async def inner():\n        yield 'x'\n        await \
     asyncio.to_thread(time.sleep, 3600)\n    return inner()\n",
    "def run():\n    while True:\n        yield 'x'\n        time.sleep(0.05)\n",
];

/// An answer of which nothing comes before the end.
const AWAITING: &str =
    "async def run():\n    open(PLACE, 'a').write('x')\n    await asyncio.sleep(3600)\n";

/// Ends a server with all of these open, some of them twice. How long it took, beyond the grace.
fn end_once(round: usize) -> Duration {
    let start = Start::new().args(["--grace", "1"]);
    let mut family = Family::started(1 + round % 2, start);
    let (owt, begun) = (&family.owt, owt_testing::Folder::new());
    let code = |body: &str| format!("import asyncio, time\nPLACE = {:?}\n{body}", begun.path("x"));
    let kinds = KINDS.iter().chain(KINDS.get(round % KINDS.len()));
    let open = |kind: &str| Raw::get(owt, &owt.code(&code(kind)), "/", &[]);
    let mut streams: Vec<_> = kinds.map(|kind| open(kind)).collect();
    let calls: Vec<_> = (0..3).map(|_| open(AWAITING)).collect();
    for stream in &mut streams {
        assert_eq!(stream.head().0, 200);
        assert_eq!(stream.chunk().unwrap()[0], b'x');
    }
    eventually("all calls have begun", || begun.marks("x") == calls.len());
    let told = Instant::now();
    family.owt.signal("-TERM");
    let code = family.owt.wait().code();
    let took = told.elapsed();
    assert_eq!(code, Some(0), "round {round}, the log:\n{}", family.owt.log_with(""));
    eventually("no process is left", || family.all().is_empty());
    took.saturating_sub(Duration::from_secs(1))
}

fn end_often(rounds: usize) {
    let took: Vec<_> = (0..rounds).map(end_once).collect();
    let most = took.iter().max().unwrap();
    eprintln!("{rounds} ends, the longest took {most:?} beyond the grace");
}

#[test]
fn with_async_streams_open_it_is_a_good_end() {
    end_often(20);
}

#[test]
#[ignore = "takes minutes"]
fn with_async_streams_open_it_is_a_good_end_two_hundred_times() {
    end_often(200);
}

#[test]
fn without_workers_too() {
    let mut owt = Start::new().args(["--grace", "1", "--workers", "0"]).start();
    let streams = KINDS.map(|kind| {
        let call = owt.code(&format!("import asyncio, time\n{kind}"));
        let mut stream = Raw::get(&owt, &call, "/", &[]);
        assert_eq!(stream.head().0, 200);
        assert_eq!(stream.chunk().unwrap()[0], b'x');
        stream
    });
    owt.signal("-TERM");
    assert_eq!(owt.wait().code(), Some(0), "the log:\n{}", owt.log_with(""));
    drop(streams);
}
