//! Functions by name, and code by its hash, are called with typed arguments.

use std::time::Duration;

use owt_client::{ErrorKind, Method, PyBytes};
use owt_testing::{Owt, Start};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client;

const TOOLS: &str = "
import itertools
_calls = itertools.count(1)

def add(x: int, y: int = 1) -> int:
    return x + y

def total(*ns: int, start: int = 0) -> int:
    return start + sum(ns)

def size(data: bytes, times: int = 1) -> int:
    return len(data) * times

def count(to: int):
    yield from range(to)

def told(n: int) -> int:
    return next(_calls)

def colour() -> str:
    return 'red'

def checked(code: str) -> str:
    return code

def none() -> str | None:
    return None

def get_it(name: str, ns: list[int]):
    return [name, ns]
";

fn serving() -> (tempfile::TempDir, Owt) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tools.py");
    std::fs::write(&file, TOOLS).unwrap();
    let server = Start::new().args([file.to_str().unwrap()]).start();
    (folder, server)
}

#[derive(Serialize)]
struct Sum {
    x: i64,
    y: i64,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
}

#[tokio::test]
async fn a_function_is_called_by_its_name() {
    let (_folder, server) = serving();
    let client = client(&server);
    let add = || client.function("tools.add");
    assert_eq!(add().args(Sum { x: 4, y: 5 }).json::<i64>().await.unwrap(), 9);
    assert_eq!(add().args((4, 5)).json::<i64>().await.unwrap(), 9);
    assert_eq!(add().args(4).text().await.unwrap(), "5");
    assert_eq!(add().arg(4).named("y", 6).json::<i64>().await.unwrap(), 10);
    assert_eq!(client.function("tools/add").named("x", 1).json::<i64>().await.unwrap(), 2);
    let total = client.function("tools.total").args([1, 2]).arg(3).named("start", 10);
    assert_eq!(total.json::<i64>().await.unwrap(), 16);
    let size = |data: &'static [u8]| client.function("tools.size").arg(PyBytes(data));
    assert_eq!(size(b"\0ab").json::<i64>().await.unwrap(), 3);
    let body = client.function("tools.size").named("times", 2).data(vec![0, 159, 255]);
    assert_eq!(body.json::<i64>().await.unwrap(), 6);
    let file = client.function("tools.size").file("data", "a.bin", "1234").named("times", 2);
    assert_eq!(file.json::<i64>().await.unwrap(), 8);
    let mut lines = client.function("tools.count").arg(3).lines::<u8>().await.unwrap();
    let mut found = Vec::new();
    while let Some(line) = lines.next().await {
        found.push(line.unwrap());
    }
    assert_eq!(found, [0, 1, 2]);
    let colour: Colour = client.function("tools.colour").value().await.unwrap();
    assert_eq!(colour, Colour::Red);
    let none: Option<String> = client.function("tools.none").value().await.unwrap();
    assert_eq!(none, None);
    assert_eq!(add().args((4, 5)).value::<i64>().await.unwrap(), 9);
    let lists = client.function("tools.get_it").args(json!({"name": "é", "ns": [1, 2]}));
    assert_eq!(lists.json::<Value>().await.unwrap(), json!(["é", [1, 2]]));
    // Alone it would be run.
    let code = client.function("tools.checked").named("code", "def run(): return 'ran'");
    assert_eq!(code.text().await.unwrap(), "def run(): return 'ran'");
}

#[tokio::test]
async fn what_is_wrong_is_told_of_each_argument() {
    let (_folder, server) = serving();
    let client = client(&server);
    let error = client.function("tools.add").args(json!({"x": "a", "z": 1})).text().await;
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Problem, 422));
    let faults = error.faults().iter().map(|fault| (&*fault.r#in, &*fault.name));
    assert_eq!(faults.collect::<Vec<_>>(), [("body", "x"), ("body", "z")]);
    assert!(error.faults()[0].message.contains("whole number"), "{error}");
    let unknown = client.function("tools.subtract").text().await.unwrap_err();
    assert!(unknown.is_not_found() && unknown.faults().is_empty());
    for mistaken in [
        client.function("add"),
        client.function("tools.checked").named("code", "1").method(Method::GET),
        client.function("tools.checked").named("code", "1").file("a", "a", "a"),
        client.function("tools.add?x=1"),
        client.function("tools.add").fn_name("x"),
        client.function("tools.add").path("x"),
        client.function("tools.add").arg(1).method(Method::GET),
        client.function("tools.add").arg(1).file("a", "a", "a"),
        client.published("").function("a b"),
        client.call(owt_client::Call::new("f(abs)")).arg(1),
    ] {
        let error = mistaken.text().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
    }
}

#[tokio::test]
async fn code_is_called_by_its_hash_and_sent_again_where_it_is_gone() {
    let (folder, server) = serving();
    let client = client(&server);
    let sent = client.published(TOOLS);
    let add = sent.function("add").args((4, 5)).timeout(Duration::from_secs(60));
    assert_eq!(add.json::<i64>().await.unwrap(), 9);
    let known = client.functions().await.unwrap();
    assert!(known.functions.iter().all(|function| !function.name.contains(&sent.hash())));
    let error = sent.function("add").text().await.unwrap_err();
    assert_eq!(error.faults().len(), 1);

    // Another server at the same address has not got it.
    let port = client.url().port().unwrap();
    drop(server);
    let file = folder.path().join("tools.py");
    let _again = Start::new().port(port).args([file.to_str().unwrap()]).start();
    let told = || sent.function("told").arg(1).timeout(Duration::from_secs(60));
    assert_eq!(told().json::<i64>().await.unwrap(), 1);
    assert_eq!(told().json::<i64>().await.unwrap(), 2);
    let other = sent.function("subtract").text().await.unwrap_err();
    assert!(other.is_not_found(), "{other:?}");
}
