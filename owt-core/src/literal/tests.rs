use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{LiteralError, PyBytes, PyExpr, to_kwargs, to_literal};

#[derive(serde::Serialize)]
struct Point {
    x: i32,
    y: f32,
}

#[derive(serde::Serialize)]
struct Metres(f64);

#[derive(serde::Serialize)]
struct Nothing;

#[derive(serde::Serialize)]
enum Shape {
    Empty,
    Named(&'static str),
    Pair(i8, char),
    Boxed { side: u8 },
}

/// What serde_json's Number and RawValue do when their features are on.
struct Private(&'static str, &'static str);

impl Serialize for Private {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut s = serializer.serialize_struct(self.0, 1)?;
        s.serialize_field(self.0, self.1)?;
        s.end()
    }
}

fn literal(value: impl Serialize) -> String {
    to_literal(&value).unwrap()
}

#[test]
fn scalars() {
    assert_eq!(literal(()), "None");
    assert_eq!(literal(None::<u8>), "None");
    assert_eq!(literal(Some(true)), "True");
    assert_eq!(literal(false), "False");
    assert_eq!(literal(u128::MAX), "340282366920938463463374607431768211455");
    assert_eq!(literal(i128::MIN), "-170141183460469231731687303715884105728");
    assert_eq!(literal('\''), r"'\''");
    assert_eq!(literal("solve AGI"), "'solve AGI'");
    assert_eq!(
        literal("a\\\"b\n\r\t\0\x7f\u{85}\u{2028}é🎵\u{202e}"),
        r#"'a\\"b\n\r\t\x00\x7f\x85\u2028é🎵\u202e'"#
    );
    assert_eq!(literal(PyBytes(b"a'\\\n\xff")), r"b'a\'\\\x0a\xff'");
}

#[test]
fn floats() {
    assert_eq!(literal(1.0), "1.0");
    assert_eq!(literal(-0.0), "-0.0");
    assert_eq!(literal(0.1f32), "0.1");
    assert_eq!(literal(1e300), "1e300");
    assert_eq!(literal(f64::INFINITY), "1e999");
    assert_eq!(literal(f32::NEG_INFINITY), "-1e999");
    assert_eq!(literal(f64::NAN), "float('nan')");
}

#[test]
fn compounds() {
    assert_eq!(literal([1, 2]), "(1, 2)");
    assert_eq!(literal(vec![1, 2]), "[1, 2]");
    assert_eq!(literal(("a",)), "('a',)");
    assert_eq!(literal(json!({})), "{}");
    assert_eq!(literal(Point { x: -1, y: 2.0 }), "{'x': -1, 'y': 2.0}");
    assert_eq!(literal(Metres(2.5)), "2.5");
    assert_eq!(literal(Nothing), "None");
    assert_eq!(literal(Shape::Empty), "'Empty'");
    assert_eq!(literal(Shape::Named("x")), "{'Named': 'x'}");
    assert_eq!(literal(Shape::Pair(1, 'c')), "{'Pair': (1, 'c')}");
    assert_eq!(literal(Shape::Boxed { side: 2 }), "{'Boxed': {'side': 2}}");
    assert_eq!(literal(json!({"a": [1, null, true, "x"]})), "{'a': [1, None, True, 'x']}");
}

#[test]
fn keys_are_what_python_can_hash() {
    assert_eq!(literal(BTreeMap::from([((1, "a"), None::<()>)])), "{(1, 'a'): None}");
    assert_eq!(literal(BTreeMap::from([(None, 1), (Some(2), 3)])), "{None: 1, 2: 3}");
    assert_eq!(literal(BTreeMap::from([(false, vec![0])])), "{False: [0]}");
    let list = to_literal(&BTreeMap::from([(vec![1], 2)])).unwrap_err();
    assert!(matches!(list, LiteralError::UnhashableKey("a list")));
    let inside = to_literal(&BTreeMap::from([((1, vec![1]), 2)])).unwrap_err();
    assert!(matches!(inside, LiteralError::UnhashableKey("a list")));
}

