//! Requests that are wrong in one thing, made from what the catalogue tells of each parameter.

use owt_testing::{Answer, Folder, Owt};
use serde_json::{Value, json};

use crate::{catalogue, serving};

const KINDS: &str = r#"
import collections, dataclasses, datetime, decimal, enum, uuid
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Optional, TypedDict, Union
ran = []
class Colour(enum.Enum):
    RED = "red"
@dataclasses.dataclass
class Point:
    x: int
    y: int
@dataclasses.dataclass
class Line:
    start: Point
    end: Optional[Point]
class Named(TypedDict):
    name: str
class Size(NamedTuple):
    width: float
    height: float
class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2
def integer(v: int): ran.append(v)
def number(v: float): ran.append(v)
def boolean(v: bool): ran.append(v)
def text(v: str): ran.append(v)
def listed(v: list[int]): ran.append(v)
def unique(v: set[str]): ran.append(v)
def pair(v: tuple[int, str]): ran.append(v)
def mapped(v: dict[str, int]): ran.append(v)
def point(v: Point): ran.append(v)
def named(v: Named): ran.append(v)
def colour(v: Colour): ran.append(v)
def literal(v: Literal["a", "b"]): ran.append(v)
def moment(v: datetime.datetime): ran.append(v)
def day(v: datetime.date): ran.append(v)
def span(v: datetime.timedelta): ran.append(v)
def ident(v: uuid.UUID): ran.append(v)
def price(v: decimal.Decimal): ran.append(v)
def data(v: bytes): ran.append(v)
def either(v: Union[int, list[int]]): ran.append(v)
def optional(v: Optional[int]): ran.append(v)
def nested(v: list[dict[str, list[Point]]]): ran.append(v)
def hour(v: datetime.time): ran.append(v)
def frozen(v: frozenset[int]): ran.append(v)
def queue(v: collections.deque[float]): ran.append(v)
def sequence(v: Sequence[bool]): ran.append(v)
def many(v: tuple[int, ...]): ran.append(v)
def mapping(v: Mapping[int, Colour]): ran.append(v)
def line(v: Line): ran.append(v)
def size(v: Size): ran.append(v)
def level(v: Level): ran.append(v)
def digit(v: Literal[1, 2, 3]): ran.append(v)
def maybe_point(v: Optional[Point]): ran.append(v)
def points(v: dict[str, Point]): ran.append(v)
def prices(v: list[decimal.Decimal]): ran.append(v)
def moments(v: list[Union[datetime.date, None]]): ran.append(v)
def ran_so_far(): return len(ran)
"#;

