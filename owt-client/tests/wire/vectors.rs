//! The calls of `clients/vectors`, which all clients write alike.

use std::time::Duration;

use owt_client::{CallRequest, Client, POST, PyExpr};
use owt_testing::tagged::Tagged;
use serde_json::Value;

use crate::{OK, peer};

/// The request that a row asks for.
fn asked(row: &Value, client: &Client) -> CallRequest {
    let code = row["code"].as_str().unwrap();
    let request = match (row.get("kwargs"), row["kwargs_text"].as_str()) {
        (Some(value), _) => client.owt::<POST>(code, Tagged(value)),
        (None, Some(text)) => client.owt::<POST>(code, PyExpr(text)),
        (None, None) => client.owt::<POST>(code, ()),
    };
    row["options"].as_object().unwrap().iter().fold(request, |request, (name, value)| {
        match name.as_str() {
            "fn_name" => request.fn_name(value.as_str().unwrap()),
            "use_cache" => request.cache(value.as_bool().unwrap()),
            "cache_kwargs" => request.cache_kwargs(value.as_bool().unwrap()),
            "cache_shared" => request.cache_shared(value.as_bool().unwrap()),
            "cache_key_override" => request.cache_key(value.as_str().unwrap()),
            "timeout" => request.timeout(Duration::from_secs_f64(value.as_f64().unwrap())),
            other => panic!("no option {other}"),
        }
    })
}

#[tokio::test]
async fn calls_are_written_as_the_vectors_say() {
    let rows = include_str!("../../../clients/vectors/calls.json");
    for row in serde_json::from_str::<Vec<Value>>(rows).unwrap() {
        let name = row["name"].as_str().unwrap();
        let client = Client::new(row["base"].as_str().unwrap()).unwrap();
        let url = asked(&row, &client).encode().unwrap();
        assert_eq!(url.as_str(), row["url"].as_str().unwrap(), "{name}");

        let (url, served) = peer(OK).await;
        // A timeout of a millisecond may have passed when the answer comes.
        let _ = asked(&row, &Client::new(url).unwrap()).send().await;
        let request = served.await.unwrap();
        let body = request.split_once("\r\n\r\n").unwrap().1;
        assert_eq!(serde_json::from_str::<Value>(body).unwrap(), row["json"], "{name}");
    }
}
