//! Servers that let a client wait.

use std::time::Duration;

use owt_client::{Client, ErrorKind, POST};
use owt_testing::peer::{Peer, Then, whole};

const SOON: Duration = Duration::from_millis(50);

#[tokio::test]
async fn silence_has_a_limit() {
    let chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n";
    for said in [b"".as_slice(), chunk] {
        let peer = Peer::saying(said, || Then::Silence);
        let client = Client::builder().url(&peer.url).idle_timeout(SOON).build().unwrap();
        let error = client.owt::<POST>("x", ()).text().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(error.to_string(), format!("{} has said nothing for 50ms", peer.url));
        assert!(error.is_timeout());
    }
}

#[tokio::test]
async fn all_of_a_call_has_a_limit() {
    let peer = Peer::saying("", || Then::Silence);
    let builder = Client::builder().url(&peer.url).idle_timeout(Duration::from_secs(60));
    let client = builder.timeout(SOON).build().unwrap();
    let error = client.owt::<POST>("x", ()).text().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.to_string(), format!("{} has not answered in full within 50ms", peer.url));
}

/// A peer that never speaks TLS holds up the connection.
#[tokio::test]
#[cfg_attr(not(any(feature = "tls", feature = "tls-ring")), ignore = "it is about TLS")]
async fn connecting_has_a_limit() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let client = Client::builder().url(&url).connect_timeout(SOON).build().unwrap();
    let error = client.owt::<POST>("x", ()).text().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.to_string(), format!("no connection to {url} within 50ms"));
}

#[tokio::test]
async fn a_pause_that_is_too_long_is_not_made() {
    let busy = r#"{"type": "/_owt/problems/draining", "status": 503, "retry_after": 3600}"#;
    let headers = ["Content-Type: application/problem+json"];
    let peer = Peer::saying(whole("503 Draining", &headers, busy), || Then::Keep);
    let client = Client::builder().url(&peer.url).retries(3).build().unwrap();
    let error = client.owt::<POST>("x", ()).text().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(peer.requests().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_told_with_the_address() {
    // The port of our end of a connection: nobody listens there, nor can while we have it.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let held = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let url = format!("http://{}", held.local_addr().unwrap());
    let client = Client::builder().url(&url).retries(1).build().unwrap();
    let error = client.owt::<POST>("x", ()).text().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.has_not_run());
    assert_eq!(error.to_string(), format!("no connection to {url}"));
    assert!(format!("{error:?}").contains("refused"), "{error:?}");
}
