//! Functions are behind the door as all else is.

use owt_testing::{Answer, Folder, Start};
use reqwest::blocking::RequestBuilder;
use serde_json::json;

use crate::serving;

fn status(request: RequestBuilder) -> u16 {
    Answer::of(request.send().unwrap()).status
}

#[test]
fn a_stranger_s_url_calls_nothing() {
    let folder = Folder::new();
    let text = "import owt\n@owt.function(get=True)\ndef f(x: int = 1): return x\n";
    folder.write("tools.py", text);
    let owt = serving(&folder, "1");
    let post = || owt.request("POST", "/tools/f").json(&json!({"x": 1}));
    let get = || owt.request("GET", "/tools/f?x=1");
    let put = || owt.request("PUT", "/_owt/code").body("def run(): return 1");
    for request in [&post as &dyn Fn() -> RequestBuilder, &get] {
        assert_eq!(status(request()), 200);
        // A webhook, whose owner was told by somebody where to.
        let webhook = || request().header("user-agent", "Hookshot/1");
        assert_eq!(status(webhook()), 403);
        assert_eq!(status(webhook().header("x-owt", "1")), 200);
    }
    for request in [&post as &dyn Fn() -> RequestBuilder, &get, &put] {
        assert_eq!(status(request().header("origin", "http://evil.example")), 403);
        assert_eq!(status(request().header("sec-fetch-site", "cross-site")), 403);
        assert_eq!(status(request().header("host", "evil.example")), 403);
    }
    assert_eq!(status(put().header("user-agent", "Hookshot/1")), 403);
    assert_eq!(status(put()), 201);
    // A person is asked, and shown the module.
    let opened = get()
        .header("user-agent", "Mozilla/5.0")
        .header("accept", "text/html")
        .header("sec-fetch-site", "none")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document");
    let page = Answer::of(opened.send().unwrap());
    assert!(page.ok().contains("@owt.function(get=True)"), "{}", page.text());
}

#[test]
fn publishing_wants_the_key_that_calling_wants() {
    let folder = Folder::new();
    folder.write("tools.py", "def f(): return 1\n");
    let owt = Start::new().token("sesame-sesame-sesame").args([folder.as_str()]).start();
    let bare = owt.url.replace("token:sesame-sesame-sesame@", "");
    let client = owt_testing::client();
    for (method, path) in [("PUT", "/_owt/code"), ("GET", "/_owt/functions"), ("POST", "/tools/f")]
    {
        let bare = client.request(method.parse().unwrap(), format!("{bare}{path}"));
        assert_eq!(status(bare.body("def run(): return 1")), 401, "{path}");
        let keyed = owt.request(method, path).body(if method == "PUT" {
            "def run(): return 1"
        } else {
            ""
        });
        assert!(status(keyed) < 300, "{path}");
    }
}
