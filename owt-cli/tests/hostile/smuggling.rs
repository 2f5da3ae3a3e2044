//! Requests whose end two readers could see in different places: what hides in a body must
//! never run as a request of its own.

use owt_testing::Folder;

use crate::siege::{Siege, get, post, rest, sent, statuses};

/// What follows a request that was attacked with.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    /// The connection is at its end.
    Cut,
    /// Both sides agree where the request ended: the next one is answered.
    InStep,
}
use Then::{Cut, InStep};

/// What is said of a body's length, and then the body; `{S}` is a whole request that must not
/// run, `{n}` its length, `{x}` that in hexadecimal. The statuses are those of the answers.
type Attack = (&'static str, &'static str, &'static [u16], Then);

const ATTACKS: &[Attack] = &[
    // Length and coding.
    ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n{S}", &[400], Cut),
    ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n{S}", &[400], Cut),
    ("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n{S}", &[400], Cut),
    ("Transfer_Encoding: chunked\r\nContent-Length: {n}\r\n", "{S}", &[200], InStep),
    // Lengths.
    ("Content-Length: {n}\r\nContent-Length: {n}\r\n", "{S}", &[400], Cut),
    ("Content-Length: {n}\r\nContent-Length: 0\r\n", "{S}", &[400], Cut),
    ("Content-Length: 0\r\nContent-Length: {n}\r\n", "{S}", &[400], Cut),
    ("Content-Length: {n}, {n}\r\n", "{S}", &[400], Cut),
    ("Content-Length: +{n}\r\n", "{S}", &[400], Cut),
    ("Content-Length: -1\r\n", "{S}", &[400], Cut),
    ("Content-Length: {n} 0\r\n", "{S}", &[400], Cut),
    ("Content-Length: 0x{x}\r\n", "{S}", &[400], Cut),
    ("Content-Length: 1_0\r\n", "{S}", &[400], Cut),
    ("Content-Length: \"{n}\"\r\n", "{S}", &[400], Cut),
    ("Content-Length: \u{661}\r\n", "{S}", &[400], Cut),
    ("Content-Length: \r\n", "{S}", &[400], Cut),
    ("Content-Length: \x0b{n}\r\n", "{S}", &[400], Cut),
    ("Content-Length: \u{a0}{n}\r\n", "{S}", &[400], Cut),
    ("Content-Length: 18446744073709551616\r\n", "{S}", &[400], Cut),
    ("Content-Length: 18446744073709551615\r\n", "{S}", &[413], Cut),
    ("Content-Length:    {n}\t\r\n", "{S}", &[200], InStep),
    ("Content-Length: {n}\r\n", "{S}", &[200], InStep),
    // Codings.
    ("Transfer-Encoding: chunked, identity\r\n", "{x}\r\n{S}\r\n0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding: identity, chunked\r\n", "{x}\r\n{S}\r\n0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding: gzip, chunked\r\n", "{x}\r\n{S}\r\n0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding: identity\r\n", "{S}", &[400], Cut),
    ("Transfer-Encoding: identity\r\nContent-Length: {n}\r\n", "{S}", &[400], Cut),
    ("Transfer-Encoding: xchunked\r\n", "{x}\r\n{S}\r\n0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding: \"chunked\"\r\n", "{x}\r\n{S}\r\n0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding: \x0bchunked\r\n", "{x}\r\n{S}\r\n0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding:\r\n chunked\r\n", "{x}\r\n{S}\r\n0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", "0\r\n\r\n{S}", &[400], Cut),
    ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "{S}", &[400], Cut),
    ("Transfer-Encoding:  chunked\t\r\n", "{x}\r\n{S}\r\n0\r\n\r\n", &[200], InStep),
    ("transfer-encoding: CHUNKED\r\n", "{x}\r\n{S}\r\n0\r\n\r\n", &[200], InStep),
    // Lines.
    ("Transfer-Encoding : chunked\r\n", "0\r\n\r\n{S}", &[400], Cut),
    ("Content-Length : {n}\r\n", "{S}", &[400], Cut),
    (" Content-Length: {n}\r\n", "{S}", &[400], Cut),
    ("X: a\r\n Content-Length: {n}\r\n", "{S}", &[400], Cut),
    ("X: a\rContent-Length: {n}\r\n", "{S}", &[400], Cut),
    ("X: a\0\r\nContent-Length: {n}\r\n", "{S}", &[400], Cut),
    ("X\0: a\r\nContent-Length: {n}\r\n", "{S}", &[400], Cut),
    ("Content-Length\r\n", "{S}", &[400], Cut),
    // A bare LF ends a line, as RFC 9112 (2.2) allows: always, so both sides agree.
    ("X: a\nContent-Length: {n}\r\n", "{S}", &[200], InStep),
    // Chunks.
    ("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n{S}", &[400], Cut),
    ("Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n{S}", &[408], Cut),
    ("Transfer-Encoding: chunked\r\n", "-1\r\n{S}", &[400], Cut),
    ("Transfer-Encoding: chunked\r\n", "+{x}\r\n{S}\r\n0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding: chunked\r\n", "0x{x}\r\n{S}\r\n0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding: chunked\r\n", "\r\n{S}\r\n0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding: chunked\r\n", " {x}\r\n{S}\r\n0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding: chunked\r\n", "{x}\n{S}\n0\n\n", &[400], Cut),
    ("Transfer-Encoding: chunked\r\n", "{x};a\n{S}\r\n0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding: chunked\r\n", "{x};a\rb\r\n{S}\r\n0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding: chunked\r\n", "{x}\r\n{S}0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding: chunked\r\n", "{x}\r\n{S}xx\r\n0\r\n\r\n", &[400], Cut),
    ("Transfer-Encoding: chunked\r\n", "{x};a=\"b\"\r\n{S}\r\n0\r\n\r\n", &[200], InStep),
    (
        "Transfer-Encoding: chunked\r\n",
        "{x}\r\n{S}\r\n0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        &[200],
        InStep,
    ),
    // Bodies shorter and longer than was said.
    ("Content-Length: 100000\r\n", "{S}", &[408], Cut),
    ("Transfer-Encoding: chunked\r\n", "{x}\r\n{S}", &[400], Cut),
    // To be another protocol: all that follows would be of that one.
    ("Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 5\r\n", "hello{S}", &[408], Cut),
    ("Upgrade: h2c\r\nConnection: upgrade\r\nContent-Length: {n}\r\n", "{S}", &[200], InStep),
];

