//! What `owt stubs --for rust` writes is compiled, and calls.

// As it was written.
#[rustfmt::skip]
mod functions;

use std::collections::BTreeMap;
use std::process::Command;

use owt_testing::{Owt, Start, binary};

use crate::client;
use functions::{Colour, Options, Point, tools};

fn serving() -> Owt {
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../owt-testing/protocols/tools.py");
    Start::new().args([tools]).start()
}

#[tokio::test]
async fn the_stubs_are_those_that_are_tested_here() {
    let server = serving();
    let mut command = Command::new(binary());
    command.args(["stubs", "--for", "rust", "--address", &server.url]);
    let written = command.output().unwrap();
    assert!(written.status.success(), "{written:?}");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/stubs/functions.rs");
    let kept = std::fs::read_to_string(file).unwrap();
    // UPDATE_STUBS=1 writes it anew.
    if std::env::var_os("UPDATE_STUBS").is_some() {
        std::fs::write(file, &written.stdout).unwrap();
    } else {
        assert_eq!(String::from_utf8(written.stdout).unwrap(), kept);
    }
}

#[tokio::test]
async fn each_kind_of_function_is_called_by_its_stub() {
    let server = serving();
    let client = &client(&server);
    assert_eq!(tools::add(client, 1, None).await.unwrap(), 3);
    assert_eq!(tools::add(client, 1, Some(5)).await.unwrap(), 6);
    assert_eq!(tools::greet(client, "owt", None).await.unwrap(), "Hello, owt!");
    let goodbye = Some(functions::GreetGreeting::Goodbye);
    assert_eq!(tools::greet(client, "owt", goodbye).await.unwrap(), "Goodbye, owt!");
    tools::nothing(client).await.unwrap();
    let moved = Point { x: 2.0, y: 2.0, colour: Some(Colour::Blue) };
    let point = Point { x: 1.0, ..moved.clone() };
    assert_eq!(tools::r#move(client, point, None).await.unwrap(), moved);
    let stats = BTreeMap::from([("sum".to_owned(), 3.5), ("count".to_owned(), 2.0)]);
    assert_eq!(tools::stats(client, vec![1.0, 2.5]).await.unwrap(), stats);
    assert_eq!(tools::total(client, vec![1, 2, 3]).await.unwrap(), 6);
    assert_eq!(tools::size(client, b"\0ab").await.unwrap(), 3);
    assert!(tools::picture(client).await.unwrap().starts_with(b"\x89PNG"));
    assert_eq!(tools::day_of(client, "2026-07-28T01:02:03").await.unwrap(), "2026-07-28");
    let options = Options { depth: Some(2), name: None };
    assert_eq!(tools::choose(client, options.clone(), None).await.unwrap(), options);
    let mut pieces = tools::count(client, 2).await.unwrap();
    let mut text = Vec::new();
    while let Some(piece) = pieces.next().await {
        text.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(text, b"1\n2\n");
    let error = tools::fail(client, "no such thing").await.unwrap_err();
    assert_eq!(error.exception().unwrap().message, "no such thing");
}
