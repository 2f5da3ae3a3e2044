//! §7: keys that change while the server runs.

use std::io::Read;
use std::path::Path;
use std::process::Command;

use owt_testing::raw::Raw;

use crate::s7_keys::{HASH, PASSWORD, TOKEN, basic, slow, with};
use owt_testing::{Folder, Owt, Start};

const OTHER: &str = "another-token-of-this-test";

fn start(users: &Path, tokens: &Path) -> Owt {
    let files = ["--auth-file", users.to_str().unwrap(), "--token-file", tokens.to_str().unwrap()];
    Start::new().args(files).args(["--auth", &format!("dan:{HASH}")]).start()
}

#[test]
fn a_key_that_is_gone_is_refused_from_the_next_request_on() {
    let folder = Folder::new();
    let users = folder.write("users", slow("ali", PASSWORD, 8));
    let tokens = folder.write("tokens", format!("ci:{TOKEN}\n"));
    let owt = start(&users, &tokens);
    let call = owt.code("lambda: 'ran'");
    let (ali, bob, dan) = (basic("ali", PASSWORD), basic("bob", PASSWORD), basic("dan", PASSWORD));
    let (old, new) = (format!("Bearer {TOKEN}"), format!("Bearer {OTHER}"));
    for key in [&ali, &old, &dan] {
        assert_eq!(with(&call, key).ok(), "ran");
    }
    for key in [&bob, &new] {
        with(&call, key).refused(401, "unauthenticated");
    }
    let go = folder.path("go");
    let stream = owt.code(&format!(
        "import os, time\ndef run():\n    yield 'first '\n    \
         while not os.path.exists({go:?}): time.sleep(0.005)\n    yield 'last'"
    ));
    let mut streaming = stream.posting("/").header("authorization", &old).send().unwrap();
    let mut first = [0; 6];
    streaming.read_exact(&mut first).unwrap();
    let authorized = format!("Authorization: {ali}");
    let mut open = Raw::get(&owt, &call, "/", &[&authorized]);
    assert_eq!(open.answer().0, 200);

    folder.write("users", slow("bob", PASSWORD, 8));
    folder.write("tokens", format!("ci:{OTHER}\n"));
    owt.signal("-HUP");
    owt.log_with("read the keys again");
    for key in [&bob, &new, &dan] {
        assert_eq!(with(&call, key).ok(), "ran");
    }
    for key in [&ali, &old] {
        with(&call, key).refused(401, "unauthenticated");
    }
    // On a connection that had been let in, too.
    open.write(Raw::request(&owt, &call, "/", "HTTP/1.1", &[&authorized]));
    assert_eq!(open.answer().0, 401);

    folder.write("go", "");
    let mut rest = String::new();
    streaming.read_to_string(&mut rest).expect("a call that runs goes on");
    assert_eq!(rest, "last");
}

#[test]
fn broken_files_change_nothing() {
    let folder = Folder::new();
    let users = folder.write("users", format!("ali:{HASH}\n"));
    let tokens = folder.write("tokens", format!("ci:{TOKEN}\n"));
    let owt = start(&users, &tokens);
    let call = owt.code("lambda: 'ran'");
    let stays = |says: &str| {
        owt.signal("-HUP");
        let log = owt.log_with(says);
        let line = log.lines().find(|line| line.contains(says)).unwrap();
        assert!(line.contains("ERROR") && line.contains("the keys stay as they were"), "{line}");
        assert!(!log.contains(OTHER) && !log.contains("read the keys again"), "{log}");
        for key in [basic("ali", PASSWORD), format!("Bearer {TOKEN}")] {
            assert_eq!(with(&call, &key).ok(), "ran", "{says}");
        }
        with(&call, &basic("bob", PASSWORD)).refused(401, "unauthenticated");
    };
    // One is right and the other is not: neither is taken.
    folder.write("users", format!("bob:{HASH}\n"));
    folder.write("tokens", format!("ci:{OTHER}\nci:short\n"));
    stays("line 2: a token wants at least 16 characters");
    folder.write("tokens", "# nobody\n");
    stays("tokens: holds no key");
    std::fs::remove_file(&tokens).unwrap();
    stays("cannot read");
    assert!(Command::new("mkfifo").arg(&tokens).status().unwrap().success());
    stays("it is no ordinary file");
    std::fs::remove_file(&tokens).unwrap();
    folder.write("tokens", format!("ci:{OTHER}\n"));
    owt.signal("-HUP");
    owt.log_with("read the keys again");
    assert_eq!(with(&call, &basic("bob", PASSWORD)).ok(), "ran");
    with(&call, &format!("Bearer {TOKEN}")).refused(401, "unauthenticated");
}