/// What ends a connection if the server agrees that a request may begin here.
const LAST: &str = "Connection: close\r\n";

#[test]
fn what_hides_in_a_body_never_runs() {
    // A refused body that says it goes on in chunks is awaited and thrown away that long.
    let quick = ["--body-timeout", "1s", "--head-timeout", "1s", "--idle-timeout", "1s"];
    let siege = Siege::of(1, &quick);
    let folder = Folder::new();
    let hidden = get(siege.owt(), &format!("lambda: {}", folder.mark("ran")), "");
    let fill = |text: &str| {
        let length = hidden.len();
        let text = text.replace("{n}", &length.to_string()).replace("{x}", &format!("{length:x}"));
        text.replace("{S}", &hidden)
    };
    let head = post(siege.owt(), "lambda: 'taken'");
    let last = get(siege.owt(), "lambda: 'in step'", LAST);
    // All at once: some are only answered when their time is over.
    let attack = |(said, body, ..): &Attack| {
        sent(siege.owt(), format!("{head}{}\r\n{}{last}", fill(said), fill(body)))
    };
    let attacks: Vec<_> = ATTACKS.iter().map(|row| (row, attack(row))).collect();
    siege.others_are_served();
    for ((said, body, wanted, then), stream) in attacks {
        let answers = rest(stream);
        let mut wanted = wanted.to_vec();
        if *then == InStep {
            wanted.push(200);
        }
        assert_eq!(statuses(&answers), wanted, "{said:?} and {body:?}: {answers}");
        assert_eq!(answers.ends_with("in step"), *then == InStep, "{said:?}: {answers}");
        assert_eq!(folder.marks("ran"), 0, "{said:?} and {body:?}");
    }
    siege.ends();
}

