//! The audit log's file: which one is taken, how it is exchanged, and what happens while it cannot
//! be written.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use owt_testing::{Answer, Folder, Owt, Start};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;

use crate::audit::lines;
use crate::listening::refused;

fn start(audit: &Path) -> Owt {
    Start::new().args(["--audit", audit.to_str().unwrap()]).start()
}

fn call(owt: &Owt, id: &str) -> Answer {
    let call = owt.code("def run(): return 'ran'");
    Answer::of(call.posting("/").header("x-request-id", id).send().unwrap())
}

/// Waits until that many lines are in the file.
fn has(audit: &Path, wanted: usize) {
    while std::fs::read_to_string(audit).unwrap_or_default().lines().count() < wanted {
        std::thread::yield_now();
    }
}

#[test]
fn it_is_made_for_its_owner_alone_and_added_to() {
    let folder = Folder::new();
    let audit = folder.path("audit");
    for id in ["first", "second"] {
        let owt = start(&audit);
        call(&owt, id).ok();
        has(&audit, 1);
        assert_eq!(audit.metadata().unwrap().mode() & 0o777, 0o600);
        // A call's line is there some milliseconds later, and all are after a good end.
        let mut owt = owt;
        owt.signal("-TERM");
        owt.wait();
    }
    assert_eq!(lines(&audit).len(), 2);
}

#[test]
fn a_line_that_a_killed_server_left_half_written_spoils_no_other() {
    let folder = Folder::new();
    let audit = folder.write("audit", "{\"request_id\":\"ha");
    std::fs::set_permissions(&audit, PermissionsExt::from_mode(0o600)).unwrap();
    let owt = start(&audit);
    call(&owt, "next").ok();
    has(&audit, 2);
    let text = folder.read("audit");
    let line: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!(line["request_id"], "next");
}

#[test]
fn what_could_not_be_written_or_trusted_is_not_begun_with() {
    let folder = Folder::new();
    let elsewhere = folder.write("elsewhere", "mine\n");
    std::fs::set_permissions(&elsewhere, PermissionsExt::from_mode(0o600)).unwrap();
    symlink(&elsewhere, folder.path("link")).unwrap();
    symlink(folder.path("none"), folder.path("dangling")).unwrap();
    // Nobody reads it: opening it to write would wait for ever.
    assert!(Command::new("mkfifo").arg(folder.path("fifo")).status().unwrap().success());
    let shared = folder.write("shared", "");
    std::fs::set_permissions(shared, PermissionsExt::from_mode(0o620)).unwrap();
    let path = |name: &str| folder.path(name).to_str().unwrap().to_owned();
    for (audit, says) in [
        (path("link"), "is a link"),
        (path("dangling"), "is a link"),
        (path("fifo"), "is a pipe or a device"),
        ("/dev/null".to_owned(), "is a pipe or a device"),
        (path(""), "cannot write the audit log"),
        (path("no/such"), "No such file or directory"),
        (path("shared"), "chmod 600"),
    ] {
        let (status, told) = refused(&["--port", "0", "--audit", &audit]);
        assert_eq!(status, Some(1), "{audit}: {told}");
        assert!(told.contains(says) && told.contains(&audit), "{audit}: {told}");
    }
    assert!(!folder.path("none").exists());
    assert_eq!(folder.read("elsewhere"), "mine\n");
}

#[test]
fn it_is_opened_again_at_sighup() {
    let folder = Folder::new();
    let audit = folder.path("audit");
    let mut owt = start(&audit);
    call(&owt, "first").ok();
    std::fs::rename(&audit, folder.path("audit.1")).unwrap();
    call(&owt, "second").ok();
    owt.signal("-HUP");
    owt.log_with("opened the audit log again");
    call(&owt, "third").ok();
    has(&audit, 1);
    // One that cannot be opened changes nothing.
    std::fs::rename(&audit, folder.path("audit.2")).unwrap();
    symlink("/dev/null", &audit).unwrap();
    owt.signal("-HUP");
    owt.log_with("the audit log stays in the file that it was");
    call(&owt, "fourth").ok();
    owt.signal("-TERM");
    assert!(owt.wait().success());
    let told = |name: &str| {
        let mut told: Vec<_> = lines(&folder.path(name)).into_keys().collect();
        told.sort();
        told
    };
    assert_eq!(told("audit.1"), ["first", "second"]);
    assert_eq!(told("audit.2"), ["fourth", "third"]);
}

/// Has the server's files end there, as if the disk was full.
fn room(owt: &Owt, bytes: Option<u64>) {
    let pid = Pid::from_raw(owt.pid().cast_signed());
    prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

#[test]
fn what_cannot_be_told_is_not_run() {
    let folder = Folder::new();
    let audit = folder.path("audit");
    // Writing beyond the limit fails then, instead of ending the process.
    let mut ignoring = Command::new("sh");
    ignoring.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_owt")]);
    let audit_arg = audit.to_str().unwrap();
    let owt = Start::by(ignoring).args(["--audit", audit_arg]).start();
    let page = |path: &str| owt.request("GET", path).send().unwrap().status().as_u16();
    assert_eq!(page("/_owt/readyz"), 200);
    // In the middle of a line.
    room(&owt, Some(1000));
    let mark = folder.mark("ran");
    let marking = owt.code(&format!("{mark}\ndef run(): {mark}"));
    let (mut answered, mut number) = (Vec::new(), 0);
    let refused = loop {
        let id = format!("early-{number}");
        number += 1;
        let answer = call(&owt, &id);
        match answer.status {
            200 => answered.push(id),
            _ => break answer,
        }
    };
    let problem = refused.refused(503, "audit-unavailable");
    assert_eq!(problem["retry_after"], 1);
    owt.log_with("cannot be written: File too large");
    assert_eq!([page("/_owt/readyz"), page("/_owt/livez"), page("/_owt/metrics")], [503, 200, 200]);
    assert_eq!(page("/"), 503);
    marking.post("/").refused(503, "audit-unavailable");
    assert_eq!(folder.marks("ran"), 0);
    // Lines that could not be written are, when there is room again.
    room(&owt, None);
    owt.log_with("is written again");
    call(&owt, "late").ok();
    assert_eq!(page("/_owt/readyz"), 200);
    let mut owt = owt;
    owt.signal("-TERM");
    assert!(owt.wait().success());
    let told = lines(&audit);
    for id in answered.iter().map(String::as_str).chain(["late"]) {
        assert_eq!(told[id]["outcome"], "answered");
    }
    assert!(!told.contains_key(&format!("early-{}", number - 1)));
}

#[test]
fn lines_that_cannot_be_written_at_the_end_are_said() {
    let folder = Folder::new();
    let audit = folder.path("audit");
    let mut ignoring = Command::new("sh");
    ignoring.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_owt")]);
    let mut owt = Start::by(ignoring).args(["--audit", audit.to_str().unwrap()]).start();
    room(&owt, Some(0));
    call(&owt, "lost").ok();
    owt.signal("-TERM");
    assert_eq!(owt.wait().code(), Some(1));
    owt.log_with("that could not be written: 1");
}
