//! §5: what the adaptor gives, and the response that it becomes.

use serde_json::{Value, json};

use owt_testing::raw::Raw;
use owt_testing::{Owt, Start};

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

#[test]
fn none_is_an_empty_200() {
    let owt = Owt::start();
    for code in ["def run(): pass", "lambda: None", "async def run(): pass", "const(None)"] {
        let answer = owt.code(code).post("/");
        assert_eq!(answer.ok(), "", "{code}");
        assert_eq!(answer.header("content-length"), "0");
    }
}

#[test]
fn str_is_a_page() {
    let owt = Owt::start();
    for (code, wanted) in [
        ("lambda: '<h1>häßlich 🦀</h1>'", "<h1>häßlich 🦀</h1>"),
        ("lambda: ''", ""),
        ("class Text(str): pass\ndef run(): return Text('x')", "x"),
        ("async def run(): return 'x'", "x"),
    ] {
        let answer = owt.code(code).post("/");
        assert_eq!(answer.ok(), wanted, "{code}");
        assert_eq!(answer.header("content-type"), HTML, "{code}");
    }
}

#[test]
fn bytes_are_themselves_and_their_type_is_sniffed() {
    let owt = Owt::start();
    let png = r"b'\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06'";
    for (bytes, types) in [
        (png, &["image/png"][..]),
        (r"b'RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00'", &["audio/wav"]),
        (r"b'%PDF-1.7\n%\xe2\xe3\xcf\xd3\n'", &["application/pdf"]),
        (r"b'GIF89a\x01\x00\x01\x00'", &["image/gif"]),
        (r"b'\xff\xd8\xff\xe0\x00\x10JFIF\x00'", &["image/jpeg"]),
        (r"b'RIFF\x24\x00\x00\x00WEBPVP8 '", &["image/webp"]),
        (r"b'ID3\x03\x00\x00\x00\x00\x00\x00'", &["audio/mpeg"]),
        (r"b'OggS\x00\x02' + bytes(40)", &["audio/ogg", "application/ogg"]),
        (r"b'fLaC\x00\x00\x00\x22'", &["audio/flac", "audio/x-flac"]),
        (r"b'PK\x03\x04\x14\x00\x00\x00\x08\x00'", &["application/zip"]),
        (r"b'\x1f\x8b\x08\x00\x00\x00\x00\x00'", &["application/gzip"]),
        (r"b'\x00\x01\x02\xff'", &["application/octet-stream"]),
        (r"b'plain words'", &["application/octet-stream"]),
    ] {
        let wanted = owt.code(&format!("lambda: list({bytes})")).post("/").json();
        for kind in ["bytes", "bytearray", "memoryview"] {
            let answer = owt.code(&format!("lambda: {kind}({bytes})")).post("/");
            assert_eq!(answer.status, 200, "{kind} {bytes}");
            let content_type = answer.header("content-type");
            assert!(types.contains(&content_type), "{kind} {bytes}: {content_type}");
            assert_eq!(json!(answer.body), wanted, "{kind}");
        }
    }
    assert_eq!(owt.code("lambda: b''").post("/").ok(), "");
}

#[test]
fn numbers_and_booleans_are_their_str() {
    let owt = Owt::start();
    for (code, wanted) in [
        ("lambda: True", "True"),
        ("lambda: False", "False"),
        ("lambda: 42", "42"),
        ("lambda: -(10 ** 30)", "-1000000000000000000000000000000"),
        ("lambda: 1.5", "1.5"),
        ("lambda: 1e100", "1e+100"),
        ("lambda: float('nan')", "nan"),
        ("lambda: 0.1 + 0.2", "0.30000000000000004"),
    ] {
        let answer = owt.code(code).post("/");
        assert_eq!(answer.ok(), wanted, "{code}");
        assert_eq!(answer.header("content-type"), TEXT, "{code}");
    }
}

