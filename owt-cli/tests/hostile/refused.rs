//! What is refused is answered and no longer read, whatever its client sends on; and nobody is
//! told to send a body before the door.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use owt_testing::raw::Raw;

use crate::siege::{Siege, post, rest, sent, statuses};
use owt_testing::{Folder, Owt, Start};

const ENDLESS: u64 = 4 << 30;
/// What the server reads after its answer at most, and what both sockets hold.
const TAKEN: u64 = 48 << 20;
/// What its time after the answer and a busy machine need.
const SOON: Duration = Duration::from_secs(30);

/// Heads of requests that are refused with a body to come, and their statuses.
fn refused(owt: &Owt) -> Vec<(&'static str, String, u16)> {
    let host = owt.address();
    let call = post(owt, "lambda: 'ran'");
    vec![
        ("a strange name", call.replace(host, "evil.example"), 403),
        ("a page of another origin", format!("{call}Origin: http://evil.example\r\n"), 403),
        ("nobody who is known", call.replace("curl", "git"), 403),
        ("a service worker", format!("{call}Service-Worker: script\r\n"), 403),
        ("another method", call.replacen("POST", "PUT", 1), 405),
        ("no page", format!("POST /_owt/none HTTP/1.1\r\nHost: {host}\r\nX-Owt: 1\r\n"), 404),
        ("too large", call, 413),
    ]
}

/// Sends such blocks until the server takes no more; gives how many bytes it took.
fn pour(mut stream: TcpStream, block: &[u8]) -> u64 {
    stream.set_write_timeout(Some(SOON)).unwrap();
    let mut taken = 0;
    while taken < ENDLESS && stream.write_all(block).is_ok() {
        taken += block.len() as u64;
    }
    taken
}

#[test]
fn a_body_without_end_is_not_read() {
    let siege = Siege::of(1, &["--max-body", "1M"]);
    let owt = siege.owt();
    let plain = vec![b'x'; 1 << 16];
    let chunk = [b"10000\r\n", &plain[..], b"\r\n"].concat();
    for (what, head, wanted) in refused(owt) {
        for (length, block) in [
            (format!("Content-Length: {ENDLESS}"), &plain),
            ("Transfer-Encoding: chunked".to_owned(), &chunk),
        ] {
            let began = Instant::now();
            let stream = sent(owt, format!("{head}{length}\r\n\r\n"));
            let pouring = stream.try_clone().unwrap();
            let block = block.clone();
            let pouring = std::thread::spawn(move || pour(pouring, &block));
            let mut raw = Raw::from(stream);
            let (status, headers, body) = raw.answer();
            assert_eq!(status, wanted, "{what}, {length}: {body}");
            assert!(headers.contains("connection: close"), "{what}, {length}: {headers}");
            let taken = pouring.join().unwrap();
            assert!(taken < TAKEN, "{what}, {length}: {taken} bytes were read");
            assert!(began.elapsed() < SOON, "{what}, {length}: {:?}", began.elapsed());
        }
    }
    siege.ends();
}

#[test]
fn who_sends_all_before_it_reads_gets_the_answer() {
    let siege = Siege::of(1, &[]);
    let owt = siege.owt();
    let body = vec![b'x'; 8 << 20];
    for (what, head, wanted) in refused(owt).into_iter().filter(|(what, ..)| *what != "too large") {
        let mut stream = owt.connect();
        stream.set_write_timeout(Some(SOON)).unwrap();
        write!(stream, "{head}Content-Length: {}\r\n\r\n", body.len()).unwrap();
        stream.write_all(&body).unwrap();
        let (said, is_reset) = Raw::from(stream).rest_and_end();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(statuses(&said), [wanted], "{what}: {said}");
        assert!(!is_reset && said.ends_with('}'), "{what}: {said}");
    }
    siege.ends();
}

#[test]
fn who_sends_no_more_is_not_kept() {
    let siege = Siege::of(1, &["--max-body", "1M"]);
    let owt = siege.owt();
    // All at once: each is waited for a little.
    let waiting: Vec<_> = refused(owt)
        .into_iter()
        .map(|(what, head, wanted)| {
            let length = format!("Content-Length: {ENDLESS}\r\n\r\n");
            (what, sent(owt, format!("{head}{length}x")), wanted, Instant::now())
        })
        .collect();
    siege.others_are_served();
    for (what, stream, wanted, began) in waiting {
        let said = rest(stream);
        assert_eq!(statuses(&said), [wanted], "{what}: {said}");
        assert!(said.ends_with('}') && began.elapsed() < SOON, "{what}: {said}");
    }
    // Nor one that only listens.
    for (what, head, wanted) in refused(owt) {
        let stream = sent(owt, format!("{head}Content-Length: {ENDLESS}\r\n\r\n"));
        stream.shutdown(Shutdown::Write).unwrap();
        let said = rest(stream);
        assert!(statuses(&said).is_empty() || statuses(&said) == [wanted], "{what}: {said}");
    }
    siege.ends();
}

#[test]
fn nobody_is_told_to_send_what_is_refused() {
    let siege = Siege::of(1, &["--max-body", "1M"]);
    let (owt, folder) = (siege.owt(), Folder::new());
    for (what, head, wanted) in refused(owt) {
        // What has passed the door is told to go on, whatever becomes of it then.
        let is_inside = matches!(what, "another method" | "no page");
        let said = rest(sent(
            owt,
            format!("{head}Expect: 100-continue\r\nContent-Length: 9999999\r\n\r\n"),
        ));
        let large = format!("{head}Expect: 100-continue\r\nContent-Length: 9\r\n\r\n");
        let wanted = if is_inside { 413 } else { wanted };
        assert_eq!(statuses(&said), [wanted], "{what}: {said}");
        if what != "too large" && !is_inside {
            assert_eq!(statuses(&rest(sent(owt, large))), [wanted], "{what}");
        }
    }
    // Who may is told so, and then heard.
    let head = post(owt, &format!("lambda: [{}, request.data][1]", folder.mark("ran")));
    let head = format!("{head}Connection: close\r\nExpect: 100-continue\r\n");
    let mut raw = Raw::send(owt, format!("{head}Content-Length: 5\r\n\r\n"));
    assert_eq!(raw.head().0, 100);
    assert_eq!(folder.marks("ran"), 0);
    raw.write("hello");
    let (status, _, body) = raw.answer();
    assert_eq!((status, body.as_str(), folder.marks("ran")), (200, "hello", 1));
    siege.ends();
}

#[test]
fn nobody_is_told_to_send_without_a_key() {
    let owt = Start::new().args(["--token", "0123456789abcdef0123"]).start();
    let ask = |more: &str| {
        let head = post(&owt, "lambda: request.data");
        let head = format!("{head}{more}Expect: 100-continue\r\nConnection: close\r\n");
        Raw::send(&owt, format!("{head}Content-Length: 5\r\n\r\n"))
    };
    for more in ["", "Authorization: Bearer 0123456789abcdef012\r\n"] {
        let said = String::from_utf8(ask(more).rest()).unwrap();
        assert_eq!(statuses(&said), [401], "{said}");
    }
    let mut raw = ask("Authorization: Bearer 0123456789abcdef0123\r\n");
    assert_eq!(raw.head().0, 100);
    raw.write("hello");
    assert_eq!(raw.answer().2, "hello");
}
