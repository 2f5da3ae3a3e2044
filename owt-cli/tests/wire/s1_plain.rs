//! §1, §3: code and arguments as they are, without base64.

use serde_json::{Value, json};

use owt_testing::{Answer, Folder, Owt, b64};

/// Gives the arguments back as they came in.
const ECHO: &str = "def run(*unnamed, **named):\n    return [list(unnamed), named]\n";

const FORM: &str = "application/x-www-form-urlencoded";

fn post(owt: &Owt, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    let request = owt.request("POST", path).header("content-type", content_type);
    Answer::of(request.body(body.into()).send().unwrap())
}

fn post_json(owt: &Owt, body: &Value) -> Answer {
    post(owt, "/", "application/json", body.to_string())
}

#[test]
fn code_and_arguments_in_json_are_what_they_are() {
    let owt = Owt::start();
    for kwargs in [json!({"name": "owt", "deep": [{"a": [null, true, 1.5]}]}), json!({})] {
        let body = json!({"code": ECHO, "kwargs": kwargs});
        assert_eq!(post_json(&owt, &body).json(), json!([[], kwargs]), "{kwargs}");
    }
    for value in [
        json!([1, [2, "x"]]),
        json!(42),
        json!(-1.5e-7),
        json!(true),
        json!("solve AGI"),
        // Text is that text, whatever it could mean.
        json!("1 + 1"),
        json!("list"),
        json!("{'a': 1}"),
        json!("{\"a\": 1}"),
        json!("{unclosed"),
        json!("'quoted'"),
        json!("\"quoted\""),
        json!(""),
        json!(" "),
        json!("null"),
        json!("ü🦀 \u{0}\n\\ / \u{2028}"),
    ] {
        let body = json!({"code": ECHO, "kwargs": value});
        assert_eq!(post_json(&owt, &body).json(), json!([[value], {}]), "{value}");
    }
    for body in [json!({"code": ECHO}), json!({"code": ECHO, "kwargs": null, "code_b64": null})] {
        assert_eq!(post_json(&owt, &body).json(), json!([[], {}]), "{body}");
    }
    // Numbers that JavaScript has not, a pair of surrogates, half of one, a key sent twice.
    let raw = r#"{"kwargs": {"n": 12345678901234567890123, "s": "\ud83e\udd80", "n2": 1, "n2": 2},
                  "code": "def run(**k): return ascii(k)"}"#;
    let told = post(&owt, "/", "application/json", raw);
    assert_eq!(told.ok(), r"{'n': 12345678901234567890123, 's': '\U0001f980', 'n2': 2}");
    let raw = r#"{"code": "def run(t): return ascii(t)", "kwargs": "\udc80"}"#;
    assert_eq!(post(&owt, "/", "application/json", raw).ok(), r"'\udc80'");
}

