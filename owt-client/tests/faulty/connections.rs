//! Connections that are kept, and what is left on them.

use owt_client::{Client, ErrorKind, POST};
use owt_testing::peer::{Peer, Then, whole};
use tokio::runtime::Builder;

use crate::call;

/// Answers by the number of the request, after these bytes and with those behind it.
fn numbered(before: &'static str, behind: &'static str) -> Peer {
    Peer::answering(move |_, nth| {
        let answer = whole("200 OK", &[], nth.to_string());
        (vec![[before.as_bytes(), &answer, behind.as_bytes()].concat()], Then::Keep)
    })
}

#[tokio::test]
async fn what_comes_before_the_answer_is_passed_over() {
    for before in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 102 P\r\n\r\n",
    ] {
        let peer = numbered(before, "");
        for nth in 0..3 {
            assert_eq!(call(&peer).text().await.unwrap(), nth.to_string(), "{before}");
        }
        assert_eq!(peer.requests().len(), 3);
    }
}

/// A connection with bytes left over is not used again: they would be the next call's answer.
#[tokio::test]
async fn what_comes_after_the_answer_is_nobodys() {
    for behind in ["more", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"] {
        let peer = numbered("", behind);
        for nth in 0..5 {
            assert_eq!(call(&peer).text().await.unwrap(), nth.to_string(), "{behind}");
        }
        let connections: Vec<_> = peer.requests().iter().map(|it| it.connection).collect();
        assert_eq!(connections, [0, 1, 2, 3, 4]);
    }
}

/// A runtime of one thread that stands still hears nothing: it is asked before a call is sent.
#[test]
fn a_connection_that_the_server_has_ended_is_not_used() {
    let peer = Peer::answering(|_, nth| {
        (vec![whole("200 OK", &["Connection: keep-alive"], nth.to_string())], Then::Close)
    });
    let client = Client::new(&peer.url).unwrap();
    let still = Builder::new_current_thread().enable_all().build().unwrap();
    for nth in 0..50 {
        let call = client.owt::<POST>("x", ());
        // As one task among others, too.
        let answer = if nth % 2 == 0 {
            still.block_on(call.text())
        } else {
            still.block_on(async { tokio::spawn(call.text()).await.unwrap() })
        };
        assert_eq!(answer.unwrap(), nth.to_string());
        peer.has_closed(nth + 1);
    }
    assert_eq!(peer.requests().len(), 50);
}

/// It may have run.
#[tokio::test]
async fn a_call_whose_connection_breaks_is_sent_once() {
    let peer = Peer::answering(|_, nth| match nth {
        0 => (vec![whole("200 OK", &[], "fine")], Then::Keep),
        _ => (vec![], Then::Close),
    });
    let client = Client::builder().url(&peer.url).retries(3).build().unwrap();
    assert_eq!(client.owt::<POST>("x", ()).text().await.unwrap(), "fine");
    let error = client.owt::<POST>("x", ()).text().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(error.to_string().contains(&peer.url), "{error}");
    assert!(!error.has_not_run());
    assert_eq!(peer.requests().len(), 2);
}