/// A value of that schema.
fn right(schema: &Value) -> Value {
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    if let Some(any) = schema["anyOf"].as_array() {
        return right(&any[0]);
    }
    match schema["type"].as_str().or(schema["type"][0].as_str()) {
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => match schema["prefixItems"].as_array() {
            Some(items) => items.iter().map(right).collect(),
            None => json!([right(&schema["items"])]),
        },
        Some("object") => match schema["properties"].as_object() {
            Some(fields) => fields.iter().map(|(name, one)| (name.clone(), right(one))).collect(),
            None => json!({"1": right(&schema["additionalProperties"])}),
        },
        Some("string") => match schema["format"].as_str() {
            Some("date-time") => json!("2026-02-28T12:00:00Z"),
            Some("date") => json!("2026-02-28"),
            Some("time") => json!("12:00:00"),
            Some("uuid") => json!("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
            _ if schema["contentEncoding"] == "base64" => json!("aGk="),
            _ => json!("1"),
        },
        other => panic!("no value of {other:?} in {schema}"),
    }
}

fn takes(schema: &Value, kind: &str) -> bool {
    let any = schema["anyOf"].as_array().into_iter().flatten();
    let types = schema["type"].as_array().into_iter().flatten();
    let enums = schema["enum"].as_array().into_iter().flatten();
    schema["type"] == kind
        || types.into_iter().any(|one| one == kind)
        || any.into_iter().any(|one| takes(one, kind))
        || enums.into_iter().any(|value| value.is_string() && kind == "string")
}

/// Values that the schema does not take, with what is wrong about each.
fn wrong(schema: &Value) -> Vec<(&'static str, Value)> {
    let deep = (0..200).fold(json!("bottom"), |inner, _| json!([inner]));
    let long = Value::from(vec![json!({"k": 1}); 20_000]);
    let unknown = json!([{"a": [null]}]);
    let mut values =
        vec![("too deep", deep), ("too long a list", long), ("a list of nothing known", unknown)];
    if !takes(schema, "null") {
        values.push(("null", Value::Null));
    }
    if !takes(schema, "string") || schema["format"].is_string() || schema["enum"].is_array() {
        values.push(("too long", json!("long ".repeat(20_000))));
        values.push(("text", json!("neither this nor that")));
    }
    if !takes(schema, "object") {
        values.push(("an object", json!({"k": {"deep": 1}})));
    } else {
        values.push(("members that are wrong", json!({"nobody": {"knows": []}})));
    }
    if !takes(schema, "boolean") {
        values.push(("true", json!(true)));
    }
    if takes(schema, "integer") || takes(schema, "string") && !takes(schema, "number") {
        values.push(("a fraction", json!(0.5)));
    }
    values
}

fn refused(owt: &Owt, path: &str, body: &Value) -> Value {
    let answer = Answer::of(owt.request("POST", path).json(body).send().unwrap());
    answer.refused(422, "wrong-arguments")
}

#[test]
fn each_is_refused_and_the_field_is_named() {
    let folder = Folder::new();
    folder.write("kinds.py", KINDS);
    let owt = serving(&folder, "1");
    let told = catalogue(&owt);
    let (mut requests, mut right_ones) = (0, 0);
    for function in told["functions"].as_array().unwrap() {
        let path = format!("/{}", function["name"].as_str().unwrap());
        let Some(parameter) = function["parameters"].get(0) else { continue };
        let schema = &parameter["schema"];
        let good = right(schema);
        let body = |value: &Value| json!({"v": value});
        Answer::of(owt.request("POST", &path).json(&body(&good)).send().unwrap()).ok();
        right_ones += 1;
        let mut bodies: Vec<(&str, Value, &str)> =
            wrong(schema).into_iter().map(|(what, value)| (what, body(&value), "v")).collect();
        bodies.push(("missing", json!({}), "v"));
        bodies.push(("extra", json!({"v": good, "ghost": 1}), "ghost"));
        bodies.push(("too many", json!({"args": [good, 2]}), "args"));
        bodies.push(("twice", json!({"args": [good], "kwargs": {"v": good}}), "v"));
        for (what, body, field) in bodies {
            let problem = refused(&owt, &path, &body);
            assert_eq!(problem["field"], field, "{path} {what}: {problem}");
            let errors = problem["errors"].as_array().unwrap();
            let named = errors.iter().any(|error| error["name"] == field && error["in"] == "body");
            assert!(named, "{path} {what}: {problem}");
            assert!(problem["detail"].as_str().unwrap().len() < 4000, "{path} {what}");
            requests += 1;
        }
    }
    assert!(requests >= 300, "{requests}");
    let ran = Answer::of(owt.request("POST", "/kinds/ran_so_far").send().unwrap()).json();
    assert_eq!(ran, right_ones, "what was refused has not run");
}

#[test]
fn each_fault_has_an_entry_with_its_place() {
    let folder = Folder::new();
    folder.write("kinds.py", KINDS);
    let owt = serving(&folder, "1");
    let body = json!({"v": [{"a": [{"x": "no", "y": 1}]}, {"b": [{"x": 1}]}], "ghost": 1});
    let problem = refused(&owt, "/kinds/nested", &body);
    let places: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|e| &e["place"]).collect();
    assert_eq!(
        places,
        [&json!(["ghost"]), &json!(["v", 0, "a", 0, "x"]), &json!(["v", 1, "b", 0, "y"])]
    );
    let query = Answer::of(owt.request("POST", "/kinds/integer?v=1&v=2").send().unwrap());
    let query = query.refused(422, "wrong-arguments");
    assert_eq!(query["errors"][0]["in"], "query");
    // The HTTP body itself.
    for (body, status, slug) in [
        ("{\"v\": ".to_owned(), 400, "malformed-call"),
        (format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000)), 400, "malformed-call"),
        (format!("{{\"v\": {}}}", "9".repeat(5000)), 200, ""),
    ] {
        let request =
            owt.request("POST", "/kinds/integer").header("content-type", "application/json");
        let answer = Answer::of(request.body(body).send().unwrap());
        match slug {
            "" => assert_eq!(answer.status, status, "{}", answer.text()),
            slug => assert_eq!(answer.refused(status, slug)["field"], "body"),
        }
    }
    let other = owt.request("POST", "/kinds/integer").header("content-type", "image/png").body("x");
    Answer::of(other.send().unwrap()).refused(415, "unsupported-type");
    let packed = owt.request("POST", "/kinds/integer").header("content-encoding", "gzip").body("x");
    Answer::of(packed.send().unwrap()).refused(415, "unsupported-type");
}
