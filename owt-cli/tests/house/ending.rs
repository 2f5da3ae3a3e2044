//! The end: what is under way may finish, then the process ends with 0.

use std::io::Read;
use std::path::Path;

use owt_testing::{Answer, Owt, Start};

/// Begins a call and a stream, tells the server to end, then lets both finish.
fn drain_once(folder: &Path) {
    let go = folder.join("go");
    let begun = folder.join("begun");
    let wait = format!(
        "import os, time\ndef wait():\n    while not os.path.exists({go:?}):\n        time.sleep(0.005)\n"
    );
    let mut owt = Owt::start();
    let stream =
        owt.code(&format!("{wait}def run():\n    yield 'first '\n    wait()\n    yield 'last'\n"));
    let plain = owt.code(&format!(
        "{wait}def run():\n    open({begun:?}, 'w').close()\n    wait()\n    return 'answered'\n"
    ));
    let mut streaming = stream.posting("/").send().unwrap();
    let mut first = [0; 6];
    streaming.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"first ");
    let answering = std::thread::spawn(move || plain.post("/").ok().to_owned());
    while !begun.exists() {
        std::thread::yield_now();
    }
    owt.signal("-TERM");
    owt.log_with("stopping");
    std::fs::write(&go, "").unwrap();
    let mut rest = String::new();
    streaming.read_to_string(&mut rest).expect("the stream ends well");
    assert_eq!(rest, "last");
    assert_eq!(answering.join().unwrap(), "answered");
    assert_eq!(owt.wait().code(), Some(0));
}

#[test]
fn calls_and_streams_finish_and_the_process_ends_well_fifty_times() {
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                for _ in 0..10 {
                    drain_once(tempfile::tempdir().unwrap().path());
                }
            });
        }
    });
}

#[test]
fn an_idle_server_ends_at_once_and_leaves_no_file() {
    let scratch = tempfile::tempdir().unwrap();
    let mut owt = Start::new().env("TMPDIR", scratch.path()).start();
    owt.code("def run(): return 1").post("/").ok();
    owt.code("async def run(): return 1").post("/").ok();
    owt.signal("-TERM");
    assert_eq!(owt.wait().code(), Some(0));
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn a_call_that_outlives_the_grace_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("begun");
    let mut owt = Start::new().args(["--grace", "1"]).start();
    let call = owt.code(&format!(
        "import time\ndef run():\n    open({begun:?}, 'w').close()\n    while True: time.sleep(0.01)\n"
    ));
    let endless = std::thread::spawn(move || call.posting("/").send());
    while !begun.exists() {
        std::thread::yield_now();
    }
    owt.signal("-TERM");
    owt.wait();
    let answer = endless.join().unwrap();
    assert!(answer.map(Answer::of).map_or(true, |answer| answer.status >= 500));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("begun");
    let mut owt = Owt::start();
    let call = owt.code(&format!(
        "import time\ndef run():\n    open({begun:?}, 'w').close()\n    time.sleep(3600)\n"
    ));
    let endless = std::thread::spawn(move || call.posting("/").send().is_err());
    while !begun.exists() {
        std::thread::yield_now();
    }
    owt.signal("-TERM");
    owt.log_with("stopping");
    owt.signal("-TERM");
    assert_eq!(owt.wait().code(), Some(128 + 15));
    assert!(endless.join().unwrap());
}

#[test]
fn the_next_server_removes_what_a_killed_one_left() {
    let scratch = tempfile::tempdir().unwrap();
    let folders = || std::fs::read_dir(scratch.path()).unwrap().count();
    let mut killed = Start::new().env("TMPDIR", scratch.path()).start();
    let mut living = Start::new().env("TMPDIR", scratch.path()).start();
    killed.signal("-KILL");
    killed.wait();
    assert_eq!(folders(), 2);
    let mut next = Start::new().env("TMPDIR", scratch.path()).start();
    assert_eq!(folders(), 2, "one was removed, one was made");
    assert_eq!(living.code("def run(): return 1").post("/").ok(), "1");
    for owt in [&mut living, &mut next] {
        owt.signal("-TERM");
        assert_eq!(owt.wait().code(), Some(0));
    }
    assert_eq!(folders(), 0);
}
