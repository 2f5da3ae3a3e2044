//! A Unix socket is its owner's alone: no name and no page can have sent anybody there. Keys are
//! asked for where there are any.

use owt_testing::{Answer, Folder, PATIENCE, Start, b64};
use reqwest::blocking::Client;
use serde_json::json;

use crate::table::ALI;

#[test]
fn only_keys_are_asked_for() {
    let folder = Folder::new();
    for (name, keys) in [("open", None), ("keyed", Some(ALI))] {
        let socket = folder.path(&format!("{name}/owt"));
        let args = keys.map(|keys| ["--auth", keys]);
        let _owt = Start::new().unix(&socket).args(args.into_iter().flatten()).start();
        let client = Client::builder().timeout(PATIENCE).unix_socket(socket).build().unwrap();
        let call = || {
            let fields = json!({ "code_b64": b64("lambda: 'ran'") });
            let request = client.post("http://evil.example/").json(&fields);
            request.header("origin", "http://other.example").header("sec-fetch-site", "cross-site")
        };
        let plain = Answer::of(call().send().unwrap());
        match keys {
            None => assert_eq!(plain.ok(), "ran"),
            Some(_) => assert_eq!(plain.status, 401),
        }
        let known = call().basic_auth("ali", Some("open sesame"));
        assert_eq!(Answer::of(known.send().unwrap()).ok(), "ran");
    }
}
