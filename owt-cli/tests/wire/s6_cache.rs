//! §6: what the cache keeps, for which key, and for how long.

use serde_json::json;

use owt_testing::{Answer, Folder, Owt, Sent, Start};

/// Counts its runs, and says which one it was.
fn counting(folder: &Folder) -> String {
    let path = folder.path("runs");
    format!(
        "import pathlib\nruns = pathlib.Path({path:?})\n\
         def run(*unnamed, **named):\n    with runs.open('a') as file: file.write('x')\n    \
         return f'run {{len(runs.read_text())}} {{unnamed}} {{named}}'\n\n\
         def other():\n    return run()\n"
    )
}

fn said(answer: &Answer) -> &'static str {
    let status = answer.header("cache-status");
    let words: Vec<_> = status.split(';').map(str::trim).collect();
    match words.as_slice() {
        [] | [""] => "nothing",
        ["owt", rest @ ..] if rest.contains(&"hit") => "hit",
        ["owt", rest @ ..] if rest.contains(&"collapsed") => "collapsed",
        ["owt", rest @ ..] if rest.iter().any(|word| word.starts_with("fwd=")) => "miss",
        _ => panic!("no Cache-Status as RFC 9211 has it: {status:?}"),
    }
}

#[track_caller]
fn runs_anew(call: &Sent, path: &str) {
    let answer = call.post(path);
    assert_eq!((answer.status, said(&answer)), (200, "miss"), "{}", answer.text());
}

#[track_caller]
fn is_kept(call: &Sent, path: &str, wanted: &str) {
    let answer = call.post(path);
    assert_eq!((answer.text(), said(&answer)), (wanted, "hit"));
}

#[test]
fn it_is_off_unless_asked_for() {
    let owt = Owt::start();
    let folder = Folder::new();
    let call =
        owt.code(&counting(&folder)).field("cache_kwargs", true).field("cache_key_override", "k");
    for call in [call.clone(), call.field("use_cache", false)] {
        let before = folder.marks("runs");
        for n in 1..=3 {
            let answer = call.post("/");
            assert_eq!(said(&answer), "nothing");
            assert!(answer.ok().starts_with(&format!("run {} ", before + n)));
        }
    }
}

#[test]
fn a_result_is_kept_and_reused() {
    let owt = Owt::start();
    let folder = Folder::new();
    let call = owt.code(&counting(&folder)).field("use_cache", true);
    runs_anew(&call, "/a");
    for _ in 0..3 {
        is_kept(&call, "/a", "run 1 () {}");
        assert_eq!(said(&call.get("/a")), "hit");
    }
    assert_eq!(folder.marks("runs"), 1);
    // The shells' way of saying true.
    assert_eq!(said(&call.field("use_cache", "True").post("/a")), "hit");
}

#[test]
fn path_code_and_fn_name_make_the_key() {
    let owt = Owt::start();
    let folder = Folder::new();
    let code = counting(&folder);
    let call = owt.code(&code).field("use_cache", true);
    runs_anew(&call, "/a");
    runs_anew(&call, "/b");
    runs_anew(&call, "/a/");
    runs_anew(&call.clone().field("fn_name", "other"), "/a");
    runs_anew(&owt.code(&format!("{code}# other code\n")).field("use_cache", true), "/a");
    assert_eq!(folder.marks("runs"), 5);
    is_kept(&call, "/a", "run 1 () {}");
    is_kept(&call, "/b", "run 2 () {}");
    // `run` is the default.
    is_kept(&call.clone().field("fn_name", "run"), "/a", "run 1 () {}");
    // No other field of a call is in the key.
    let other = call.clone().field("timeout", 30).field("code_name", "x.py");
    is_kept(&other, "/a", "run 1 () {}");
    assert_eq!(said(&other.get("/a")), "hit");
}

