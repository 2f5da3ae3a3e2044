//! What went wrong is told in full.

use std::time::Duration;

use owt_client::{ErrorKind, POST, ProblemKind};
use owt_testing::{Owt, Start};
use serde_json::json;

use crate::client;

#[tokio::test]
async fn what_an_adaptor_raises_comes_with_its_traceback() {
    let server = Owt::start();
    let code = "class Odd(ValueError): pass\ndef run(n):\n    raise Odd(f'{n} is odd 🎵')\n";
    let error = client(&server).owt::<POST>(code, json!({"n": 3})).text().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Problem);
    assert_eq!(error.status().unwrap(), 500);
    assert_eq!(error.problem().unwrap().kind, ProblemKind::AdaptorRaised);
    assert!(error.problem().unwrap().request_id.is_some());
    assert_eq!(error.problem().unwrap().line, Some(3));
    let exception = error.exception().unwrap();
    assert!(exception.r#type.ends_with("Odd"), "{exception:?}");
    assert_eq!(exception.message, "3 is odd 🎵");
    assert!(exception.traceback.contains("raise Odd(f'{n} is odd 🎵')"), "{exception:?}");
}

#[tokio::test]
async fn a_problem_in_the_code_and_in_the_arguments() {
    let server = Owt::start();
    let client = client(&server);
    let error = client.owt::<POST>("def run(:", ()).stream().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 422);
    let error = client.owt::<POST>("def run(n): pass", json!({"m": 1})).lines::<u8>().await;
    assert_eq!(error.unwrap_err().problem().unwrap().field.as_deref(), Some("kwargs_b64"));
    let error = client.owt::<POST>("def run(): return 'no', 404", ()).bytes().await.unwrap_err();
    assert_eq!((error.kind(), error.body().unwrap().as_ref()), (ErrorKind::Answered, &b"no"[..]));
}

#[tokio::test]
async fn a_failure_in_mid_stream_is_no_clean_end() {
    let server = Owt::start();
    let code = "def run():\n    yield 'one'\n    raise ValueError('two')\n";
    let mut chunks = client(&server).owt::<POST>(code, ()).stream().await.unwrap();
    assert_eq!(chunks.next().await.unwrap().unwrap(), "one");
    assert_eq!(chunks.next().await.unwrap().unwrap_err().kind(), ErrorKind::Interrupted);
}

#[tokio::test]
async fn a_deadline_is_the_servers_to_keep() {
    let server = Owt::start();
    let code = "import time\ndef run(): time.sleep(3600)";
    let call = client(&server).owt::<POST>(code, ()).timeout(Duration::from_millis(100));
    assert_eq!(call.text().await.unwrap_err().status().unwrap(), 504);
}

#[tokio::test]
async fn a_key_opens_the_door() {
    // The SHA-256 of "p:ss".
    let hash = "272bdac4c9b53eeff90423965e2546e0167f3a25bbf021e790adda03fd325455";
    let auth = format!("me:{hash}");
    let keys = ["--auth", &auth, "--token", "a-token-of-32-characters-or-more"];
    let server = Start::new().args(keys).start();
    let call = |client: owt_client::Client| client.owt::<POST>("f(abs)", -1).text();
    let error = call(client(&server)).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 401);
    assert_eq!(call(client(&server).basic_auth("me", "p:ss")).await.unwrap(), "1");
    assert_eq!(
        call(client(&server).bearer("a-token-of-32-characters-or-more")).await.unwrap(),
        "1"
    );
    let in_url = server.url.replace("//", "//me:p%3Ass@");
    assert_eq!(call(owt_client::Client::new(in_url).unwrap()).await.unwrap(), "1");
}
