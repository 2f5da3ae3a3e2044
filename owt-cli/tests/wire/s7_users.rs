//! §7: users. What a server knows of who sent a request, and what adaptors are told of it.

use owt_testing::{Answer, Folder, Owt, PATIENCE, Sent, Start, b64};
use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::s7_keys::{HASH, PASSWORD, TOKEN, basic, slow, with};

const NAMED: &str = "named-0123456789-token";

/// Who owt's request and flask's environment say it is.
const WHO: &str = "
import flask
def run():
    environ = flask.request.environ
    return [request.user, environ.get('REMOTE_USER'), flask.request.remote_user]
";

fn with_keys(folder: &Folder) -> Start {
    let users = format!("ali:{HASH}\n{}\n", slow("dör", PASSWORD, 8));
    let users = folder.write("users", users);
    let tokens = folder.write("tokens", format!("{TOKEN}\nci build:{NAMED}\n"));
    let files = ["--auth-file", users.to_str().unwrap(), "--token-file", tokens.to_str().unwrap()];
    Start::new().args(files)
}

/// Who the server says it is that sends these headers.
fn who(owt: &Owt, headers: &[(&str, &str)]) -> Value {
    let mut request = owt.code(WHO).posting("/");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = Answer::of(request.send().unwrap());
    answer.ok();
    answer.json()
}

#[test]
fn an_adaptor_is_told_whose_key_it_was() {
    let folder = Folder::new();
    for &workers in owt_testing::workers() {
        let owt = with_keys(&folder).args(["--workers", workers]).start();
        for (key, user) in [
            (basic("ali", PASSWORD), "ali"),
            (format!("Bearer {TOKEN}"), "token"),
            (basic("token", TOKEN), "token"),
            (format!("Bearer {NAMED}"), "ci build"),
            (basic("token", NAMED), "ci build"),
        ] {
            let told = who(&owt, &[("authorization", &key)]);
            assert_eq!(told, json!([user, user, user]), "--workers {workers}");
        }
        let call = owt.code("lambda: 'ran'");
        for wrong in [basic("ci build", NAMED), format!("Bearer ci build:{NAMED}")] {
            with(&call, &wrong).refused(401, "unauthenticated");
        }
        // WSGI's texts are bytes read as Latin-1 (PEP 3333).
        let told = who(&owt, &[("authorization", &basic("dör", PASSWORD))]);
        assert_eq!(told, json!(["dör", "dÃ¶r", "dÃ¶r"]));
    }
}

#[test]
fn a_header_does_not_say_who_it_is() {
    let folder = Folder::new();
    let wrong = [
        ("remote-user", "eve"),
        ("x-remote-user", "eve"),
        ("x-forwarded-user", "eve"),
        ("remote_user", "eve"),
        ("user", "eve"),
        ("from", "eve"),
    ];
    let owt = Owt::start();
    assert_eq!(who(&owt, &wrong), json!([null, null, null]));
    let key = basic("eve", PASSWORD);
    assert_eq!(who(&owt, &[("authorization", &key)]), json!([null, null, null]));
    let owt = with_keys(&folder).start();
    let key = basic("ali", PASSWORD);
    let headers: Vec<_> = wrong.into_iter().chain([("authorization", &*key)]).collect();
    assert_eq!(who(&owt, &headers), json!(["ali", "ali", "ali"]));
}

#[test]
fn a_kept_result_is_its_users_own_unless_it_is_shared() {
    let folder = Folder::new();
    let owt = with_keys(&folder).start();
    let call = owt.code("def run(): return request.user").field("use_cache", true);
    let told = |call: &Sent, token: &str| {
        let answer = Answer::of(call.posting("/").bearer_auth(token).send().unwrap());
        (answer.ok().to_owned(), answer.header("cache-status") == "owt; hit")
    };
    let (own, others) = (("token".to_owned(), false), ("ci build".to_owned(), false));
    let overridden = call.clone().field("cache_key_override", "mine");
    for call in [&call, &overridden] {
        assert_eq!(told(call, TOKEN), own);
        assert_eq!(told(call, NAMED), others);
        assert_eq!(told(call, TOKEN), (own.0.clone(), true));
        assert_eq!(told(call, NAMED), (others.0.clone(), true));
        let shared = call.clone().field("cache_shared", true);
        assert_eq!(told(&shared, TOKEN), own);
        assert_eq!(told(&shared, NAMED), (own.0.clone(), true));
    }
}

#[test]
fn on_a_unix_socket_it_is_the_other_ends_user() {
    let folder = Folder::new();
    let told = |start: Start, key: Option<&str>| {
        let socket = folder.path("socket");
        let _owt = start.unix(&socket).start();
        let client = Client::builder().timeout(PATIENCE).unix_socket(socket).build().unwrap();
        let mut request = client.post("http://localhost/").json(&json!({ "code_b64": b64(WHO) }));
        if let Some(key) = key {
            request = request.header("authorization", key);
        }
        Answer::of(request.send().unwrap()).json()[0].clone()
    };
    let id = std::process::Command::new("id").arg("-un").output().unwrap();
    let own = String::from_utf8(id.stdout).unwrap();
    assert_eq!(told(Start::new(), None), own.trim());
    assert_eq!(told(with_keys(&folder), Some(&format!("Bearer {NAMED}"))), "ci build");
}