/// Requests to which nobody reads the body, whole, but for the length and the body itself.
const BODIES_NOBODY_READS: &[(&str, u16)] = &[
    ("HEAD /", 200),
    ("OPTIONS /", 204),
    ("PUT /", 405),
    ("DELETE /", 405),
    ("TRACE /", 405),
    ("POST /_owt/livez", 405),
    ("GET /_owt/nothing", 404),
    ("POST /_owt/metrics", 405),
];

#[test]
fn a_body_that_nobody_reads_is_no_request() {
    let siege = Siege::of(1, &[]);
    let folder = Folder::new();
    let hidden = get(siege.owt(), &format!("lambda: {}", folder.mark("ran")), "");
    let (length, host) = (hidden.len(), siege.owt().address());
    for (line, status) in BODIES_NOBODY_READS {
        let head = format!("{line} HTTP/1.1\r\nHost: {host}\r\nX-Owt: 1\r\n");
        // What it does not know the end of, it does not wait for: it cuts the connection.
        let answers =
            rest(sent(siege.owt(), format!("{head}Content-Length: {length}\r\n\r\n{hidden}")));
        assert_eq!(statuses(&answers), [*status], "{line}: {answers}");
        let last = get(siege.owt(), "lambda: 'in step'", LAST);
        let chunked =
            format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{hidden}\r\n0\r\n\r\n");
        let answers = rest(sent(siege.owt(), format!("{head}{chunked}{last}")));
        assert_eq!(statuses(&answers).first(), Some(status), "{line}: {answers}");
        assert!(statuses(&answers).len() <= 2, "{line}: {answers}");
        assert_eq!(folder.marks("ran"), 0, "{line}");
    }
    siege.ends();
}

#[test]
fn old_http_has_its_own_ends() {
    let siege = Siege::of(1, &["--body-timeout", "1s"]);
    let folder = Folder::new();
    let hidden = get(siege.owt(), &format!("lambda: {}", folder.mark("ran")), "");
    let head = post(siege.owt(), "lambda: 'taken'").replace("HTTP/1.1", "HTTP/1.0");
    let length = hidden.len();
    let keep = "Connection: keep-alive\r\n";
    for (said, wanted) in [
        ("Transfer-Encoding: chunked\r\n".to_owned(), 400),
        (keep.to_owned(), 400),
        (format!("{keep}Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"), 400),
        (format!("Content-Length: {length}\r\n"), 200),
    ] {
        let answers = rest(sent(siege.owt(), format!("{head}{said}\r\n{hidden}")));
        assert_eq!(statuses(&answers), [wanted], "{said:?}: {answers}");
        assert_eq!(folder.marks("ran"), 0, "{said:?}");
    }
    siege.ends();
}

#[test]
fn a_get_with_a_body_is_one_call() {
    let siege = Siege::of(1, &[]);
    let folder = Folder::new();
    let owt = siege.owt();
    let hidden = get(owt, &format!("lambda: {}", folder.mark("ran")), "");
    let head = post(owt, "lambda: request.get_data(as_text=True)[:3]").replacen("POST", "GET", 1);
    let last = get(owt, "lambda: 'in step'", LAST);
    let said = format!("Content-Length: {}\r\n\r\n", hidden.len());
    let answers = rest(sent(owt, format!("{head}{said}{hidden}{last}")));
    assert_eq!(statuses(&answers), [200, 200], "{answers}");
    assert!(answers.contains("\r\n\r\nGETHTTP/1.1") && answers.ends_with("in step"), "{answers}");
    assert_eq!(folder.marks("ran"), 0);
    siege.ends();
}
