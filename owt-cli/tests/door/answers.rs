//! What every answer tells the browser, and who may read it.

use reqwest::blocking::Response;

use owt_testing::{Folder, Owt, Start};

fn header(response: &Response, name: &str) -> Vec<String> {
    let all = response.headers().get_all(name).iter();
    all.map(|value| value.to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_answer_says_how_it_may_be_used() {
    let owt = Owt::start();
    let own = [
        owt.request("GET", "/"),
        owt.request("GET", "/_owt/livez"),
        owt.request("GET", "/none"),
        owt.request("PUT", "/"),
        owt.request("GET", "/").header("host", "evil.example"),
    ];
    let calls = ["lambda: '<p>page'", "def run():\n yield 'a'", "1/0"];
    let calls = calls.map(|code| owt.code(code).posting("/"));
    // What a call is answered, a cache gives to the like of whom it was given to.
    let varies: [&[&str]; 2] = [&[], &["Accept, Sec-Fetch-Site, Service-Worker"]];
    let own = own.into_iter().map(|request| (request, varies[0]));
    for (request, varies) in own.chain(calls.into_iter().map(|request| (request, varies[1]))) {
        let response = request.send().unwrap();
        assert_eq!(header(&response, "x-content-type-options"), ["nosniff"]);
        assert_eq!(header(&response, "referrer-policy"), ["same-origin"]);
        // The server's own pages have stricter ones before it.
        let policies = header(&response, "content-security-policy");
        assert_eq!(policies.last().unwrap(), "frame-ancestors 'self'");
        assert!(header(&response, "access-control-allow-origin").is_empty());
        assert_eq!(header(&response, "vary"), varies);
    }
}

/// What would tell a browser more than about this answer, or who may read it.
const NOT_AN_ADAPTORS: &[(&str, &str)] = &[
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Access-Control-Allow-Headers", "*"),
    ("Access-Control-Allow-Methods", "*"),
    ("Access-Control-Allow-Private-Network", "true"),
    ("Access-Control-Allow-Local-Network", "true"),
    ("Access-Control-Expose-Headers", "*"),
    ("Access-Control-Max-Age", "86400"),
    ("access-control-something-new", "x"),
    ("Service-Worker-Allowed", "/"),
    ("Clear-Site-Data", "\"*\""),
    ("Alt-Svc", "h2=\":1\"; persist=1"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("NEL", "{\"report_to\": \"x\", \"max_age\": 31536000, \"success_fraction\": 1}"),
    ("Report-To", "{\"group\": \"x\", \"max_age\": 31536000, \"endpoints\": []}"),
    ("No-Vary-Search", "params"),
    ("Use-As-Dictionary", "match=\"/*\""),
    ("Set-Cookie", "owt_run_0123456789abcdef=x"),
    ("Set-Cookie", "  owt_run_0123456789abcdef = x; Path=/"),
    ("Set-Cookie", "=owt_run_0123456789abcdef=x"),
];

#[test]
fn an_adaptor_rules_its_answer_and_not_the_origin() {
    let (owt, folder) = (Owt::start(), Folder::new());
    let file = folder.write("file.txt", "content");
    for (name, value) in NOT_AN_ADAPTORS {
        let headers = format!("[({name:?}, {value:?}), ('X-Mine', 'kept'), ('Set-Cookie', 'a=b')]");
        for code in [
            format!("lambda: ('x', {headers})"),
            format!("def run():\n def chunks(): yield 'x'\n return stream(chunks()), {headers}"),
            format!("lambda: (pathlib.Path({file:?}), {headers})"),
        ] {
            let response = owt.code(&code).posting("/").send().unwrap();
            assert_eq!(response.status(), 200, "{code}");
            assert_eq!(header(&response, "x-mine"), ["kept"], "{code}");
            assert_eq!(header(&response, "set-cookie"), ["a=b"], "{code}");
            if *name != "Set-Cookie" {
                assert!(header(&response, name).is_empty(), "{code}");
            }
        }
    }
}

#[test]
fn the_page_at_the_root_lets_nothing_of_others_in() {
    let owt = Owt::start();
    let policies =
        |path| header(&owt.request("GET", path).send().unwrap(), "content-security-policy");
    let page = &policies("/")[0];
    for rule in ["default-src 'none';", "script-src 'self';", "frame-ancestors 'none';"] {
        assert!(page.contains(rule), "{page}");
    }
    assert!(!page.contains("unsafe"), "{page}");
    let frame = ["sandbox allow-scripts allow-forms allow-popups", "frame-ancestors 'self'"];
    assert_eq!(policies("/_owt/frame"), frame);
}

#[test]
fn an_adaptor_adds_to_it() {
    let owt = Owt::start();
    let code = "lambda: ('x', {'Content-Security-Policy': \"default-src 'none'\", \
                'X-Content-Type-Options': 'no', 'Referrer-Policy': 'no-referrer'})";
    let response = owt.code(code).posting("/").send().unwrap();
    let policies = header(&response, "content-security-policy");
    assert_eq!(policies, ["default-src 'none'", "frame-ancestors 'self'"]);
    assert_eq!(header(&response, "x-content-type-options"), ["nosniff"]);
    assert_eq!(header(&response, "referrer-policy"), ["no-referrer"]);
}

#[test]
fn an_allowed_origin_reads_its_answer_and_no_other() {
    let owt = Start::new().args(["--allow-origin", "https://app.example,http://b.example"]).start();
    let call = owt.code("lambda: 'x'");
    for origin in ["https://app.example", "http://b.example"] {
        let response = call.posting("/").header("origin", origin).send().unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "access-control-allow-origin"), [origin]);
        assert_eq!(header(&response, "vary").last().unwrap(), "Origin");
        assert!(header(&response, "access-control-allow-credentials").is_empty());
        // Problems too: its page wants to tell its user.
        let response = owt.code("1/0").posting("/").header("origin", origin).send().unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(header(&response, "access-control-allow-origin"), [origin]);
        let asked = owt
            .request("OPTIONS", "/x")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,authorization,x-owt")
            .header("access-control-request-private-network", "true")
            .send()
            .unwrap();
        assert_eq!(asked.status(), 204);
        assert_eq!(header(&asked, "access-control-allow-origin"), [origin]);
        assert_eq!(header(&asked, "access-control-allow-methods"), ["GET, POST"]);
        let headers = "content-type,authorization,x-owt";
        assert_eq!(header(&asked, "access-control-allow-headers"), [headers]);
        assert!(header(&asked, "access-control-allow-private-network").is_empty());
        // Code that is to be called by its hash.
        let asked = owt.request("OPTIONS", "/_owt/code").header("origin", origin);
        let asked = asked.header("access-control-request-method", "PUT").send().unwrap();
        assert_eq!(header(&asked, "access-control-allow-methods"), ["PUT"]);
    }
    for response in [
        call.posting("/").send().unwrap(),
        call.posting("/").header("origin", "https://evil.example").send().unwrap(),
        call.posting("/").header("origin", &owt.url).send().unwrap(),
    ] {
        assert!(header(&response, "access-control-allow-origin").is_empty());
        assert_eq!(header(&response, "vary").last().unwrap(), "Origin");
    }
}

#[test]
fn a_preflight_is_answered_before_the_key_is_asked_for() {
    let args = ["--allow-origin", "https://app.example", "--auth", crate::table::ALI];
    let owt = Start::new().args(args).start();
    let asked = |origin: &str| {
        let request = owt.request("OPTIONS", "/").header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        request.send().unwrap().status().as_u16()
    };
    assert_eq!(asked("https://app.example"), 204);
    assert_eq!(asked("https://evil.example"), 403);
    // Nothing but the question: an OPTIONS that asks nothing shows a key.
    let plain = owt.request("OPTIONS", "/").header("origin", "https://app.example");
    assert_eq!(plain.send().unwrap().status(), 401);
}

#[test]
fn pages_of_adaptors_can_be_kept_apart() {
    let owt = Start::new().args(["--sandbox-pages"]).start();
    let response = owt.code("lambda: '<p>page'").posting("/").send().unwrap();
    let policies = header(&response, "content-security-policy");
    assert_eq!(policies.len(), 2, "{policies:?}");
    assert!(policies[1].starts_with("sandbox "), "{policies:?}");
    assert!(!policies[1].contains("allow-same-origin"), "{policies:?}");
    let own = header(&owt.request("GET", "/").send().unwrap(), "content-security-policy");
    assert!(!own.iter().any(|policy| policy.contains("sandbox")), "{own:?}");
}

#[test]
fn a_key_is_not_for_adaptors() {
    let code = "lambda: request.headers.get('Authorization', 'none')";
    let keyed = Start::new().args(["--auth", crate::table::ALI]).start();
    let call = keyed.code(code).posting("/").basic_auth("ali", Some("open sesame"));
    assert_eq!(call.send().unwrap().text().unwrap(), "none");
    // Where the server asks for none, it is the adaptor's own.
    let open = Owt::start();
    let call = open.code(code).posting("/").header("authorization", "Bearer of-the-adaptor");
    assert_eq!(call.send().unwrap().text().unwrap(), "Bearer of-the-adaptor");
}

#[test]
fn owts_own_clients_say_that_they_mean_it() {
    let owt = Owt::start();
    let run = "f(lambda: request.headers['X-Owt'])";
    let mut command = std::process::Command::new(owt_testing::binary());
    let told = command.args(["call", "--method", "GET", "--address", &owt.url, "--run", run]);
    assert_eq!(told.output().unwrap().stdout, b"1");
    let ask = "import owt.client\ndef run(url, code): return owt.client.Client(url)(code, method='GET')\n";
    let kwargs = serde_json::json!({"url": owt.url, "code": run}).to_string();
    assert_eq!(owt.code(ask).kwargs(&kwargs).post("/").ok(), "1");
}
