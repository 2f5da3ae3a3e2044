//! Whose GET runs code without any other sign: clients that people and their scripts call. Not
//! what fetches an address that a stranger wrote.

use std::process::{Command, Stdio};

use owt_testing::{Folder, Owt, PATIENCE};

use crate::table::{Fate, Row, Runs, Stays, Try};

/// A `User-Agent`, and what becomes of a GET with it.
const AGENTS: &[(&str, Fate)] = &[
    ("curl/8.5.0", Runs),
    ("Wget/1.21.4", Runs),
    ("HTTPie/3.2.2", Runs),
    ("xh/0.22.2", Runs),
    ("Mozilla/5.0 (Windows NT; Windows NT 10.0; de-DE) WindowsPowerShell/5.1.22621.963", Runs),
    ("Mozilla/5.0 (Linux; Debian GNU/Linux 12 (bookworm); en-US) PowerShell/7.4.6", Runs),
    ("python-requests/2.31.0", Runs),
    ("python-httpx/0.27.0", Runs),
    ("Python/3.11 aiohttp/3.9.3", Runs),
    ("node", Runs),
    ("undici", Runs),
    ("axios/1.6.8", Runs),
    ("got (https://github.com/sindresorhus/got)", Runs),
    ("Deno/1.42.1", Runs),
    ("Bun/1.1.3", Runs),
    ("Go-http-client/1.1", Runs),
    ("ureq/2.9.6", Runs),
    ("Java-http-client/21.0.2", Runs),
    ("Apache-HttpClient/4.5.14 (Java/17.0.10)", Runs),
    ("okhttp/4.12.0", Runs),
    ("Ruby", Runs),
    ("Faraday v2.9.0", Runs),
    ("haskell-HTTP/4000.4.1", Runs),
    ("R (4.3.3 x86_64-pc-linux-gnu x86_64 linux-gnu)", Runs),
    ("libcurl/8.5.0 r-curl/5.2.1 httr/1.4.7", Runs),
    ("HTTP.jl/1.10.5", Runs),
    ("CURL/8.5.0", Runs),
    ("git/2.47.3", Stays(403)),
    ("git/2.0 (libgit2 1.7.2)", Stays(403)),
    ("git-lfs/3.4.1 (GitHub; linux amd64; go 1.21)", Stays(403)),
    ("SVN/1.14.3 (x86_64-pc-linux-gnu) serf/1.3.10", Stays(403)),
    ("pip/24.0 {\"python\":\"3.12\"}", Stays(403)),
    ("npm/10.5.0 node/v20.12.0 linux x64 workspaces/false", Stays(403)),
    ("Ruby, RubyGems/3.5.3 x86_64-linux Ruby/3.3.0 (2023-12-25 patchlevel 0)", Stays(403)),
    ("docker/26.0.0 go/go1.21.8", Stays(403)),
    ("Debian APT-HTTP/1.3 (2.6.1)", Stays(403)),
    ("VLC/3.0.20 LibVLC/3.0.20", Stays(403)),
    ("Lavf/60.16.100", Stays(403)),
    ("GStreamer souphttpsrc 1.22.0 libsoup/3.2.2", Stays(403)),
    ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", Stays(403)),
    ("GitHub-Hookshot/044aadd", Stays(403)),
    ("lychee/0.14.3", Stays(403)),
    ("WeasyPrint 61.2", Stays(403)),
    ("libcurl/8.5.0", Stays(403)),
    ("libcurl-agent/1.0", Stays(403)),
    ("not-curl/8.5.0", Stays(403)),
    ("x (curl/8.5.0)", Stays(403)),
    ("Opera/9.80 (X11; Linux x86_64) Presto/2.12", Stays(403)),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Stays(403)),
];

#[test]
fn a_name_says_who_is_called_on_purpose() {
    let server = Try::with([]);
    let request =
        |agent| format!("GET {{call}} HTTP/1.1\nHost: {{own}}\nUser-Agent: {agent}\nAccept: */*");
    let rows: Vec<_> =
        AGENTS.iter().map(|(agent, fate)| (*agent, request(*agent), *fate)).collect();
    server.all(&rows);
}

