//! Reads a JSON-RPC message, and writes the answers.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{LEGACY, MODERN};

/// What a client sent.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// It wants an answer. `arguments` of its parameters are as they came: a number may have more
    /// digits than are kept of it otherwise.
    Request { id: Id, method: String, params: Map<String, Value>, arguments: Option<Box<RawValue>> },
    /// It wants none.
    Notification,
}

/// A request's id: text or a whole number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Id(Value);

impl Id {
    /// The answer to its request.
    pub fn answer(&self, result: Value) -> Value {
        json!({"jsonrpc": "2.0", "id": self.0, "result": result})
    }
}

/// Why a message is not served.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub status: u16,
    code: i64,
    message: String,
    data: Option<Value>,
    id: Option<Id>,
}

impl Refusal {
    fn new(status: u16, code: i64, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), data: None, id: None }
    }

    /// It is no message of this protocol.
    pub fn no_message(why: impl Into<String>) -> Self {
        Self::new(400, -32600, why)
    }

    /// Nothing here is called that.
    pub fn no_method(method: &str, status: u16) -> Self {
        Self::new(status, -32601, format!("Method not found: {method}"))
    }

    /// The parameters lack something, or have it wrong.
    pub fn parameters(status: u16, why: impl Into<String>) -> Self {
        Self::new(status, -32602, why)
    }

    /// The headers do not say what the body does.
    pub fn headers(why: impl Into<String>) -> Self {
        Self::new(400, -32020, why)
    }

    /// That revision is not spoken.
    pub fn version(requested: &str) -> Self {
        let supported: Vec<_> = [MODERN].into_iter().chain(LEGACY).collect();
        let data = json!({"supported": supported, "requested": requested});
        Self { data: Some(data), ..Self::new(400, -32022, "Unsupported protocol version") }
    }

    /// It is the answer to this request.
    pub fn to(self, id: Id) -> Self {
        Self { id: Some(id), ..self }
    }

    /// The answer.
    pub fn answer(self) -> Value {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(data) = self.data {
            error["data"] = data;
        }
        let mut whole = json!({"jsonrpc": "2.0", "error": error});
        if let Some(Id(id)) = self.id {
            whole["id"] = id;
        }
        whole
    }
}

/// Reads one message.
///
/// # Errors
/// It is none, with the status 400.
pub(crate) fn read(body: &[u8]) -> Result<Message, Refusal> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::new(400, -32700, format!("the body is no JSON: {error}")))?;
    let Value::Object(mut whole) = value else {
        return Err(Refusal::no_message("send one JSON-RPC message, an object, in each POST"));
    };
    let id = match whole.remove("id") {
        None => None,
        Some(id @ Value::String(_)) => Some(Id(id)),
        Some(Value::Number(id)) if id.is_i64() || id.is_u64() => Some(Id(id.into())),
        Some(_) => {
            return Err(Refusal::no_message("`id` is text or a whole number"));
        }
    };
    let known = id.clone();
    let refuse = |why: &str| {
        let refusal = Refusal::no_message(why);
        known.clone().map_or_else(|| refusal.clone(), |id| refusal.clone().to(id))
    };
    if whole.get("jsonrpc") != Some(&"2.0".into()) {
        return Err(refuse("`jsonrpc` is \"2.0\""));
    }
    let Some(Value::String(method)) = whole.remove("method") else {
        return Err(refuse("`method` is missing; responses are not taken, since nothing is asked"));
    };
    let params = match whole.remove("params") {
        None => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => return Err(refuse("`params` is an object")),
    };
    Ok(match id {
        Some(id) => Message::Request { id, method, params, arguments: arguments(body) },
        None => Message::Notification,
    })
}

/// The text of `params.arguments`.
fn arguments(body: &[u8]) -> Option<Box<RawValue>> {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow)]
        params: Params<'a>,
    }
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(borrow)]
        arguments: &'a RawValue,
    }
    let message: Message<'_> = serde_json::from_slice(body).ok()?;
    Some(message.params.arguments.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_request_or_a_notification() {
        let Ok(Message::Request { id, method, params, .. }) =
            read(br#"{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"a": 1}}"#)
        else {
            panic!("no request")
        };
        assert_eq!((id, &*method, params.len()), (Id(json!(1)), "ping", 1));
        let told = read(br#"{"jsonrpc": "2.0", "method": "notifications/initialized"}"#);
        assert!(matches!(told, Ok(Message::Notification)));
    }

    #[test]
    fn what_is_no_message_says_why_and_whose_it_is() {
        for (body, code, has_id) in [
            ("{", -32700, false),
            ("[]", -32600, false),
            (r#"{"jsonrpc": "2.0", "id": null, "method": "ping"}"#, -32600, false),
            (r#"{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}"#, -32600, false),
            (r#"{"jsonrpc": "1.0", "id": 1, "method": "ping"}"#, -32600, true),
            (r#"{"id": 1, "method": "ping"}"#, -32600, true),
            (r#"{"jsonrpc": "2.0", "id": 1, "result": {}}"#, -32600, true),
            (r#"{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}"#, -32600, true),
        ] {
            let refusal = read(body.as_bytes()).unwrap_err();
            assert_eq!(refusal.status, 400, "{body}");
            let answer = refusal.answer();
            assert_eq!(answer["error"]["code"], code, "{body}");
            assert_eq!(answer.get("id").is_some(), has_id, "{body}");
        }
    }
}
