//! What an adaptor gives arrives as what is asked of it.

use owt_client::{GET, POST, PyExpr, include_adaptor};
use owt_testing::Owt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client;

/// Every character that something on the way might mistake, and quotes that look like code.
const AWKWARD: &str = "1 + 1 'it''s' \"owt\" \\n\n\r\t\0\x7f\u{85}\u{2028}\u{202e}\u{feff} é 🎵";

#[derive(Serialize)]
struct Point {
    x: f64,
    y: Option<i64>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Moved {
    x: f64,
    y: Option<i64>,
}

#[tokio::test]
async fn each_kind_of_result() {
    let server = Owt::start();
    let client = client(&server);
    assert_eq!(
        client.owt::<POST>("f(math.factorial)", 20).json::<u64>().await.unwrap(),
        2_432_902_008_176_640_000
    );
    assert_eq!(client.owt::<GET>("f(lambda: None)", ()).text().await.unwrap(), "");
    let code = include_adaptor!("../adaptor.py");
    assert_eq!(client.owt::<POST>(code, "größe").text().await.unwrap(), "GRÖSSE");
    let bytes = client.owt::<POST>("f(bytes)", vec![0, 255, 10]).bytes().await.unwrap();
    assert_eq!(bytes, [0, 255, 10].as_slice());
    let move_it = "def run(x, y): return {'x': x * 2, 'y': y}";
    let moved: Moved = client.owt::<POST>(move_it, Point { x: 0.5, y: None }).json().await.unwrap();
    assert_eq!(moved, Moved { x: 1.0, y: None });
    let power: Value = client.owt::<POST>("f(str)", PyExpr("[2**70]")).json().await.unwrap();
    assert_eq!(power, json!([1_180_591_620_717_411_303_424_u128 as f64]));

    let reply = client
        .owt::<POST>("def main(): return 'made', 201, {'X-Made': request.path}", ())
        .fn_name("main")
        .path("here")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (reply.status().as_u16(), &reply.headers()["x-made"]),
        (201, &"/here".parse().unwrap())
    );
}

#[tokio::test]
async fn text_arrives_as_it_was_sent() {
    let server = Owt::start();
    let client = client(&server);
    for text in [AWKWARD, "", "2", "None", "{'a': 1}", "__import__('os').getcwd()", "'", "\"q\""] {
        let given: String = client.owt::<POST>("f(as_json)", text).json().await.unwrap();
        assert_eq!(given, text);
        let code = "def run(text): return text.encode()";
        let given = client.owt::<GET>(code, json!({"text": text})).bytes().await.unwrap();
        assert_eq!(given, text.as_bytes());
    }
}

#[tokio::test]
async fn data_is_what_the_adaptor_reads() {
    let server = Owt::start();
    let client = client(&server);
    let code = "def run(times): return request.data * times";
    let doubled = client.owt::<POST>(code, json!({"times": 2})).data(vec![0, 159, 255]);
    assert_eq!(doubled.bytes().await.unwrap(), [0, 159, 255, 0, 159, 255].as_slice());
}

#[tokio::test]
async fn files_go_with_a_call_of_any_length() {
    let server = Owt::start();
    let code = format!(
        "{}\ndef run(n):\n    files = request.files.items()\n    \
         return [n, {{name: [f.filename, len(f.read())] for name, f in files}}]",
        "#".repeat(70_000)
    );
    let call = || client(&server).owt::<POST>(code.as_str(), json!({"n": 1}));
    let files = call().file("a", "a.txt", "12").file("b", "b.bin", vec![255; 100_000]);
    let wanted = json!([1, {"a": ["a.txt", 2], "b": ["b.bin", 100_000]}]);
    assert_eq!(files.json::<Value>().await.unwrap(), wanted);
    // As data it does not fit, and the error says what does.
    let error = call().data("12").text().await.unwrap_err();
    assert!(error.to_string().contains("file("), "{error}");
    for mistaken in [call().method(owt_client::Method::GET), call().data("x")] {
        let error = mistaken.file("a", "a.txt", "12").text().await.unwrap_err();
        assert_eq!(error.kind(), owt_client::ErrorKind::Usage);
    }
}

#[tokio::test]
async fn a_value_comes_together_with_its_head() {
    let server = Owt::start();
    let reply = client(&server).owt::<POST>("f(lambda: [1])", ()).send().await.unwrap();
    assert!(reply.request_id().is_some());
    assert!(reply.timings().iter().any(|(name, _)| name == "run"), "{:?}", reply.timings());
    assert_eq!(reply.json::<Vec<u8>>().await.unwrap(), [1]);
}

#[tokio::test]
async fn a_kept_result_is_given_again() {
    let server = Owt::start();
    let client = client(&server);
    let code = "import itertools\ncount = itertools.count()\ndef run(_, n=0): return next(count)";
    let call = |n: u8| client.owt::<POST>(code, json!({"n": n})).cache(true);
    assert_eq!(call(1).text().await.unwrap(), "0");
    assert_eq!(call(2).text().await.unwrap(), "0");
    assert_eq!(call(1).cache_kwargs(true).text().await.unwrap(), "1");
    assert_eq!(call(2).cache_kwargs(true).text().await.unwrap(), "2");
    assert_eq!(call(2).cache_key("mine").text().await.unwrap(), "3");
    assert_eq!(call(1).cache_key("mine").text().await.unwrap(), "3");
    assert_eq!(call(1).cache(false).text().await.unwrap(), "4");
}
