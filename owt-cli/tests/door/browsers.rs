//! What a browser's user types, follows or reloads, and what programs send, as GETs.

use crate::table::{Row, Runs, Stays, Try};

const GETS: &[Row] = &[
    ("curl", "GET {call} HTTP/1.1\nHost: {own}\nUser-Agent: curl/8.5.0\nAccept: */*", Runs),
    ("Python", "GET {call} HTTP/1.1\nHost: {own}\nUser-Agent: Python-urllib/3.11", Runs),
    (
        "Node's fetch",
        "GET {call} HTTP/1.1\nHost: {own}\nUser-Agent: node\nAccept: */*\nSec-Fetch-Mode: cors",
        Runs,
    ),
    ("own header", "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nCookie: a=b\nX-Owt: 1", Runs),
    (
        "own page",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nSec-Fetch-Site: same-origin\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: empty",
        Runs,
    ),
    (
        "own page's image",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nSec-Fetch-Site: same-origin\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: image",
        Runs,
    ),
    (
        "own page's origin",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nOrigin: http://{own}",
        Runs,
    ),
    (
        "own page's origin in capitals",
        "GET {call} HTTP/1.1\nHost: LOCALHOST:{port}\n{mozilla}\nOrigin: http://localhost:{port}",
        Runs,
    ),
    (
        "own page's referrer",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nReferer: http://{own}/a?b",
        Runs,
    ),
    (
        "typed",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/html,*/*\nSec-Fetch-Site: none\nSec-Fetch-Mode: navigate\nSec-Fetch-User: ?1\nSec-Fetch-Dest: document",
        Stays(200),
    ),
    (
        "typed, with a password in mind",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/html\n{basic}",
        Stays(200),
    ),
    (
        "not as a page",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: */*\nSec-Fetch-Site: none\nSec-Fetch-Mode: no-cors",
        Stays(403),
    ),
    (
        "typed as POST",
        "POST /x HTTP/1.1\nHost: {own}\n{mozilla}\nSec-Fetch-Site: none\nContent-Type: application/json\n\n{json}",
        Stays(403),
    ),
    ("a browser's name", "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}", Stays(403)),
    (
        "a browser's name inside",
        "GET {call} HTTP/1.1\nHost: {own}\nUser-Agent: x (mozilla/5.0)",
        Stays(403),
    ),
    ("a cookie", "GET {call} HTTP/1.1\nHost: {own}\nCookie: a=b", Stays(403)),
    (
        "a cookie that looks like consent",
        "GET {call} HTTP/1.1\nHost: {own}\nCookie: owt_run_0123456789abcdef=eA",
        Stays(403),
    ),
    ("a referrer", "GET {call} HTTP/1.1\nHost: {own}\nReferer: http://evil.example/", Stays(403)),
    (
        "a referrer like ours with a mark",
        "GET {call} HTTP/1.1\nHost: {own}\nSec-Fetch-Site: none\nReferer: http://{own}/",
        Stays(403),
    ),
    (
        "two referrers",
        "GET {call} HTTP/1.1\nHost: {own}\nReferer: http://{own}/\nReferer: http://evil.example/",
        Stays(403),
    ),
    ("a destination", "GET {call} HTTP/1.1\nHost: {own}\nSec-Fetch-Dest: image", Stays(403)),
    (
        "a made-up Bearer",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAuthorization: Bearer x",
        Stays(403),
    ),
    (
        "a landing page for everyone",
        "GET / HTTP/1.1\nHost: {own}\n{mozilla}\nSec-Fetch-Site: none",
        Stays(200),
    ),
];

#[test]
fn a_get_runs_only_what_somebody_meant() {
    Try::with([]).all(GETS);
}
