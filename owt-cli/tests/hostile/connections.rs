//! Connections by the thousand, and what breaks off in the middle.

use std::io::Write;

use owt_testing::Folder;

use crate::siege::{Siege, get, post, rest, sent, statuses};
use owt_testing::raw::Raw;

/// So many at once.
const MANY: usize = 1000;

#[test]
fn a_thousand_that_say_nothing() {
    let siege = Siege::of(1, &[]);
    let silent: Vec<_> = (0..MANY).map(|_| siege.owt().connect()).collect();
    siege.others_are_served();
    drop(silent);
    siege.ends();
}

#[test]
fn a_thousand_that_break_off() {
    let siege = Siege::of(1, &[]);
    let (owt, folder) = (siege.owt(), Folder::new());
    let call = get(owt, "lambda: 'answered'", "");
    let data =
        post(owt, &format!("lambda: {}", folder.mark("ran"))) + "Content-Length: 1000\r\n\r\nx";
    for n in 0..MANY {
        let request = if n % 2 == 0 { &call } else { &data };
        // Anywhere: in the first line, in a header, in the body, and when all has been said.
        let end = if n % 4 < 2 { request.len() * (n % 50) / 50 } else { request.len() };
        let mut stream = owt.connect();
        stream.write_all(&request.as_bytes()[..end]).unwrap();
    }
    siege.others_are_served();
    assert_eq!(folder.marks("ran"), 0);
    siege.ends();
}

#[test]
fn what_breaks_off_while_others_are_served() {
    let mut siege = Siege::of(2, &["--threads", "16"]);
    let stream = get(siege.owt(), "def run():\n    while True: yield 'x' * 1000\n", "");
    for round in 0..5 {
        let streams: Vec<_> = (0..20).map(|_| sent(siege.owt(), &stream)).collect();
        siege.others_are_served();
        drop(streams);
        if round == 2 {
            siege.is_used_to_it();
        }
    }
    siege.ends();
}

#[test]
fn one_that_only_makes_mistakes_is_hung_up_on() {
    let siege = Siege::of(1, &[]);
    let owt = siege.owt();
    let wrong = "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    // Far more than it is answered, and read only when all has been said.
    let said = rest(sent(owt, wrong.repeat(20_000)));
    assert!(statuses(&said).iter().all(|status| *status == 403), "{said}");
    assert!(statuses(&said).len() <= 101, "{}", statuses(&said).len());
    // Who reads what it is told hears all of it, and that it is over.
    let mut raw = Raw::send(owt, wrong);
    for n in 1..100 {
        let (status, head, _) = raw.answer();
        assert!(status == 403 && !head.contains("connection: close"), "{n}: {head}");
        raw.write(wrong);
    }
    let (status, head, _) = raw.answer();
    assert!(status == 403 && head.contains("connection: close"), "{head}");
    assert_eq!(raw.line(), "", "it is over");
    // One who is right now and then may go on.
    let right = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", owt.address());
    let last = right.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let said = rest(sent(owt, (wrong.repeat(60) + &right).repeat(3) + &last));
    assert_eq!(statuses(&said).len(), 184, "{said}");
    siege.ends();
}
