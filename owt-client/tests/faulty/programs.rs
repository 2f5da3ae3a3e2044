//! What programs get wrong.

use owt_client::{Client, ErrorKind, POST};
use owt_testing::peer::{Peer, Then, whole};
use tokio::runtime::Builder;

use crate::call;

fn peer() -> Peer {
    Peer::saying(whole("200 OK", &[], "fine"), || Then::Keep)
}

#[tokio::test]
async fn a_token_that_is_none_is_not_shown() {
    let peer = peer();
    let client = Client::new(&peer.url).unwrap();
    for (token, why) in [
        ("hunter2\nhunter3", "line break"),
        ("hunter2\r\nX-Evil: 1", "line break"),
        ("hunter2\u{7f}", "visible ASCII"),
        ("hunter2é", "visible ASCII"),
        (" \n", "empty"),
    ] {
        let call = client.clone().bearer(token).owt::<POST>("x", ());
        let error = call.text().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        let shown = format!("{error}\n{error:?}");
        assert!(shown.contains("token") && shown.contains(why), "{shown}");
        assert!(!shown.contains("hunter"), "{shown}");
    }
    assert!(peer.requests().is_empty());
    client.bearer("from-a-file\n").owt::<POST>("x", ()).text().await.unwrap();
    assert!(peer.requests()[0].head.contains("authorization: Bearer from-a-file\r\n"));
}

#[tokio::test]
async fn a_header_that_is_none_is_named_and_not_shown() {
    let client = Client::new("127.0.0.1:1").unwrap();
    let error = client.owt::<POST>("x", ()).header("x-key", "hunter2\n").text().await.unwrap_err();
    let shown = format!("{error}\n{error:?}");
    assert!(shown.contains("x-key") && !shown.contains("hunter2"), "{shown}");
    let default = Client::builder().header("x-key", "hunter2\n");
    assert_eq!(default.err().unwrap().kind(), ErrorKind::Usage);
}

#[tokio::test]
async fn headers_of_a_client_go_with_each_call() {
    let peer = peer();
    let builder = Client::builder().url(&peer.url).header("x-tenant", "a").unwrap();
    let client = builder.header("accept-language", "de").unwrap().build().unwrap();
    client.owt::<POST>("x", ()).header("x-tenant", "b").text().await.unwrap();
    let head = &peer.requests()[0].head;
    assert!(head.contains("x-tenant: b\r\n") && head.contains("accept-language: de\r\n"), "{head}");
    assert!(!head.contains("x-tenant: a"), "{head}");
}

#[test]
fn a_runtime_without_timers_or_sockets_is_an_error() {
    let peer = peer();
    let (mut no_timers, mut nothing) =
        (Builder::new_current_thread(), Builder::new_current_thread());
    for builder in [no_timers.enable_io(), &mut nothing] {
        let runtime = builder.build().unwrap();
        let error = runtime.block_on(call(&peer).text()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.to_string().contains("enable_all"), "{error}");
    }
}

/// What `main` gives back is printed by Debug.
#[tokio::test]
async fn what_main_gives_back_can_be_read() {
    let problem = r#"{"type": "/_owt/problems/adaptor-raised", "status": 500, "detail": "no",
        "exception": {"type": "ValueError", "message": "no", "traceback": "Traceback\n  File\n"}}"#;
    let headers = ["Content-Type: application/problem+json"];
    let peer = Peer::saying(whole("500 Raised", &headers, problem), || Then::Keep);
    let error = call(&peer).text().await.unwrap_err();
    let wanted = "The adaptor raised an exception (500): no\n\nTraceback\n  File";
    assert_eq!(format!("{error:?}"), wanted);

    let peer = Peer::saying(whole("502 Bad Gateway", &[], "no upstream\n"), || Then::Keep);
    let error = call(&peer).text().await.unwrap_err();
    let wanted = format!("{} answered 502 Bad Gateway\n\nno upstream", peer.url);
    assert_eq!(format!("{error:?}"), wanted);
}
