//! §7: the keys of the door. Every form of user and token, what is refused at the start, and
//! who must wait after wrong ones.

use std::io::Write;
use std::net::Ipv4Addr;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::{Command, Output, Stdio};

use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};

use owt_testing::raw::Raw;
use owt_testing::{Answer, Folder, Owt, Sent, Start, b64, client};

pub const PASSWORD: &str = "open sesame";
/// Its SHA-256.
pub const HASH: &str = "41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb";
pub const TOKEN: &str = "0123456789-a-token-of-this-test";
/// Believe that clients have the addresses that they say.
const PROXY: [&str; 2] = ["--trust-proxy", "127.0.0.1"];

/// The user with that password, hashed with so many KiB.
pub fn slow(user: &str, password: &str, memory: u32) -> String {
    let params = Params::new(memory, 1, 1, None).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    format!("{user}:{}", argon2.hash_password(password.as_bytes()).unwrap())
}

pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", b64(format!("{user}:{password}")))
}

fn marking(owt: &Owt, folder: &Folder) -> Sent {
    owt.code(&format!("{}\ndef run(): return 'ran'\n", folder.mark("ran")))
}

pub fn with(call: &Sent, authorization: &str) -> Answer {
    Answer::of(call.posting("/").header("authorization", authorization).send().unwrap())
}

/// A GET of the call with that header, from that address behind a proxy.
fn from(address: [u8; 4], owt: &Owt, call: &Sent, authorization: &str) -> Raw {
    let from = format!("X-Forwarded-For: {}", Ipv4Addr::from(address));
    Raw::get(owt, call, "/", &[&from, &format!("Authorization: {authorization}")])
}

#[test]
fn each_form_of_a_user_is_let_in_and_no_other() {
    let (folder, quick) = (Folder::new(), format!("ali:{HASH}"));
    let bob = slow("bob", "bobs:own", 8);
    let file =
        format!("# Who may come in\n\n  cem:{}\r\n{}\n", HASH.to_uppercase(), slow("dör", "ß", 8));
    let file = folder.write("users", file);
    let users = format!("{quick}\n{bob}\n");
    for start in [
        Start::new().args(["--auth", &quick, "--auth", &bob]).env("OWT_AUTH_FILE", &file),
        Start::new().args(["--auth-file", file.to_str().unwrap()]).env("OWT_AUTH", &users),
    ] {
        let owt = start.start();
        let call = marking(&owt, &folder);
        for wrong in [
            basic("ali", "bobs:own"),
            basic("bob", PASSWORD),
            basic("bob", "bobs"),
            basic("eve", PASSWORD),
            basic("", ""),
            format!("Bearer {PASSWORD}"),
            basic("token", PASSWORD),
            basic("cem", HASH),
        ] {
            with(&call, &wrong).refused(401, "unauthenticated");
        }
        assert_eq!(folder.marks("ran"), 0);
        for (user, password) in
            [("ali", PASSWORD), ("bob", "bobs:own"), ("cem", PASSWORD), ("dör", "ß")]
        {
            assert_eq!(with(&call, &basic(user, password)).ok(), "ran", "{user}");
            let lower = basic(user, password).replacen("Basic ", "bAsIc   ", 1);
            assert_eq!(with(&call, &lower).ok(), "ran", "{user}");
        }
        std::fs::remove_file(folder.path("ran")).unwrap();
    }
}