#[test]
fn code_and_arguments_in_forms_and_queries_are_text() {
    let owt = Owt::start();
    for (text, wanted) in [
        ("{'a': 1}", json!([[], {"a": 1}])),
        (r#"{"a": true, "b": "+ %&"}"#, json!([[], {"a": true, "b": "+ %&"}])),
        ("6 * 7", json!([[42], {}])),
        ("solve AGI", json!([["solve AGI"], {}])),
        ("\"1 + 1\"", json!([[2], {}])),
        ("", json!([[], {}])),
        ("\n", json!([[], {}])),
    ] {
        let fields = [("code", ECHO), ("kwargs", text)];
        let form = owt.request("POST", "/").form(&fields).send().unwrap();
        let query = owt.request("GET", "/").query(&fields).send().unwrap();
        let parts = reqwest::blocking::multipart::Form::new();
        let parts = parts.text("code", ECHO).text("kwargs", text.to_owned());
        let parts = owt.request("POST", "/").multipart(parts).send().unwrap();
        for (way, answer) in [("form", form), ("query", query), ("parts", parts)] {
            assert_eq!(Answer::of(answer).json(), wanted, "{way}: {text}");
        }
    }
    let mixed = [("code", ECHO.to_owned()), ("kwargs_b64", b64("{'a': 1}"))];
    let answer = owt.request("GET", "/").query(&mixed).send().unwrap();
    assert_eq!(Answer::of(answer).json(), json!([[], {"a": 1}]));
}

#[test]
fn python_source_is_a_body_and_its_query_has_the_rest() {
    let owt = Owt::start();
    let code = format!("{ECHO}def other(x): return f'other {{x}} ü'\n");
    for content_type in ["text/x-python", "text/x-python3; charset=utf-8", "Text/X-Script.Python"] {
        let seen = post(&owt, "/a?kwargs={%22a%22:[1]}&mine=2", content_type, code.clone());
        assert_eq!(seen.json(), json!([[], {"a": [1]}]), "{content_type}");
        let seen = post(&owt, "/?fn_name=other&kwargs=x+y", content_type, code.clone());
        assert_eq!(seen.ok(), "other x y ü");
    }
    let seen = post(&owt, "/a?mine=2", "text/x-python", "lambda request: request.args['mine']");
    assert_eq!(seen.ok(), "2");
    let problem = post(&owt, "/?timeout=soon", "text/x-python", code.clone()).malformed("timeout");
    assert!(problem["detail"].as_str().unwrap().contains("soon"), "{problem}");
    post(&owt, "/", "text/x-python", "").malformed("code");
    post(&owt, "/", "text/x-python", "\n").malformed("code");
    post(&owt, "/", "text/x-python", b"'\xff'".to_vec()).malformed("code");
    // Bytes of another type are nobody's code.
    post(&owt, "/", "text/x-perl", code).refused(415, "unsupported-type");
}

#[test]
fn a_field_that_came_plain_and_encoded_is_refused() {
    let owt = Owt::start();
    let folder = Folder::new();
    let code = format!("{}\ndef run(**_): pass\n", folder.mark("ran"));
    for (body, plain, encoded) in [
        (json!({"code": code, "code_b64": b64(&code)}), "code", "code_b64"),
        (json!({"code": code, "kwargs": {}, "kwargs_b64": b64("{}")}), "kwargs", "kwargs_b64"),
    ] {
        let problem = post_json(&owt, &body).malformed(plain);
        assert!(problem["detail"].as_str().unwrap().contains(encoded), "{problem}");
    }
    assert_eq!(folder.marks("ran"), 0);
    // A field of a form that was left empty is none.
    let form = [("code", ECHO), ("code_b64", ""), ("kwargs_b64", ""), ("kwargs", "[1]")];
    let answer = owt.request("POST", "/").form(&form).send().unwrap();
    assert_eq!(Answer::of(answer).json(), json!([[[1]], {}]));
}

#[test]
fn code_in_the_query_and_in_the_body_is_refused() {
    let owt = Owt::start();
    let folder = Folder::new();
    let code = format!("{}\ndef run(**_): return 'ran'\n", folder.mark("ran"));
    let shown = "def run(): return 'harmless'";
    let parts = "--x\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\nx\r\n--x--\r\n";
    let padded = json!({"data": "x".repeat(200_000), "code": shown}).to_string();
    let bodies = [
        ("application/json", json!({"code": shown}).to_string(), "code"),
        (
            "application/json; charset=utf-8",
            json!({"code_b64": b64(shown)}).to_string(),
            "code_b64",
        ),
        ("application/ld+json", r#"{"\u0063ode": "x"}"#.to_owned(), "code"),
        ("application/json", padded, "code"),
        (FORM, format!("a=1&code_b64={}", b64("x")), "code_b64"),
        ("multipart/form-data; boundary=x", parts.to_owned(), "code"),
        ("text/x-python", shown.to_owned(), "code"),
    ];
    for field in ["code", "code_b64"] {
        let value = if field == "code" { code.clone() } else { b64(&code) };
        for (content_type, body, names) in &bodies {
            let request = owt.request("POST", "/hello").query(&[(field, &value)]);
            let request = request.header("content-type", *content_type).body(body.clone());
            let problem = Answer::of(request.send().unwrap()).malformed(field);
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(&format!("`{names}`")), "{content_type}: {detail}");
        }
    }
    assert_eq!(folder.marks("ran"), 0);
    // Data of the adaptor's is whatever has no code of ours in it.
    let data = [
        ("application/json", json!({"kwargs": 1, "data": {"code": "x"}}).to_string()),
        ("application/json", "{\"code\": ".to_owned()),
        ("application/json", json!({"code": null}).to_string()),
        ("application/json", "[{\"code\": \"x\"}]".to_owned()),
        ("text/plain", json!({"code": "x"}).to_string()),
        (FORM, "code=&data=1".to_owned()),
        ("multipart/form-data; boundary=x", parts.replace("\"code\"", "\"data\"")),
        ("multipart/form-data", parts.to_owned()),
        ("application/octet-stream", "code=x".to_owned()),
    ];
    let read = "lambda request: len(request.data)";
    for (content_type, body) in data {
        let request = owt.request("POST", "/hello").query(&[("code", read)]);
        let request = request.header("content-type", content_type).body(body.clone());
        let answer = Answer::of(request.send().unwrap());
        assert_eq!(answer.ok(), body.len().to_string(), "{content_type} {body}");
    }
}

#[test]
fn problems_name_the_fields_as_they_came() {
    let owt = Owt::start();
    let needs = "def run(name): return name";
    for (body, status, field) in [
        (json!({"code": needs, "kwargs": {"nmae": 1}}), 400, "kwargs"),
        (json!({"code": needs}), 400, "kwargs"),
        (json!({"code_b64": b64(needs)}), 400, "kwargs_b64"),
        (json!({"code": needs, "kwargs_b64": b64("{'nmae': 1}")}), 400, "kwargs_b64"),
        (json!({"code_b64": b64(needs), "kwargs": {"nmae": 1}}), 400, "kwargs"),
        (json!({"code": "def run(:"}), 422, "code"),
        (json!({"code_b64": b64("def run(:")}), 422, "code_b64"),
        (json!({"code": " \n"}), 400, "code"),
        (json!({"code": 5}), 400, "code"),
        (json!({"code": {"a": 1}}), 400, "code"),
        (json!({}), 400, "code"),
        (json!({"code": null}), 400, "code"),
    ] {
        assert_eq!(post_json(&owt, &body).problem(status)["field"], field, "{body}");
    }
    // Nor does who joins or finds another's result get the other's names.
    let raises = "raise ValueError('no')\ndef run(): pass";
    let problem = post_json(&owt, &json!({"code": raises})).problem(500);
    assert_eq!(problem.get("field"), None, "{problem}");
}

#[test]
fn the_name_of_the_code_is_checked() {
    let owt = Owt::start();
    for name in ["a/b.py", "..\\x", "", " x.py", "two\nlines", "<x>", "\"", "a\u{202e}b"] {
        let answer = post_json(&owt, &json!({"code": "lambda: 'ran'", "code_name": name}));
        if name.is_empty() {
            assert_eq!(answer.ok(), "ran");
        } else {
            answer.malformed("code_name");
        }
    }
    let long = "x".repeat(101);
    post_json(&owt, &json!({"code": "lambda: 1", "code_name": long})).malformed("code_name");
    post_json(&owt, &json!({"code": "lambda: 1", "code_name": 5})).malformed("code_name");
    for name in ["f.py", "größe 2 (copy).py", "x"] {
        let answer = post_json(&owt, &json!({"code": "lambda: 'ran'", "code_name": name}));
        assert_eq!(answer.ok(), "ran", "{name}");
    }
}
