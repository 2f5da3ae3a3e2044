//! Calls, and the URL and the JSON body that make them.

use std::time::Duration;

use owt_core::{Call, to_kwargs};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use crate::keep;
use crate::tagged::Tagged::{self, Bool, Bytes, Dict, Float, Int, List};
use crate::tagged::{dict, text};

const BASE: &str = "http://127.0.0.1:9876";

/// A call as a client is asked to make it.
struct Asked {
    name: &'static str,
    base: &'static str,
    code: &'static str,
    args: Args,
    options: Value,
}

enum Args {
    Nothing,
    Value(Tagged),
    /// A Python expression, sent as it is.
    Expression(&'static str),
}

use Args::{Expression, Nothing};

fn asked(name: &'static str, code: &'static str, args: Args) -> Asked {
    Asked { name, base: BASE, code, args, options: json!({}) }
}

impl Asked {
    fn at(self, base: &'static str) -> Self {
        Self { base, ..self }
    }

    fn with(self, options: Value) -> Self {
        Self { options, ..self }
    }

    fn call(&self) -> Call {
        let mut call = Call::new(self.code);
        call.kwargs = match &self.args {
            Nothing => None,
            Args::Value(value) => to_kwargs(value).unwrap().map(Into::into),
            Expression(text) => Some((*text).into()),
        };
        for (name, value) in self.options.as_object().unwrap() {
            let text = || value.as_str().unwrap().to_owned();
            match name.as_str() {
                "fn_name" => call.fn_name = Some(text().into()),
                "use_cache" => call.use_cache = value.as_bool().unwrap(),
                "cache_kwargs" => call.cache_kwargs = value.as_bool().unwrap(),
                "cache_shared" => call.cache_shared = value.as_bool().unwrap(),
                "cache_key_override" => call.cache_key_override = Some(text()),
                "timeout" => {
                    call.timeout = Some(Duration::from_secs_f64(value.as_f64().unwrap()));
                }
                other => panic!("no option {other}"),
            }
        }
        call
    }

    fn row(&self) -> Row {
        let call = self.call();
        let (kwargs, kwargs_text, js) = match &self.args {
            Nothing => (None, None, None),
            Args::Value(value) => (Some(value.to_json()), None, value.js()),
            Expression(text) => (None, Some(*text), None),
        };
        Row {
            name: self.name,
            base: self.base,
            code: self.code,
            kwargs,
            kwargs_text,
            options: self.options.clone(),
            url: call.to_url(&Url::parse(self.base).unwrap()).unwrap().into(),
            json: call.to_json(),
            expression: call.kwargs.as_deref().map(str::to_owned),
            js,
        }
    }
}

/// An [`Asked`] with what comes of it.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    base: &'static str,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kwargs: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kwargs_text: Option<&'static str>,
    options: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<String>,
    url: String,
    json: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    js: Option<bool>,
}

