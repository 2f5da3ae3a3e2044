//! A request without code whose path names a function calls it.

use owt_testing::{Answer, Folder, Owt, workers};
use reqwest::blocking::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::{call, catalogue, names, serving};

const TOOLS: &str = r#"
"""Tools of every kind."""
from __future__ import annotations
import dataclasses, datetime, decimal, enum, os, uuid
from typing import Literal, Optional
import owt

class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"

@dataclasses.dataclass
class Point:
    x: int
    y: int = 0

def add(x: int, y: int = 1) -> int:
    """Adds two numbers."""
    return x + y

def move(p: Point, by: list[int], colour: Colour = Colour.RED):
    return {"p": dataclasses.replace(p, x=p.x + sum(by)), "colour": colour.name}

def when(at: datetime.datetime, day: Optional[datetime.date] = None): return [at.year, day]
def told(id: uuid.UUID, price: decimal.Decimal, kind: Literal["a", 2] = "a"):
    return [id.version, str(price * 2), kind]
def all_of(*numbers: int, **named: float): return {"numbers": numbers, "named": named}
def placed(a, b, /, c=3): return [a, b, c]
def lone(name: str, on: bool = False, note: str | None = None): return [name, on, note]
def size(data: bytes, name: str = ""): return [len(data), name]
async def later(word: str): return word.upper()
def count(n: int):
    for i in range(n): yield f"{i}\n"
def asked(request, name: str): return [name, request.method, request.path]
def pid(): return os.getpid()
def boom(): raise ValueError("boom")
def highlight(code: str): return f"<{code}>"
def given(args: list[int], kwargs: int = 0): return [args, kwargs]
def _hidden(): return 1
class NotAFunction: pass
"#;

const MARKED: &str = r#"
import os, time
import owt
from tools import add

runs = []

@owt.function(get=True, name="plus")
def plus_one(x: int = 1, request_id=None): return x + 1

@owt.function(cache=True)
def kept(x: int):
    runs.append(x)
    return len(runs)

@owt.function(timeout=0.2)
def slow(): time.sleep(60)

@owt.function(hidden=True)
def secret(): return "s"

def unmarked(): return 1
"#;

fn tools() -> Folder {
    let folder = Folder::new();
    folder.write("tools.py", TOOLS);
    folder.write("marked.py", MARKED);
    std::fs::create_dir_all(folder.path("pkg/deep")).unwrap();
    folder.write("pkg/deep/inner.py", "def twice(x: float): return 2 * x\n");
    folder
}

fn sent(owt: &Owt, method: &str, path: &str) -> Answer {
    Answer::of(owt.request(method, path).send().unwrap())
}

#[test]
fn arguments_come_as_json_as_a_query_and_as_forms() {
    let folder = tools();
    for workers in workers() {
        let owt = serving(&folder, workers);
        for (path, arguments, answer) in [
            ("/tools/add", json!({"x": 4, "y": 5}), json!(9)),
            ("/tools.add", json!({"x": 4.0}), json!(5)),
            ("/tools/add", json!({"args": [4], "kwargs": {"y": 2}}), json!(6)),
            ("/tools/add", json!({"args": [4, 3]}), json!(7)),
            ("/tools/add", json!({"kwargs": {"x": 3}}), json!(4)),
            ("/tools/add", json!(7), json!(8)),
            (
                "/tools/move",
                json!({"p": {"x": 1}, "by": [1, 2], "colour": "blue"}),
                json!({"p": {"x": 4, "y": 0}, "colour": "BLUE"}),
            ),
            (
                "/tools/when",
                json!({"at": "2026-02-28T12:00:00Z", "day": "2026-03-01"}),
                json!([2026, "2026-03-01"]),
            ),
            (
                "/tools/told",
                json!({"id": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "price": "1.10", "kind": 2}),
                json!([1, "2.20", 2]),
            ),
            (
                "/tools/all_of",
                json!({"args": [1, 2], "kwargs": {"a": 1}}),
                json!({"numbers": [1, 2], "named": {"a": 1.0}}),
            ),
            ("/tools/placed", json!({"a": 1, "b": [2]}), json!([1, [2], 3])),
            ("/tools/lone", json!({"name": "", "note": null}), json!(["", false, null])),
            ("/tools/size", json!({"data": "aGVsbG8="}), json!([5, ""])),
            ("/tools/asked", json!({"name": "me"}), json!(["me", "POST", "/tools/asked"])),
            ("/tools/highlight", json!({"kwargs": {"code": "1 + 1"}}), Value::Null),
            ("/tools/given", json!({"args": [1], "kwargs": 2}), json!([[1], 2])),
            ("/pkg/deep/inner/twice", json!({"x": 1.5}), json!(3.0)),
            ("/pkg.deep.inner.twice", json!({"x": 1}), json!(2.0)),
        ] {
            let found = call(&owt, path, &arguments);
            if answer.is_null() {
                assert_eq!(found.ok(), "<1 + 1>");
            } else {
                assert_eq!(found.json(), answer, "{path} {arguments}");
            }
        }
        for (path, answer) in [
            ("/tools/add?x=4&y=5", json!(9)),
            ("/tools/add?x=4&y=", json!(5)),
            ("/tools/move?p={\"x\":1}&by=1&by=2", json!({"p": {"x": 4, "y": 0}, "colour": "RED"})),
            ("/tools/move?p={\"x\":1}&by=[5]", json!({"p": {"x": 6, "y": 0}, "colour": "RED"})),
            ("/tools/lone?name=&on=yes&note=", json!(["", true, ""])),
            ("/tools/placed?a=1&b=2", json!(["1", "2", 3])),
            (
                "/tools/told?id=f81d4fae-7dec-11d0-a765-00a0c91e6bf6&price=1&kind=2",
                json!([1, "2", 2]),
            ),
        ] {
            assert_eq!(sent(&owt, "POST", path).json(), answer, "{path}");
        }
        let form = owt.request("POST", "/tools/add").form(&[("x", "20"), ("y", "22")]);
        assert_eq!(Answer::of(form.send().unwrap()).json(), 42);
        let part = Part::bytes(vec![b'x'; 100_000]).file_name("x.bin");
        let form = Form::new().part("data", part).text("name", "x");
        let form = owt.request("POST", "/tools/size").multipart(form);
        assert_eq!(Answer::of(form.send().unwrap()).json(), json!([100_000, "x"]));
        let body = owt.request("POST", "/tools/size?name=raw").body("12345");
        let body = body.header("content-type", "application/octet-stream");
        assert_eq!(Answer::of(body.send().unwrap()).json(), json!([5, "raw"]));
    }
}

