//! Only a name that nobody else can point here is answered to.

use crate::table::{ALI, Row, Runs, Stays, Try};

const HOSTS: &[Row] = &[
    ("localhost", "GET {call} HTTP/1.1\nHost: localhost:{port}", Runs),
    ("localhost, no port", "GET {call} HTTP/1.1\nHost: localhost", Runs),
    ("capitals", "GET {call} HTTP/1.1\nHost: LocalHost:{port}", Runs),
    ("below localhost", "GET {call} HTTP/1.1\nHost: app.localhost:{port}", Runs),
    ("loopback", "GET {call} HTTP/1.1\nHost: 127.0.0.1:{port}", Runs),
    ("all of 127/8", "GET {call} HTTP/1.1\nHost: 127.1.2.3:{port}", Runs),
    ("IPv6 loopback", "GET {call} HTTP/1.1\nHost: [::1]:{port}", Runs),
    ("a port forwarded to here", "GET {call} HTTP/1.1\nHost: localhost:8080", Runs),
    ("HTTP/1.0 with a name", "GET {call} HTTP/1.0\nHost: localhost", Runs),
    ("absolute-form", "GET http://{own}{call} HTTP/1.1\nHost: {own}", Runs),
    (
        "absolute-form, default port",
        "GET http://localhost:80{call} HTTP/1.1\nHost: localhost",
        Runs,
    ),
    ("evil", "GET {call} HTTP/1.1\nHost: evil.example", Stays(403)),
    ("evil with our port", "GET {call} HTTP/1.1\nHost: evil.example:{port}", Stays(403)),
    (
        "rebinding",
        "POST /x HTTP/1.1\nHost: evil.example:{port}\nOrigin: http://evil.example:{port}\nSec-Fetch-Site: same-origin\nContent-Type: application/json\n\n{json}",
        Stays(403),
    ),
    ("begins with localhost", "GET {call} HTTP/1.1\nHost: localhost.evil.example", Stays(403)),
    ("ends with localhost", "GET {call} HTTP/1.1\nHost: evillocalhost", Stays(403)),
    ("nip.io", "GET {call} HTTP/1.1\nHost: 127.0.0.1.nip.io", Stays(403)),
    ("hexadecimal", "GET {call} HTTP/1.1\nHost: 0x7f.1", Stays(403)),
    ("short", "GET {call} HTTP/1.1\nHost: 127.1", Stays(403)),
    ("octal", "GET {call} HTTP/1.1\nHost: 0177.0.0.1", Stays(403)),
    ("decimal", "GET {call} HTTP/1.1\nHost: 2130706433", Stays(403)),
    ("any", "GET {call} HTTP/1.1\nHost: 0.0.0.0:{port}", Stays(403)),
    ("any IPv6", "GET {call} HTTP/1.1\nHost: [::]:{port}", Stays(403)),
    ("mapped", "GET {call} HTTP/1.1\nHost: [::ffff:127.0.0.1]:{port}", Stays(403)),
    ("link-local", "GET {call} HTTP/1.1\nHost: [fe80::1%25lo]:{port}", Stays(403)),
    ("another machine", "GET {call} HTTP/1.1\nHost: 192.168.0.1", Stays(403)),
    ("trailing dot", "GET {call} HTTP/1.1\nHost: localhost.:{port}", Stays(403)),
    ("address with a dot", "GET {call} HTTP/1.1\nHost: 127.0.0.1.:{port}", Stays(403)),
    ("user before it", "GET {call} HTTP/1.1\nHost: localhost@evil.example", Stays(403)),
    ("user behind it", "GET {call} HTTP/1.1\nHost: evil.example@localhost", Stays(403)),
    ("password", "GET {call} HTTP/1.1\nHost: localhost:80@evil.example", Stays(403)),
    ("no such port", "GET {call} HTTP/1.1\nHost: localhost:99999", Stays(403)),
    ("port with a sign", "GET {call} HTTP/1.1\nHost: localhost:+80", Stays(403)),
    ("no port after the colon", "GET {call} HTTP/1.1\nHost: localhost:", Stays(403)),
    ("two ports", "GET {call} HTTP/1.1\nHost: localhost:80:80", Stays(403)),
    ("path in it", "GET {call} HTTP/1.1\nHost: localhost/evil", Stays(403)),
    ("backslash", "GET {call} HTTP/1.1\nHost: localhost\\evil.example", Stays(403)),
    ("list", "GET {call} HTTP/1.1\nHost: localhost, evil.example", Stays(403)),
    ("percent", "GET {call} HTTP/1.1\nHost: local%68ost", Stays(403)),
    ("not ASCII", "GET {call} HTTP/1.1\nHost: löcalhost", Stays(403)),
    ("star", "GET {call} HTTP/1.1\nHost: *", Stays(403)),
    ("empty", "GET {call} HTTP/1.1\nHost: ", Stays(400)),
    ("missing", "GET {call} HTTP/1.1", Stays(400)),
    ("missing in HTTP/1.0", "GET {call} HTTP/1.0", Stays(400)),
    ("double", "GET {call} HTTP/1.1\nHost: localhost\nHost: evil.example", Stays(400)),
    ("double, other order", "GET {call} HTTP/1.1\nHost: evil.example\nHost: localhost", Stays(400)),
    ("double, the same", "GET {call} HTTP/1.1\nHost: localhost\nHost: localhost", Stays(400)),
    ("mismatch", "GET http://evil.example{call} HTTP/1.1\nHost: localhost", Stays(400)),
    ("mismatch of two of ours", "GET http://localhost{call} HTTP/1.1\nHost: 127.0.0.1", Stays(400)),
    ("mismatch of ports", "GET http://localhost:1{call} HTTP/1.1\nHost: localhost:2", Stays(400)),
    (
        "absolute-form of evil",
        "GET http://evil.example{call} HTTP/1.1\nHost: evil.example",
        Stays(403),
    ),
    (
        "absolute-form with a user",
        "GET http://localhost@evil.example{call} HTTP/1.1\nHost: localhost",
        Stays(403),
    ),
    (
        "X-Forwarded-Host",
        "GET {call} HTTP/1.1\nHost: evil.example\nX-Forwarded-Host: localhost",
        Stays(403),
    ),
    (
        "X-Forwarded-Host of evil",
        "GET {call} HTTP/1.1\nHost: localhost\nX-Forwarded-Host: evil.example",
        Runs,
    ),
    (
        "Forwarded",
        "GET {call} HTTP/1.1\nHost: evil.example\nForwarded: host=localhost;for=127.0.0.1",
        Stays(403),
    ),
    (
        "X-Host and friends",
        "GET {call} HTTP/1.1\nHost: evil.example\nX-Host: localhost\nX-Original-Host: localhost",
        Stays(403),
    ),
];

