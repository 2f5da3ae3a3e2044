//! What pages of other origins make a browser send, with the headers that it sends then.

use crate::table::{ALI, Row, Runs, Stays, Try};

const FOREIGN: &[Row] = &[
    (
        "image",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: image/avif,image/webp,*/*;q=0.8\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: image\nReferer: http://evil.example/",
        Stays(403),
    ),
    (
        "image without a referrer",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: */*\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: image",
        Stays(403),
    ),
    (
        "script",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: script",
        Stays(403),
    ),
    (
        "frame",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/html\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: iframe",
        Stays(403),
    ),
    (
        "link",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/html\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-User: ?1\nSec-Fetch-Dest: document",
        Stays(403),
    ),
    (
        "landing page by a link",
        "GET / HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/html\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document",
        Stays(403),
    ),
    (
        "form",
        "POST {call} HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: http://evil.example\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nContent-Type: application/x-www-form-urlencoded\n\n{form}",
        Stays(403),
    ),
    (
        "form of text",
        "POST {call} HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: http://evil.example\nSec-Fetch-Site: cross-site\nContent-Type: text/plain\n\nx",
        Stays(403),
    ),
    (
        "fetch",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: http://evil.example\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: empty",
        Stays(403),
    ),
    (
        "fetch without CORS",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: empty",
        Stays(403),
    ),
    (
        "fetch of JSON",
        "POST /x HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: http://evil.example\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: cors\nContent-Type: application/json\n\n{json}",
        Stays(403),
    ),
    (
        "EventSource",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/event-stream\nOrigin: http://evil.example\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: cors",
        Stays(403),
    ),
    (
        "WebSocket",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: http://evil.example\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13",
        Stays(403),
    ),
    (
        "preflight",
        "OPTIONS /x HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: http://evil.example\nAccess-Control-Request-Method: POST\nAccess-Control-Request-Headers: content-type\nAccess-Control-Request-Private-Network: true",
        Stays(403),
    ),
    (
        "another port of ours",
        "GET {call} HTTP/1.1\nHost: localhost:{port}\n{mozilla}\nOrigin: http://localhost:3000\nSec-Fetch-Site: same-site\nSec-Fetch-Mode: cors",
        Stays(403),
    ),
    (
        "image of another port of ours",
        "GET {call} HTTP/1.1\nHost: localhost:{port}\n{mozilla}\nSec-Fetch-Site: same-site\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: image",
        Stays(403),
    ),
    ("another scheme", "GET {call} HTTP/1.1\nHost: {own}\nOrigin: https://{own}", Stays(403)),
    (
        "no port where we have one",
        "GET {call} HTTP/1.1\nHost: {own}\nOrigin: http://127.0.0.1",
        Stays(403),
    ),
    (
        "another of our names",
        "GET {call} HTTP/1.1\nHost: 127.0.0.1:{port}\nOrigin: http://localhost:{port}",
        Stays(403),
    ),
    (
        "no origin at all",
        "POST /x HTTP/1.1\nHost: {own}\nOrigin: null\nContent-Type: application/json\n\n{json}",
        Stays(403),
    ),
    (
        "null from ourselves",
        "POST /x HTTP/1.1\nHost: {own}\nOrigin: null\nSec-Fetch-Site: same-origin\nContent-Type: application/json\n\n{json}",
        Stays(403),
    ),
    ("empty origin", "GET {call} HTTP/1.1\nHost: {own}\nOrigin: ", Stays(403)),
    (
        "two origins",
        "GET {call} HTTP/1.1\nHost: {own}\nOrigin: http://{own}\nOrigin: http://evil.example",
        Stays(403),
    ),
    (
        "a list of origins",
        "GET {call} HTTP/1.1\nHost: {own}\nOrigin: http://{own} http://evil.example",
        Stays(403),
    ),
    ("origin with a path", "GET {call} HTTP/1.1\nHost: {own}\nOrigin: http://{own}/", Stays(403)),
    ("origin with a user", "GET {call} HTTP/1.1\nHost: {own}\nOrigin: http://x@{own}", Stays(403)),
    (
        "an extension",
        "GET {call} HTTP/1.1\nHost: {own}\nOrigin: chrome-extension://abcdefgh",
        Stays(403),
    ),
    (
        "a site nobody knows",
        "GET {call} HTTP/1.1\nHost: {own}\nSec-Fetch-Site: near-by",
        Stays(403),
    ),
    (
        "two sites",
        "GET {call} HTTP/1.1\nHost: {own}\nSec-Fetch-Site: same-origin\nSec-Fetch-Site: cross-site",
        Stays(403),
    ),
    (
        "own header with a foreign origin",
        "GET {call} HTTP/1.1\nHost: {own}\nOrigin: http://evil.example\nX-Owt: 1",
        Stays(403),
    ),
    (
        "own header across sites",
        "GET {call} HTTP/1.1\nHost: {own}\nSec-Fetch-Site: cross-site\nX-Owt: 1",
        Stays(403),
    ),
];

