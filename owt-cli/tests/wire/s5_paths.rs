//! §5: the path and the headers of a request as they came, byte for byte.

use serde_json::{Value, json};

use owt_testing::raw::Raw;
use owt_testing::{Folder, Owt, Sent};

/// The JSON that a GET of exactly that path is answered with.
fn told(owt: &Owt, call: &Sent, path: &str) -> Value {
    let mut raw = Raw::get(owt, call, path, &[]);
    let (status, _, body) = raw.answer();
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

const PATHS: &[(&str, &str, &[&str])] = &[
    // As it came, `request.path`, `path()`.
    ("/files/a%2Fb/c", "/files/a/b/c", &["files", "a/b", "c"]),
    ("/a%2fb", "/a/b", &["a/b"]),
    ("/%2F", "/", &["/"]),
    ("/a%252Fb", "/a%2Fb", &["a%2Fb"]),
    ("/%2e%2e/%2E/a", "/.././a", &["..", ".", "a"]),
    ("/a/../b", "/a/../b", &["a", "..", "b"]),
    ("/a%00b", "/a\0b", &["a\0b"]),
    ("/100%/%zz/%4", "/100%/%zz/%4", &["100%", "%zz", "%4"]),
    ("/a+b%20c%2Bd", "/a+b c+d", &["a+b c+d"]),
    ("/%ff/caf%E9", "/\u{fffd}/caf\u{fffd}", &["\u{fffd}", "caf\u{fffd}"]),
    ("/gr%C3%B6%C3%9Fe", "/größe", &["größe"]),
    ("//a///b/", "/a///b/", &["a", "b"]),
    ("/a%3Fb%23c;d=e,f", "/a?b#c;d=e,f", &["a?b#c;d=e,f"]),
    ("/%5Fowt/owt.js", "/_owt/owt.js", &["_owt", "owt.js"]),
    ("/", "/", &[]),
];

#[test]
fn an_encoded_slash_is_data() {
    let owt = Owt::start();
    let parts = owt.code("pipe().path()");
    let request = owt.code(
        "lambda: [request.path, request.raw_path, request.base_url, request.url, request.full_path]",
    );
    for (came, path, wanted) in PATHS {
        assert_eq!(told(&owt, &parts, came), json!(wanted), "{came}");
        let seen = told(&owt, &request, came);
        let base = format!("{}{came}", owt.url);
        assert_eq!((&seen[0], &seen[1]), (&json!(path), &json!(came)), "{came}");
        assert_eq!(seen[2], base, "{came}");
        assert!(seen[3].as_str().unwrap().starts_with(&format!("{base}?code_b64=")), "{came}");
        assert!(seen[4].as_str().unwrap().starts_with(&format!("{came}?code_b64=")), "{came}");
    }
}

#[test]
fn flask_has_the_path_that_owt_has_and_its_bytes() {
    let owt = Owt::start();
    let call = owt.code(
        "import flask
def run():
    environ = flask.request.environ
    raw = environ['REQUEST_URI'].partition('?')[0]
    return [flask.request.path, raw, list(environ['PATH_INFO'].encode('latin-1'))]
",
    );
    for (came, path, _) in PATHS {
        let seen = told(&owt, &call, came);
        assert_eq!((&seen[0], &seen[1]), (&json!(path), &json!(came)));
        if came.starts_with("/%ff") {
            assert_eq!(seen[2], json!(b"/\xff/caf\xe9"));
        }
    }
}

#[test]
fn an_encoded_slash_opens_nothing_outside() {
    let owt = Owt::start();
    let folder = Folder::new();
    std::fs::create_dir(folder.path("root")).unwrap();
    folder.write("secret", "secret");
    folder.write("root/inside", "inside");
    let root = folder.path("root");
    let call = owt.code(&format!("pipe().path().open({root:?}).bytes()"));
    let get = |path: &str| Raw::get(&owt, &call, path, &[]).answer();
    assert_eq!(get("/inside").2, "inside");
    assert_eq!(get("/x%2F..%2Finside").0, 200, "it stays inside");
    let absolute = folder.path("secret").to_str().unwrap().replace('/', "%2F");
    for path in
        ["/..%2Fsecret", "/%2e%2e/secret", "/x/%2E%2E%2F%2E%2E/secret", &format!("/{absolute}")]
    {
        let (status, _, body) = get(path);
        assert_eq!(status, 500, "{path}: {body}");
        assert!(body.contains("PermissionError"), "{path}: {body}");
    }
}

#[test]
fn paths_that_differ_in_a_slash_are_cached_apart() {
    let owt = Owt::start();
    let call = owt.code("pipe().path()").field("use_cache", true);
    for _ in 0..2 {
        assert_eq!(told(&owt, &call, "/a/b"), json!(["a", "b"]));
        assert_eq!(told(&owt, &call, "/a%2Fb"), json!(["a/b"]));
    }
}

/// GETs a call with that header line, whose bytes need not be text.
fn with_header(owt: &Owt, call: &Sent, line: &[u8]) -> Value {
    let mut request = Raw::request(owt, call, "/", "HTTP/1.1", &[]).into_bytes();
    request.truncate(request.len() - 2);
    request.extend([line, b"\r\n\r\n"].concat());
    let (status, _, body) = Raw::send(owt, request).answer();
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[test]
fn a_header_that_is_no_utf8_arrives_as_latin1() {
    let owt = Owt::start();
    let code = "
import flask
from owt import request
def run():
    return [request.headers['X-Mine'], flask.request.headers['X-Mine'],
            list(flask.request.environ['HTTP_X_MINE'].encode('latin-1'))]
";
    let call = owt.code(code);
    for (bytes, owts, flasks) in [
        (&b"caf\xe9"[..], "café", "café"),
        (b"\xe4\xff\x80", "äÿ\u{80}", "äÿ\u{80}"),
        (b"half \xc3", "half Ã", "half Ã"),
        ("größe €".as_bytes(), "größe €", "grÃ¶Ã\u{9f}e â\u{82}¬"),
        (b"plain", "plain", "plain"),
    ] {
        let seen = with_header(&owt, &call, &[b"X-Mine: ", bytes].concat());
        assert_eq!(seen, json!([owts, flasks, bytes]), "{owts}");
    }
    // Wherever else it is read.
    let cookies = owt.code("lambda: request.cookies.to_dict()");
    assert_eq!(with_header(&owt, &cookies, b"Cookie: a=caf\xe9; b=2\r\nX-Owt: 1")["a"], "café");
}

#[test]
fn a_header_of_an_answer_is_latin1() {
    let owt = Owt::start();
    for code in [
        "lambda: ('x', {'X-Mine': 'café ÿ', 'Content-Type': 'text/plain; name=\"é\"'})",
        "import flask
def run(): return flask.Response('x', headers={'X-Mine': 'café ÿ'}, content_type='text/plain; name=\"é\"')
",
    ] {
        let answer = owt.code(code).post("/");
        assert_eq!(answer.headers["x-mine"].as_bytes(), b"caf\xe9 \xff", "{code}");
        assert!(answer.headers["content-type"].as_bytes().ends_with(b"name=\"\xe9\""), "{code}");
    }
    for text in ["5 €", "日本", r"\udce9"] {
        let code = format!("lambda: ('x', {{'X-Mine': '{text}'}})");
        let problem = owt.code(&code).post("/").refused(500, "unrenderable");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("X-Mine") && detail.contains("Latin-1"), "{detail}");
    }
    let (status, headers) =
        Raw::get(&owt, &owt.code("lambda: redirect('/größe')"), "/", &[]).head();
    assert_eq!(status, 302);
    assert!(headers.contains("location: /gr%c3%b6%c3%9fe\n"), "{headers}");
}