#[test]
fn data_is_json() {
    let owt = Owt::start();
    for (code, wanted) in [
        (
            "lambda: {'a': [1, None, True, 1.5, 'ü🦀'], 'b': {}}",
            json!({"a": [1, null, true, 1.5, "ü🦀"], "b": {}}),
        ),
        ("lambda: {}", json!({})),
        ("lambda: []", json!([])),
        ("lambda: [1, [2, [3]]]", json!([1, [2, [3]]])),
        ("lambda: (1, 2, 3)", json!([1, 2, 3])),
        ("lambda: {3, 1, 2}", json!([1, 2, 3])),
        ("lambda: frozenset(['x'])", json!(["x"])),
        ("lambda: collections.OrderedDict(a=1)", json!({"a": 1})),
        ("lambda: collections.namedtuple('Point', 'x y')(1, 2)", json!({"x": 1, "y": 2})),
        (
            "import typing
class Point(typing.NamedTuple):
    x: int
    y: int = 5
def run(): return Point(1)",
            json!({"x": 1, "y": 5}),
        ),
        (
            "import dataclasses
@dataclasses.dataclass
class Point:
    x: int
    deep: list
def run(): return Point(1, [Point(2, [])])",
            json!({"x": 1, "deep": [{"x": 2, "deep": []}]}),
        ),
        ("lambda: datetime.datetime(2024, 2, 29, 12, 30)", json!("2024-02-29T12:30:00")),
        (
            "lambda: datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc)",
            json!("2024-02-29T00:00:00+00:00"),
        ),
        ("lambda: datetime.date(2024, 2, 29)", json!("2024-02-29")),
        ("lambda: uuid.UUID(int=5)", json!("00000000-0000-0000-0000-000000000005")),
        (
            "import enum\nclass Colour(enum.Enum):\n    RED = 'red'\ndef run(): return Colour.RED",
            json!("red"),
        ),
        (
            "lambda: {'when': datetime.date(2024, 1, 1), 'who': uuid.UUID(int=1), 'set': {1}}",
            json!({"when": "2024-01-01", "who": "00000000-0000-0000-0000-000000000001", "set": [1]}),
        ),
        ("async def run(): return {'a': 1}", json!({"a": 1})),
    ] {
        let answer = owt.code(code).post("/");
        answer.ok();
        assert_eq!(answer.header("content-type"), JSON, "{code}");
        assert_eq!(answer.json(), wanted, "{code}");
    }
}

#[test]
fn decimals_lose_no_digit() {
    let owt = Owt::start();
    let answer = owt.code("lambda: [decimal.Decimal('0.10'), decimal.Decimal('1e-30')]").post("/");
    assert_eq!(answer.header("content-type"), JSON);
    let texts: Vec<_> = answer.json().as_array().unwrap().iter().map(Value::to_string).collect();
    assert!(
        texts[0].trim_matches('"') == "0.10" && texts[1].trim_matches('"') == "1E-30",
        "{texts:?}"
    );
    assert_eq!(owt.code("lambda: decimal.Decimal('0.10')").post("/").header("content-type"), JSON);
}

#[test]
fn pydantic_models_are_json() {
    let owt = Owt::start();
    let code = "
import datetime, pydantic

class Inner(pydantic.BaseModel):
    when: datetime.date

class Outer(pydantic.BaseModel):
    name: str
    inner: list[Inner] = []

def run(name):
    return Outer(name=name, inner=[Inner(when=datetime.date(2024, 1, 2))])

def many():
    return {'models': [Inner(when='2024-01-02')]}
";
    let answer = owt.code(code).kwargs("{'name': 'n'}").post("/");
    answer.ok();
    assert_eq!(answer.header("content-type"), JSON);
    assert_eq!(answer.json(), json!({"name": "n", "inner": [{"when": "2024-01-02"}]}));
    let many = owt.code(code).field("fn_name", "many").post("/");
    assert_eq!(many.json(), json!({"models": [{"when": "2024-01-02"}]}));
}