#[test]
fn pages_of_other_origins_run_nothing() {
    Try::with([]).all(FOREIGN);
}

#[test]
fn a_remembered_password_helps_them_nothing() {
    let server = Try::with(["--auth", ALI, "--allow-host", "owt.lan"]);
    server.all(&[
        // Plain HTTP to a name on the network: browsers send no Sec-Fetch headers there.
        ("image", "GET {call} HTTP/1.1\nHost: owt.lan:{port}\n{mozilla}\nAccept: image/avif,*/*;q=0.8\n{basic}", Stays(403)),
        ("image with a referrer", "GET {call} HTTP/1.1\nHost: owt.lan:{port}\n{mozilla}\nAccept: image/avif,*/*;q=0.8\nReferer: http://evil.example/\n{basic}", Stays(403)),
        ("link", "GET {call} HTTP/1.1\nHost: owt.lan:{port}\n{mozilla}\nAccept: text/html\nReferer: http://evil.example/\n{basic}", Stays(200)),
        ("form", "POST {call} HTTP/1.1\nHost: owt.lan:{port}\n{mozilla}\nOrigin: http://evil.example\nContent-Type: text/plain\n{basic}\n\nx", Stays(403)),
        ("form without an origin", "POST {call} HTTP/1.1\nHost: owt.lan:{port}\n{mozilla}\nContent-Type: text/plain\n{basic}\n\nx", Stays(403)),
        ("own page", "GET {call} HTTP/1.1\nHost: owt.lan:{port}\n{mozilla}\nReferer: http://owt.lan:{port}/page\n{basic}", Runs),
        ("a page that looks like ours", "GET {call} HTTP/1.1\nHost: owt.lan:{port}\n{mozilla}\nReferer: http://owt.lan:{port}.evil.example/\n{basic}", Stays(403)),
        ("a page with our name as its user", "GET {call} HTTP/1.1\nHost: owt.lan:{port}\n{mozilla}\nReferer: http://owt.lan:{port}@evil.example/\n{basic}", Stays(403)),
        ("a page of another port", "GET {call} HTTP/1.1\nHost: owt.lan:{port}\n{mozilla}\nReferer: http://owt.lan:1/\n{basic}", Stays(403)),
        ("curl", "GET {call} HTTP/1.1\nHost: owt.lan:{port}\nUser-Agent: curl/8.5.0\n{basic}", Runs),
    ]);
}

#[test]
fn allowed_origins_run_what_they_send() {
    let server = Try::with([
        "--allow-origin",
        "https://app.example",
        "--allow-origin",
        "http://localhost:3000",
    ]);
    server.all(&[
        ("fetch", "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: https://app.example\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: cors", Runs),
        ("fetch of JSON", "POST /x HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: http://localhost:3000\nSec-Fetch-Site: same-site\nContent-Type: application/json\n\n{json}", Runs),
        ("form", "POST /x HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: https://app.example\nSec-Fetch-Site: cross-site\nContent-Type: application/x-www-form-urlencoded\n\n{form}", Runs),
        ("preflight", "OPTIONS /x HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: https://app.example\nSec-Fetch-Site: cross-site\nAccess-Control-Request-Method: POST", Stays(204)),
        ("image, which says no origin", "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors", Stays(403)),
        ("http for https", "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: http://app.example\nSec-Fetch-Site: cross-site", Stays(403)),
        ("another port", "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: https://app.example:8443", Stays(403)),
        ("below it", "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: https://x.app.example", Stays(403)),
        ("it as a beginning", "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: https://app.example.evil", Stays(403)),
        ("null", "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: null", Stays(403)),
        ("an evil name", "GET {call} HTTP/1.1\nHost: evil.example\n{mozilla}\nOrigin: https://app.example", Stays(403)),
    ]);
}
