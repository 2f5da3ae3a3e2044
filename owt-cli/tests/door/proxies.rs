//! What a proxy forwards is believed of a trusted one only, and replaces no check.

use owt_testing::Start;

use crate::table::{Runs, Stays, Try};

#[test]
fn a_trusted_proxy_says_which_server_was_meant() {
    Try::with(["--trust-proxy", "127.0.0.0/8", "--allow-host", "owt.example"]).all(&[
        ("nothing forwarded", "GET {call} HTTP/1.1\nHost: {own}", Runs),
        ("our name", "GET {call} HTTP/1.1\nHost: {own}\nX-Forwarded-Host: owt.example\nX-Forwarded-Proto: https", Runs),
        ("our page", "POST /x HTTP/1.1\nHost: {own}\nX-Forwarded-Host: owt.example\nX-Forwarded-Proto: https\nOrigin: https://owt.example\nContent-Type: application/json\n\n{json}", Runs),
        ("our page by http", "POST /x HTTP/1.1\nHost: {own}\nX-Forwarded-Host: owt.example\nX-Forwarded-Proto: https\nOrigin: http://owt.example\nContent-Type: application/json\n\n{json}", Stays(403)),
        ("an evil name", "GET {call} HTTP/1.1\nHost: {own}\nX-Forwarded-Host: evil.example", Stays(403)),
        ("an evil name to the proxy's own", "GET {call} HTTP/1.1\nHost: evil.example\nX-Forwarded-Host: localhost", Stays(403)),
        ("two names", "GET {call} HTTP/1.1\nHost: {own}\nX-Forwarded-Host: localhost\nX-Forwarded-Host: owt.example", Stays(400)),
        ("a list", "GET {call} HTTP/1.1\nHost: {own}\nX-Forwarded-Host: localhost, owt.example", Stays(400)),
        ("an odd scheme", "GET {call} HTTP/1.1\nHost: {own}\nX-Forwarded-Proto: ftp", Stays(400)),
    ]);
}

#[test]
fn others_are_not_believed() {
    Try::with(["--trust-proxy", "10.0.0.0/8", "--allow-host", "owt.example"]).all(&[
        (
            "a scheme",
            "GET {call} HTTP/1.1\nHost: {own}\nX-Forwarded-Proto: https\nOrigin: https://{own}",
            Stays(403),
        ),
        (
            "a name",
            "GET {call} HTTP/1.1\nHost: evil.example\nX-Forwarded-Host: owt.example",
            Stays(403),
        ),
    ]);
}

#[test]
fn the_adaptor_sees_the_client_behind_the_proxy() {
    let seen = |owt: &owt_testing::Owt| {
        let call = owt.code("lambda: request.remote_addr").posting("/");
        let forwarded = "1.2.3.4, 10.9.9.9, 127.0.0.1";
        let answer = call.header("x-forwarded-for", forwarded).send().unwrap();
        answer.text().unwrap()
    };
    let trusting = Start::new().args(["--trust-proxy", "127.0.0.1,10.0.0.0/8"]).start();
    assert_eq!(seen(&trusting), "1.2.3.4");
    let near = Start::new().args(["--trust-proxy", "127.0.0.1"]).start();
    assert_eq!(seen(&near), "10.9.9.9");
    assert_eq!(seen(&Start::new().start()), "127.0.0.1");
}

#[test]
fn to_believe_everybody_is_warned_of() {
    for everybody in ["0.0.0.0/0", "::/0"] {
        let owt = Start::new().args(["--trust-proxy", everybody]).start();
        owt.log_with(&format!("--trust-proxy {everybody} believes everybody"));
    }
    let owt = Start::new().args(["--trust-proxy", "10.0.0.0/8", "--allow-host", "x.lan"]).start();
    assert_eq!(owt.code("lambda: 1").post("/").ok(), "1");
    assert!(!owt.log_with("").contains("believes everybody"));
}