#[test]
fn a_model_of_pydantic_holds_what_a_dict_holds() {
    let owt = Owt::start();
    let code = "
import dataclasses, numpy, pydantic, typing

class Model(pydantic.BaseModel):
    v: typing.Any

@dataclasses.dataclass
class Plain:
    v: typing.Any

class Raw(pydantic.BaseModel):
    v: bytes

def run(): return {'v': numpy.float32(1)}
def plain(): return Plain(numpy.float32(1))
def model(): return Model(v=numpy.float32(1))
def raw(): return Raw(v=b'\\xff')
";
    for fn_name in ["run", "plain", "model"] {
        let answer = owt.code(code).field("fn_name", fn_name).post("/");
        assert_eq!(
            (answer.ok(), answer.header("content-type")),
            ("{\"v\":1.0}", JSON),
            "{fn_name}"
        );
    }
    let problem = owt.code(code).field("fn_name", "raw").post("/").refused(500, "unrenderable");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("a bytes") && detail.ends_with("at v"), "{detail}");
}

#[test]
fn what_would_be_lost_in_json_is_refused_with_its_place() {
    let owt = Owt::start();
    for (code, named) in [
        ("lambda: {'a': {1: 'a', '1': 'b'}}", "the keys 1 and '1'"),
        (
            "lambda: [{float('nan'): 1}]",
            "a float that is no number or moment (nan) as a key at [0]",
        ),
        ("lambda: {'a': [b'x']}", "at a[0]"),
        ("lambda: {'a': (n for n in [1])}", "a generator (make a list of it first) at a"),
        ("import requests\ndef run(): return requests.Response()", "requests.models.Response"),
        (
            "import requests\ndef run(): return [requests.Response()]",
            "give what it holds: .content",
        ),
    ] {
        let problem = owt.code(code).post("/").refused(500, "unrenderable");
        assert!(problem["detail"].as_str().unwrap().contains(named), "{code}: {problem}");
    }
}

#[test]
fn status_and_headers_beside_a_body_of_any_kind() {
    let owt = Owt::start();
    for (body, wanted, content_type) in [
        ("'text'", "text", HTML),
        ("b'%PDF-1.7'", "%PDF-1.7", "application/pdf"),
        ("{'a': 1}", "{\"a\":1}", JSON),
        ("None", "", ""),
        ("42", "42", TEXT),
        ("iter(['a', 'b'])", "ab", ""),
        ("io.BytesIO(b'%PDF-1.7')", "%PDF-1.7", "application/pdf"),
    ] {
        let answer = |rest: &str| owt.code(&format!("lambda: ({body}, {rest})")).post("/");
        let with_status = answer("201");
        assert_eq!((with_status.status, with_status.text()), (201, wanted), "{body}");
        if !content_type.is_empty() {
            assert_eq!(with_status.header("content-type"), content_type, "{body}");
        }
        let with_headers = answer("{'X-Mine': 'yes', 'Content-Type': 'text/mine'}");
        assert_eq!(with_headers.ok(), wanted, "{body}");
        assert_eq!(with_headers.header("x-mine"), "yes", "{body}");
        assert_eq!(with_headers.header("content-type"), "text/mine", "{body}");
        let with_both = answer("418, {'X-Mine': 'yes'}");
        assert_eq!((with_both.status, with_both.text()), (418, wanted), "{body}");
        assert_eq!(with_both.header("x-mine"), "yes", "{body}");
    }
}

#[test]
fn a_status_without_a_body_has_none() {
    let owt = Owt::start();
    let host = owt.address();
    let get = |code: &str| {
        let request = owt.code(code).getting("/").build().unwrap();
        format!(
            "GET /?{} HTTP/1.1\r\nHost: {host}\r\nX-Owt: 1\r\n\r\n",
            request.url().query().unwrap()
        )
    };
    // RFC 9112, 6.3. What is not a body would be the beginning of the next answer.
    for status in [204, 304] {
        for body in ["'body'", "None", "iter(['a', 'b'])", "{'a': 1}", "io.BytesIO(b'x')"] {
            let mut raw = Raw::send(&owt, get(&format!("lambda: ({body}, {status})")));
            raw.write(get("lambda: 'the next'"));
            assert_eq!(raw.head().0, status, "{body}");
            let (next, _, text) = raw.answer();
            assert_eq!((next, text.as_str()), (200, "the next"), "{body} with {status}");
        }
    }
}

