//! §7: 401, 403 and 429 at the door. Who is refused there has not run anything.

use reqwest::blocking::RequestBuilder;

use owt_testing::raw::Raw;
use owt_testing::{Answer, Folder, Owt, Sent, Start, b64};

/// The SHA-256 of `open sesame`.
const ALI: &str = "ali:41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb";

fn guarded() -> Owt {
    Start::new().args(["--auth", ALI]).start()
}

fn marking(owt: &Owt, folder: &Folder) -> Sent {
    owt.code(&format!("{}\ndef run(): return 'ran'\n", folder.mark("ran")))
}

fn sent(request: RequestBuilder) -> Answer {
    Answer::of(request.send().unwrap())
}

#[test]
fn without_credentials_it_asks_who_you_are() {
    let owt = guarded();
    let folder = Folder::new();
    let call = marking(&owt, &folder);
    for answer in [
        call.post("/"),
        call.get("/x"),
        sent(owt.request("GET", "/")),
        sent(owt.request("GET", "/_owt/problems/unauthenticated")),
        sent(owt.request("PUT", "/")),
    ] {
        answer.refused(401, "unauthenticated");
        assert!(answer.header("www-authenticate").starts_with("Basic"), "{:?}", answer.headers);
    }
    assert_eq!(folder.marks("ran"), 0);
}

#[test]
fn the_right_credentials_come_in_and_no_others() {
    let owt = guarded();
    let folder = Folder::new();
    let call = marking(&owt, &folder);
    for (user, password) in [
        ("ali", "open"),
        ("Ali", "open sesame"),
        ("", ""),
        ("ali", "open sesame "),
        ("ali", &ALI[4..]),
    ] {
        let answer = sent(call.posting("/").basic_auth(user, Some(password)));
        answer.refused(401, "unauthenticated");
    }
    for header in ["Bearer open sesame", "Basic", "Basic !!!"] {
        let answer = sent(call.posting("/").header("authorization", header));
        answer.refused(401, "unauthenticated");
    }
    assert_eq!(folder.marks("ran"), 0);
    let right = call.posting("/").basic_auth("ali", Some("open sesame"));
    assert_eq!(sent(right).ok(), "ran");
    assert_eq!(sent(call.getting("/").basic_auth("ali", Some("open sesame"))).ok(), "ran");
    // Nothing of the password is in what the adaptor or the log can be asked for by mistake.
    let repr = owt.code("lambda: repr(request.headers)").posting("/");
    let shown = sent(repr.basic_auth("ali", Some("open sesame")));
    assert!(!shown.ok().contains(&b64("ali:open sesame")), "{}", shown.text());
}

#[test]
fn too_many_failures_are_told_to_wait() {
    let owt = guarded();
    let call = owt.code("lambda: 'x'");
    let wrong = || sent(call.posting("/").basic_auth("ali", Some("guess")));
    let mut last = wrong();
    for _ in 0..100 {
        if last.status != 401 {
            break;
        }
        last = wrong();
    }
    last.refused(429, "too-many-failures");
    let wait: u64 = last.header("retry-after").parse().expect("seconds");
    assert!((1..=3600).contains(&wait), "{wait}");
}

#[test]
fn right_credentials_are_never_too_many() {
    let owt = guarded();
    let call = owt.code("lambda: 'x'");
    for _ in 0..200 {
        assert_eq!(sent(call.posting("/").basic_auth("ali", Some("open sesame"))).status, 200);
    }
    // Nor is somebody who has not been asked yet.
    for _ in 0..50 {
        assert_eq!(call.post("/").status, 401);
    }
}

#[test]
fn a_page_of_another_site_is_refused() {
    let folder = Folder::new();
    let own = |owt: &Owt| owt.url.clone();
    for owt in [Owt::start(), guarded()] {
        let call = marking(&owt, &folder);
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "http://127.0.0.1:1"),
            ("origin", "http://localhost"),
            ("origin", "null"),
        ] {
            for request in [call.posting("/"), call.getting("/"), owt.request("GET", "/")] {
                let request = request.basic_auth("ali", Some("open sesame")).header(name, value);
                sent(request).refused(403, "forbidden");
            }
        }
        assert_eq!(folder.marks("ran"), 0);
        for (name, value) in [("sec-fetch-site", "same-origin".to_owned()), ("origin", own(&owt))] {
            let request = call.posting("/").basic_auth("ali", Some("open sesame"));
            assert_eq!(sent(request.header(name, &value)).ok(), "ran", "{name}: {value}");
        }
        std::fs::remove_file(folder.path("ran")).unwrap();
    }
}

#[test]
fn a_foreign_name_is_refused() {
    let folder = Folder::new();
    let owt = Owt::start();
    let call = marking(&owt, &folder);
    let port = owt.address().rsplit_once(':').unwrap().1.to_owned();
    for host in [
        "evil.example",
        "evil.example:80",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "notlocalhost",
    ] {
        sent(call.posting("/").header("host", host)).refused(403, "forbidden");
        sent(owt.request("GET", "/").header("host", host)).refused(403, "forbidden");
    }
    assert_eq!(folder.marks("ran"), 0);
    for host in [
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        format!("[::1]:{port}"),
        "LOCALHOST".into(),
        "app.localhost".into(),
    ] {
        assert_eq!(sent(call.posting("/").header("host", &host)).ok(), "ran", "{host}");
    }
    // Credentials change nothing about that: a browser sends remembered ones to any name.
    let guarded = guarded();
    let call = marking(&guarded, &folder).posting("/").basic_auth("ali", Some("open sesame"));
    sent(call.header("host", "evil.example")).refused(403, "forbidden");
}

#[test]
fn a_foreign_name_is_seen_however_it_is_sent() {
    let owt = Owt::start();
    let folder = Folder::new();
    let request = marking(&owt, &folder).getting("/").build().unwrap();
    let query = request.url().query().unwrap();
    for head in [
        format!("GET http://evil.example/?{query} HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
        format!("GET /?{query} HTTP/1.1\r\nHost: {}\r\nHost: evil.example\r\n\r\n", owt.address()),
    ] {
        let (status, _) = Raw::send(&owt, &head).head();
        assert!((400..500).contains(&status), "{status}: {head}");
    }
    assert_eq!(folder.marks("ran"), 0);
}