#[test]
fn serde_json_of_any_precision() {
    let number = "$serde_json::private::Number";
    assert_eq!(
        literal([Private(number, "123456789012345678901234567890")]),
        "(123456789012345678901234567890,)"
    );
    let raw = "$serde_json::private::RawValue";
    assert_eq!(
        literal(vec![Private(raw, r#"{"a": [true, "\ud83c\udfb5"]}"#)]),
        "[{'a': [True, '🎵']}]"
    );
    let exact = r#"{"z": [18446744073709551616, -1E400, null], "a": 1.10, "z": ""}"#;
    assert_eq!(
        literal(Private(raw, exact)),
        "{'z': [18446744073709551616, -1E400, None], 'a': 1.10, 'z': ''}"
    );
    // Text is data as all the arguments, too.
    let whole = to_kwargs(&Private(raw, r#""1 + 1""#)).unwrap().unwrap();
    assert_eq!(whole, r"'\'1 + 1\''");
}

/// Python refuses decimal integers of more than 4,300 digits.
#[test]
fn integers_of_any_length() {
    let number = "$serde_json::private::Number";
    let long = |digit: &str, length| -> &'static str { digit.repeat(length).leak() };
    assert_eq!(literal(Private(number, long("1", 4300))), "1".repeat(4300));
    let cases: Vec<_> = [("9", 4301), ("1", 5000), ("12345678901", 1000)]
        .into_iter()
        .flat_map(|(digits, times)| {
            let expression = format!(
                "int(('{digits}' * {times})[:4000]) * 10**{} + int(('{digits}' * {times})[4000:])",
                digits.len() * times - 4000
            );
            let digits = long(digits, times);
            let negative = format!("-{digits}").leak();
            [
                format!("{} == {expression}", literal(Private(number, digits))),
                format!("-({}) == {expression}", literal(Private(number, negative))),
            ]
        })
        .collect();
    let program = "
import json, sys
sys.set_int_max_str_digits(8000)
for e in json.load(sys.stdin): print(eval(e))
";
    assert_eq!(python(program, &json!(cases)), vec!["True"; cases.len()]);
}

#[test]
fn many_bytes_are_base64() {
    let bytes: Vec<u8> = (0..=255).cycle().take(1025).collect();
    assert!(literal(PyBytes(&bytes[..1024])).starts_with("b'"));
    let written = literal(PyBytes(&bytes));
    assert!(written.len() < 1500, "{written}");
    let same = format!("{written} == (bytes(range(256)) * 5)[:1025]");
    assert_eq!(python_reads(&[same]), ["True"]);
}

#[test]
fn nesting_stops_where_python_does() {
    let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let deepest = literal(nested(super::DEEPEST));
    assert_eq!(python_reads(&[deepest]), ["True"]);
    assert!(matches!(to_literal(&nested(super::DEEPEST + 1)), Err(LiteralError::TooDeep)));
}

#[test]
fn arguments() {
    fn kwargs(args: &impl Serialize) -> Option<String> {
        to_kwargs(args).unwrap()
    }
    assert_eq!(kwargs(&()), None);
    assert_eq!(kwargs(&None::<u8>), None);
    assert_eq!(kwargs(&Some("1 + 1")).unwrap(), r"'\'1 + 1\''");
    assert_eq!(kwargs(&Shape::Empty).unwrap(), r"'\'Empty\''");
    assert_eq!(kwargs(&((), "x")).unwrap(), "(None, 'x')");
    assert_eq!(kwargs(&json!({"a": "x"})).unwrap(), "{'a': 'x'}");
    assert_eq!(kwargs(&PyExpr("'x'")).unwrap(), "'x'");
    assert_eq!(kwargs(&Some(PyExpr("None"))).unwrap(), "None");
    assert_eq!(kwargs(&vec![PyExpr("1, 2")]).unwrap(), "[(1, 2)]");
}

/// Evaluates each expression, and says whether it is something.
fn python_reads(expressions: &[String]) -> Vec<String> {
    python(
        "import json, sys\nfor e in json.load(sys.stdin): print(bool(eval(e)))",
        &json!(expressions),
    )
}

/// Runs a program in `python3` with JSON as its input; the lines it prints.
fn python(program: &str, input: &Value) -> Vec<String> {
    let mut child = Command::new("python3")
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |f| f.is_finite().then(|| json!(f))),
        any::<String>().prop_map(Value::from),
        "[\\x00-\\x7f\u{85}\u{2028}\u{2029}\u{feff}'\"\\\\]*".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Python's reading of the literal is its `json`'s reading of the same value:
/// equal, and of the same types all the way down (`repr` tells 1 from 1.0).
#[test]
fn python_reads_back_what_was_written() {
    let mut runner = TestRunner::default();
    let strategy = json_values();
    let cases: Vec<Value> = (0..2000)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .flat_map(|value| {
            let text = value.to_string();
            let raw = RawValue::from_string(text.clone()).unwrap();
            [json!([literal(&value), text, value]), json!([literal(raw), text, value])]
        })
        .collect();
    let program = "
import json, sys
for i, (literal, text, value) in enumerate(json.load(sys.stdin)):
    mine, theirs = eval(literal), json.loads(text)
    if repr(mine) != repr(theirs) or mine != value:
        print(i, ascii(literal), ascii(mine), ascii(theirs))
";
    assert_eq!(python(program, &json!(cases)), Vec::<String>::new());
}

#[test]
fn python_reads_back_scalars_that_json_has_not() {
    let cases: Vec<Value> = [
        (literal(u128::MAX), "2**128 - 1".into()),
        (literal(i128::MIN), "-2**127".into()),
        (literal(f64::INFINITY), "float('inf')".into()),
        (literal(f64::MIN_POSITIVE), "2.2250738585072014e-308".into()),
        (literal(PyBytes(&(0..=255).collect::<Vec<u8>>())), "bytes(range(256))".into()),
        (
            literal((0u8..=255).map(char::from).collect::<String>()),
            "''.join(map(chr, range(256)))".into(),
        ),
        (literal(((), (1,), ((),))), "(None, (1,), (None,))".into()),
    ]
    .map(|(literal, expression): (String, String)| json!([literal, expression]))
    .to_vec();
    let program = "
import json, sys
for literal, expression in json.load(sys.stdin):
    if repr(eval(literal)) != repr(eval(expression)): print(literal, expression)
";
    assert_eq!(python(program, &json!(cases)), Vec::<String>::new());
}