#[test]
fn a_token_comes_in_as_bearer_and_as_the_password_of_token() {
    let folder = Folder::new();
    let (named, other) = ("named-0123456789-token", "another-token:with-colon");
    let file = folder.write("tokens", format!("# mine\n{TOKEN}\n ci build: {named}\n"));
    let auth = format!("ali:{HASH}");
    let args = ["--token", other, "--auth", &auth, "--token-file", file.to_str().unwrap()];
    let owt = Start::new().args(args).start();
    let call = marking(&owt, &folder);
    for wrong in [
        format!("Bearer {PASSWORD}"),
        format!("Bearer {TOKEN}x"),
        format!("Bearer {}", &TOKEN[1..]),
        format!("Bearer {}", b64(TOKEN)),
        "Bearer ".to_owned(),
        "Bearer auto".to_owned(),
        format!("Basic {TOKEN}"),
        basic("token", PASSWORD),
        basic("ali", TOKEN),
        basic("", TOKEN),
    ] {
        let answer = with(&call, &wrong);
        answer.refused(401, "unauthenticated");
        let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
        assert_eq!(challenges.len(), 2, "{challenges:?}");
        assert!(challenges[0].to_str().unwrap().starts_with("Basic "), "{challenges:?}");
        assert!(challenges[1].to_str().unwrap().starts_with("Bearer "), "{challenges:?}");
    }
    let unasked = call.post("/").refused(401, "unauthenticated");
    assert!(unasked["detail"].as_str().unwrap().contains("Bearer"), "{unasked}");
    assert_eq!(folder.marks("ran"), 0);
    for right in [
        format!("Bearer {TOKEN}"),
        format!("bearer  {other}"),
        format!("Bearer {named}"),
        basic("token", TOKEN),
        basic("token", named),
        basic("token", other),
        basic("ali", PASSWORD),
    ] {
        assert_eq!(with(&call, &right).ok(), "ran", "{right}");
    }
}

/// What `owt serve` says when it does not start.
pub fn refused(start: &[&str], env: Option<(&str, &str)>) -> Output {
    let mut command = Command::new(owt_testing::binary());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OWT_")) {
        command.env_remove(name);
    }
    command.args(["serve", "--port", "0"]).args(start).envs(env).stdin(Stdio::null());
    command.output().unwrap()
}

#[test]
fn a_malformed_key_does_not_start_and_is_not_told() {
    let folder = Folder::new();
    let secret = "s3cret-given-by-mistake";
    let phc = slow("me", PASSWORD, 8);
    let users = folder.write("users", format!("ali:{HASH}\nme:{secret}\n"));
    let empty = folder.write("empty", "# nobody\n");
    let (users, empty) = (users.to_str().unwrap(), empty.to_str().unwrap());
    let short = folder.write("short", format!("ali:{TOKEN}\na-long-one-that-is:s3cret\n"));
    let nameless = folder.write("nameless", format!(":{TOKEN}\n"));
    let twice = folder.write("twice", format!("ali:{TOKEN}\nbob:{TOKEN}\n"));
    let colons = folder.write("colons", format!("ali:{TOKEN}:s3cret:run\n"));
    let scope = folder.write("scope", format!("ali:{TOKEN}:s3cret\n"));
    let [short, nameless, twice, colons, scope] =
        [&short, &nameless, &twice, &colons, &scope].map(|path| path.to_str().unwrap());
    let (ali, token) = (format!("ali:{HASH}"), format!("token:{HASH}"));
    for (args, says) in [
        (vec!["--auth", secret], "colon"),
        (vec!["--auth", &format!("me:{secret}")], "hash-password"),
        (vec!["--auth", &format!(":{HASH}")], "name is empty"),
        (vec!["--auth", &format!("me:{secret}:{HASH}")], "hash-password"),
        (vec!["--auth", &format!("me:{}", &HASH[1..])], "hash-password"),
        (vec!["--auth", &phc.replace("argon2id", "argon2i")], "only argon2id"),
        (vec!["--auth", &phc.replace("v=19", "v=16")], "only argon2id"),
        (vec!["--auth", &phc.replace("m=8", "m=2000000")], "1 GiB"),
        (vec!["--auth", &phc.replace('$', "")], "single quotes"),
        (vec!["--auth", &ali, "--auth", &ali], "twice"),
        (vec!["--auth", ""], "holds no key"),
        (vec!["--auth-file", users], "line 2"),
        (vec!["--auth-file", empty], "holds no key"),
        (vec!["--auth-file", "/no/such/file"], "cannot read /no/such/file"),
        (vec!["--token", "s3cret-given"], "16 characters"),
        (vec!["--token", "s3cret-given by mistake"], "visible ASCII"),
        (vec!["--token", ""], "holds no key"),
        (vec!["--token-file", empty], "holds no key"),
        (vec!["--token-file", short], "line 2: a token wants at least 16 characters"),
        (vec!["--token-file", nameless], "name is empty"),
        (vec!["--token-file", colons], "NAME:TOKEN:SCOPE"),
        (vec!["--token-file", scope], "neither `run` nor `probe`"),
        (vec!["--auth", &format!("ali:{HASH}:s3cret")], "neither `run` nor `probe`"),
        (vec!["--token-file", twice], "the token of \"bob\" is there twice"),
        (vec!["--token", TOKEN, "--auth", &token], "called `token`"),
        (vec!["--token", "auto", "--auth", &token], "called `token`"),
    ] {
        let output = refused(&args, None);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
        assert!(told.contains(says), "{args:?}: {told}");
        assert!(!told.contains("s3cret") && !told.contains(&HASH[1..]), "{args:?}: {told}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    for (name, value) in [("OWT_AUTH", "me:s3cret"), ("OWT_TOKEN", "s3cret"), ("OWT_AUTH", "")] {
        let output = refused(&[], Some((name, value)));
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {told}");
        assert!(!told.contains("s3cret"), "{told}");
    }
}

#[test]
fn a_token_is_made_kept_in_a_file_and_removed() {
    let runtime = Folder::new();
    let start = || Start::new().args(["--token", "auto"]).env("XDG_RUNTIME_DIR", runtime.as_str());
    let mut owt = start().start();
    let port: u16 = owt.address().rsplit_once(':').unwrap().1.parse().unwrap();
    let path = runtime.path("owt").join(format!("token-{port}"));
    let (file, folder) = (std::fs::metadata(&path).unwrap(), path.parent().unwrap());
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    assert_eq!(file.uid(), rustix::process::geteuid().as_raw());
    assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);

    let token = std::fs::read_to_string(&path).unwrap();
    let token = token.strip_suffix('\n').unwrap();
    assert_eq!(token.len(), 43);
    let printed = owt.printed_with(&format!("token-{port})"));
    let url = printed.split_whitespace().find(|word| word.starts_with("http://token:")).unwrap();
    assert_eq!(url, format!("http://token:{token}@127.0.0.1:{port}/"));
    assert!(!owt.greeting().contains(token));

    let call = owt.code("lambda: 'ran'");
    call.post("/").refused(401, "unauthenticated");
    assert_eq!(with(&call, &format!("Bearer {token}")).ok(), "ran");
    let by_url = call.getting("/").build().unwrap();
    let by_url = format!("{url}?{}", by_url.url().query().unwrap());
    assert_eq!(Answer::of(client().get(by_url).send().unwrap()).ok(), "ran");

    owt.signal("-TERM");
    assert!(owt.wait().success());
    assert!(!path.exists());
    assert!(folder.exists());

    // What a killed one left is replaced, not followed.
    let elsewhere = runtime.write("elsewhere", "mine");
    symlink(&elsewhere, &path).unwrap();
    let owt = start().port(port).start();
    assert_ne!(std::fs::read_to_string(&path).unwrap(), format!("{token}\n"));
    assert!(std::fs::symlink_metadata(&path).unwrap().is_file());
    assert_eq!(runtime.read("elsewhere"), "mine");
    drop(owt);
}

