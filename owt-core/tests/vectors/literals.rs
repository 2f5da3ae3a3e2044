//! Values, and how they are written as Python.

use std::io::Write;
use std::process::{Command, Stdio};

use owt_core::to_literal;
use serde::Serialize;
use serde_json::Value;

use crate::keep;
use crate::tagged::Tagged::{self, Bool, Bytes, Dict, Float, Int, List, Null, Text};
use crate::tagged::{dict, text};

/// The most brackets inside one another that are written.
const DEEPEST: usize = 190;

fn characters(range: std::ops::RangeInclusive<char>) -> Tagged {
    Text(range.collect())
}

fn nested(innermost: Tagged, around: impl Fn(Tagged) -> Tagged, depth: usize) -> Tagged {
    (0..depth).fold(innermost, |inner, _| around(inner))
}

fn values() -> Vec<(&'static str, Tagged)> {
    let mut rows = vec![
        ("none", Null),
        ("true", Bool(true)),
        ("false", Bool(false)),
        ("zero", Int("0")),
        ("negative", Int("-7")),
        ("32 bits and one", Int("4294967296")),
        ("JavaScript's largest safe integer", Int("9007199254740991")),
        ("beyond JavaScript's safe integers", Int("9007199254740993")),
        ("largest of 64 bits", Int("9223372036854775807")),
        ("smallest of 64 bits", Int("-9223372036854775808")),
        ("largest of unsigned 64 bits", Int("18446744073709551615")),
        ("beyond 64 bits", Int("18446744073709551616")),
        ("largest of unsigned 128 bits", Int("340282366920938463463374607431768211455")),
        (
            "an integer of 60 digits",
            Int("-123456789012345678901234567890123456789012345678901234567890"),
        ),
        ("float one", Float(1.0)),
        ("float minus zero", Float(-0.0)),
        ("float zero", Float(0.0)),
        ("float half", Float(0.5)),
        ("float tenth", Float(0.1)),
        ("float sum", Float(0.1 + 0.2)),
        ("float third", Float(-1.0 / 3.0)),
        ("float 1e-4", Float(1e-4)),
        ("float below 1e-4", Float(0.000_099_9)),
        ("float 1e-5", Float(1e-5)),
        ("float 1.5e-7", Float(1.5e-7)),
        ("float 1e15", Float(1e15)),
        ("float with a fraction, large", Float(123_456_789_012_345.67)),
        ("float below 1e16", Float(9_999_999_999_999_998.0)),
        ("float 1e16", Float(1e16)),
        ("float 1e21", Float(1e21)),
        ("float 1.5e300", Float(1.5e300)),
        ("float largest", Float(f64::MAX)),
        ("float smallest normal", Float(f64::MIN_POSITIVE)),
        ("float smallest", Float(5e-324)),
        ("infinity", Float(f64::INFINITY)),
        ("minus infinity", Float(f64::NEG_INFINITY)),
        ("not a number", Float(f64::NAN)),
        ("empty text", text("")),
        ("text", text("solve AGI")),
        ("text of spaces", text("  ")),
        ("text that looks like a number", text("007")),
        ("text that looks like code", text("__import__('os').getcwd()")),
        ("single quote", text("it's")),
        ("double quote", text("say \"owt\"")),
        ("both quotes", text("'\"'")),
        ("three quotes of each", text("'''\"\"\"")),
        ("backslashes", text("C:\\new\\\\table\\")),
        ("an escape that is text", text("\\n \\x00 \\u2028 \\N{DIGIT ONE}")),
        ("line ends", text("a\nb\r\nc\rd\te")),
        ("NUL", text("a\0b")),
        ("NUL before a digit", text("\x001")),
        ("all C0 control characters", characters('\0'..='\x1f')),
        ("printable ASCII", characters(' '..='~')),
        ("DEL and all C1 control characters", characters('\x7f'..='\u{9f}')),
        ("printable Latin-1", characters('\u{a0}'..='\u{ff}')),
        ("emoji", text("🎵")),
        ("emoji of several characters", text("👩🏽‍🚀🏳️‍🌈🇬🇧")),
        ("combining accent", text("e\u{301} é")),
        ("CJK", text("解決しよう")),
        ("Arabic and Hebrew", text("مرحبا שלום")),
        ("soft hyphen, which is left as it is", text("a\u{ad}b")),
        ("zero-width and direction marks", characters('\u{200a}'..='\u{2010}')),
        ("line and paragraph separators, embeddings", characters('\u{2027}'..='\u{202f}')),
        ("invisible operators and isolates", characters('\u{205f}'..='\u{206a}')),
        ("byte order mark", text("\u{feff}owt")),
        ("around the surrogates", text("\u{d7ff}\u{e000}")),
        ("not characters", text("\u{fdd0}\u{fffe}\u{ffff}")),
        ("replacement character", text("\u{fffd}")),
        ("beyond the basic plane", text("\u{10000}\u{1f3b5}\u{10ffff}")),
        ("empty bytes", Bytes(Vec::new())),
        ("every byte", Bytes((0..=255).collect())),
        ("bytes with quotes", Bytes(b"'\"\\n".to_vec())),
        ("empty list", List(Vec::new())),
        ("list", List(vec![Int("1"), text("two"), Float(3.5), Null, Bool(true)])),
        ("list of a list", List(vec![List(vec![])])),
        ("empty dict", Dict(Vec::new())),
        ("dict", dict([("prompt", text("solve AGI")), ("steps", Int("20"))])),
        ("dict in its order", dict([("z", Int("1")), ("a", Int("2")), ("m", Int("3"))])),
        (
            "dict with awkward keys",
            dict([("", Null), ("it's", Null), ("a b", Null), ("\u{202e}🎵\n", Null)]),
        ),
        ("dict with keys that look like numbers", dict([("b", Null), ("10", Null), ("9", Null)])),
        (
            "dict of all sorts",
            dict([
                ("n", Null),
                ("b", Bytes(vec![0, 255])),
                ("l", List(vec![dict([("k", List(vec![text("🎵")]))])])),
                ("f", List(vec![Float(f64::INFINITY), Float(f64::NAN), Float(0.25)])),
            ]),
        ),
    ];
    rows.push(("lists as deep as goes", nested(Int("1"), |inner| List(vec![inner]), DEEPEST)));
    rows.push(("dicts as deep as goes", nested(Null, |inner| dict([("k", inner)]), DEEPEST)));
    rows
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    value: Value,
    literal: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    js: Option<bool>,
}

