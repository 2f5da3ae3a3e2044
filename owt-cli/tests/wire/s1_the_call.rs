//! §1: what is a call, and how its fields may come.

use serde_json::json;

use owt_testing::raw::Raw;
use owt_testing::{Answer, Folder, Owt, b64};

const HELLO: &str = "def run(name='nobody'):\n    return f'Hello, {name}!'\n";

/// What the adaptor sees of the request besides the call.
const SEEN: &str = "
def run(**named):
    return {'args': request.args, 'json': request.json, 'named': named}
";

#[test]
fn any_path_get_or_post() {
    let owt = Owt::start();
    let call = owt.code(HELLO).kwargs("{'name': 'owt'}");
    for path in ["/", "/hello", "/a/b/c.wav", "//double//slash", "/sp%20ace/%C3%A9", "/_owtish"] {
        assert_eq!(call.post(path).ok(), "Hello, owt!", "POST {path}");
        assert_eq!(call.get(path).ok(), "Hello, owt!", "GET {path}");
    }
}

#[test]
fn fields_come_from_a_form_too() {
    let owt = Owt::start();
    let call = owt.code(HELLO).kwargs("{'name': 'form'}");
    let urlencoded = owt.request("POST", "/").form(&call.text_fields());
    assert_eq!(Answer::of(urlencoded.send().unwrap()).ok(), "Hello, form!");
    let body = call
        .text_fields()
        .into_iter()
        .map(|(name, value)| {
            format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        })
        .collect::<String>()
        + "--xyz--\r\n";
    let multipart = owt
        .request("POST", "/")
        .header("content-type", "multipart/form-data; boundary=xyz")
        .body(body);
    assert_eq!(Answer::of(multipart.send().unwrap()).ok(), "Hello, form!");
}

#[test]
fn the_json_type_may_have_parameters_and_any_case() {
    let owt = Owt::start();
    let body = json!({"code_b64": b64(HELLO)}).to_string();
    for content_type in ["application/json; charset=utf-8", "Application/JSON", "application/json"]
    {
        let request =
            owt.request("POST", "/").header("content-type", content_type).body(body.clone());
        assert_eq!(Answer::of(request.send().unwrap()).ok(), "Hello, nobody!", "{content_type}");
    }
}

#[test]
fn code_is_required_and_the_problem_names_it() {
    let owt = Owt::start();
    let kwargs = json!({"kwargs_b64": b64("{}")});
    for request in [
        owt.request("POST", "/x").json(&kwargs),
        owt.request("POST", "/x").json(&json!({})),
        owt.request("POST", "/x").form(&[("a", "b")]),
        owt.request("POST", "/x"),
        owt.request("POST", "/"),
        owt.request("GET", "/x"),
        owt.request("GET", "/x").query(&[("kwargs_b64", b64("{}"))]),
        owt.request("GET", "/").query(&[("fn_name", "run")]),
    ] {
        Answer::of(request.send().unwrap()).malformed("code");
    }
}

#[test]
fn kwargs_may_be_left_out_and_fn_name_is_run_by_default() {
    let owt = Owt::start();
    let call =
        owt.code("def run():\n    return 'run'\n\ndef other(n=1):\n    return f'other {n}'\n");
    assert_eq!(call.post("/").ok(), "run");
    let other = call.field("fn_name", "other");
    assert_eq!(other.post("/").ok(), "other 1");
    assert_eq!(other.get("/").ok(), "other 1");
    assert_eq!(other.kwargs("{'n': 2}").post("/").ok(), "other 2");
}

#[test]
fn every_field_may_come_in_every_way() {
    let owt = Owt::start();
    let call = owt
        .code("def other(n):\n    return n * 2\n")
        .kwargs("{'n': 21}")
        .field("fn_name", "other")
        .field("use_cache", true)
        .field("cache_kwargs", true)
        .field("timeout", 30);
    for (number, way) in ["json", "urlencoded", "multipart", "query"].into_iter().enumerate() {
        let call = call.clone().field("cache_key_override", format!("key {number}"));
        let multipart = call
            .text_fields()
            .into_iter()
            .fold(reqwest::blocking::multipart::Form::new(), |form, (name, value)| {
                form.text(name, value)
            });
        let request = match way {
            "json" => call.posting("/"),
            "urlencoded" => owt.request("POST", "/").form(&call.text_fields()),
            "multipart" => owt.request("POST", "/").multipart(multipart),
            _ => call.getting("/"),
        };
        let answer = Answer::of(request.send().unwrap());
        assert_eq!(answer.ok(), "42", "{way}");
        assert!(answer.header("cache-status").contains("miss"), "{way}: each key is its own");
    }
}

