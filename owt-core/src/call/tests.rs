use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;

use super::{Call, CallError, CallFields, MAX_URL, Others};
use crate::{Problem, ProblemKind};

const ECHO: &str = "def run(_, name: str):\n  return f'Hello, {name}!'\n";

fn b64(text: &str) -> String {
    STANDARD.encode(text)
}

fn from_json(body: Value) -> Result<Call, CallError> {
    Call::from_json(body.to_string().as_bytes())
}

/// A JSON call of [`ECHO`] with one more field.
fn with(field: &str, value: Value) -> Result<Call, CallError> {
    from_json(json!({ "code_b64": b64(ECHO), field: value }))
}

#[test]
fn the_seeds_shell_call() {
    // `echo "{'name': 'owt'}" | base64`: a line end comes along.
    let call = from_json(json!({
        "code_b64": b64(ECHO),
        "kwargs_b64": b64("{'name': 'owt'}\n"),
        "use_cache": "true",
        "cache_kwargs": "True",
        "prompt": {"a field": ["for the adaptor"]},
    }))
    .unwrap();
    assert_eq!(&**call.code.source(), ECHO);
    assert_eq!(call.kwargs.as_deref(), Some("{'name': 'owt'}\n"));
    assert_eq!(call.fn_name(), "run");
    assert!(call.use_cache && call.cache_kwargs);
    assert_eq!((call.cache_key_override, call.timeout), (None, None));
}

#[test]
fn a_query_that_is_no_call_is_none() {
    for query in ["", "a=1&b=2", "cod=1", "&&", "=%ff"] {
        assert_eq!(Call::from_query(query).unwrap(), None, "{query}");
    }
    assert_eq!(Call::from_fields([("a", "b")]).unwrap(), None);
}

#[test]
fn call_fields_without_code_are_an_error() {
    let error = Call::from_query("kwargs_b64=e30=").unwrap_err();
    assert!(matches!(error, CallError::MissingCode));
    assert!(matches!(from_json(json!({})), Err(CallError::MissingCode)));
    assert!(matches!(from_json(json!({ "code_b64": null })), Err(CallError::MissingCode)));
    let problem = Problem::from(error);
    assert_eq!(problem.kind, ProblemKind::MalformedCall);
    assert_eq!(problem.field.as_deref(), Some("code"));
}

#[test]
fn a_plus_in_a_query_is_understood_raw_and_encoded() {
    // Base64 with + and /.
    let code = "~?~?~>~~?";
    let encoded = b64(code);
    assert!(encoded.contains('+'), "{encoded}");
    for value in [encoded.clone(), encoded.replace('+', "%2B"), encoded.replace('+', "%20")] {
        let call = Call::from_query(&format!("x=1&code_b64={value}")).unwrap().unwrap();
        assert_eq!(&**call.code.source(), code);
    }
}

