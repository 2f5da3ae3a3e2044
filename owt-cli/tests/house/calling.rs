//! `owt call` against a real server: arguments, headers, keys, files.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use owt_testing::peer::{Peer, Then, whole};
use owt_testing::{Owt, Start};

/// A token of the servers here.
const TOKEN: &str = "a-token-of-these-tests";

/// `owt call` of that server, with nothing else from the environment.
fn call(owt: &Owt, args: &[&str]) -> Command {
    let mut command = Command::new(owt_testing::binary());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OWT_")) {
        command.env_remove(name);
    }
    command.arg("call").args(args).env("OWT_URL", &owt.url).stdin(Stdio::null());
    command
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What such a call printed.
fn printed(owt: &Owt, args: &[&str]) -> String {
    let output = call(owt, args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", told(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Files in a folder, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn arguments_by_name_arrive_as_they_were_typed() {
    let owt = Owt::start();
    let show = ["--code", "def run(**all): return all"];
    let with = |args: &[&str]| printed(&owt, &[&show[..], args].concat());
    assert_eq!(
        with(&["text=1 + 1", "n:=123456789012345678901", "none:=null", r#"{"x": "\ud83d\ude00"}"#]),
        r#"{"text":"1 + 1","n":123456789012345678901,"none":null,"x":"😀"}"#
    );
    assert_eq!(with(&["a=1", "--arg", "b", "(1, 2)"]), r#"{"a":"1","b":[1,2]}"#);
    assert_eq!(printed(&owt, &["--run", "f(math.sqrt)", "4"]), "2.0");
}

#[test]
fn headers_and_json_are_asked_for() {
    let owt = Owt::start();
    let show = "f(lambda: [request.headers.get(name) for name in ('X-Mine', 'Accept')])";
    assert_eq!(
        printed(&owt, &["--run", show, "-H", "X-Mine: it is", "--json"]),
        r#"["it is","application/json"]"#
    );
}

#[test]
fn a_token_is_typed_or_in_the_environment() {
    let owt = Start::new().args(["--token", TOKEN]).start();
    let run = ["--run", "f(lambda: request.user)"];
    let refused = call(&owt, &run).output().unwrap();
    assert!(!refused.status.success() && told(&refused).contains("401"), "{}", told(&refused));
    assert_eq!(printed(&owt, &[&run[..], &["--token", TOKEN]].concat()), "token");
    let by_environment = call(&owt, &run).env("OWT_TOKEN", TOKEN).output().unwrap();
    assert_eq!(by_environment.stdout, b"token", "{}", told(&by_environment));
    // Whom the URL names comes first.
    let wrong = owt.url.replacen("://", "://token:wrong-wrong-wrong@", 1);
    let named = call(&owt, &run).env("OWT_TOKEN", TOKEN).env("OWT_URL", wrong).output().unwrap();
    assert!(told(&named).contains("401"), "{}", told(&named));
    for (several, why) in [("auto", "auto is for owt serve"), ("one\ntwo", "several tokens")] {
        let refused = call(&owt, &run).env("OWT_TOKEN", several).output().unwrap();
        assert_eq!(refused.status.code(), Some(2));
        assert!(told(&refused).contains(why), "{}", told(&refused));
    }
}

#[test]
fn a_traceback_names_the_file_that_was_given() {
    let owt = Owt::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plot.py");
    std::fs::write(&file, "def run():\n    return 1 / 0\n").unwrap();
    let failed = call(&owt, &[file.to_str().unwrap()]).output().unwrap();
    assert_eq!(failed.status.code(), Some(1));
    assert!(told(&failed).contains("plot.py\", line 2"), "{}", told(&failed));
}

#[test]
fn an_answer_is_in_its_file_whole_or_not_at_all() {
    let owt = Owt::start();
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("answer"), folder.path().join("link"));
    let to = |path: &Path, code: &str| {
        call(&owt, &["--code", code, "-o", path.to_str().unwrap()]).output().unwrap()
    };
    std::fs::write(&file, "before").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let content = || std::fs::read_to_string(&file).unwrap();

    let cut = "def run():\n    yield 'half'\n    raise ValueError('no more')";
    assert_eq!(to(&file, cut).status.code(), Some(1));
    assert_eq!(
        (content().as_str(), names(folder.path())),
        ("before", strings(&["answer", "link"]))
    );

    // An error that the adaptor answers is shown.
    let gone = to(&file, "def run(): return 'gone', 410");
    assert_eq!((gone.status.code(), gone.stdout.as_slice()), (Some(1), b"gone".as_slice()));
    assert_eq!(content(), "before");

    // Through the link, which stays one.
    let whole = to(&link, "def run(): return 'whole'");
    assert!(whole.status.success() && whole.stdout.is_empty() && whole.stderr.is_empty());
    assert_eq!(content(), "whole");
    assert!(link.is_symlink());
    assert!(to(Path::new("/dev/null"), "def run(): return 1").status.success());

    let nowhere = to(&folder.path().join("no/such/file"), "def run(): return 1");
    assert!(told(&nowhere).contains("there is no such folder"), "{}", told(&nowhere));
}

#[test]
fn an_interrupted_call_leaves_no_half_file() {
    let owt = Owt::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answer");
    let mark = folder.path().join("mark");
    let endless = "import time\ndef run(mark):\n    yield 'first'\n    open(mark, 'w').close()\n    \
                   while True: time.sleep(0.005)";
    let mark_is = format!("mark={}", mark.display());
    let mut child = call(&owt, &["--code", endless, &mark_is, "-o", file.to_str().unwrap()])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !mark.exists() {
        std::thread::yield_now();
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(names(folder.path()), strings(&["mark"]));
}

#[test]
fn files_go_by_name_and_arguments_with_them() {
    let owt = Owt::start();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("a=b.txt"), "first").unwrap();
    std::fs::write(path("c.bin"), b"\xff\x00").unwrap();
    let (first, second) = (format!("one={}", path("a=b.txt")), format!("two={}", path("c.bin")));
    let code = "def run(n, two: bytes):\n    one = request.files['one']\n    \
                return [n, one.filename, one.read().decode(), list(two)]";
    // Longer than a URL may be.
    let code = format!("{code}\n# {}", "x".repeat(70_000));
    let source = path("code.py");
    std::fs::write(&source, code).unwrap();
    let args = [&source, "n:=3", "--file", &first, "--file", &second];
    let wanted = r#"[3,"a=b.txt","first",[255,0]]"#;
    assert_eq!(printed(&owt, &args), wanted);
    assert_eq!(printed(&owt, &[&args[..], &["--retries", "2"]].concat()), wanted);
}

#[test]
fn a_call_of_which_nothing_has_run_is_sent_again_as_often_as_it_is_asked_for() {
    let busy =
        r#"{"type": "/_owt/problems/busy", "title": "Full", "status": 503, "retry_after": 0}"#;
    let busy = whole("503 Full", &["Content-Type: application/problem+json"], busy);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    std::fs::write(&file, "these bytes").unwrap();
    let (data, file) = (file.display().to_string(), format!("a={}", file.display()));
    for sent in [&[][..], &["--data", &data], &["--file", &file]] {
        let answer = busy.clone();
        let peer = Peer::answering(move |_, nth| match nth {
            0 | 1 => (vec![answer.clone()], Then::Keep),
            _ => (vec![whole("200 OK", &[], "done")], Then::Keep),
        });
        let with = |retries: &str| {
            let args =
                [&["--code", "x", "--address", &peer.url, "--retries", retries], sent].concat();
            Command::new(owt_testing::binary()).arg("call").args(args).output().unwrap()
        };
        let once = with("0");
        assert_eq!((once.status.code(), peer.requests().len()), (Some(1), 1), "{}", told(&once));
        assert_eq!(with("1").stdout, b"done");
        let requests = peer.requests();
        assert_eq!(requests.len(), 3);
        assert_eq!(requests[1].body, requests[2].body);
        let holds = String::from_utf8_lossy(&requests[2].body).contains("these bytes");
        assert_eq!(holds, !sent.is_empty());
    }
}

#[test]
fn silence_and_connecting_have_limits() {
    let peer = Peer::saying("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", || Then::Silence);
    // It never speaks TLS.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let tls = format!("https://{}", listener.local_addr().unwrap());
    for (address, option, why) in [
        (&peer.url, "--idle-timeout", "has said nothing for 50ms"),
        (&tls, "--connect-timeout", "within 50ms"),
    ] {
        let args = ["call", "--code", "x", "--address", address, option, "0.05"];
        let output = Command::new(owt_testing::binary()).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(
            told(&output).contains(why) && told(&output).contains(address),
            "{}",
            told(&output)
        );
    }
}

/// Run in a pseudo-terminal, as Python's `pty` makes one.
#[test]
fn a_terminal_sees_how_far_a_long_transfer_is() {
    let owt = Owt::start();
    let folder = tempfile::tempdir().unwrap();
    let (file, enough) = (folder.path().join("answer"), folder.path().join("enough"));
    let slow = "import os, time\ndef run(enough):\n    while not os.path.exists(enough):\n        \
                yield b'x' * 65536\n        time.sleep(0.01)";
    let in_terminal = "import os, pty, sys\nenough = sys.argv[1]\nseen = b''\n\
        def read(fd):\n    global seen\n    data = os.read(fd, 4096)\n    seen += data\n    \
        if b'received ' in seen and b'MiB/s' in seen: open(enough, 'w').close()\n    return data\n\
        sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[2:], read)))";
    let enough_is = format!("enough={}", enough.display());
    let args = ["--code", slow, &enough_is, "-o", file.to_str().unwrap()];
    let inner = call(&owt, &args);
    let output = Command::new("python3")
        .args(["-c", in_terminal, enough.to_str().unwrap()])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env("OWT_URL", &owt.url)
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let seen = String::from_utf8_lossy(&output.stdout);
    assert!(seen.contains("received "), "{seen}");
    assert!(file.metadata().unwrap().len() > 0);
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}
