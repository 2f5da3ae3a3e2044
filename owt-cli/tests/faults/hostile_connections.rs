//! Connections by the thousand, and what breaks off in the middle.

use std::io::Write;

use crate::hostile::{Siege, get, post, sent};
use crate::support::Folder;

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
