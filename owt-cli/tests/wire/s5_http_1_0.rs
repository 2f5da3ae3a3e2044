//! §5: clients of HTTP/1.0 know no chunked coding (RFC 9112, 6.1).

use owt_testing::raw::Raw;
use owt_testing::{Folder, Owt, Sent};

const VERSION: &str = "HTTP/1.0";

fn get(owt: &Owt, call: &Sent, headers: &[&str]) -> Raw {
    Raw::send(owt, Raw::request(owt, call, "/", VERSION, headers))
}

#[test]
fn a_stream_ends_with_the_connection() {
    let owt = Owt::start();
    for (code, wanted) in [
        ("def run():\n    for n in range(3): yield f'{n}\\n'\n", "0\n1\n2\n"),
        ("async def run():\n    yield 'a'\n    yield b'b'\n", "ab"),
        ("lambda: sse(['a', ''])", "data: a\n\ndata: \n\n"),
        ("import flask\ndef run(): return flask.Response(iter(['a', 'b']))\n", "ab"),
        ("lambda: iter([])", ""),
    ] {
        let call = owt.code(code);
        for headers in [&[][..], &["Connection: keep-alive"]] {
            let mut raw = get(&owt, &call, headers);
            let (status, headers) = raw.head();
            assert_eq!(status, 200, "{code}");
            for name in ["transfer-encoding", "content-length", "connection: keep-alive"] {
                assert!(!headers.contains(name), "{code}: {headers}");
            }
            let (body, is_reset) = raw.rest_and_end();
            assert_eq!((String::from_utf8(body).unwrap().as_str(), is_reset), (wanted, false));
        }
    }
}

#[test]
fn so_does_one_that_is_replayed() {
    let owt = Owt::start();
    let call = owt.code("def run():\n    yield 'a'\n    yield 'b'\n").field("use_cache", true);
    for outcome in ["owt; fwd=miss; stored", "owt; hit"] {
        let mut raw = get(&owt, &call, &["Connection: keep-alive"]);
        let (_, headers) = raw.head();
        assert!(headers.contains(&format!("cache-status: {outcome}")), "{headers}");
        assert!(!headers.contains("transfer-encoding"), "{headers}");
        assert_eq!(raw.rest(), b"ab");
    }
    // The same one for a client of HTTP/1.1 is chunked.
    assert_eq!(call.get("/").header("transfer-encoding"), "chunked");
}

#[test]
fn what_has_a_length_leaves_the_connection_open_where_it_is_asked_to() {
    let owt = Owt::start();
    let folder = Folder::new();
    let file = folder.write("digits.txt", "0123456789");
    let calls = [
        (owt.code("lambda: 'whole'"), 200, "whole"),
        (owt.code(&format!("lambda: pathlib.Path({file:?})")), 200, "0123456789"),
    ];
    for (call, wanted_status, wanted) in &calls {
        let request = Raw::request(&owt, call, "/", VERSION, &["Connection: keep-alive"]);
        let mut raw = Raw::send(&owt, &request);
        for turn in 0..2 {
            let (status, headers, body) = raw.answer();
            assert_eq!((status, body.as_str()), (*wanted_status, *wanted));
            assert!(headers.contains("connection: keep-alive"), "{headers}");
            if turn == 0 {
                raw.write(&request);
            }
        }
        // Without the wish it is closed.
        let mut raw = get(&owt, call, &[]);
        assert_eq!(raw.answer().2, *wanted);
        assert_eq!(raw.rest(), b"");
    }
    let range = ["Range: bytes=2-4"];
    let (status, headers, body) = get(&owt, &calls[1].0, &range).answer();
    assert_eq!((status, body.as_str()), (206, "234"), "{headers}");
    // The server's own pages have a length too.
    for path in ["/", "/_owt/owt.js", "/_owt/livez", "/nowhere"] {
        let host = owt.address();
        let mut raw = Raw::send(&owt, format!("GET {path} {VERSION}\r\nHost: {host}\r\n\r\n"));
        let (_, headers, _) = raw.answer();
        assert!(!headers.contains("transfer-encoding"), "{path}: {headers}");
        assert_eq!(raw.rest(), b"", "{path}");
    }
}

#[test]
fn a_failure_in_mid_stream_resets_the_connection() {
    let owt = Owt::start();
    for head in ["def", "async def"] {
        let code = format!("{head} run():\n    yield 'begun'\n    1 / 0\n");
        let mut raw = get(&owt, &owt.code(&code), &[]);
        assert_eq!(raw.head().0, 200, "{head}");
        let (body, is_reset) = raw.rest_and_end();
        assert_eq!((body.as_slice(), is_reset), (b"begun".as_slice(), true), "{head}");
    }
    assert_eq!(owt.code("lambda: 'alive'").post("/").ok(), "alive");
}