#[test]
fn the_last_of_a_repeated_field_counts() {
    let code = b64(ECHO);
    let body =
        format!(r#"{{"fn_name": 7, "code_b64": "x", "fn_name": "f", "code_b64": "{code}"}}"#);
    assert_eq!(Call::from_json(body.as_bytes()).unwrap().fn_name(), "f");
    let query = format!("fn_name=f&code_b64=x&code_b64={code}&fn_name=g");
    assert_eq!(Call::from_query(&query).unwrap().unwrap().fn_name(), "g");
}

#[test]
fn booleans() {
    for yes in [json!(true), json!(1), json!("1"), json!("TRUE"), json!(" true\n")] {
        assert!(with("use_cache", yes).unwrap().use_cache);
    }
    for no in [json!(false), json!(0), json!("0"), json!("False"), json!(""), json!(null)] {
        assert!(!with("use_cache", no).unwrap().use_cache);
    }
    for neither in [json!(2), json!("yes"), json!([]), json!({})] {
        assert_eq!(with("use_cache", neither).unwrap_err().field(), "use_cache");
    }
}

#[test]
fn timeouts() {
    let of = |value| with("timeout", value).map(|call| call.timeout);
    assert_eq!(of(json!(3)).unwrap(), Some(Duration::from_secs(3)));
    assert_eq!(of(json!(" 0.25 ")).unwrap(), Some(Duration::from_millis(250)));
    assert_eq!(of(json!(1e300)).unwrap(), Some(Duration::from_secs(365 * 86400)));
    assert_eq!(of(json!("")).unwrap(), None);
    for bad in [json!(0), json!(-1), json!("nan"), json!("inf"), json!("1m"), json!(true)] {
        assert_eq!(of(bad).unwrap_err().field(), "timeout");
    }
}

#[test]
fn fn_names_are_python_names() {
    for (name, read) in
        [("f", "f"), ("_", "_"), ("été2", "été2"), ("match", "match"), (" g ", "g"), ("", "run")]
    {
        assert_eq!(with("fn_name", json!(name)).unwrap().fn_name(), read);
    }
    assert_eq!(with("fn_name", json!("run")).unwrap().fn_name, None);
    for name in ["2f", "a.b", "a b", "lambda", "None", "f()", "€"] {
        assert_eq!(with("fn_name", json!(name)).unwrap_err().field(), "fn_name");
    }
}

#[test]
fn blank_fields_are_absent() {
    let call = from_json(json!({
        "code_b64": b64(ECHO), "kwargs_b64": b64("\n"), "cache_key_override": "",
    }))
    .unwrap();
    assert_eq!(call, Call::new(ECHO));
}

/// Each error says the field, what came and the mend (§7).
#[test]
fn errors_read_well() {
    let told = |result: Result<Call, CallError>| result.unwrap_err().to_string();
    let table = [
        (
            told(from_json(json!({}))),
            "`code` is missing: send the adaptor's Python source there, or encoded as base64 in `code_b64`",
        ),
        (
            told(from_json(json!({ "code_b64": " " }))),
            "`code_b64` is empty: send the adaptor's Python source there (was the file empty?)",
        ),
        (
            told(from_json(json!({ "code_b64": ECHO }))),
            "`code_b64` is not base64 (it begins \"def run(_, name: str):\\n  return f'Hello,…\"); it looks like plain text: encode it with base64",
        ),
        (
            told(from_json(json!({ "code_b64": "aGVsb" }))),
            "`code_b64` is not base64 (it begins \"aGVsb\"): was it cut short, or joined from two?",
        ),
        (
            told(from_json(json!({ "code_b64": "6Q==" }))),
            "`code_b64` is base64, but not of UTF-8 text: encode the text as UTF-8 first (JavaScript's btoa() takes Latin-1: use TextEncoder before it)",
        ),
        (
            told(with("kwargs_b64", json!({"name": "owt"}))),
            "`kwargs_b64` must be base64 text, and is an object",
        ),
        (told(with("fn_name", json!(1))), "`fn_name` must be text, and is a number"),
        (
            told(with("fn_name", json!("a b"))),
            "`fn_name` must be a Python name such as \"run\", and \"a b\" is none",
        ),
        (
            told(with("use_cache", json!("maybe"))),
            "`use_cache` must be true or false (or 1 or 0), and is \"maybe\"",
        ),
        (
            told(with("timeout", json!("soon"))),
            "`timeout` must be a number of seconds above 0, and is \"soon\"",
        ),
        (
            told(Call::from_json(b" [1]")),
            "the body must be a JSON object such as {\"code\": \"...\"}, and is an array",
        ),
        (
            told(Call::from_json(b"{\"code_b64\":\n 'x'}")),
            "the body is not valid JSON: expected value at line 2 column 2; send a JSON object such as {\"code\": \"...\"}, or another Content-Type",
        ),
        (
            told(Call::from_fields([("code_b64", b"\xff")]).map(Option::unwrap)),
            "`code_b64` is not UTF-8 text: send it as text, not as a binary part",
        ),
    ];
    for (told, expected) in table {
        assert_eq!(told, expected);
    }
}

#[test]
fn json_of_any_kind_is_no_panic_and_names_the_body() {
    for body in ["", "null", "1", "\"x\"", "{", "{} x", "\u{feff}[]", "{\"timeout\":1e999}"] {
        assert_eq!(Call::from_json(body.as_bytes()).unwrap_err().field(), "body", "{body}");
    }
    let with_bom = format!("\u{feff}{}", json!({ "code_b64": b64(ECHO) }));
    assert!(Call::from_json(with_bom.as_bytes()).is_ok());
}

#[test]
fn only_what_differs_is_written() {
    let base = Url::parse("http://127.0.0.1:9876").unwrap();
    let call = Call::new("f(x)");
    assert_eq!(call.to_json(), json!({ "code_b64": "Zih4KQ==" }));
    assert_eq!(call.to_url(&base).unwrap().as_str(), "http://127.0.0.1:9876/?code_b64=Zih4KQ");
    assert_eq!(
        call.to_curl(&base),
        r#"curl -N -H 'Content-Type: application/json' -d '{"code":"f(x)"}' 'http://127.0.0.1:9876/'"#
    );
    let call = Call { timeout: Some(Duration::from_millis(1500)), ..call };
    assert_eq!(call.to_json(), json!({ "code_b64": "Zih4KQ==", "timeout": 1.5 }));
}

#[test]
fn a_base_keeps_its_own_query_and_password_and_loses_its_fragment() {
    let base = Url::parse("http://me:pw@[::1]:9876/a'{b}/$c?q=it's[0]&r=100%25!#top").unwrap();
    assert_eq!(
        Call::new("f(x)").to_url(&base).unwrap().as_str(),
        "http://me:pw@[::1]:9876/a%27%7Bb%7D/%24c?q=it%27s%5B0%5D&r=100%25%21&code_b64=Zih4KQ"
    );
}

#[test]
fn plain_json_is_what_a_person_reads() {
    let plain = |kwargs: &str| {
        let call = Call { kwargs: Some(kwargs.into()), ..Call::new("f(x)") };
        let text = call.to_plain_json();
        let again = Call::from_json(text.as_bytes()).unwrap();
        (text, again.kwargs.map(|kwargs| kwargs.to_string()).unwrap_or_default())
    };
    for (kwargs, wanted) in [
        (r#"{"b": 1, "a": 12345678901234567890123}"#, None),
        ("[1, 2]", None),
        ("0.5", None),
        // Quoted once it is evaluated, quoted twice it is that text.
        (r#""1 + 1""#, Some(r#""kwargs_b64":"IjEgKyAxIg==""#)),
        (r#""\"1 + 1\"""#, Some(r#""kwargs":"1 + 1""#)),
        ("{'a': 1}", Some(r#""kwargs_b64":"eydhJzogMX0=""#)),
        ("null", Some(r#""kwargs_b64":"bnVsbA==""#)),
    ] {
        let (text, again) = plain(kwargs);
        let wanted = wanted.map_or(format!(r#""kwargs":{kwargs}"#), str::to_owned);
        assert_eq!(text, format!(r#"{{"code":"f(x)",{wanted}}}"#));
        assert_eq!(again, kwargs);
    }
}

#[test]
fn a_line_for_shells_has_no_backslash_pair() {
    let base = Url::parse("http://127.0.0.1:9876").unwrap();
    let call = Call::new("def run(): return 'a\\\\b\\n' \"\\\\\"\n");
    let line = call.to_curl(&base);
    assert!(!line.contains(r"\\") && line.contains(r"\u005c"), "{line}");
    let body = line.split(" -d '").nth(1).unwrap().rsplit_once("' 'http").unwrap().0;
    let body = body.replace(r"'\''", "'");
    assert_eq!(Call::from_json(body.as_bytes()).unwrap(), call);
}

#[test]
fn a_plain_value_means_itself() {
    let kwargs = |value: Value| {
        from_json(json!({ "code": "f(x)", "kwargs": value }))
            .unwrap()
            .kwargs
            .as_deref()
            .map(str::to_owned)
    };
    assert_eq!(kwargs(json!(null)), None);
    assert_eq!(kwargs(json!({"a": [1]})).as_deref(), Some(r#"{"a":[1]}"#));
    assert_eq!(kwargs(json!("1 + 1")).as_deref(), Some(r#""\"1 + 1\"""#));
    assert_eq!(kwargs(json!("")).as_deref(), Some(r#""\"\"""#));
}

#[test]
fn plain_and_encoded_exclude_each_other() {
    let error = with("code", json!("f(x)")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`code` and `code_b64` both came, and only one can count: send one of them"
    );
    assert_eq!(with("code", json!("")).unwrap(), Call::new(ECHO));
    assert_eq!(with("code", json!(null)).unwrap(), Call::new(ECHO));
    let fields = [("kwargs", "1"), ("code", "f(x)"), ("kwargs_b64", "MQ==")];
    assert_eq!(Call::from_fields(fields).unwrap_err().field(), "kwargs");
}

#[test]
fn fields_that_owt_does_not_know_tell_calls_apart() {
    let others =
        |query: &'static str| CallFields::from_form(query.as_bytes(), Others::Noted).others();
    assert_eq!(others("code=f&timeout=1"), None);
    assert_eq!(others("code=f&a=1"), others("a=1&code=g&fn_name=x"));
    assert_ne!(others("a=1"), others("a=2"));
    assert_ne!(others("a=1&b=2"), others("b=2&a=1"));
    assert_ne!(others("a=12"), others("a1=2"));
    let json = |body: &'static str| {
        CallFields::from_json(body.as_bytes(), Others::Noted).unwrap().others()
    };
    assert_eq!(json(r#"{"code": 1, "use_cache": {}}"#), None);
    assert_eq!(json(r#"{"a": [1], "code": ""}"#), json(r#"{"code": "x", "a": [1]}"#));
    assert_ne!(json(r#"{"a": [1]}"#), json(r#"{"a": [2]}"#));
}

#[test]
fn fields_that_owt_does_not_know_are_seen_though_they_are_passed_over() {
    for (fields, expected) in [("code=f&timeout=1", false), ("code=f&a=", true), ("", false)] {
        let form = CallFields::from_form(fields.as_bytes(), Others::Passed);
        assert_eq!((form.has_others(), form.others()), (expected, None), "{fields}");
    }
    for (body, expected) in [(r#"{"code": 1}"#, false), (r#"{"code": 1, "a": null}"#, true)] {
        let json = CallFields::from_json(body.as_bytes(), Others::Passed).unwrap();
        assert_eq!((json.has_others(), json.others()), (expected, None), "{body}");
    }
    let mut parts = CallFields::of_parts(Others::Passed);
    assert!(parts.wants("code") && !parts.has_others());
    assert!(!parts.wants("a") && parts.has_others());
}

fn calls() -> impl Strategy<Value = Call> {
    (
        ".*\\S.*",
        option::of(".*\\S.*"),
        option::of("[a-z_][a-z0-9_]{5,9}"),
        option::of("[a-z_][a-zé ._-]{0,20}[a-z]"),
        any::<(bool, bool, bool)>(),
        option::of(".+"),
        option::of(1u64..100_000_000),
    )
        .prop_map(
            |(
                code,
                kwargs,
                fn_name,
                name,
                (use_cache, cache_kwargs, cache_shared),
                key,
                millis,
            )| {
                Call {
                    code_name: name.map(Into::into),
                    kwargs: kwargs.map(Into::into),
                    fn_name: fn_name.map(Into::into),
                    use_cache,
                    cache_kwargs,
                    cache_shared,
                    cache_key_override: key,
                    timeout: millis.map(Duration::from_millis),
                    ..Call::new(code)
                }
            },
        )
}

proptest! {
    #[test]
    fn what_is_written_is_read(call in calls(), base_query in option::of("[ -~]*")) {
        prop_assert_eq!(&Call::from_json(call.to_json().to_string().as_bytes()).unwrap(), &call);
        let text: Value = serde_json::from_str(&call.to_json_text()).unwrap();
        prop_assert_eq!(text, call.to_json());
        let plain = Call::from_json(call.to_plain_json().as_bytes()).unwrap();
        prop_assert_eq!(Call { kwargs: call.kwargs.clone(), ..plain }, call.clone());
        let mut base = Url::parse("http://127.0.0.1:9876/some/path").unwrap();
        base.set_query(base_query.as_deref());
        let url = call.to_url(&base).unwrap();
        prop_assert_eq!(&Call::from_query(url.query().unwrap()).unwrap().unwrap(), &call);
        prop_assert!(!url.as_str().contains(['"', '\'', '`', '$', '!', '\\', '{', '[', ' ']), "{}", url);
    }

    #[test]
    fn no_bytes_are_a_panic(body: Vec<u8>, text in ".*") {
        let _ = Call::from_json(&body);
        let _ = Call::from_form(&body);
        let _ = Call::from_query(&text);
        let _ = Call::from_fields([(&*text, &*body), ("code_b64", &*body), ("timeout", text.as_bytes())]);
    }
}

#[test]
fn a_call_too_long_for_a_url_is_refused() {
    let base = Url::parse("http://127.0.0.1:9876/").unwrap();
    let long = Call::new("#".repeat(60_000));
    let Err(error) = long.to_url(&base) else { panic!("it fits") };
    assert!(matches!(error, CallError::UrlTooLong(length) if length > MAX_URL));
    assert!(error.to_string().contains("POST"));
}