#[test]
fn whatever_a_call_can_do_a_function_can() {
    let folder = tools();
    for workers in workers() {
        let owt = serving(&folder, workers);
        assert_eq!(call(&owt, "/tools/later", &json!({"word": "hi"})).ok(), "HI");
        assert_eq!(call(&owt, "/tools/count", &json!({"n": 3})).ok(), "0\n1\n2\n");
        let boom = call(&owt, "/tools/boom", &json!({})).refused(500, "adaptor-raised");
        assert_eq!(boom["exception"]["message"], "boom");
        let line = TOOLS.lines().position(|line| line.starts_with("def boom")).unwrap() + 1;
        assert_eq!(boom["line"], line);
        call(&owt, "/marked/slow", &json!({})).refused(504, "deadline-passed");
        call(&owt, "/marked/slow?timeout=60", &json!({})).refused(504, "deadline-passed");
        for (x, runs, status) in [(1, 1, "stored"), (1, 1, "hit"), (2, 2, "stored"), (1, 1, "hit")]
        {
            let kept = call(&owt, "/marked/kept", &json!({"x": x}));
            assert_eq!(kept.json(), runs);
            assert!(kept.header("cache-status").contains(status), "{status}");
        }
        assert_eq!(call(&owt, "/marked/kept?use_cache=false", &json!({"x": 1})).json(), 3);
        // Code that a request carries is what runs, whatever its path.
        assert_eq!(owt.code("def run(): return 'code'").post("/tools/add").ok(), "code");
        let code = json!({"code": "lambda: 'code'", "x": 1});
        assert_eq!(call(&owt, "/tools/add", &code).ok(), "code");
        if *workers == "1" {
            let here = call(&owt, "/tools/pid", &json!({})).json();
            assert_ne!(here.as_u64(), Some(u64::from(owt.pid())));
        }
    }
}

#[test]
fn a_get_calls_what_is_marked_for_it() {
    let folder = tools();
    let owt = serving(&folder, "1");
    assert_eq!(sent(&owt, "GET", "/marked/plus?x=41").json(), 42);
    assert_eq!(sent(&owt, "GET", "/marked/plus").json(), 2);
    assert_eq!(sent(&owt, "POST", "/marked/plus").json(), 2);
    let refused = sent(&owt, "GET", "/tools/add?x=1");
    refused.refused(405, "method-not-allowed");
    assert_eq!(refused.header("allow"), "POST");
    assert_eq!(call(&owt, "/marked/secret", &json!({})).ok(), "s");
    for path in ["/marked/unmarked", "/marked/add", "/marked/plus_one", "/tools/_hidden"] {
        call(&owt, path, &json!({})).refused(404, "not-found");
    }
    call(&owt, "/tools/NotAFunction", &json!({})).refused(404, "not-found");
    // Where nothing is published a request without code is what it was.
    call(&owt, "/nothing/here", &json!({"x": 1})).malformed("code");
}

#[test]
fn the_catalogue_tells_what_there_is() {
    let folder = tools();
    let owt = serving(&folder, "1");
    let catalogue = catalogue(&owt);
    let names = names(&catalogue);
    for there in ["marked.kept", "marked.plus", "pkg.deep.inner.twice", "tools.add", "tools.count"]
    {
        assert!(names.contains(&there), "{names:?}");
    }
    for not_there in ["marked.secret", "marked.unmarked", "marked.add", "tools._hidden"] {
        assert!(!names.contains(&not_there), "{names:?}");
    }
    assert_eq!(catalogue["errors"], json!([]));
    let functions = catalogue["functions"].as_array().unwrap();
    let add = functions.iter().find(|function| function["name"] == "tools.add").unwrap();
    assert_eq!(
        *add,
        json!({
            "name": "tools.add", "module": "tools", "function": "add", "doc": "Adds two numbers.",
            "parameters": [
                {"name": "x", "kind": "positional_or_keyword", "required": true,
                 "schema": {"type": "integer"}, "hint": "int"},
                {"name": "y", "kind": "positional_or_keyword", "required": false,
                 "schema": {"type": "integer"}, "hint": "int", "default": 1},
            ],
            "returns": {"schema": {"type": "integer"}, "hint": "int"},
            "get": false, "cache": null, "timeout": null, "hidden": false,
            "async": false, "streams": false,
        })
    );
}