#[test]
fn arguments_are_in_the_key_only_with_cache_kwargs() {
    let owt = Owt::start();
    let folder = Folder::new();
    let call = owt.code(&counting(&folder)).field("use_cache", true);
    runs_anew(&call.clone().kwargs("{'a': 1}"), "/");
    is_kept(&call.clone().kwargs("{'a': 2}"), "/", "run 1 () {'a': 1}");
    is_kept(&call, "/", "run 1 () {'a': 1}");
    let call = call.field("cache_kwargs", true);
    runs_anew(&call.clone().kwargs("{'a': 1}"), "/kwargs");
    runs_anew(&call.clone().kwargs("{'a': 2}"), "/kwargs");
    runs_anew(&call, "/kwargs");
    is_kept(&call.clone().kwargs("{'a': 1}"), "/kwargs", "run 2 () {'a': 1}");
    is_kept(&call.clone().kwargs("{'a': 2}"), "/kwargs", "run 3 () {'a': 2}");
    is_kept(&call, "/kwargs", "run 4 () {}");
}

#[test]
fn each_form_of_a_result_is_kept_for_itself() {
    let owt = Owt::start();
    let folder = Folder::new();
    let path = folder.path("runs");
    let code = format!(
        "import pathlib\nruns = pathlib.Path({path:?})\n\
         def run():\n    with runs.open('a') as file: file.write('x')\n    \
         return [{{'run': len(runs.read_text())}}]\n"
    );
    let json = (r#"[{"run":1}]"#, "application/json");
    for (runs, call) in [
        owt.code(&code).field("use_cache", true),
        owt.code(&code).field("use_cache", true).field("cache_key_override", "mine"),
    ]
    .into_iter()
    .enumerate()
    {
        let number = |nth: usize| runs * 3 + nth;
        let asked = |path: &str, accept: Option<&str>, nth: usize, kept: &str, csv: bool| {
            let posting = call.posting(path);
            let posting = match accept {
                Some(accept) => posting.header("accept", accept),
                None => posting,
            };
            let answer = Answer::of(posting.send().unwrap());
            let media = if csv { "text/csv" } else { json.1 };
            let body = match csv {
                true => format!("run\n{}\n", number(nth)),
                false => json.0.replace('1', &number(nth).to_string()),
            };
            assert!(answer.header("content-type").starts_with(media), "{path} {accept:?}");
            assert_eq!((answer.text(), said(&answer)), (&*body, kept), "{path} {accept:?}");
        };
        asked("/", None, 1, "miss", false);
        asked("/", Some("*/*"), 1, "hit", false);
        asked("/", Some("text/csv"), 2, "miss", true);
        asked("/", Some("text/csv"), 2, "hit", true);
        asked("/", None, 1, "hit", false);
        asked("/?format=csv", None, 3, "miss", true);
        asked("/?format=csv", Some("*/*"), 3, "hit", true);
        asked("/", None, 1, "hit", false);
        // What cannot be given is no result to keep, and none that is kept is given instead.
        let refused = call.posting("/").header("accept", "image/png").send().unwrap();
        assert_eq!(Answer::of(refused).status, 406);
        std::fs::write(&path, "x".repeat(number(3))).unwrap();
    }
}

#[test]
fn an_override_is_the_whole_key() {
    let owt = Owt::start();
    let folder = Folder::new();
    let code = counting(&folder);
    let keyed = |code: &str, key: &str| {
        owt.code(code)
            .field("use_cache", true)
            .field("cache_kwargs", true)
            .field("cache_key_override", key)
    };
    runs_anew(&keyed(&code, "mine").kwargs("{'a': 1}"), "/a");
    let other = format!("{code}# other code\n");
    for call in [
        keyed(&code, "mine"),
        keyed(&code, "mine").kwargs("{'a': 2}"),
        keyed(&code, "mine").field("fn_name", "other"),
        keyed(&other, "mine"),
        keyed("lambda: 'something else'", "mine"),
    ] {
        is_kept(&call, "/a", "run 1 () {'a': 1}");
        is_kept(&call, "/elsewhere", "run 1 () {'a': 1}");
    }
    runs_anew(&keyed(&code, "Mine"), "/a");
    runs_anew(&keyed(&code, "mine ").kwargs("{'a': 1}"), "/a");
    // A key is never that of a call without one.
    runs_anew(&owt.code(&code).field("use_cache", true), "/a");
}

#[test]
fn the_whole_answer_is_kept_status_headers_and_bytes() {
    let owt = Owt::start();
    let folder = Folder::new();
    let file = folder.write("page.txt", "of a file");
    for code in [
        "lambda: (bytes(range(256)) * 50, 203, {'X-Mine': 'yes', 'Content-Type': 'image/x-mine'})"
            .to_owned(),
        "lambda: {'n': 1}".to_owned(),
        "lambda: None".to_owned(),
        "lambda: (iter(['a', {'b': 1}, b'c']), 200, {'X-Mine': 'yes'})".to_owned(),
        "async def run():\n    for n in range(500):\n        yield f'{n}\\n' * 100\n".to_owned(),
        "import flask\ndef run(): return flask.Response('x', headers={'X-Mine': 'flask'})"
            .to_owned(),
        format!("lambda: pathlib.Path({file:?})"),
        "async def run(): return 'async'".to_owned(),
    ] {
        let call = owt.code(&code).field("use_cache", true);
        let (first, second) = (call.post("/"), call.post("/"));
        assert_eq!((said(&first), said(&second)), ("miss", "hit"), "{code}");
        assert_eq!(first.status, second.status, "{code}");
        assert!(first.body == second.body, "{code}");
        for header in ["content-type", "x-mine", "transfer-encoding"] {
            assert_eq!(first.header(header), second.header(header), "{header} of {code}");
        }
        // Each request keeps its own id.
        assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    }
}

#[test]
fn a_file_that_has_changed_since_is_not_the_kept_result() {
    let owt = Owt::start();
    let folder = Folder::new();
    let code = format!(
        "import pathlib
def run(text):
    out = pathlib.Path({:?})
    out.write_text(text)
    return out
",
        folder.path("out.txt")
    );
    let call = owt.code(&code).field("use_cache", true).field("cache_kwargs", true);
    // As an adaptor does that has one output file for all its calls.
    for text in ["a", "b", "a", "c", "b", "a"] {
        assert_eq!(call.clone().kwargs(&format!("{{'text': '{text}'}}")).post("/").ok(), text);
    }
    std::fs::remove_file(folder.path("out.txt")).unwrap();
    assert_eq!(call.kwargs("{'text': 'a'}").post("/").ok(), "a");
}

#[test]
fn a_kept_file_has_ranges_too() {
    let owt = Owt::start();
    let folder = Folder::new();
    let file = folder.write("digits.txt", "0123456789");
    let call = owt.code(&format!("lambda: pathlib.Path({file:?})")).field("use_cache", true);
    let part = || Answer::of(call.getting("/").header("range", "bytes=2-4").send().unwrap());
    for _ in 0..2 {
        assert_eq!((part().status, part().text()), (206, "234"));
    }
    assert_eq!(call.get("/").ok(), "0123456789");
}

#[test]
fn only_successes_are_kept() {
    let owt = Owt::start();
    let folder = Folder::new();
    let path = folder.path("runs");
    for (number, (failure, status)) in [
        ("raise ValueError('not yet')", 500),
        ("return 'not yet', 404", 404),
        ("return 'not yet', 503, {'Retry-After': '1'}", 503),
        ("return object()", 500),
        ("import sys; sys.exit(1)", 500),
    ]
    .into_iter()
    .enumerate()
    {
        let code = format!(
            "import pathlib\nruns = pathlib.Path('{}{number}')\ndef run():\n    \
             with runs.open('a') as file: file.write('x')\n    \
             if len(runs.read_text()) < 3:\n        {failure}\n    return 'well'\n",
            path.to_str().unwrap()
        );
        let call = owt.code(&code).field("use_cache", true);
        for _ in 0..2 {
            let answer = call.post("/");
            assert_eq!((answer.status, said(&answer)), (status, "miss"), "{failure}");
            let status = answer.header("cache-status");
            assert!(!status.contains("stored"), "it was not stored: {status} ({failure})");
        }
        runs_anew(&call, "/");
        is_kept(&call, "/", "well");
    }
}

#[test]
fn a_stream_that_fails_is_not_kept() {
    let owt = Owt::start();
    let folder = Folder::new();
    for head in ["def", "async def"] {
        let name = head.replace(' ', "");
        let code = format!(
            "import pathlib
runs = pathlib.Path({:?})
{head} run():
    with runs.open('a') as file: file.write('x')
    yield 'begun'
    if len(runs.read_text()) == 1: raise ValueError('in the middle')
    yield ' and ended'
",
            folder.path(&name)
        );
        let call = owt.code(&code).field("use_cache", true);
        let response = call.posting("/").send().unwrap();
        assert!(response.bytes().is_err(), "it is cut");
        runs_anew(&call, "/");
        is_kept(&call, "/", "begun and ended");
        assert_eq!(folder.marks(&name), 2);
    }
}

#[test]
fn a_call_that_is_refused_is_not_kept() {
    let owt = Owt::start();
    let call = owt.code("def run(name): return name").field("use_cache", true);
    call.clone().field("fn_name", "none").post("/").refused(422, "not-runnable");
    call.post("/").refused(400, "malformed-call");
    assert_eq!(call.clone().kwargs("{'name': 'x'}").post("/").ok(), "x");
    assert_eq!(call.post("/").ok(), "x", "and kept from then on");
}

#[test]
fn it_lives_as_long_as_the_server() {
    let folder = Folder::new();
    let code = counting(&folder);
    for wanted in 1..=2 {
        let owt = Owt::start();
        let call = owt.code(&code).field("use_cache", true).field("cache_key_override", "k");
        runs_anew(&call, "/");
        is_kept(&call, "/", &format!("run {wanted} () {{}}"));
    }
}

#[test]
fn it_is_bounded_in_bytes() {
    const EACH: usize = 60_000;
    let owt = Start::new().args(["--cache-bytes", "250000"]).start();
    let call = owt.code(&format!("def run(): return b'x' * {EACH}\n")).field("use_cache", true);
    let kept = |n: usize| said(&call.clone().post(&format!("/{n}"))) == "hit";
    for n in 0..100 {
        kept(n);
    }
    // Asked in the order in which they were made, so that asking drops none that is still to come.
    let bytes = (0..100).rev().filter(|n| kept(*n)).count() * EACH;
    assert!(bytes <= 250_000, "{bytes} bytes were kept");
    // It does keep.
    runs_anew(&owt.code("lambda: 'small'").field("use_cache", true), "/small");
    is_kept(&owt.code("lambda: 'small'").field("use_cache", true), "/small", "small");
}

#[test]
fn a_result_larger_than_the_bound_is_passed_on() {
    let owt = Start::new().args(["--cache-bytes", "100000"]).start();
    for code in [
        "def run(): return b'x' * 300_000\n",
        "def run():\n    for _ in range(300): yield b'x' * 1000\n",
        "async def run():\n    for _ in range(300): yield b'x' * 1000\n",
    ] {
        let call = owt.code(code).field("use_cache", true);
        for _ in 0..2 {
            let answer = call.post("/");
            assert_eq!((answer.status, answer.body.len()), (200, 300_000), "{code}");
            assert_eq!(said(&answer), "miss", "{code}");
        }
    }
    let small = owt.code("lambda: {'a': 1}").field("use_cache", true);
    runs_anew(&small, "/");
    assert_eq!(small.post("/").json(), json!({"a": 1}));
}

#[test]
fn what_the_adaptor_is_sent_beside_the_call_belongs_to_the_key() {
    let owt = Owt::start();
    let folder = Folder::new();
    let call = owt.code(&counting(&folder)).field("use_cache", true);
    let answers = [
        call.post("/a"),
        call.post("/a?x=1"),
        call.post("/a?x=2"),
        call.clone().field("who", "ali").post("/a"),
        call.clone().field("who", "bob").post("/a"),
        call.clone().field("who", "bob").post("/a?x=1"),
    ];
    for answer in &answers {
        assert_eq!(said(answer), "miss", "{}", answer.text());
    }
    assert_eq!(folder.marks("runs"), answers.len());
    is_kept(&call, "/a", "run 1 () {}");
    is_kept(&call, "/a?x=1", "run 2 () {}");
    is_kept(&call.clone().field("who", "bob"), "/a", "run 5 () {}");
    // The call in the query: other fields, and data.
    let data = |path: &str, content_type: &str, data: &[u8]| {
        Answer::of(call.posting_data(path, content_type, data.to_vec()).send().unwrap())
    };
    let large = vec![b'x'; 1 << 20];
    let mut other = large.clone();
    other[1 << 19] = b'y';
    for (content_type, body) in [
        ("text/plain", &b"one"[..]),
        ("text/plain", b"two"),
        ("text/csv", b"one"),
        ("application/json", b"{\"kwargs\": 1}"),
        ("application/json", b"{\"kwargs\": 2}"),
        ("application/octet-stream", &large),
        ("application/octet-stream", &other),
    ] {
        let answers = [(); 2].map(|()| data("/a", content_type, body));
        assert_eq!(answers.each_ref().map(said), ["miss", "hit"], "{content_type}");
    }
    let get = |path: &str| call.get(path);
    assert_eq!(said(&get("/a")), "hit", "as a POST of nothing else");
    let query: Vec<_> = call.text_fields().into_iter().chain([("x".into(), "3".into())]).collect();
    let asked = || Answer::of(owt.request("GET", "/a").query(&query).send().unwrap());
    assert_eq!([asked(), asked()].each_ref().map(said), ["miss", "hit"]);
    // A key of the caller's own is the key.
    let own = call.field("cache_key_override", "mine");
    runs_anew(&own, "/a?x=1");
    assert_eq!(said(&own.clone().field("who", "ali").post("/b?x=2")), "hit");
}

#[test]
fn answers_for_one_client_are_not_kept() {
    let owt = Owt::start();
    for (name, value, is_kept) in [
        ("Set-Cookie", "session=1", false),
        ("set-cookie", "session=1", false),
        ("Cache-Control", "private", false),
        ("Cache-Control", "max-age=60, Private", false),
        ("Cache-Control", "private=\"X-User\"", false),
        ("Cache-Control", "no-store", false),
        ("Cache-Control", "public, max-age=60", true),
        ("X-Private", "no-store", true),
    ] {
        for body in ["return f'run {n}'", "yield f'run {n}'"] {
            let folder = Folder::new();
            let path = folder.path("runs");
            let headers = format!("{{{name:?}: {value:?}}}");
            let body = match body.strip_prefix("yield") {
                Some(value) => format!("return stream([{value}]), {headers}"),
                None => format!("{body}, {headers}"),
            };
            let code = format!(
                "import pathlib\nruns = pathlib.Path({path:?})\n\
                 def run():\n    with runs.open('a') as file: file.write('x')\n    \
                 n = len(runs.read_text())\n    {body}\n"
            );
            let call = owt.code(&code).field("use_cache", true);
            let answers = [call.post("/"), call.post("/")];
            let wanted = if is_kept { ["run 1", "run 1"] } else { ["run 1", "run 2"] };
            assert_eq!(answers.each_ref().map(Answer::ok), wanted, "{name}: {value}");
            let stored = answers[0].header("cache-status").contains("stored");
            assert_eq!(stored, is_kept, "{name}: {value}");
            assert_eq!(said(&answers[1]), if is_kept { "hit" } else { "miss" });
        }
    }
}