fn rows() -> Vec<Row> {
    let row = |(name, value): (_, Tagged)| Row {
        name,
        value: value.to_json(),
        literal: to_literal(&value).unwrap(),
        js: value.js(),
    };
    values().into_iter().map(row).collect()
}

#[test]
fn literal_vectors_are_up_to_date() {
    keep("literals.json", &rows());
}

/// Prints the names of the rows whose literal is not the value, then how many it has read.
const COMPARE: &str = r#"
import base64, json, sys

def made(value):
    if not isinstance(value, dict):
        return value
    (tag, value), = value.items()
    return {
        "int": int,
        "float": float,
        "bytes": base64.b64decode,
        "list": lambda items: [made(item) for item in items],
        "dict": lambda pairs: {key: made(item) for key, item in pairs},
    }[tag](value)

rows = json.load(sys.stdin)
for row in rows:
    if repr(eval(row["literal"])) != repr(made(row["value"])):
        print(row["name"])
print(len(rows))
"#;

#[test]
fn python_reads_the_literal_vectors() {
    let rows = rows();
    let mut python = Command::new("python3")
        .args(["-c", COMPARE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(crate::written(&rows).as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{}\n", rows.len()));
    let deeper = nested(Null, |inner| List(vec![inner]), DEEPEST + 1);
    assert!(to_literal(&deeper).is_err());
}