fn calls() -> Vec<Asked> {
    let value = Args::Value;
    let plain = || asked("", "f(math.sqrt)", value(Int("2")));
    let named = |name: &'static str, asked: Asked| Asked { name, ..asked };
    vec![
        asked("code alone", "def run():\n    return 'owt'\n", Nothing),
        asked(
            "code with every awkward character",
            "def run():\n\treturn '🎵 \u{202e}\u{2028}\u{feff}\0\x7f\u{85}' \"\\\\\"  # é ~>?~~>?\r\n",
            Nothing,
        ),
        asked(
            "named arguments",
            "def run(prompt, steps): return prompt * steps",
            value(dict([("prompt", text("solve AGI")), ("steps", Int("20"))])),
        ),
        asked("no named arguments", "def run(): pass", value(Dict(Vec::new()))),
        asked(
            "awkward named arguments",
            "def run(**all): return all",
            value(dict([
                ("text", text("it's \"owt\"\\\n\0\u{202e}🎵")),
                ("größe", Int("18446744073709551616")),
                ("bytes", Bytes(vec![0, b'\'', 255])),
                ("list", List(vec![Float(0.1), Float(f64::NEG_INFINITY), Bool(false)])),
            ])),
        ),
        asked("unnamed text", "f(sota.hard_task)", value(text("solve AGI"))),
        asked("unnamed text that looks like a number", "f(str)", value(text("007"))),
        asked("unnamed text that looks like code", "f(str)", value(text("1 + 1"))),
        asked("unnamed text that looks like arguments", "f(str)", value(text("{'a': 1}"))),
        asked("unnamed text that is JSON text", "f(str)", value(text("\"quoted\""))),
        asked("unnamed text that is a name", "f(str)", value(text("None"))),
        asked("unnamed text with quotes", "f(str)", value(text("it's \"owt\" \\ 'now'"))),
        asked(
            "unnamed text with awkward characters",
            "f(str)",
            value(text("\n\r\t\0\x7f\u{85}\u{2028}\u{202e}\u{feff}é🎵")),
        ),
        asked("unnamed empty text", "f(str)", value(text(""))),
        asked("unnamed list", "f(len)", value(List(vec![Int("1"), text("2")]))),
        asked("unnamed integer", "f(abs)", value(Int("-9223372036854775808"))),
        asked("unnamed float", "f(abs)", value(Float(-0.5))),
        asked("unnamed whole float", "f(abs)", value(Float(-1.0))),
        asked("unnamed bytes", "f(len)", value(Bytes(b"RIFF\0".to_vec()))),
        asked("unnamed boolean", "f(str)", value(Bool(true))),
        asked("arguments as an expression", "def run(n): return n", Expression("{'n': 2**64}")),
        asked(
            "arguments as JSON",
            "def run(n): return n",
            Expression("{\"n\": [true, null, \"🎵\"]}"),
        ),
        asked("arguments as a bare text", "f(str)", Expression("solve AGI")),
        named("fn_name", plain().with(json!({"fn_name": "main"}))),
        named("fn_name beyond ASCII", plain().with(json!({"fn_name": "größe"}))),
        named("the fn_name that goes without saying", plain().with(json!({"fn_name": "run"}))),
        named("use_cache", plain().with(json!({"use_cache": true}))),
        named("cache_kwargs", plain().with(json!({"use_cache": true, "cache_kwargs": true}))),
        named("cache_shared", plain().with(json!({"use_cache": true, "cache_shared": true}))),
        named("no cache, said", plain().with(json!({"use_cache": false, "cache_kwargs": false}))),
        named(
            "cache_key_override",
            plain()
                .with(json!({"use_cache": true, "cache_key_override": "a/b c+d&e=f%20~*'()!$🎵"})),
        ),
        named("timeout in whole seconds", plain().with(json!({"timeout": 3}))),
        named("timeout with a fraction", plain().with(json!({"timeout": 2.5}))),
        named("timeout of milliseconds", plain().with(json!({"timeout": 0.001}))),
        named(
            "all options",
            plain().with(json!({
                "fn_name": "main",
                "use_cache": true,
                "cache_kwargs": true,
                "cache_key_override": "key",
                "cache_shared": true,
                "timeout": 60,
            })),
        ),
        named("base with a slash", plain().at("http://127.0.0.1:9876/")),
        named("base with a path", plain().at("http://127.0.0.1:9876/owt")),
        named("base with a path that ends with a slash", plain().at("http://127.0.0.1:9876/owt/")),
        named("base with an escaped path", plain().at("https://models.example/a%20b/%C3%A9")),
        named("base with a query", plain().at("http://127.0.0.1:9876/owt?key=a%20b&x")),
        named("base with a query and no path", plain().at("http://127.0.0.1:9876?x=1")),
        named("base with a fragment", plain().at("http://127.0.0.1:9876/owt?x=1#there")),
        named("base on IPv6", plain().at("http://[::1]:9876/owt")),
    ]
}

#[test]
fn call_vectors_are_up_to_date() {
    let rows: Vec<_> = calls().iter().map(Asked::row).collect();
    keep("calls.json", &rows);
}

#[test]
fn the_call_vectors_are_read_as_they_were_asked() {
    for asked in calls() {
        let (call, row) = (asked.call(), asked.row());
        let url = Url::parse(&row.url).unwrap();
        let from_url = Call::from_query(url.query().unwrap()).unwrap().unwrap();
        let from_json = Call::from_json(row.json.to_string().as_bytes()).unwrap();
        for read in [from_url, from_json] {
            assert_eq!(read.fn_name(), call.fn_name(), "{}", asked.name);
            assert_eq!(Call { fn_name: call.fn_name.clone(), ..read }, call, "{}", asked.name);
        }
    }
}
