//! Every route of the router is behind the door.

use owt_testing::{Answer, Owt, Start};

use crate::table::ALI;

/// Every page that the server says it has, and some that it has not.
pub fn paths(owt: &Owt) -> Vec<String> {
    let catalogue = owt.request("GET", "/").header("accept", "application/json");
    let catalogue = Answer::of(catalogue.basic_auth("ali", Some("open sesame")).send().unwrap());
    let catalogue = catalogue.json();
    let pages = catalogue["pages"].as_array().unwrap().iter();
    let problems = catalogue["problems"].as_array().unwrap().iter().map(|each| &each["type"]);
    let mut paths: Vec<String> =
        pages.chain(problems).map(|path| path.as_str().unwrap().to_owned()).collect();
    assert!(paths.len() > 20 && paths.contains(&"/_owt/metrics".to_owned()), "{paths:?}");
    for path in
        ["/", "/_owt/", "/_owt/none", "/x", "/x?code_b64=eA", "/%2e%2e/", "//", "/_owt//livez"]
    {
        paths.push(path.to_owned());
    }
    paths
}

#[test]
fn every_route_asks_for_the_key() {
    let owt = Start::new().args(["--auth", ALI]).start();
    for path in paths(&owt) {
        for method in ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"] {
            let answer = owt.request(method, &path).send().unwrap();
            assert_eq!(answer.status(), 401, "{method} {path}");
            let wrong = owt.request(method, &path).header("host", "evil.example");
            assert_eq!(wrong.send().unwrap().status(), 403, "{method} {path}");
            let foreign = owt.request(method, &path).header("sec-fetch-site", "cross-site");
            assert_eq!(foreign.send().unwrap().status(), 403, "{method} {path}");
        }
    }
}

#[test]
fn the_catalogue_lists_every_page_that_answers() {
    let owt = Owt::start();
    for path in paths(&owt).iter().filter(|path| path.starts_with("/_owt/") && path.len() > 6) {
        let status = owt.request("GET", path).send().unwrap().status().as_u16();
        let wanted = match path.as_str() {
            "/_owt/run" | "/_owt/code" => 405,
            "/_owt/none" | "/_owt//livez" => 404,
            _ => 200,
        };
        assert_eq!(status, wanted, "{path}");
    }
}
