//! Where a server listens: not where others reach it unless they are asked for a key, and never
//! with its last descriptor.

use std::io::{Read, Write};
use std::process::Command;

use owt_testing::{Folder, Start, b64, venv};

use crate::scripts::project;

/// The exit status and standard error of a server that does not start.
pub fn refused(args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(owt_testing::binary());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OWT_")) {
        command.env_remove(name);
    }
    let output = command.arg("serve").args(args).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

const KEY: &str = "ali:41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb";

#[test]
fn an_address_that_others_reach_needs_a_key_or_a_loud_word() {
    for address in ["0.0.0.0", "::", "192.0.2.1", "::ffff:192.0.2.1", "::ffff:0.0.0.0"] {
        let (status, told) = refused(&["--address", address, "--port", "0"]);
        assert_eq!(status, Some(2), "{told}");
        for mend in ["--auth", "--token", "127.0.0.1", "--insecure-no-auth"] {
            assert!(told.contains(mend), "{address}: {told}");
        }
    }
}

#[test]
fn every_loopback_address_is_served_without() {
    for (address, url) in
        [("127.0.0.2", "http://127.0.0.2:"), ("::ffff:127.0.0.1", "http://127.0.0.1:")]
    {
        let owt = Start::new().args(["--address", address]).start();
        assert!(owt.url.starts_with(url), "{}", owt.url);
        assert_eq!(owt.code("def run(): return Server.sing().address").post("/").status, 200);
    }
}

#[test]
fn owt_alone_and_with_options_alone_serves() {
    for line in ["exec \"$0\"", "shift; exec \"$0\" \"$@\""] {
        let mut shell = Command::new("sh");
        shell.args(["-c", line, env!("CARGO_BIN_EXE_owt")]);
        let owt = Start::by(shell).env("OWT_PORT", "0").start();
        assert_eq!(owt.code("lambda: 'served'").post("/").ok(), "served", "{line}");
    }
}

#[test]
fn python_m_owt_server_serves_with_that_python() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "shift; unset VIRTUAL_ENV; exec \"$0\" -m owt.server \"$@\""]);
    let venv = venv().expect("OWT_TEST_VENV is set: run `make test`");
    shell.arg(venv.join("bin/python"));
    let package = project().join("owt-python/python");
    let start = Start::by(shell).env("OWT_BINARY", env!("CARGO_BIN_EXE_owt"));
    let owt = start.env("PYTHONPATH", package).start();
    assert_eq!(owt.code("lambda: sys.prefix").post("/").ok(), venv.to_str().unwrap());
}

#[test]
fn what_others_can_do_is_told_loudly() {
    let open = Start::new().args(["--address", "0.0.0.0", "--insecure-no-auth"]).start();
    let log = open.log_with("is not encrypted");
    assert!(log.contains("ERROR") && log.contains("NOBODY IS ASKED FOR A KEY"), "{log}");
    // The line to try is for this machine.
    assert!(open.printed_with("try it: curl ").contains("'http://127.0.0.1:"));

    let plain = Start::new().args(["--address", "0.0.0.0", "--auth", KEY]).start();
    let log = plain.log_with("is not encrypted");
    assert!(log.contains("WARN") && log.contains("--tls self-signed"), "{log}");
    assert!(!log.contains("NOBODY"), "{log}");
}

#[test]
fn a_server_may_open_more_than_its_workers() {
    let mut shell = Command::new("sh");
    let owt = env!("CARGO_BIN_EXE_owt");
    shell.args(["-c", "ulimit -S -n 512; ulimit -H -n 1500; exec \"$0\" \"$@\"", owt]);
    let owt = Start::by(shell).start();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", owt.pid())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let words: Vec<_> = files.split_whitespace().collect();
    assert_eq!(words[3..5], ["1500", "1500"]);
    let worker = "import resource\ndef run():\n    \
                  return resource.getrlimit(resource.RLIMIT_NOFILE)";
    assert_eq!(owt.code(worker).post("/").ok(), "[512,1500]");
}

#[test]
fn connections_leave_descriptors_for_the_rest() {
    let folder = Folder::new();
    let file = folder.write("answer.txt", "a file's content");
    let mut shell = Command::new("sh");
    let owt = env!("CARGO_BIN_EXE_owt");
    shell.args(["-c", "ulimit -n 400; exec \"$0\" \"$@\"", owt]);
    let owt = Start::by(shell).start();
    let mut first = owt.connect();
    let request = |code: &str| {
        let body = format!(r#"{{"code_b64": "{}"}}"#, b64(code));
        let length = body.len();
        let host = owt.address();
        format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
    };
    let mut answer = |code: &str, wanted: &str| {
        first.write_all(request(code).as_bytes()).unwrap();
        let mut text = String::new();
        while !text.contains(wanted) {
            let mut buffer = [0; 4096];
            let length = first.read(&mut buffer).unwrap();
            assert!(length > 0, "{text}");
            text += &String::from_utf8_lossy(&buffer[..length]);
        }
    };
    // It is taken, and stays.
    answer("def run(): return 'taken'", "taken");
    let _others: Vec<_> = (0..500).map(|_| owt.connect()).collect();
    answer(
        &format!("import pathlib\ndef run(): return pathlib.Path({file:?})"),
        "a file's content",
    );
    let open = std::fs::read_dir(format!("/proc/{}/fd", owt.pid())).unwrap().count();
    assert!(open < 300, "{open} descriptors are open");
}