#[test]
fn a_body_of_any_type_is_data_when_the_call_is_in_the_query() {
    let owt = Owt::start();
    let call = owt.code("def run():\n    return request.data\n");
    let data = noise(300_000);
    for content_type in [
        "image/png",
        "audio/wav",
        "application/octet-stream",
        "text/plain",
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=xyz",
        "application/vnd.nobody-knows+zip; a=b",
    ] {
        let answer =
            Answer::of(call.posting_data("/in", content_type, data.clone()).send().unwrap());
        assert_eq!(answer.status, 200, "{content_type}");
        assert!(answer.body == data, "{content_type}: other bytes");
    }
    // Nor does it need a type, or any byte at all.
    let untyped = owt.request("POST", "/").query(&call.text_fields()).body(data.clone());
    assert!(Answer::of(untyped.send().unwrap()).body == data);
    assert_eq!(Answer::of(call.posting_data("/", "image/png", vec![]).send().unwrap()).ok(), "");
}

#[test]
fn a_body_beside_a_call_in_the_query_is_never_read_as_a_call() {
    let owt = Owt::start();
    // Code beside the other is refused: see `s1_plain`.
    let another =
        json!({"kwargs_b64": b64("{'n': 2}"), "kwargs": {"n": 3}, "timeout": "x", "a": [1]});
    let call = owt.code(SEEN).kwargs("{'n': 1}");
    let body = another.to_string().into_bytes();
    let seen = Answer::of(call.posting_data("/", "application/json", body).send().unwrap()).json();
    assert_eq!(seen["json"], another);
    assert_eq!(seen["named"], json!({"n": 1}));
}

#[test]
fn unknown_fields_are_the_adaptors() {
    let owt = Owt::start();
    let call = owt.code(SEEN).kwargs("{'n': 1}");
    let more = call.clone().field("colour", "red").field("nested", json!({"a": [1, null]}));
    let seen = more.post("/").json();
    assert_eq!(seen["json"]["colour"], "red");
    assert_eq!(seen["json"]["nested"], json!({"a": [1, null]}));
    let seen = call.clone().field("colour", "red & blue").field("ü", "ö").get("/").json();
    assert_eq!(seen["args"]["colour"], "red & blue");
    assert_eq!(seen["args"]["ü"], "ö");
    // They are no arguments.
    assert_eq!(seen["named"], json!({"n": 1}));
    let form = owt.code("def run():\n    return request.form['colour']\n").field("colour", "red");
    let answer = owt.request("POST", "/").form(&form.text_fields()).send().unwrap();
    assert_eq!(Answer::of(answer).ok(), "red");
}

#[test]
fn booleans_come_as_json_and_as_text_in_any_case() {
    let owt = Owt::start();
    let call = owt.code("def run():\n    return 'x'\n");
    let caches = |answer: &Answer| !answer.header("cache-status").is_empty();
    for (value, wanted) in [
        (json!(true), true),
        (json!("true"), true),
        (json!("True"), true),
        (json!("TRUE"), true),
        (json!("1"), true),
        (json!(1), true),
        (json!(false), false),
        (json!("false"), false),
        (json!("False"), false),
        (json!("FALSE"), false),
        (json!("0"), false),
        (json!(0), false),
    ] {
        let call = call.clone().field("use_cache", value.clone());
        for answer in [
            call.post("/"),
            call.get("/"),
            Answer::of(owt.request("POST", "/").form(&call.text_fields()).send().unwrap()),
        ] {
            assert_eq!(answer.ok(), "x");
            assert_eq!(caches(&answer), wanted, "{value}");
        }
    }
    assert!(!caches(&call.post("/")), "false by default");
}

