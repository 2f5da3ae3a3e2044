//! The calls of `clients/vectors`, which all clients write alike.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use owt_client::{CallRequest, Client, POST, PyExpr};
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};
use serde_json::Value;

use crate::{OK, peer};

/// A value as the vectors write it.
struct Tagged<'a>(&'a Value);

impl Serialize for Tagged<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// An integer of any size, as serde_json has it.
        const NUMBER: &str = "$serde_json::private::Number";
        let Some((tag, value)) = self.0.as_object().and_then(|tagged| tagged.iter().next()) else {
            return self.0.serialize(serializer);
        };
        let text = || value.as_str().unwrap();
        match tag.as_str() {
            "int" => {
                let mut number = serializer.serialize_struct(NUMBER, 1)?;
                number.serialize_field(NUMBER, text())?;
                number.end()
            }
            "float" => serializer.serialize_f64(text().parse().unwrap()),
            "bytes" => serializer.serialize_bytes(&STANDARD.decode(text()).unwrap()),
            "list" => serializer.collect_seq(value.as_array().unwrap().iter().map(Tagged)),
            "dict" => {
                let entries = value.as_array().unwrap();
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for entry in entries {
                    map.serialize_entry(entry[0].as_str().unwrap(), &Tagged(&entry[1]))?;
                }
                map.end()
            }
            other => panic!("no tag {other}"),
        }
    }
}

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