const OTHERS: &[Row] = &[
    ("no name", "GET {call} HTTP/1.1\nHost: {own}\n{nameless}\nAccept: */*", Stays(403)),
    // As pandoc asks for a picture in a document, and libxml2 for a DTD.
    (
        "no name, as pandoc",
        "GET {call} HTTP/1.1\nHost: {own}\n{nameless}\nAccept-Encoding: gzip",
        Stays(403),
    ),
    (
        "no name in HTTP/1.0",
        "GET {call} HTTP/1.0\nHost: {own}\n{nameless}\nAccept-Encoding: gzip",
        Stays(403),
    ),
    ("an empty name", "GET {call} HTTP/1.1\nHost: {own}\nUser-Agent:", Stays(403)),
    (
        "two names",
        "GET {call} HTTP/1.1\nHost: {own}\nUser-Agent: curl/8.5.0\nUser-Agent: git/2.47.3",
        Stays(403),
    ),
    ("no name, which means it", "GET {call} HTTP/1.1\nHost: {own}\n{nameless}\nX-Owt: 1", Runs),
    ("git, told to", "GET {call} HTTP/1.1\nHost: {own}\nUser-Agent: git/2\nX-Owt: 1", Runs),
    (
        "no name, with JSON of its own",
        "POST /x HTTP/1.1\nHost: {own}\n{nameless}\nContent-Type: application/json\n\n{json}",
        Runs,
    ),
    (
        "a webhook",
        "POST {call} HTTP/1.1\nHost: {own}\nUser-Agent: GitHub-Hookshot/044aadd\nContent-Type: application/json\n\n{}",
        Stays(403),
    ),
    (
        "a webhook without a name",
        "POST {call} HTTP/1.1\nHost: {own}\n{nameless}\nContent-Type: application/json\n\n{}",
        Stays(403),
    ),
    (
        "a webhook with a form",
        "POST {call} HTTP/1.1\nHost: {own}\n{nameless}\nContent-Type: application/x-www-form-urlencoded\n\nx=1",
        Stays(403),
    ),
    (
        "a form of somebody unknown",
        "POST /x HTTP/1.1\nHost: {own}\n{nameless}\nContent-Type: application/x-www-form-urlencoded\n\n{form}",
        Stays(403),
    ),
    (
        "JSON by curl, and a call in the query",
        "POST {call} HTTP/1.1\nHost: {own}\nContent-Type: application/json\n\n{}",
        Runs,
    ),
    (
        "git's push",
        "POST {call} HTTP/1.1\nHost: {own}\nUser-Agent: git/2.47.3\nContent-Type: application/x-git-upload-pack-request\n\n0000",
        Stays(403),
    ),
    (
        "a browser of the terminal",
        "GET {call} HTTP/1.1\nHost: {own}\nUser-Agent: Lynx/2.9.0 libwww-FM/2.14\nAccept: text/html, text/plain, */*;q=0.01",
        Stays(200),
    ),
    ("curl with a cookie", "GET {call} HTTP/1.1\nHost: {own}\nCookie: a=b", Stays(403)),
    (
        "curl with a cookie, which means it",
        "GET {call} HTTP/1.1\nHost: {own}\nCookie: a=b\nX-Owt: 1",
        Runs,
    ),
];

#[test]
fn everybody_else_says_so() {
    Try::with([]).all(OTHERS);
}

#[test]
fn who_is_refused_is_told_how() {
    let owt = Owt::start();
    let call = owt.code("lambda: 1").getting("/").header("user-agent", "git/2.47.3");
    let told = owt_testing::Answer::of(call.send().unwrap()).refused(403, "forbidden");
    let detail = told["detail"].as_str().unwrap();
    for mend in ["`X-Owt: 1`", "Bearer", "POST of application/json"] {
        assert!(detail.contains(mend), "{detail}");
    }
}

/// git itself, as `git clone --recurse-submodules` runs it for what a stranger's `.gitmodules`
/// says.
#[test]
fn git_runs_nothing() {
    let (owt, folder) = (Owt::start(), Folder::new());
    let code = format!("{}\ndef run(): return 'ran'\n#", folder.mark("ran"));
    let url = |code: &str| {
        let request = owt.code(code).getting("/x").build().unwrap();
        // git puts what it asks for behind the URL.
        format!("{}&rest=", request.url())
    };
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "protocol.file.allow=always"]).args(arguments);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        git.env("GIT_TERMINAL_PROMPT", "0").env_remove("GIT_DIR");
        for who in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{who}_NAME"), "x").env(format!("GIT_{who}_EMAIL"), "x@x");
        }
        git.current_dir(folder.as_str()).stdin(Stdio::null()).output().expect("git is installed")
    };
    let evil = url(&code);
    let modules = format!("[submodule \"x\"]\n\tpath = x\n\turl = \"{evil}\"\n");
    assert!(git(&["init", "-q", "origin"]).status.success());
    folder.write("origin/.gitmodules", modules);
    let commit = "0123456789abcdef0123456789abcdef01234567";
    for arguments in [
        &["add", ".gitmodules"][..],
        &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},x")],
        &["commit", "-q", "-m", "x"],
    ] {
        let done = git(&[&["-C", "origin"], arguments].concat());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let cloned = git(&["clone", "-q", "--recurse-submodules", "origin", "clone"]);
    let said = String::from_utf8_lossy(&cloned.stderr).into_owned();
    assert!(!cloned.status.success() && said.contains("403"), "{said}");
    assert_eq!(folder.marks("ran"), 0);
    // It was asked for what would have run.
    let asked = format!("{evil}/info/refs&service=git-upload-pack");
    let client = owt_testing::client().get(asked).timeout(PATIENCE);
    assert_eq!(client.send().unwrap().text().unwrap(), "ran");
    assert_eq!(folder.marks("ran"), 1);
}
