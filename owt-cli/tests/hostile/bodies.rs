//! Requests that are too much, or not what they say: each gets an answer that says so, soon.

use std::process::Command;

use owt_testing::raw::Raw;
use serde_json::json;

use crate::siege::{Siege, get, post, rest, sent, statuses};
use owt_testing::{CURL, Folder, Owt, Start, b64};

/// A body that holds the call, of that type; more header lines may follow it.
fn call(owt: &Owt, content_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let (host, body) = (owt.address(), body.as_ref());
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {CURL}\r\nConnection: close\r\n\
         Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data; boundary=X";

const TAKES_ANYTHING: &str = "def run(*args, **kwargs): return 'taken'";

/// Sends each and has it answered so, while others are served.
#[track_caller]
fn are_answered(requests: impl Fn(&Owt) -> Vec<(&'static str, Vec<u8>, u16)>) {
    let siege = Siege::of(2, &[]);
    for (what, bytes, wanted) in requests(siege.owt()) {
        let answer = rest(sent(siege.owt(), bytes));
        assert_eq!(statuses(&answer), [wanted], "{what}: {answer}");
        let body = answer.split_once("\r\n\r\n").unwrap_or_default().1;
        assert!(wanted != 200 || body == "taken", "{what}: {answer}");
        assert!(body.len() < 100_000, "{what}: {answer}");
        siege.others_are_served();
    }
    siege.ends();
}

#[test]
fn json() {
    let deep =
        |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let code = b64(TAKES_ANYTHING);
    let with = |more: &str| format!("{{{more},\"code_b64\":\"{code}\"}}").into_bytes();
    let keys: Vec<_> = (0..1_000_000).map(|n| format!("\"k{n}\":1")).collect();
    let wrong = b64("raise SystemError");
    let digits = "9".repeat(1_000_000);
    are_answered(|owt| {
        [
            ("deep arrays", deep("[", "]").into_bytes(), 400),
            ("deep objects", deep("{\"a\":", "}").into_bytes(), 400),
            ("depth without end", "[".repeat(5_000_000).into_bytes(), 400),
            ("depth where nobody looks", with(&format!("\"x\":{}", deep("[", "]"))), 200),
            ("a million keys", with(&keys.join(",")), 200),
            ("a huge number", with("\"timeout\":1e999999"), 400),
            ("a long number", with(&format!("\"timeout\":{digits}")), 400),
            ("a long number where nobody looks", with(&format!("\"x\":{digits}")), 200),
            ("not a number", with("\"timeout\":NaN"), 400),
            ("the last of two counts", with(&format!("\"code_b64\":\"{wrong}\"")), 200),
            ("a NUL in text", b"{\"code_b64\":\"\0\"}".to_vec(), 400),
            ("a NUL in code", json!({"code_b64": b64("lambda: 1\0")}).to_string().into(), 422),
            ("no UTF-8", b"{\"code_b64\":\"\xff\"}".to_vec(), 400),
            ("no UTF-8 in a key", [b"{\"\xff\":1,", &*with("\"x\":1")[1..].to_vec()].concat(), 400),
            ("half a surrogate", with("\"fn_name\":\"\\ud800\""), 400),
            (
                "a surrogate in base64",
                json!({"code_b64": b64(b"\xed\xa0\x80")}).to_string().into(),
                400,
            ),
            (
                "long base64 of no code",
                with(&format!("\"kwargs_b64\":\"{}\"", "QUFB".repeat(2_000_000))),
                200,
            ),
            ("nothing", Vec::new(), 400),
            ("a lone quote", b"\"".to_vec(), 400),
        ]
        .map(|(what, body, wanted)| (what, call(owt, JSON, body), wanted))
        .into()
    });
}

#[test]
fn code_and_arguments() {
    let kwargs =
        |expression: &str| json!({"code_b64": b64(TAKES_ANYTHING), "kwargs_b64": b64(expression)});
    let code = |code: &str| json!({"code_b64": b64(code)});
    let blocks: String = (0..1000).map(|n| format!("{}if 1:\n", " ".repeat(n))).collect();
    are_answered(|owt| {
        [
            (
                "deep tuples",
                kwargs(&format!("{}{}", "(".repeat(100_000), ")".repeat(100_000))),
                400,
            ),
            ("deep lists", kwargs(&"[".repeat(100_000)), 400),
            ("many signs", kwargs(&format!("{}1", "-".repeat(100_000))), 200),
            ("many attributes", kwargs(&format!("a{}", ".a".repeat(100_000))), 200),
            ("a long sum", kwargs(&format!("1{}", "+1".repeat(100_000))), 200),
            ("deep code", code(&"(".repeat(100_000)), 422),
            ("many signs in code", code(&format!("{}1", "-".repeat(100_000))), 422),
            ("deep blocks", code(&blocks), 422),
        ]
        .map(|(what, body, wanted)| (what, call(owt, JSON, body.to_string()), wanted))
        .into()
    });
}

#[test]
fn an_argument_that_takes_for_ever_takes_its_own_worker() {
    let siege = Siege::of(2, &[]);
    let forever = siege.owt().code(TAKES_ANYTHING).kwargs("{'a': 9**9**9}").field("timeout", 2);
    let posted = forever.posting("/").build().unwrap();
    let body = posted.body().unwrap().as_bytes().unwrap().to_vec();
    let waiting = sent(siege.owt(), call(siege.owt(), JSON, body));
    siege.others_are_served();
    assert_eq!(statuses(&rest(waiting)), [504]);
    siege.ends();
}

#[test]
fn forms_and_parts() {
    let code = b64(TAKES_ANYTHING).replace('+', "%2B");
    let field = |name: &str, more: &str, value: &str| {
        format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{value}\r\n")
    };
    let code_part = field("code_b64", "", &b64(TAKES_ANYTHING));
    let whole = |parts: &str| format!("{parts}{code_part}--X--\r\n");
    let many: String = (0..10_000).map(|n| field(&format!("a{n}"), "", "x")).collect();
    let headers: String = (0..10_000).map(|n| format!("\r\nX{n}: a")).collect();
    are_answered(|owt| {
        let long = format!("multipart/form-data; boundary={}", "X".repeat(50_000));
        [
            ("10,000 fields", FORM, format!("code_b64={code}{}", "&a=1".repeat(10_000)), 200),
            ("a million fields", FORM, format!("code_b64={code}{}", "&a=1".repeat(1_000_000)), 200),
            ("much escaped", FORM, format!("code_b64={code}&a={}", "%41".repeat(3_000_000)), 200),
            ("nothing but marks", FORM, "&=%".repeat(3_000_000), 400),
            ("10,000 parts", PARTS, whole(&many), 200),
            ("10,000 times the code", PARTS, whole(&code_part.repeat(10_000)), 200),
            (
                "a header of megabytes",
                PARTS,
                whole(&field("a", &format!("\r\nX: {}", "a".repeat(5_000_000)), "x")),
                200,
            ),
            ("10,000 headers", PARTS, whole(&field("a", &headers, "x")), 400),
            ("a part of megabytes", PARTS, whole(&field("a", "", &"x".repeat(30_000_000))), 200),
            ("no end", PARTS, code_part.clone(), 400),
            ("an end in a header", PARTS, format!("{code_part}--X\r\nContent-"), 400),
            ("nothing but boundaries", PARTS, "--X\r\n".repeat(1_000_000), 400),
            ("nothing but line ends", PARTS, "\r\n".repeat(5_000_000), 400),
            ("no boundary", "multipart/form-data", whole(""), 400),
            ("an empty boundary", "multipart/form-data; boundary=", whole(""), 400),
            ("a long boundary", &*long, whole(""), 400),
            ("another type", "application/x-tar", code_part.clone(), 415),
        ]
        .map(|(what, content_type, body, wanted)| (what, call(owt, content_type, body), wanted))
        .into()
    });
}

#[test]
fn heads() {
    are_answered(|owt| {
        let host = format!("Host: {}\r\nConnection: close\r\n", owt.address());
        let query = get(owt, TAKES_ANYTHING, "Connection: close\r\n");
        let fields = format!("&a={}", "b&a=".repeat(10_000));
        let line = |line: &str| format!("{line}\r\n{host}\r\n");
        let many: String = (0..10_000).map(|n| format!("X{n}: a\r\n")).collect();
        [
            ("10,000 query fields", query.replacen(" HTTP", &format!("{fields} HTTP"), 1), 200),
            (
                "a URL of more than 64 KiB",
                line(&format!("GET /{} HTTP/1.1", "a".repeat(70_000))),
                400,
            ),
            (
                "a query of more than 64 KiB",
                line(&format!("GET /?{} HTTP/1.1", "a".repeat(70_000))),
                400,
            ),
            ("a URL without end", format!("GET /{}", "a".repeat(1_000_000)), 431),
            ("a method of 10 kB", line(&format!("{} / HTTP/1.1", "A".repeat(1_500))), 405),
            ("10,000 headers", query.replacen("\r\n\r\n", &format!("\r\n{many}\r\n"), 1), 431),
            (
                "100 headers",
                query.replacen("\r\n\r\n", &format!("\r\n{}\r\n", "X: a\r\n".repeat(100)), 1),
                431,
            ),
            (
                "a header of a megabyte",
                format!("GET / HTTP/1.1\r\n{host}X: {}", "a".repeat(1_000_000)),
                431,
            ),
            ("no Host", "GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
            ("a name with a space", format!("GET / HTTP/1.1\r\n{host}X Y: a\r\n\r\n"), 400),
            ("HTTP/0.9", "GET /\r\n".to_owned(), 400),
            ("HTTP/1.2", line("GET / HTTP/1.2"), 400),
            ("HTTP/2 as text", line("GET / HTTP/2.0"), 400),
            (
                "the preface of HTTP/2",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_owned(),
                400,
            ),
            ("a greeting of TLS", "\x16\x03\x01\0\u{1}\x01\0\0\0\x03\x03".to_owned(), 400),
            ("a greeting of SSH", "SSH-2.0-OpenSSH_9.9\r\n".to_owned(), 400),
            ("nothing but line ends", "\r\n".repeat(1_000) + &query, 200),
            ("CONNECT", line("CONNECT example.org:443 HTTP/1.1"), 400),
            ("GET of an asterisk", line("GET * HTTP/1.1"), 400),
        ]
        .map(|(what, bytes, wanted)| (what, bytes.into_bytes(), wanted))
        .into()
    });
}

#[test]
fn a_body_that_is_compressed_is_not_decompressed() {
    let siege = Siege::of(1, &[]);
    let (owt, folder) = (siege.owt(), Folder::new());
    let code = format!(
        "{}\ndef run(): return request.headers.get('content-encoding')\n",
        folder.mark("ran")
    );
    let plain = json!({"code_b64": b64(&code)}).to_string();
    let head = call(owt, JSON, &plain);
    let head = std::str::from_utf8(&head).unwrap();
    for coding in ["gzip", "br", "deflate", "zstd", "gzip, gzip", "identity, gzip", "x"] {
        let coded =
            head.replacen("\r\n\r\n", &format!("\r\nContent-Encoding: {coding}\r\n\r\n"), 1);
        let answer = rest(sent(owt, coded));
        assert_eq!(statuses(&answer), [415], "{coding}: {answer}");
        assert!(answer.contains("Content-Encoding"), "{coding}: {answer}");
        // Data that goes with a call goes as it is, and says what it is.
        let data = post(owt, &code);
        let data = format!("{data}Connection: close\r\nContent-Encoding: {coding}\r\n");
        let answer = rest(sent(owt, format!("{data}Content-Length: 5\r\n\r\n\x1f\u{b}\0x\0")));
        assert_eq!(statuses(&answer), [200], "{coding}: {answer}");
        assert!(answer.ends_with(&format!("\r\n\r\n{coding}")), "{coding}: {answer}");
    }
    let plain = head.replacen("\r\n\r\n", "\r\nContent-Encoding: Identity\r\n\r\n", 1);
    assert!(rest(sent(owt, plain)).ends_with("\r\n\r\nIdentity"));
    siege.ends();
}

#[test]
fn a_body_that_is_refused_is_not_waited_for() {
    let siege = Siege::of(1, &["--max-body", "1M", "--idle-timeout", "1s", "--head-timeout", "1s"]);
    let (owt, folder) = (siege.owt(), Folder::new());
    let head = post(owt, &folder.mark("ran"));
    let expecting = format!("{head}Expect: 100-continue\r\n");
    for (what, request, wanted) in [
        ("a length", format!("{head}Content-Length: 99999999999\r\n\r\n"), &[413][..]),
        ("a question", format!("{expecting}Content-Length: 99999999999\r\n\r\n"), &[413]),
        (
            "another expectation",
            format!("{head}Expect: x\r\nContent-Length: 99999999999\r\n\r\n"),
            &[413],
        ),
    ] {
        let answer = rest(sent(owt, request));
        assert_eq!(statuses(&answer), wanted, "{what}: {answer}");
    }
    // Chunks that never end are heard to their limit, and then no more.
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let endless = format!("{head}Transfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(500));
    assert_eq!(statuses(&rest(sent(owt, endless))), [413]);
    assert_eq!(folder.marks("ran"), 0);
    siege.ends();
}

/// There is one HTTP thread: what holds it is noticed by everybody.
#[test]
fn a_large_body_is_read_where_nobody_waits_for_it() {
    let mut alone = Command::new("taskset");
    alone.args(["-c", "0", env!("CARGO_BIN_EXE_owt")]);
    let owt = Start::by(alone).start();
    let field = |name: &str, value: &str| {
        format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let escaped = "%41".repeat(8 << 20);
    let parts = field("a", "x").repeat(200_000);
    let code = "def run(**_): return 'taken'";
    let json = format!("{{\"a\": [{}0], \"code\": {code:?}}}", "[0,0],".repeat(2 << 20));
    for (content_type, body) in [
        (FORM, format!("code={code}&a={escaped}")),
        (FORM, format!("kwargs={{'a': '{escaped}'}}&code={code}")),
        (PARTS, format!("{parts}{}--X--\r\n", field("code", code))),
        (JSON, json),
    ] {
        let mut large = Raw::send(&owt, call(&owt, content_type, body));
        let mut others = 0;
        while !large.is_answered() {
            let answer = owt.request("GET", "/_owt/readyz").send().unwrap();
            assert_eq!(answer.status(), 200);
            others += 1;
        }
        let (status, _, answer) = large.answer();
        assert_eq!((status, answer.as_str()), (200, "taken"), "{content_type}");
        // One may have come before it was all there, and one after it was read.
        println!("{content_type}: {others} others");
        assert!(others >= 10, "{content_type}: {others} others were answered meanwhile");
    }
}
