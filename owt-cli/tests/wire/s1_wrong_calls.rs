//! §1, §7: each kind of wrong input gets a 400 that names the field and says why.

use serde_json::{Value, json};

use owt_testing::{Answer, Folder, Owt, b64};

/// Field, a wrong value, and what the message must say of it.
fn wrong_values() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("code_b64", json!("def run(): pass"), "base64"),
        ("code_b64", json!("abc"), "UTF-8"),
        ("code_b64", json!("a"), "base64"),
        ("code_b64", json!(b64(b"\xff\xfe\xfd")), "UTF-8"),
        ("code_b64", json!(""), "empty"),
        ("code_b64", json!(b64(" \n\t")), "empty"),
        ("kwargs_b64", json!("{\"a\": 1}"), "base64"),
        ("kwargs_b64", json!(b64(b"{'a': '\xe9'}")), "UTF-8"),
        ("fn_name", json!("not a name"), "not a name"),
        ("fn_name", json!("1st"), "1st"),
        ("fn_name", json!("run()"), "run()"),
        ("fn_name", json!("a.b"), "a.b"),
        ("fn_name", json!("class"), "class"),
        ("use_cache", json!("maybe"), "maybe"),
        ("use_cache", json!("2"), "2"),
        ("use_cache", json!("yes"), "yes"),
        ("cache_kwargs", json!("maybe"), "true or false"),
        ("timeout", json!("soon"), "soon"),
        ("timeout", json!("0"), "0"),
        ("timeout", json!("-1"), "-1"),
        ("timeout", json!("nan"), "nan"),
        ("timeout", json!("inf"), "inf"),
    ]
}

/// What only JSON can get wrong.
fn wrong_types() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("code_b64", json!(5), "number"),
        ("code_b64", json!(["x"]), "array"),
        ("kwargs_b64", json!({"a": 1}), "object"),
        ("kwargs_b64", json!(true), "boolean"),
        ("fn_name", json!(5), "number"),
        ("use_cache", json!([true]), "array"),
        ("use_cache", json!(2), "2"),
        ("cache_kwargs", json!({}), "object"),
        ("cache_key_override", json!(5), "number"),
        ("cache_key_override", json!(["k"]), "array"),
        ("timeout", json!(true), "boolean"),
        ("timeout", json!([1]), "array"),
        ("timeout", json!(0), "0"),
        ("timeout", json!(-1.5), "-1.5"),
        ("timeout", json!({}), "object"),
    ]
}

#[test]
fn a_wrong_value_is_a_400_that_names_the_field() {
    let owt = Owt::start();
    let folder = Folder::new();
    let call = owt.code(&format!("{}\ndef run(**_): pass\n", folder.mark("ran")));
    for (field, value, says) in wrong_values() {
        let call = call.clone().field(field, value.clone());
        let form = owt.request("POST", "/").form(&call.text_fields()).send().unwrap();
        for (way, answer) in
            [("JSON", call.post("/")), ("GET", call.get("/")), ("form", Answer::of(form))]
        {
            let problem = answer.malformed(field);
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(says), "{way} {field}={value}: {detail}");
        }
    }
    for (field, value, says) in wrong_types() {
        let problem = call.clone().field(field, value.clone()).post("/").malformed(field);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{field}={value}: {detail}");
    }
    assert_eq!(folder.marks("ran"), 0, "a refused call has not run");
}

#[test]
fn a_field_that_is_null_is_absent() {
    let owt = Owt::start();
    let call = owt.code("def run(): return 'x'");
    let nulls =
        ["kwargs_b64", "fn_name", "use_cache", "cache_kwargs", "cache_key_override", "timeout"]
            .into_iter()
            .fold(call.clone(), |call, field| call.field(field, Value::Null));
    assert_eq!(nulls.post("/").ok(), "x");
    call.field("code_b64", Value::Null).post("/").malformed("code");
}

#[test]
fn source_that_was_never_encoded_is_recognised() {
    let owt = Owt::start();
    let call = owt.code("").field("code_b64", "def run(): return 1");
    let problem = call.post("/").malformed("code_b64");
    assert!(problem["detail"].as_str().unwrap().contains("encode it with base64"), "{problem}");
}

#[test]
fn a_body_that_is_no_json_object() {
    let owt = Owt::start();
    for (body, says) in [
        ("", "JSON"),
        ("{", "line 1"),
        ("{\"code_b64\": \"eA==\",}", "column"),
        ("nothing", "JSON"),
        ("[1, 2]", "object"),
        ("\"text\"", "object"),
        ("null", "object"),
        ("{\"code_b64\": \"eA==\"} trailing", "JSON"),
    ] {
        let request =
            owt.request("POST", "/").header("content-type", "application/json").body(body);
        let problem = Answer::of(request.send().unwrap()).refused(400, "malformed-call");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{body:?}: {detail}");
    }
}

#[test]
fn a_multipart_body_that_cannot_be_read() {
    let owt = Owt::start();
    for (content_type, body) in [
        ("multipart/form-data", "--xyz--\r\n"),
        ("multipart/form-data; boundary=xyz", "no part at all"),
        (
            "multipart/form-data; boundary=xyz",
            "--xyz\r\nContent-Disposition: form-data; name=\"code_b64\"\r\n\r\nZGVm",
        ),
    ] {
        let request = owt.request("POST", "/").header("content-type", content_type).body(body);
        Answer::of(request.send().unwrap()).refused(400, "malformed-call");
    }
}

#[test]
fn a_body_of_another_type_cannot_carry_the_call() {
    let owt = Owt::start();
    let body = json!({"code_b64": b64("def run(): return 1")}).to_string();
    for content_type in ["text/plain", "application/xml", "image/png", "application/octet-stream"] {
        let request =
            owt.request("POST", "/").header("content-type", content_type).body(body.clone());
        let problem = Answer::of(request.send().unwrap()).refused(415, "unsupported-type");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(content_type) && detail.contains("application/json"), "{detail}");
    }
    let untyped = owt.request("POST", "/").body(body).send().unwrap();
    Answer::of(untyped).refused(415, "unsupported-type");
}