#[test]
fn a_server_answers_to_its_own_names() {
    Try::with([]).all(HOSTS);
}

#[test]
fn a_password_makes_no_name_right() {
    Try::with(["--auth", ALI]).all(&[
        ("right name", "GET {call} HTTP/1.1\nHost: localhost\n{basic}", Runs),
        ("evil name, right password", "GET {call} HTTP/1.1\nHost: evil.example\n{basic}", Stays(403)),
        ("evil POST", "POST /x HTTP/1.1\nHost: evil.example\n{basic}\nContent-Type: application/json\n\n{json}", Stays(403)),
        ("evil name, no password", "GET {call} HTTP/1.1\nHost: evil.example", Stays(403)),
        ("no password", "GET {call} HTTP/1.1\nHost: localhost", Stays(401)),
        ("two passwords", "GET {call} HTTP/1.1\nHost: localhost\n{basic}\n{basic}", Stays(400)),
        ("a Bearer, where there are no tokens", "GET {call} HTTP/1.1\nHost: localhost\nAuthorization: Bearer x", Stays(401)),
    ]);
}

#[test]
fn names_are_allowed_one_by_one() {
    Try::with(["--allow-host", "owt.lan", "--allow-host", "models.example,10.0.0.7"]).all(&[
        ("first", "GET {call} HTTP/1.1\nHost: owt.lan:{port}", Runs),
        ("in capitals", "GET {call} HTTP/1.1\nHost: OWT.LAN", Runs),
        ("second", "GET {call} HTTP/1.1\nHost: models.example", Runs),
        ("address", "GET {call} HTTP/1.1\nHost: 10.0.0.7", Runs),
        ("below it", "GET {call} HTTP/1.1\nHost: x.owt.lan", Stays(403)),
        ("above it", "GET {call} HTTP/1.1\nHost: lan", Stays(403)),
        ("with a dot", "GET {call} HTTP/1.1\nHost: owt.lan.", Stays(403)),
    ]);
}
