//! What a browser fetches before its user asks for it, or in place of us: service workers,
//! prefetched and prerendered pages, previews.

use crate::table::{Row, Runs, Stays, Try};

const WORKERS: &[Row] = &[
    (
        "a service worker",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nService-Worker: script\nSec-Fetch-Site: same-origin\nSec-Fetch-Mode: same-origin\nSec-Fetch-Dest: serviceworker",
        Stays(403),
    ),
    (
        "a service worker of a browser without Fetch Metadata",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nReferer: http://{own}/x\nService-Worker: script",
        Stays(403),
    ),
    (
        "a module of a service worker",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nSec-Fetch-Site: same-origin\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: serviceworker",
        Stays(403),
    ),
    (
        "a service worker that says it is meant",
        "GET {call} HTTP/1.1\nHost: {own}\nX-Owt: 1\nService-Worker: script",
        Stays(403),
    ),
    (
        "a service worker of an odd kind",
        "GET {call} HTTP/1.1\nHost: {own}\nX-Owt: 1\nService-Worker: Script, x",
        Stays(403),
    ),
    (
        "two destinations",
        "GET {call} HTTP/1.1\nHost: {own}\nX-Owt: 1\nSec-Fetch-Dest: script\nSec-Fetch-Dest: serviceworker",
        Stays(403),
    ),
    (
        "a service worker of our own file",
        "GET /_owt/owt.js HTTP/1.1\nHost: {own}\n{mozilla}\nService-Worker: script\nSec-Fetch-Site: same-origin",
        Stays(403),
    ),
    (
        "a service worker of the landing page",
        "GET / HTTP/1.1\nHost: {own}\n{mozilla}\nService-Worker: script\nSec-Fetch-Site: same-origin",
        Stays(403),
    ),
    (
        "a service worker by POST",
        "POST /x HTTP/1.1\nHost: {own}\nService-Worker: script\nContent-Type: application/json\n\n{json}",
        Stays(403),
    ),
    // These end with the pages that use them, and blob: URLs make them anyway.
    (
        "a worker of our own page",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nSec-Fetch-Site: same-origin\nSec-Fetch-Mode: same-origin\nSec-Fetch-Dest: worker",
        Runs,
    ),
    (
        "a shared worker of our own page",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nSec-Fetch-Site: same-origin\nSec-Fetch-Mode: same-origin\nSec-Fetch-Dest: sharedworker",
        Runs,
    ),
    (
        "a worker of another page",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: same-origin\nSec-Fetch-Dest: worker",
        Stays(403),
    ),
];

#[test]
fn nothing_answers_in_our_place() {
    Try::with([]).all(WORKERS);
}

const AHEAD: &[Row] = &[
    (
        "prefetched by the address bar",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/html\nSec-Fetch-Site: none\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\nSec-Purpose: prefetch",
        Stays(403),
    ),
    (
        "prerendered by the address bar",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/html\nSec-Fetch-Site: none\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\nSec-Purpose: prefetch;prerender\nPurpose: prefetch",
        Stays(403),
    ),
    (
        "prefetched by a proxy",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/html\nSec-Purpose: prefetch;anonymous-client-ip",
        Stays(403),
    ),
    (
        "prefetched by an old Chromium",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/html\nPurpose: prefetch",
        Stays(403),
    ),
    (
        "prefetched by Firefox",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/html\nX-Moz: prefetch",
        Stays(403),
    ),
    (
        "previewed by Safari",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/html\nX-Purpose: preview",
        Stays(403),
    ),
    (
        "previewed by Firefox",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/html\nSec-Fetch-Site: none\nX-Firefox-AI: 1",
        Stays(403),
    ),
    (
        "prefetched by another page",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/html\nSec-Fetch-Site: cross-site\nSec-Purpose: prefetch",
        Stays(403),
    ),
    (
        "prefetched by our own page, which may call",
        "GET {call} HTTP/1.1\nHost: {own}\n{mozilla}\nSec-Fetch-Site: same-origin\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: empty\nSec-Purpose: prefetch",
        Runs,
    ),
    (
        "the landing page, prefetched",
        "GET / HTTP/1.1\nHost: {own}\n{mozilla}\nAccept: text/html\nSec-Fetch-Site: none\nSec-Purpose: prefetch",
        Stays(200),
    ),
];

#[test]
fn what_is_fetched_ahead_asks_nobody_and_runs_nothing() {
    Try::with([]).all(AHEAD);
}