#[test]
fn a_token_is_not_put_where_others_could_put_another() {
    let runtime = Folder::new();
    let folder = runtime.path("owt");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
    let output = refused(&["--token", "auto"], Some(("XDG_RUNTIME_DIR", runtime.as_str())));
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("others may write to"), "{told}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn many_failures_wait_and_others_do_not() {
    let (folder, auth) = (Folder::new(), format!("ali:{HASH}"));
    let owt = Start::new().args(["--auth", &auth, "--token", TOKEN, PROXY[0], PROXY[1]]).start();
    let call = marking(&owt, &folder);
    let (wrong, right) = (basic("ali", "guess"), basic("ali", PASSWORD));
    let status = |address, key: &str| from(address, &owt, &call, key).head().0;
    let statuses: Vec<_> = (0..20).map(|_| status([10, 0, 0, 1], &wrong)).collect();
    assert_eq!(statuses[..10], [401; 10], "{statuses:?}");
    assert_eq!(statuses[19], 429, "{statuses:?}");
    // Right ones are not looked at either, or guessing would go on; no key is no guess.
    for key in [&right, &format!("Bearer {TOKEN}"), &basic("token", TOKEN)] {
        let (status, headers) = from([10, 0, 0, 1], &owt, &call, key).head();
        assert_eq!(status, 429);
        let wait = headers.lines().find_map(|line| line.strip_prefix("retry-after: ")).unwrap();
        assert!((1..=6).contains(&wait.parse::<u32>().unwrap()), "{wait}");
    }
    call.post("/").refused(401, "unauthenticated");
    assert_eq!(folder.marks("ran"), 0);
    assert_eq!(status([10, 0, 0, 2], &right), 200);
    assert_eq!(folder.marks("ran"), 1);
}

