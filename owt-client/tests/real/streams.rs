//! Answers that come bit by bit, and calls that are given up. An adaptor talks to its test
//! through a socket, so that neither has to guess how far the other is.

use owt_client::{CallRequest, POST};
use owt_testing::Owt;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client;

/// Goes on when the test says so.
const GATED: &str = "
import socket

def gate(port):
    with socket.create_connection(('127.0.0.1', port)) as test:
        test.recv(1)

def text(port):
    yield '🎵 first'
    gate(port)
    yield 'second'

def lines(port):
    yield {'n': 1}
    gate(port)
    yield {'n': 2}

def events(port):
    return sse(lines(port))
";

/// Says when it is under way, and how it ended.
const LONG: &str = "
import asyncio, socket, time

def run(port):
    with socket.create_connection(('127.0.0.1', port)) as test:
        try:
            test.send(b'started ')
            time.sleep(3600)
        except Cancelled:
            test.send(b'cancelled')
            raise

async def waits(port):
    with socket.create_connection(('127.0.0.1', port)) as test:
        try:
            test.send(b'started ')
            await asyncio.sleep(3600)
        except BaseException as end:
            test.send(b'cancelled')
            raise

def chunks(port):
    with socket.create_connection(('127.0.0.1', port)) as test:
        try:
            test.send(b'started ')
            while True:
                yield 'more' * 1000
        finally:
            test.send(b'cancelled')
";

/// A server, and a place where its adaptor meets the test.
struct Meeting {
    server: Owt,
    listener: TcpListener,
}

impl Meeting {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { server: Owt::start(), listener }
    }

    fn call(&self, code: &str, fn_name: &str) -> CallRequest {
        let port = self.listener.local_addr().unwrap().port();
        client(&self.server).owt::<POST>(code, json!({"port": port})).fn_name(fn_name)
    }

    async fn adaptor(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }

    async fn open_the_gate(&self) {
        self.adaptor().await.write_all(b"!").await.unwrap();
    }
}

#[derive(Debug, Deserialize, PartialEq)]
struct Line {
    n: u8,
}

#[tokio::test]
async fn the_first_chunk_comes_before_the_last_is_made() {
    let meeting = Meeting::new().await;
    let mut chunks = meeting.call(GATED, "text").stream().await.unwrap();
    assert_eq!(chunks.next().await.unwrap().unwrap(), "🎵 first");
    meeting.open_the_gate().await;
    assert_eq!(chunks.next().await.unwrap().unwrap(), "second");
    assert!(chunks.next().await.is_none());
}

#[tokio::test]
async fn the_first_line_comes_before_the_last_is_made() {
    let meeting = Meeting::new().await;
    let mut lines = meeting.call(GATED, "lines").lines::<Line>().await.unwrap();
    assert_eq!(lines.next().await.unwrap().unwrap(), Line { n: 1 });
    meeting.open_the_gate().await;
    assert_eq!(lines.next().await.unwrap().unwrap(), Line { n: 2 });
    assert!(lines.next().await.is_none());
}

#[tokio::test]
async fn the_first_event_comes_before_the_last_is_made() {
    let meeting = Meeting::new().await;
    let mut events = meeting.call(GATED, "events").events().await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().json::<Line>().unwrap(), Line { n: 1 });
    meeting.open_the_gate().await;
    let last = events.next().await.unwrap().unwrap();
    assert_eq!((&*last.name, &*last.data), ("message", "{\"n\":2}"));
    assert!(events.next().await.is_none());
}

/// The stream of events, a byte at a time and with longer line ends: they come in halves.
const IN_HALVES: &str = "
from owt.responses import EVENTS, respond

async def run(texts):
    whole = ''.join(respond(sse(texts), '')[3]).replace('\\n', '\\r\\n')
    return stream((bytes([b]) for b in b'\\xef\\xbb\\xbf: hello\\r' + whole.encode()), EVENTS)
";

#[tokio::test]
async fn any_text_arrives() {
    let texts = include_str!("../../../clients/vectors/texts.json");
    let texts: Vec<String> = serde_json::from_str(texts).unwrap();
    let wanted: Vec<_> =
        texts.iter().map(|text| text.replace("\r\n", "\n").replace('\r', "\n")).collect();
    let server = Owt::start();
    for code in ["lambda texts: sse(texts)", IN_HALVES] {
        let call = client(&server).owt::<POST>(code, json!({"texts": texts}));
        let mut events = call.events().await.unwrap();
        let mut seen = Vec::new();
        while let Some(event) = events.next().await {
            seen.push(event.unwrap().data);
        }
        assert_eq!(seen, wanted, "{code}");
    }
    let code = "lambda texts: ([text] for text in texts)";
    let call = client(&server).owt::<POST>(code, json!({"texts": texts}));
    let mut lines = call.lines::<[String; 1]>().await.unwrap();
    let mut seen = Vec::new();
    while let Some(line) = lines.next().await {
        let [text] = line.unwrap();
        seen.push(text);
    }
    assert_eq!(seen, texts);
}

#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled() {
    let meeting = Meeting::new().await;
    for fn_name in ["run", "waits"] {
        let call = tokio::spawn(meeting.call(LONG, fn_name).text());
        let mut adaptor = meeting.adaptor().await;
        adaptor.read_exact(&mut [0; 8]).await.unwrap();
        call.abort();
        let mut end = String::new();
        adaptor.read_to_string(&mut end).await.unwrap();
        assert_eq!(end, "cancelled", "{fn_name}");
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_cancelled() {
    let meeting = Meeting::new().await;
    let mut chunks = meeting.call(LONG, "chunks").stream().await.unwrap();
    let mut adaptor = meeting.adaptor().await;
    chunks.next().await.unwrap().unwrap();
    drop(chunks);
    let mut said = String::new();
    adaptor.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "started cancelled");
}
