//! A Unix socket: for its owner only, and never another's.

use std::io::Read;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use owt_testing::{Answer, Folder, PATIENCE, Start, b64};
use reqwest::blocking::{Client, Response};
use serde_json::json;

use super::listening::refused;

fn send(socket: &Path, code: &str) -> Response {
    let client = Client::builder().timeout(PATIENCE).unix_socket(socket).build().unwrap();
    let fields = json!({ "code_b64": b64(code) });
    client.post("http://localhost/").json(&fields).send().unwrap()
}

fn call(socket: &Path, code: &str) -> Answer {
    Answer::of(send(socket, code))
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

/// The exit status and standard error of a server that does not listen there.
fn refused_at(socket: &Path) -> (Option<i32>, String) {
    refused(&["--unix", socket.to_str().unwrap()])
}

#[test]
fn a_call_goes_through_a_socket_that_only_its_owner_can_open() {
    let folder = Folder::new();
    let socket = folder.path("made/here/owt");
    let mut owt = Start::new().unix(&socket).start();
    assert_eq!(owt.url, format!("unix:{}", socket.display()));
    assert_eq!(mode(socket.parent().unwrap()), 0o700);
    assert_eq!(mode(&socket), 0o600);
    let code = "def run():\n    server = Server.sing()\n    \
                return [server.address, server.port, request.scheme]";
    assert_eq!(call(&socket, code).json(), json!([owt.url, 0, "http"]));
    let printed = owt.printed_with("try it: ");
    let line = printed.lines().find_map(|line| line.strip_prefix("try it: ")).unwrap();
    let tried = Command::new("sh").args(["-c", line]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&tried.stdout), "Hello, world!\n", "{line}");
    let called = Command::new(owt_testing::binary())
        .args(["call", "--code", "def run(): return 1"])
        .env("OWT_URL", &owt.url)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&called.stdout), "1");
    owt.signal("-TERM");
    assert_eq!(owt.wait().code(), Some(0));
    assert_eq!(std::fs::read_dir(socket.parent().unwrap()).unwrap().count(), 0);
}

#[test]
fn a_stream_is_cancelled_when_its_reader_goes() {
    let folder = Folder::new();
    let socket = folder.path("owt");
    let _owt = Start::new().unix(&socket).start();
    let ended = folder.mark("ended");
    let stream = format!(
        "import time\ndef run():\n    try:\n        yield 'first '\n        \
         while True: time.sleep(0.005)\n    finally:\n        {ended}"
    );
    let mut streaming = send(&socket, &stream);
    let mut first = [0; 6];
    streaming.read_exact(&mut first).unwrap();
    drop(streaming);
    while folder.marks("ended") == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_dead_servers_socket_is_replaced_and_a_living_ones_is_not() {
    let folder = Folder::new();
    let socket = folder.path("owt");
    let mut killed = Start::new().unix(&socket).start();
    killed.signal("-KILL");
    killed.wait();
    assert!(socket.metadata().unwrap().file_type().is_socket());
    let _owt = Start::new().unix(&socket).start();
    assert_eq!(call(&socket, "def run(): return 1").ok(), "1");
    let (status, told) = refused_at(&socket);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("another owt is running"), "{told}");
    assert_eq!(call(&socket, "def run(): return 2").ok(), "2");
}

/// Also one that takes nobody any more: its line is full.
#[test]
fn a_busy_servers_socket_is_not_taken() {
    let folder = Folder::new();
    let socket = folder.path("owt");
    let listener = UnixListener::bind(&socket).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let _waits = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    let (status, told) = refused_at(&socket);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("another owt is running"), "{told}");
}

#[test]
fn of_servers_that_start_at_once_one_serves() {
    let folder = Folder::new();
    let socket = folder.path("owt");
    // A dead one's, which each of them would replace.
    drop(UnixListener::bind(&socket).unwrap());
    let mut left: Vec<_> = (0..6)
        .map(|_| {
            let mut command = Command::new(owt_testing::binary());
            command.args(["serve", "--quiet", "--unix"]).arg(&socket);
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let until = Instant::now() + PATIENCE;
    while left.len() > 1 {
        assert!(Instant::now() < until, "several serve");
        left.retain_mut(|server| {
            let Some(status) = server.try_wait().unwrap() else { return true };
            let mut told = String::new();
            server.stderr.take().unwrap().read_to_string(&mut told).unwrap();
            assert_eq!(status.code(), Some(1), "{told}");
            assert!(told.contains("another owt is running"), "{told}");
            false
        });
        std::thread::yield_now();
    }
    assert_eq!(call(&socket, "def run(): return 1").ok(), "1");
    for mut server in left {
        server.kill().unwrap();
        server.wait().unwrap();
    }
}

#[test]
fn only_its_own_socket_is_removed() {
    let folder = Folder::new();
    let socket = folder.path("owt");
    let mut first = Start::new().unix(&socket).start();
    std::fs::remove_file(&socket).unwrap();
    let _second = Start::new().unix(&socket).start();
    first.signal("-TERM");
    assert_eq!(first.wait().code(), Some(0));
    assert_eq!(call(&socket, "def run(): return 1").ok(), "1");
}

#[test]
fn what_is_no_socket_stays() {
    let folder = Folder::new();
    let file = folder.write("file", "precious");
    let link = folder.path("link");
    symlink(&file, &link).unwrap();
    let dangling = folder.path("dangling");
    symlink(folder.path("nowhere"), &dangling).unwrap();
    for (path, is) in [
        (&file, "a file"),
        (&link, "a symbolic link"),
        (&dangling, "a symbolic link"),
        (&folder.path(""), "names no file"),
        (&folder.path(&"x".repeat(120)), "a socket's can have 107"),
    ] {
        let (status, told) = refused_at(path);
        assert_eq!(status, Some(1), "{told}");
        assert!(told.contains("--unix") && told.contains(is), "{told}");
    }
    assert_eq!(folder.read("file"), "precious");
    assert!(!folder.path("nowhere").exists());
}

#[test]
fn a_folder_that_others_may_write_to_is_refused() {
    let folder = Folder::new();
    let shared = folder.path("shared");
    let inside = shared.join("inside");
    std::fs::create_dir_all(&inside).unwrap();
    for (mode, path, is_served) in [
        (0o777, &shared, false),
        (0o775, &shared, false),
        (0o777, &inside, false),
        // Like /tmp.
        (0o1777, &shared, false),
        (0o1777, &inside, true),
        (0o755, &shared, true),
    ] {
        std::fs::set_permissions(&shared, PermissionsExt::from_mode(mode)).unwrap();
        let socket = path.join("owt");
        if is_served {
            let _owt = Start::new().unix(&socket).start();
            assert_eq!(call(&socket, "def run(): return 1").ok(), "1");
        } else {
            let (status, told) = refused_at(&socket);
            assert_eq!(status, Some(1), "{mode:o} {told}");
            assert!(told.contains("chmod go-w") && told.contains("shared"), "{told}");
        }
    }
}

#[test]
fn a_socket_is_instead_of_a_port() {
    let folder = Folder::new();
    let socket = folder.path("owt");
    for other in [
        &["--port", "0"][..],
        &["--address", "127.0.0.1"],
        &["--tls", "self-signed"],
        &["--tls-cert", "a", "--tls-key", "b"],
    ] {
        let (status, told) = refused(&[&["--unix", socket.to_str().unwrap()], other].concat());
        assert_eq!(status, Some(2), "{told}");
        assert!(told.contains("--unix") && told.contains(other[0]), "{told}");
    }
    assert!(!socket.exists());
}