#[test]
fn a_wrong_key_is_logged_with_its_address() {
    for auth in [format!("ali:{HASH}"), slow("ali", PASSWORD, 8)] {
        let owt = Start::new().args(["--auth", &auth]).args(PROXY).start();
        let call = owt.code("lambda: 'ran'");
        for (address, key) in [([10, 7, 7, 1], "ali"), ([10, 7, 7, 2], "nobody")] {
            assert_eq!(from(address, &owt, &call, &basic(key, "let-me-in")).head().0, 401);
            let peer = Ipv4Addr::from(address).to_string();
            let log = owt.log_with(&peer);
            let line = log.lines().find(|line| line.contains(&peer)).unwrap();
            assert!(line.contains("a wrong key was shown") && line.contains("WARN"), "{line}");
            assert!(!log.contains("let-me-in"), "{log}");
        }
    }
}

#[test]
fn all_of_this_machine_is_one_peer() {
    let auth = format!("ali:{HASH}");
    let owt = Start::new().args(["--auth", &auth]).args(PROXY).start();
    let call = owt.code("lambda: 'ran'");
    let status = |last, key: &str| from([127, 0, 0, last], &owt, &call, key).head().0;
    let wrong = basic("ali", "guess");
    let statuses: Vec<_> = (1..=20).map(|last| status(last, &wrong)).collect();
    assert_eq!(statuses[..10], [401; 10], "{statuses:?}");
    assert_eq!(statuses[19], 429, "{statuses:?}");
    assert_eq!(status(99, &basic("ali", PASSWORD)), 429);
    assert_eq!(from([10, 0, 0, 2], &owt, &call, &basic("ali", PASSWORD)).head().0, 200);
}

#[test]
fn a_password_that_was_right_waits_like_others() {
    let owt = Start::new().args(["--auth", &slow("ali", PASSWORD, 8)]).args(PROXY).start();
    let call = owt.code("lambda: 'ran'");
    assert_eq!(with(&call, &basic("ali", PASSWORD)).ok(), "ran");
    let mut guesses = (0..100).map(|_| with(&call, &basic("ali", "guess")).status);
    assert!(guesses.any(|status| status == 429));
    with(&call, &basic("ali", PASSWORD)).refused(429, "too-many-failures");
    let (status, _) = from([10, 0, 0, 2], &owt, &call, &basic("ali", PASSWORD)).head();
    assert_eq!(status, 200);
}

#[test]
fn guesses_at_the_same_time_are_not_more() {
    let owt = Start::new().args(["--auth", &slow("ali", PASSWORD, 4096)]).args(PROXY).start();
    let folder = Folder::new();
    let call = marking(&owt, &folder);
    let guesses: Vec<_> = (0..50)
        .map(|number| from([10, 0, 0, 1], &owt, &call, &basic("ali", &format!("guess {number}"))))
        .collect();
    let statuses: Vec<_> = guesses.into_iter().map(|mut guess| guess.head().0).collect();
    let looked_at = statuses.iter().filter(|status| **status == 401).count();
    let waiting = statuses.iter().filter(|status| **status == 429).count();
    assert!(looked_at <= 12, "{statuses:?}");
    assert_eq!(looked_at + waiting, statuses.len(), "{statuses:?}");
    assert_eq!(folder.marks("ran"), 0);
    // As many that are right are let in, all of them.
    let right: Vec<_> =
        (0..50).map(|_| from([10, 0, 0, 2], &owt, &call, &basic("ali", PASSWORD))).collect();
    for mut right in right {
        assert_eq!(right.head().0, 200);
    }
}

#[test]
fn more_passwords_than_can_be_checked_are_told_so() {
    let owt = Start::new().args(["--auth", &slow("ali", PASSWORD, 4096)]).args(PROXY).start();
    let call = owt.code("lambda: 'ran'");
    let guesses: Vec<_> =
        (1..=200).map(|number| from([10, 0, 1, number], &owt, &call, &basic("a", "b"))).collect();
    let heads: Vec<_> = guesses.into_iter().map(|mut guess| guess.head()).collect();
    let busy: Vec<_> = heads.iter().filter(|(status, _)| *status == 503).collect();
    assert!(!busy.is_empty());
    assert!(busy.iter().all(|(_, headers)| headers.contains("retry-after: ")), "{busy:?}");
    let looked_at = heads.iter().filter(|(status, _)| *status == 401).count();
    assert!(looked_at >= 66, "{looked_at}");
    assert_eq!(looked_at + busy.len(), 200);
    assert_eq!(with(&call, &basic("ali", PASSWORD)).ok(), "ran");
}