#[test]
fn other_methods_never_run_code() {
    let owt = Owt::start();
    let folder = Folder::new();
    let call = owt.code(&format!("{}\ndef run():\n    return 'ran'\n", folder.mark("ran")));
    for path in ["/", "/x"] {
        for method in ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "QUERY"] {
            let in_query = owt.request(method, path).query(&call.text_fields());
            let in_body =
                call.posting(path).build().unwrap().body().unwrap().as_bytes().map(<[u8]>::to_vec);
            let in_body = owt
                .request(method, path)
                .header("content-type", "application/json")
                .body(in_body.unwrap());
            for request in [in_query, in_body] {
                let answer = Answer::of(request.send().unwrap());
                assert!(!answer.body.windows(3).any(|found| found == b"ran"), "{method} {path}");
                if !["HEAD", "OPTIONS"].contains(&method) {
                    answer.refused(405, "method-not-allowed");
                    assert_eq!(answer.header("allow"), "GET, POST", "{method}");
                }
            }
        }
    }
    assert_eq!(folder.marks("ran"), 0);
    // The same code does run when it may.
    assert_eq!(call.post("/").ok(), "ran");
    assert_eq!(folder.marks("ran"), 1);
}

#[test]
fn head_and_options_answer_without_running() {
    let owt = Owt::start();
    let head = Answer::of(owt.request("HEAD", "/").send().unwrap());
    assert_eq!((head.status, head.body.len()), (200, 0));
    let options = Answer::of(owt.request("OPTIONS", "/x").send().unwrap());
    assert!((200..300).contains(&options.status), "{}", options.status);
    assert_eq!(options.header("allow"), "GET, POST");
}

#[test]
fn the_root_is_a_page_for_people() {
    let owt = Owt::start();
    for accept in [None, Some("*/*"), Some("text/html,application/xhtml+xml,*/*;q=0.8")] {
        let mut request = owt.request("GET", "/");
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let answer = Answer::of(request.send().unwrap());
        assert!(answer.ok().contains("<!doctype html>"), "{accept:?}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    }
    // Fields owt does not know make no call of it.
    assert!(Answer::of(owt.request("GET", "/?utm=x").send().unwrap()).ok().contains("<h1"));
}

#[test]
fn the_root_is_a_catalogue_for_programs() {
    let owt = Owt::start();
    let request = owt.request("GET", "/").header("accept", "application/json");
    let answer = Answer::of(request.send().unwrap());
    assert_eq!(answer.header("content-type"), "application/json");
    let catalogue = answer.json();
    for field in [
        "code_b64",
        "kwargs_b64",
        "fn_name",
        "use_cache",
        "cache_kwargs",
        "cache_key_override",
        "timeout",
    ] {
        assert!(catalogue["call"]["fields"][field].is_string(), "{field}");
    }
    assert!(catalogue["problems"].as_array().unwrap().len() > 10);
    // Code at the root is a call, whatever is accepted.
    let call = owt.code(HELLO).getting("/").header("accept", "application/json");
    assert_eq!(Answer::of(call.send().unwrap()).ok(), "Hello, nobody!");
}

#[test]
fn the_javascript_client_comes_from_the_server() {
    let owt = Owt::start();
    let client = Answer::of(owt.request("GET", "/_owt/owt.js").send().unwrap());
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../clients/js/index.js");
    assert_eq!(client.ok(), std::fs::read_to_string(file).unwrap());
    assert_eq!(client.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(client.header("cache-control"), "no-cache");
    let tag = client.header("etag");
    for (known, status) in [
        (tag, 304),
        (&format!("\"other\", W/{tag}"), 304),
        ("*", 304),
        ("\"other\"", 200),
        ("no tag", 200),
        ("", 200),
    ] {
        for method in ["GET", "HEAD"] {
            let request = owt.request(method, "/_owt/owt.js").header("if-none-match", known);
            let answer = Answer::of(request.send().unwrap());
            assert_eq!(answer.status, status, "{method} {known}");
            assert_eq!(answer.header("etag"), tag);
            assert_eq!(answer.text().is_empty(), status == 304 || method == "HEAD");
        }
    }
}

#[test]
fn a_client_that_asks_whether_to_send_its_body_is_told_to() {
    let owt = Owt::start();
    let body = json!({"code_b64": b64(HELLO)}).to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        owt.address(),
        body.len()
    );
    // As curl does before it sends much.
    let mut raw = Raw::send(&owt, head);
    assert_eq!(raw.head().0, 100);
    raw.write(body);
    assert_eq!(raw.answer().2, "Hello, nobody!");
}

/// Bytes of no pattern; the same ones each time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}
