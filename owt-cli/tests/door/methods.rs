//! Only GET and POST run code, and a POST only as what a page cannot send by itself.

use crate::table::{Row, Runs, Stays, Try};

const METHODS: &[Row] = &[
    ("GET", "GET {call} HTTP/1.1\nHost: {own}", Runs),
    ("HEAD", "HEAD {call} HTTP/1.1\nHost: {own}", Stays(405)),
    (
        "PUT",
        "PUT {call} HTTP/1.1\nHost: {own}\nContent-Type: application/json\n\n{json}",
        Stays(405),
    ),
    (
        "PATCH",
        "PATCH /x HTTP/1.1\nHost: {own}\nContent-Type: application/json\n\n{json}",
        Stays(405),
    ),
    ("DELETE", "DELETE {call} HTTP/1.1\nHost: {own}", Stays(405)),
    ("OPTIONS", "OPTIONS {call} HTTP/1.1\nHost: {own}", Stays(204)),
    ("TRACE", "TRACE {call} HTTP/1.1\nHost: {own}", Stays(405)),
    ("CONNECT", "CONNECT {own} HTTP/1.1\nHost: {own}", Stays(405)),
    ("PROPFIND", "PROPFIND {call} HTTP/1.1\nHost: {own}", Stays(405)),
    ("get", "get {call} HTTP/1.1\nHost: {own}", Stays(405)),
    ("made up", "RUN {call} HTTP/1.1\nHost: {own}", Stays(405)),
    ("overridden", "PUT {call} HTTP/1.1\nHost: {own}\nX-HTTP-Method-Override: GET", Stays(405)),
    ("JSON", "POST /x HTTP/1.1\nHost: {own}\nContent-Type: application/json\n\n{json}", Runs),
    (
        "JSON by a browser",
        "POST /x HTTP/1.1\nHost: {own}\n{mozilla}\nContent-Type: application/json; charset=utf-8\n\n{json}",
        Runs,
    ),
    (
        "Python by a browser",
        "POST /x HTTP/1.1\nHost: {own}\n{mozilla}\nContent-Type: text/x-python\n\n{python}",
        Runs,
    ),
    (
        "Python by a page of another origin",
        "POST /x HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: http://evil.example\nContent-Type: text/x-python\n\n{python}",
        Stays(403),
    ),
    (
        "Python as text by a browser",
        "POST /x HTTP/1.1\nHost: {own}\n{mozilla}\nContent-Type: text/plain;text/x-python\n\n{python}",
        Stays(403),
    ),
    (
        "Python as two types by a browser",
        "POST /x HTTP/1.1\nHost: {own}\n{mozilla}\nContent-Type: text/x-python\nContent-Type: text/plain\n\n{python}",
        Stays(403),
    ),
    (
        "code in query and body",
        "POST {call} HTTP/1.1\nHost: {own}\nContent-Type: application/json\n\n{json}",
        Stays(400),
    ),
    (
        "a form",
        "POST /x HTTP/1.1\nHost: {own}\nContent-Type: application/x-www-form-urlencoded\n\n{form}",
        Runs,
    ),
    (
        "a form by a browser",
        "POST /x HTTP/1.1\nHost: {own}\n{mozilla}\nContent-Type: application/x-www-form-urlencoded\n\n{form}",
        Stays(403),
    ),
    (
        "a form in parts",
        "POST /x HTTP/1.1\nHost: {own}\nContent-Type: multipart/form-data; boundary=x\n\n{multipart}",
        Runs,
    ),
    (
        "a form in parts by a browser",
        "POST /x HTTP/1.1\nHost: {own}\n{mozilla}\nContent-Type: multipart/form-data; boundary=x\n\n{multipart}",
        Stays(403),
    ),
    (
        "text by a browser",
        "POST {call} HTTP/1.1\nHost: {own}\n{mozilla}\nContent-Type: text/plain\n\nx",
        Stays(403),
    ),
    (
        "JSON as text by a browser",
        "POST /x HTTP/1.1\nHost: {own}\n{mozilla}\nContent-Type: text/plain;application/json\n\n{json}",
        Stays(403),
    ),
    (
        "two types by a browser",
        "POST /x HTTP/1.1\nHost: {own}\n{mozilla}\nContent-Type: text/plain\nContent-Type: application/json\n\n{json}",
        Stays(403),
    ),
    ("no type by a browser", "POST {call} HTTP/1.1\nHost: {own}\n{mozilla}\n\nx", Stays(403)),
    (
        "no body by a browser",
        "POST {call} HTTP/1.1\nHost: {own}\n{mozilla}\nContent-Length: 0",
        Stays(403),
    ),
    (
        "an image by a browser",
        "POST {call} HTTP/1.1\nHost: {own}\n{mozilla}\nContent-Type: image/png\n\nx",
        Stays(403),
    ),
    (
        "an image by a program",
        "POST {call} HTTP/1.1\nHost: {own}\nContent-Type: image/png\n\nx",
        Runs,
    ),
    (
        "JSON and a call in the query by a browser",
        "POST {call} HTTP/1.1\nHost: {own}\n{mozilla}\nContent-Type: application/json\n\n{}",
        Stays(403),
    ),
    (
        "an upgrade",
        "GET {call} HTTP/1.1\nHost: {own}\nOrigin: http://evil.example\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13",
        Stays(403),
    ),
];

#[test]
fn only_get_and_post_run_code() {
    Try::with([]).all(METHODS);
}