fn hashed(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(owt_testing::binary())
        .arg("hash-password")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_hashed_password_lets_in() {
    let line = hashed(&["--user", "ali"], "open sesame\r\nanother line\n");
    let line = String::from_utf8(line.stdout).unwrap();
    assert!(line.starts_with("ali:$argon2id$v=19$m=19456,t=2,p=1$"), "{line}");
    let folder = Folder::new();
    let users = folder.write("users", &line);
    std::fs::set_permissions(&users, PermissionsExt::from_mode(0o640)).unwrap();
    let owt = Start::new().args(["--auth-file", users.to_str().unwrap()]).start();
    owt.log_with("chmod 600");
    let call = owt.code("lambda: 'ran'");
    assert_eq!(with(&call, &basic("ali", PASSWORD)).ok(), "ran");
    with(&call, &basic("ali", "open sesame\r")).refused(401, "unauthenticated");
}

#[test]
fn a_password_that_cannot_be_kept_is_refused() {
    let alone = String::from_utf8(hashed(&[], "x").stdout).unwrap();
    assert!(alone.starts_with("$argon2id$"), "{alone}");
    for (args, input, says) in [
        (&[][..], "", "empty"),
        (&[], "\n", "empty"),
        (&[], &"x".repeat(2000), "longer"),
        (&["--user", "a:b"], "x", "--user"),
        (&["--user", ""], "x", "--user"),
        (&["--user", "#a"], "x", "--user"),
    ] {
        let output = hashed(args, input);
        assert_eq!(output.status.code(), Some(2), "{args:?} {input:?}");
        assert!(output.stdout.is_empty());
        assert!(String::from_utf8(output.stderr).unwrap().contains(says), "{args:?} {input:?}");
    }
}

/// Processes of this machine in whose arguments or environment that text is.
fn holders(text: &str) -> Vec<u32> {
    let holds = |id: &u32| {
        ["environ", "cmdline"].iter().any(|file| {
            let content = std::fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
            content.windows(text.len()).any(|part| part == text.as_bytes())
        })
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(holds).collect()
}

#[test]
fn keys_are_the_servers_alone() {
    let folder = Folder::new();
    let unique = folder.as_str().replace('/', "-");
    let auth = slow("ali", &unique, 8);
    let (hash, token) = (auth.split_once(':').unwrap().1, format!("token{unique}"));
    for &workers in owt_testing::workers() {
        let owt = Start::new()
            .args(["-vv", "--workers", workers])
            .env("OWT_AUTH", format!("{auth}\nbob:{HASH}"))
            .env("OWT_TOKEN", &token)
            .env("OWT_URL", format!("http://ali:{unique}@127.0.0.1"))
            .start();
        let repr = "import os, sys\ndef run(): return repr((sys.argv, dict(os.environ)))";
        let call = owt.code(repr);
        let shown = with(&call, &basic("ali", &unique));
        let shown = shown.ok();
        for name in ["OWT_AUTH", "OWT_TOKEN", "OWT_URL", unique.as_str(), hash] {
            assert!(!shown.contains(name), "{name}: {shown}");
        }
        with(&call, &format!("Bearer {token}")).ok();
        with(&call, &basic("token", &token)).ok();
        with(&call, &format!("Bearer {token}x")).refused(401, "unauthenticated");
        with(&owt.code("1/0"), &format!("Bearer {token}")).refused(500, "adaptor-raised");
        for secret in [&unique, hash, &token] {
            assert_eq!(holders(secret), [owt.pid()], "--workers {workers}");
        }
        // The one warning tells of bob's.
        let log = owt.log_with("status=500");
        assert_eq!(log.matches("owt hash-password").count(), 1, "{log}");
        for secret in [&unique, hash, HASH, &token, &b64(format!("ali:{unique}"))] {
            assert!(!log.contains(secret), "{log}");
        }
    }
}