#[test]
fn headers_as_pairs_and_repeated() {
    let owt = Owt::start();
    for headers in
        ["[('Set-Cookie', 'a=1'), ('Set-Cookie', 'b=2')]", "{'Set-Cookie': ['a=1', 'b=2']}"]
    {
        let answer = owt.code(&format!("lambda: ('x', 200, {headers})")).post("/");
        let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"], "{headers}");
    }
    let answer = owt.code("async def run(): return 'x', 202, {'X-Mine': 'yes'}").post("/");
    assert_eq!((answer.status, answer.header("x-mine")), (202, "yes"));
    let moved = owt.code("lambda: (None, 304, {'ETag': '\"x\"'})").post("/");
    assert_eq!((moved.status, moved.header("etag")), (304, "\"x\""));
    // A header cannot smuggle in another.
    let split = owt.code("lambda: ('x', {'X-Mine': 'a\\r\\nX-Other: b'})").post("/");
    assert!(split.header("x-other").is_empty());
    split.refused(500, "unrenderable");
}

#[test]
fn what_has_no_form_is_named_with_what_would_have_worked() {
    let owt = Owt::start();
    for (code, named) in [
        ("lambda: object()", "object"),
        ("class Thing: pass\ndef run(): return Thing()", "Thing"),
        ("def run(): return run", "function"),
        ("class Thing: pass\ndef run(): return Thing", "Thing"),
        ("import threading\ndef run(): return threading.Lock()", "lock"),
        ("class Thing: pass\ndef run(): return {'a': [1, Thing()]}", "Thing"),
        ("lambda: 1j", "complex"),
        ("lambda: (object(), 201)", "object"),
    ] {
        let problem = owt.code(code).post("/").refused(500, "unrenderable");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(named), "{code}: {detail}");
    }
    let problem = owt.code("lambda: object()").post("/").refused(500, "unrenderable");
    let detail = problem["detail"].as_str().unwrap();
    for worked in ["str", "bytes", "dict", "generator"] {
        assert!(detail.contains(worked), "{worked}: {detail}");
    }
    let cycle = "def run():\n    it = []\n    it.append(it)\n    return it\n";
    owt.code(cycle).post("/").refused(500, "unrenderable");
    assert_eq!(owt.code("lambda: 'alive'").post("/").ok(), "alive");
}

#[test]
fn print_and_logging_reach_the_log_with_the_request() {
    let owt = Start::new().args(["-v"]).start();
    let code = "
import logging, sys, threading, contextvars
log = logging.getLogger('mine')

def run(n):
    print('printed', n)
    print(f'above {n}\\nbelow {n}')
    print('to stderr', n, file=sys.stderr)
    print('in two', end=' '); print('pieces', n)
    sys.stdout.write(f'without an end {n}')
    log.debug('debugged %d', n)
    log.info('informed %d', n)
    log.warning('warned %d', n)
    logging.error('erred %d', n)

async def later(n):
    print('printed later', n)
    log.info('logged later %d', n)

def flow(n):
    print('printed before', n)
    yield 'x'
    print('printed between', n)
";
    for (fn_name, n, lines) in [
        (
            "run",
            1,
            &[
                "printed",
                "to stderr",
                "above",
                "below",
                "in two pieces",
                "without an end",
                "debugged",
                "informed",
                "warned",
                "erred",
            ][..],
        ),
        ("run", 2, &["printed", "informed"]),
        ("later", 3, &["printed later", "logged later"]),
        ("flow", 4, &["printed before", "printed between"]),
    ] {
        let call = owt.code(code).field("fn_name", fn_name).kwargs(&format!("{{'n': {n}}}"));
        let answer = call.post("/");
        assert_eq!(answer.status, 200);
        for line in lines {
            let wanted = format!("{line} {n}");
            let log = owt.log_with(&wanted);
            let found = log.lines().find(|line| line.contains(&wanted)).unwrap();
            assert!(found.contains(answer.header("x-request-id")), "{found}");
        }
    }
    // The body's own words are those of the call that loaded it.
    let answer = owt.code("print('from the body')\ndef run(): pass\n").post("/");
    let log = owt.log_with("from the body");
    let found = log.lines().find(|line| line.contains("from the body")).unwrap();
    assert!(found.contains(answer.header("x-request-id")), "{found}");
}
