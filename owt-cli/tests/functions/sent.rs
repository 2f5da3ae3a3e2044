//! Code that was sent is called by its hash, and by a name.

use owt_testing::{Answer, Folder, Owt, Start};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{call, catalogue, names};

const CODE: &str = "import owt\n\ndef run(x: int): return x * 2\n\ndef other(): return 'o'\n";

fn put(owt: &Owt, path: &str, code: &str) -> Answer {
    let request = owt.request("PUT", path).header("content-type", "text/x-python");
    Answer::of(request.body(code.to_owned()).send().unwrap())
}

#[test]
fn code_is_called_by_its_hash() {
    for workers in owt_testing::workers() {
        let owt = Start::new().args(["--workers", workers]).start();
        let hash: String = Sha256::digest(CODE).iter().map(|byte| format!("{byte:02x}")).collect();
        let path = format!("/_owt/code/{hash}");
        let problem = call(&owt, &path, &json!({"x": 1})).refused(404, "unknown-code");
        assert!(problem["detail"].as_str().unwrap().contains("send it again"));
        let answer = put(&owt, "/_owt/code", CODE);
        assert_eq!(answer.header("location"), path);
        assert_eq!(answer.status, 201);
        let told: Value = serde_json::from_str(answer.text()).unwrap();
        assert_eq!(told["hash"], hash);
        assert_eq!(told["functions"][0]["path"], format!("{path}/run"));
        assert_eq!(told["functions"][1]["function"], "other");
        assert_eq!(call(&owt, &path, &json!({"x": 21})).json(), 42);
        assert_eq!(call(&owt, &format!("{path}/run"), &json!({"x": 4})).json(), 8);
        assert_eq!(call(&owt, &format!("{path}/other"), &json!({})).ok(), "o");
        call(&owt, &format!("{path}/nope"), &json!({})).refused(404, "not-found");
        let wrong = call(&owt, &path, &json!({"x": "two"})).refused(422, "wrong-arguments");
        assert_eq!(wrong["errors"][0]["name"], "x");
        // The same code with its request runs in the same module.
        assert_eq!(owt.code(CODE).kwargs("{'x': 3}").post("/").json(), 6);
        // It has no name, and is in no catalogue.
        assert_eq!(catalogue(&owt)["functions"], json!([]));
        // As JSON it is the same.
        let again = owt.request("PUT", "/_owt/code").json(&json!({"code": CODE}));
        assert_eq!(Answer::of(again.send().unwrap()).status, 201);
        for refused in ["def run(: pass", "1", ""] {
            let answer = put(&owt, "/_owt/code", refused);
            assert!(matches!(answer.status, 400 | 422), "{refused:?}: {}", answer.status);
        }
        put(&owt, "/_owt/code", "1 / 0\ndef run(): pass").refused(500, "adaptor-raised");
        let get = Answer::of(owt.request("GET", "/_owt/code").send().unwrap());
        get.refused(405, "method-not-allowed");
        assert_eq!(get.header("allow"), "PUT");
    }
}

#[test]
fn code_gets_a_name_and_may_keep_it() {
    let state = Folder::new();
    let folder = Folder::new();
    folder.write("tools.py", "def add(x: int): return x\n");
    let start =
        || Start::new().args([folder.as_str()]).env("XDG_STATE_HOME", state.path("")).start();
    let owt = start();
    assert_eq!(put(&owt, "/_owt/code?name=sota", CODE).status, 201);
    assert_eq!(put(&owt, "/_owt/code?name=lab.kept&keep", CODE).status, 201);
    assert_eq!(call(&owt, "/sota/run", &json!({"x": 1})).json(), 2);
    assert_eq!(call(&owt, "/lab/kept/run", &json!({"x": 2})).json(), 4);
    let published = ["lab.kept.other", "lab.kept.run", "sota.other", "sota.run", "tools.add"];
    let mut there: Vec<_> = names(&catalogue(&owt)).into_iter().map(str::to_owned).collect();
    there.sort();
    assert_eq!(there, published);
    // Given again, the name is the new code's.
    assert_eq!(put(&owt, "/_owt/code?name=sota", "def run(x: int): return -x\n").status, 201);
    assert_eq!(call(&owt, "/sota/run", &json!({"x": 1})).json(), -1);
    for (query, field) in [
        ("name=tools", "name"),
        ("name=a-b", "name"),
        ("name=", "name"),
        ("keep", "name"),
        ("name=x&keep=perhaps", "keep"),
        ("nmae=x", "nmae"),
    ] {
        let answer = put(&owt, &format!("/_owt/code?{query}"), CODE);
        answer.malformed(field);
    }
    drop(owt);
    let owt = start();
    assert_eq!(call(&owt, "/lab/kept/run", &json!({"x": 2})).json(), 4);
    call(&owt, "/sota/run", &json!({"x": 1})).malformed("code");
}
