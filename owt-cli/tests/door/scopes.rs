//! A key with the scope `probe` reaches the server's own pages that run nothing, and no call.

use owt_testing::raw::Raw;

use crate::routes::paths;
use crate::table::{ALI, Row, Runs, Stays, Try};
use owt_testing::{Answer, Folder, Owt, Start, b64};

const PROBE: &str = "probe-0123456789-token";
const RUN: &str = "runs-0123456789-token";

const ROWS: &[Row] = &[
    ("health", "GET /_owt/livez HTTP/1.1\nHost: {own}\n{basic}", Stays(200)),
    ("the page at /", "GET / HTTP/1.1\nHost: {own}\n{basic}", Stays(200)),
    ("its head", "HEAD / HTTP/1.1\nHost: {own}\n{basic}", Stays(200)),
    ("its arguments", "GET /?a=b HTTP/1.1\nHost: {own}\n{basic}", Stays(200)),
    ("no key", "GET /_owt/livez HTTP/1.1\nHost: {own}", Stays(401)),
    ("a call", "GET {call} HTTP/1.1\nHost: {own}\n{basic}", Stays(403)),
    ("a call that is meant", "GET {call} HTTP/1.1\nHost: {own}\n{basic}\nX-Owt: 1", Stays(403)),
    (
        "a call that a person opens",
        "GET {call} HTTP/1.1\nHost: {own}\n{basic}\n{mozilla}\nSec-Fetch-Site: none\n\
         Sec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\nSec-Fetch-User: ?1",
        Stays(403),
    ),
    ("half a call", "GET /?code_b64= HTTP/1.1\nHost: {own}\n{basic}", Stays(403)),
    ("another path", "GET /x HTTP/1.1\nHost: {own}\n{basic}", Stays(403)),
    (
        "JSON",
        "POST /x HTTP/1.1\nHost: {own}\n{basic}\nContent-Type: application/json\n\n{json}",
        Stays(403),
    ),
    (
        "JSON at /",
        "POST / HTTP/1.1\nHost: {own}\n{basic}\nContent-Type: application/json\n\n{json}",
        Stays(403),
    ),
    (
        "a form",
        "POST /x HTTP/1.1\nHost: {own}\n{basic}\nX-Owt: 1\n\
         Content-Type: application/x-www-form-urlencoded\n\n{form}",
        Stays(403),
    ),
    ("data", "POST {call} HTTP/1.1\nHost: {own}\n{basic}\nX-Owt: 1\n\nx", Stays(403)),
    (
        "a yes",
        "POST /_owt/run HTTP/1.1\nHost: {own}\n{basic}\nX-Owt: 1\n\
         Content-Type: application/x-www-form-urlencoded\n\nurl=/x&remember=on",
        Stays(403),
    ),
];

#[test]
fn a_password_for_probes_runs_nothing() {
    Try::with(["--auth", &format!("{ALI}:probe")]).all(ROWS);
    let call: &[Row] = &[("the scope run", "GET {call} HTTP/1.1\nHost: {own}\n{basic}", Runs)];
    Try::with(["--auth", &format!("{ALI}:run")]).all(call);
}

fn with_tokens(folder: &Folder) -> Owt {
    let tokens = format!("prometheus:{PROBE}:probe\nprometheus:{RUN} : run\n");
    let tokens = folder.write("tokens", tokens);
    Start::new().args(["--auth", ALI, "--token-file", tokens.to_str().unwrap()]).start()
}

#[test]
fn a_token_for_probes_runs_nothing_and_is_told_so() {
    let folder = Folder::new();
    let owt = with_tokens(&folder);
    let call = owt.code(&format!("{}\ndef run(): return 'ran'", folder.mark("ran")));
    for request in [call.posting("/x"), call.getting("/x"), call.getting("/")] {
        let answer = Answer::of(request.bearer_auth(PROBE).send().unwrap());
        let problem = answer.refused(403, "insufficient-scope");
        assert!(problem["detail"].as_str().unwrap().contains("`run`"), "{problem}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains("error=\"insufficient_scope\", scope=\"run\""), "{challenge}");
    }
    assert_eq!(folder.marks("ran"), 0);
    let answer = Answer::of(call.posting("/x").bearer_auth(RUN).send().unwrap());
    assert_eq!(answer.ok(), "ran");
}

#[test]
fn every_page_of_the_servers_own_that_is_about_no_calls_is_for_probes() {
    let folder = Folder::new();
    let owt = with_tokens(&folder);
    let status = |path: &str, token| {
        owt.request("GET", path).bearer_auth(token).send().unwrap().status().as_u16()
    };
    let own: Vec<_> = paths(&owt).into_iter().filter(|path| path.starts_with("/_owt/")).collect();
    for path in own {
        // What other users call is theirs who call too.
        let of_calls = ["/_owt/adaptors", "/_owt/functions", "/_owt/openapi.json"];
        let is_of_calls = of_calls.contains(&path.as_str());
        let wanted = if is_of_calls { 403 } else { status(&path, RUN) };
        assert_eq!(status(&path, PROBE), wanted, "{path}");
    }
}

#[test]
fn a_body_that_comes_with_a_key_for_probes_is_not_waited_for() {
    let folder = Folder::new();
    let owt = with_tokens(&folder);
    let code = b64("def run(): return 1");
    for (method, path) in [("POST", "/x"), ("GET", "/"), ("GET", &*format!("/?code_b64={code}"))] {
        let mut raw = Raw::send(
            &owt,
            format!(
                "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {PROBE}\r\n\
                 Content-Length: 1000000\r\n\r\n",
                owt.address()
            ),
        );
        let wanted = if path == "/" { 200 } else { 403 };
        assert_eq!(raw.head().0, wanted, "{method} {path}");
    }
}
