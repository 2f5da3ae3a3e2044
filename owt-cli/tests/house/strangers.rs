//! `owt call` where something else than an adaptor answers: a proxy, another service.

use std::process::{Command, Output, Stdio};

use owt_testing::peer::{Peer, Then, whole};

/// `owt call` of that address, with nothing else from the environment.
fn call(url: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(owt_testing::binary());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OWT_")) {
        command.env_remove(name);
    }
    command.args(["call", "--code", "secret_code"]).env("OWT_URL", url).stdin(Stdio::null());
    command.envs(variables.iter().copied()).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_redirect_is_no_result() {
    let answer =
        whole("301 Moved Permanently", &["Location: https://models.example/"], "<h1>moved");
    let peer = Peer::saying(answer, || Then::Keep);
    let output = call(&peer.url, &[]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), b"".as_slice()));
    let told = told(&output);
    assert!(told.contains(&peer.url) && told.contains("https://models.example/"), "{told}");
}

#[test]
fn somebody_elses_problem_is_told_whole() {
    let problem = r#"{"type": "https://example.com/no-credit", "title": "No credit", "status": 402,
        "detail": "30 are missing", "balance": -30}"#;
    let headers = ["Content-Type: application/problem+json"];
    let peer = Peer::saying(whole("402 Payment Required", &headers, problem), || Then::Keep);
    let output = call(&peer.url, &[]);
    assert_eq!(output.status.code(), Some(1));
    let told = told(&output);
    for part in ["No credit (402): 30 are missing", "https://example.com/no-credit", "balance: -30"]
    {
        assert!(told.contains(part), "{told}");
    }
}

/// As curl and all of reqwest have it; an address of this machine needs no proxy.
#[test]
fn a_proxy_of_the_environment_is_used() {
    let proxy = Peer::saying(whole("200 OK", &[], "by the proxy"), || Then::Keep);
    let far = "http://models.invalid:9876";
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let output = call(far, &[(name, &proxy.url)]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "by the proxy", "{}", told(&output));
    }
    assert!(proxy.requests()[0].head.starts_with("POST http://models.invalid:9876/ "));
    let output = call(far, &[("HTTP_PROXY", &proxy.url), ("NO_PROXY", "models.invalid")]);
    assert!(told(&output).contains("no connection to http://models.invalid:9876"));
    let near = Peer::saying(whole("200 OK", &[], "near"), || Then::Keep);
    let output = call(&near.url, &[("HTTP_PROXY", &proxy.url)]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "near");
}
