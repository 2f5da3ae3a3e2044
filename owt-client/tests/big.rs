//! 100 MB up and down. Alone in its program, since it looks at the program's memory.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may; clippy.toml exempts only the test functions themselves"
)]

use std::io;

use bytes::Bytes;
use futures_util::stream;
use owt_client::{Body, Client, POST, PyBytes};
use owt_testing::Owt;

const PIECE: usize = 64 << 10;
const PIECES: usize = 1600;

/// More than a hundred megabytes would need, less than they are.
const FLAT: usize = 32 << 20;

/// What ten megabytes of bytes in the arguments may take while they are sent.
const SENT: usize = 60 << 20;

const DOWN: &str = "
def run(pieces, size):
    for _ in range(pieces):
        yield b'x' * size
";

/// The most memory that this program has held, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() << 10
}

#[tokio::test]
async fn a_hundred_megabytes_up_and_down_are_never_held_at_once() {
    let server = Owt::start();
    let client = Client::new(&server.url).unwrap();
    assert_eq!(client.owt::<POST>("f(abs)", -1).text().await.unwrap(), "1");
    let before = peak();

    let bytes = vec![0xc8; 10_000_000];
    let length = client.owt::<POST>("f(len)", PyBytes(bytes)).json::<usize>().await.unwrap();
    assert_eq!(length, 10_000_000);
    assert!(peak() < before + SENT, "{before} bytes became {} with an argument", peak());

    let before = peak();
    let args = serde_json::json!({"pieces": PIECES, "size": PIECE});
    let mut chunks = client.owt::<POST>(DOWN, args).stream().await.unwrap();
    let mut received = 0;
    while let Some(chunk) = chunks.next().await {
        received += chunk.unwrap().len();
    }
    assert_eq!(received, PIECES * PIECE);
    assert!(peak() < before + FLAT, "{before} bytes became {} on the way down", peak());

    let piece = Bytes::from(vec![b'x'; PIECE]);
    let pieces = (0..PIECES).map(move |_| io::Result::Ok(Bytes::copy_from_slice(&piece)));
    let data = Body::wrap_stream(stream::iter(pieces));
    let counted: usize = client
        .owt::<POST>("f(lambda: request.data.count(b'x'))", ())
        .data(data)
        .json()
        .await
        .unwrap();
    assert_eq!(counted, PIECES * PIECE);
    assert!(peak() < before + FLAT, "{before} bytes became {} on the way up", peak());
}
