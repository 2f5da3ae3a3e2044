//! The same calls, waited for.

use owt_client::{ErrorKind, POST};
use owt_testing::Owt;
use serde_json::json;

use crate::client;

#[test]
fn a_call_can_be_waited_for() {
    let server = Owt::start();
    let client = client(&server);
    let text = client.owt::<POST>("f(str.upper)", "größe").blocking().text().unwrap();
    assert_eq!(text, "GRÖSSE");
    let count = "def run(to):\n    yield from range(to)\n";
    let call = || client.owt::<POST>(count, json!({"to": 3})).blocking();
    assert_eq!(call().bytes().unwrap(), "0\n1\n2\n");
    let reply = call().send().unwrap().success().unwrap();
    assert_eq!((reply.status().as_u16(), reply.request_id().is_some()), (200, true));
    assert_eq!(reply.text().unwrap(), "0\n1\n2\n");
    let lines: Result<Vec<u8>, _> = call().lines().unwrap().collect();
    assert_eq!(lines.unwrap(), [0, 1, 2]);
    let chunks: Result<Vec<_>, _> = call().stream().unwrap().collect();
    assert_eq!(chunks.unwrap().concat(), b"0\n1\n2\n");
    let events = client.owt::<POST>("f(lambda: sse(['a', 'b']))", ()).blocking().events().unwrap();
    let data: Vec<_> = events.map(|event| event.unwrap().data).collect();
    assert_eq!(data, ["a", "b"]);
    let sent = client.published("def add(x: int, y: int) -> int: return x + y");
    assert_eq!(sent.function("add").args((4, 5)).blocking().json::<u8>().unwrap(), 9);
    let error = client.owt::<POST>("f(abs)", "x").blocking().json::<u8>().unwrap_err();
    assert_eq!(error.exception().unwrap().r#type, "TypeError");
}

#[tokio::test]
async fn not_inside_an_async_runtime() {
    let call = owt_client::Client::new("127.0.0.1:1").unwrap().owt::<POST>("x", ());
    assert_eq!(call.blocking().text().unwrap_err().kind(), ErrorKind::Usage);

    let server = Owt::start();
    let client = client(&server);
    // A thread for blocking work may wait, in a runtime of one thread too.
    let waiting = client.clone();
    let wait = move || waiting.owt::<POST>("f(abs)", -1).blocking().text();
    assert_eq!(tokio::task::spawn_blocking(wait).await.unwrap().unwrap(), "1");

    let begin = move || client.owt::<POST>("def run(): yield 1", ()).blocking().stream();
    let chunks = std::thread::spawn(begin).join().unwrap().unwrap();
    let kinds: Vec<_> = chunks.map(|chunk| chunk.unwrap_err().kind()).collect();
    assert_eq!(kinds, [ErrorKind::Usage]);
}
