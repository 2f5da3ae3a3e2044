//! Decides what a message asks for: an answer, nothing, the tools, or a call of one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::message::{Id, Message, Refusal};
use super::{Era, LEGACY, MODERN};

const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";
const SERVER_KEY: &str = "io.modelcontextprotocol/serverInfo";

/// Headers that repeat what the body says, as they came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Repeated<'a> {
    /// `MCP-Protocol-Version`.
    pub version: Option<&'a str>,
    /// `Mcp-Method`.
    pub method: Option<&'a str>,
    /// `Mcp-Name`.
    pub name: Option<&'a str>,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Action {
    /// Answer with this.
    Answer(Value),
    /// Take note of it, and answer with nothing (202).
    Accept,
    /// Answer with the tools.
    List(Asking),
    /// Call a tool.
    Call(Box<Asked>),
    /// Refuse it.
    Refuse(Refusal),
}

/// Who waits for an answer, and how they speak.
#[derive(Debug)]
pub(crate) struct Asking {
    id: Id,
    era: Era,
}

impl Asking {
    /// The answer.
    pub fn answer(&self, result: Value) -> Value {
        self.id.answer(dressed(result, self.era))
    }

    /// The answer to who asked for the tools.
    pub fn list(&self, tools: Vec<Value>) -> Value {
        self.answer(cached(json!({"tools": tools}), self.era))
    }

    /// There is no tool of that name.
    pub fn no_tool(self, name: &str) -> Refusal {
        Refusal::parameters(200, format!("Unknown tool: {name}")).to(self.id)
    }
}

/// A tool that is to be called.
#[derive(Debug)]
pub(crate) struct Asked {
    pub by: Asking,
    /// The tool's name, which may be nobody's.
    pub name: String,
    /// A JSON object, as it came.
    pub arguments: String,
    /// What progress is told by, if the client wants to be told.
    pub progress: Option<Value>,
}

/// Decides about a message.
pub(crate) fn act(message: Message, repeated: Repeated<'_>) -> Action {
    match message {
        // `initialized` and `cancelled`: over HTTP, who goes cancels.
        Message::Notification => Action::Accept,
        Message::Request { id, method, params, arguments } => {
            let known = id.clone();
            request(id, &method, params, arguments, repeated)
                .unwrap_or_else(|refusal| Action::Refuse(refusal.to(known)))
        }
    }
}

fn request(
    id: Id,
    method: &str,
    params: Map<String, Value>,
    arguments: Option<Box<RawValue>>,
    repeated: Repeated<'_>,
) -> Result<Action, Refusal> {
    let era = era(method, &params, repeated)?;
    let missing = if era == Era::Modern { 404 } else { 200 };
    let result = match (method, era) {
        ("server/discover", Era::Modern) => discovered(),
        ("initialize", Era::Legacy) => initialized(&params),
        ("ping", Era::Legacy) => json!({}),
        ("tools/list", _) if params.get("cursor").is_some_and(|cursor| !cursor.is_null()) => {
            return Err(Refusal::parameters(200, "there is one page of tools: no cursor is given"));
        }
        ("tools/list", _) => return Ok(Action::List(Asking { id, era })),
        ("tools/call", _) => return call(Asking { id, era }, params, arguments),
        _ => return Err(Refusal::no_method(method, missing)),
    };
    Ok(Action::Answer(id.answer(dressed(result, era))))
}

/// How the client speaks, and whether it does so as its revision wants it.
fn era(method: &str, params: &Map<String, Value>, repeated: Repeated<'_>) -> Result<Era, Refusal> {
    let meta = params.get("_meta").and_then(Value::as_object);
    let said = meta.and_then(|meta| meta.get(VERSION_KEY));
    let is_legacy = |version: &str| LEGACY.contains(&version);
    match (said, repeated.version) {
        _ if method == "initialize" => return Ok(Era::Legacy),
        (None, None) => return Ok(Era::Legacy),
        (None, Some(version)) if is_legacy(version) => return Ok(Era::Legacy),
        (None, Some(version)) if version != MODERN => return Err(Refusal::version(version)),
        _ => {}
    }
    let Some(Value::String(version)) = said else {
        return Err(Refusal::parameters(400, format!("`_meta` has no `{VERSION_KEY}`, a text")));
    };
    same("MCP-Protocol-Version", repeated.version, version)?;
    if is_legacy(version) {
        return Ok(Era::Legacy);
    }
    if version != MODERN {
        return Err(Refusal::version(version));
    }
    if !meta.and_then(|meta| meta.get(CAPABILITIES_KEY)).is_some_and(Value::is_object) {
        let why = format!("`_meta` has no `{CAPABILITIES_KEY}`, an object");
        return Err(Refusal::parameters(400, why));
    }
    same("Mcp-Method", repeated.method, method)?;
    let name = match method {
        "tools/call" | "prompts/get" => params.get("name"),
        "resources/read" => params.get("uri"),
        _ => None,
    };
    if let Some(name) = name.and_then(Value::as_str) {
        let decoded = repeated.name.map(decoded).transpose()?;
        same("Mcp-Name", decoded.as_deref(), name)?;
    }
    Ok(Era::Modern)
}

/// # Errors
/// The header is missing, or says something else than the body.
fn same(header: &str, came: Option<&str>, said: &str) -> Result<(), Refusal> {
    match came {
        Some(came) if came == said => Ok(()),
        Some(came) => {
            Err(Refusal::headers(format!("`{header}` is {came:?}, and the body says {said:?}")))
        }
        None => Err(Refusal::headers(format!("the header `{header}` is missing: {said:?}"))),
    }
}

/// The value of a header that may be in base64, since it has letters that headers have not.
fn decoded(value: &str) -> Result<String, Refusal> {
    let inner = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
    let Some(inner) = inner else { return Ok(value.to_owned()) };
    let bytes = STANDARD.decode(inner).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    bytes.ok_or_else(|| Refusal::headers("`Mcp-Name` is no base64 of UTF-8"))
}

fn call(
    by: Asking,
    mut params: Map<String, Value>,
    arguments: Option<Box<RawValue>>,
) -> Result<Action, Refusal> {
    let Some(Value::String(name)) = params.remove("name") else {
        return Err(Refusal::parameters(200, "`name` is missing: the tool to call"));
    };
    let arguments = match params.get("arguments") {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(given @ Value::Object(_)) => {
            arguments.map_or_else(|| given.to_string(), |arguments| arguments.get().to_owned())
        }
        Some(_) => return Err(Refusal::parameters(200, "`arguments` is an object")),
    };
    let progress = params.get_mut("_meta").and_then(|meta| meta.get_mut("progressToken"));
    let progress = progress.map(Value::take).filter(|token| token.is_string() || token.is_number());
    Ok(Action::Call(Box::new(Asked { by, name, arguments, progress })))
}

fn discovered() -> Value {
    let told = json!({
        "supportedVersions": [MODERN],
        "capabilities": capabilities(),
        "instructions": INSTRUCTIONS,
    });
    cached(told, Era::Modern)
}

fn initialized(params: &Map<String, Value>) -> Value {
    let wanted = params.get("protocolVersion").and_then(Value::as_str);
    let version = LEGACY.into_iter().find(|version| wanted == Some(version));
    json!({
        "protocolVersion": version.unwrap_or(LEGACY[0]),
        "capabilities": capabilities(),
        "serverInfo": server(),
        "instructions": INSTRUCTIONS,
    })
}

const INSTRUCTIONS: &str = "The tools are Python functions that this server publishes.";

fn capabilities() -> Value {
    json!({"tools": {}})
}

fn server() -> Value {
    json!({"name": "owt", "title": "owt", "version": env!("CARGO_PKG_VERSION")})
}

/// A result that may be kept: here for no time, since functions are edited while they are served.
fn cached(mut result: Value, era: Era) -> Value {
    if era == Era::Modern {
        result["ttlMs"] = 0.into();
        result["cacheScope"] = "private".into();
    }
    result
}

/// What a result says beside its own.
fn dressed(mut result: Value, era: Era) -> Value {
    if era == Era::Modern {
        result["resultType"] = "complete".into();
        result["_meta"] = json!({SERVER_KEY: server()});
    }
    result
}

#[cfg(test)]
mod tests {
    use super::super::message::read;
    use super::*;

    fn ask(body: &Value, repeated: Repeated<'_>) -> Action {
        act(read(&serde_json::to_vec(body).unwrap()).unwrap(), repeated)
    }

    fn modern(method: &str, mut params: Value) -> Value {
        params["_meta"] = json!({VERSION_KEY: MODERN, CAPABILITIES_KEY: {}});
        json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
    }

    fn legacy(method: &str, params: Value) -> Value {
        json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
    }

    fn headers<'a>(method: &'a str, name: Option<&'a str>) -> Repeated<'a> {
        Repeated { version: Some(MODERN), method: Some(method), name }
    }

    #[track_caller]
    fn answered(action: Action) -> Value {
        match action {
            Action::Answer(answer) => answer["result"].clone(),
            Action::List(asking) => asking.list(vec![json!({"name": "a"})])["result"].clone(),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn refused(action: Action) -> (u16, Value) {
        match action {
            Action::Refuse(refusal) => {
                let status = refusal.status;
                let answer = refusal.answer();
                assert_eq!(answer["id"], 7, "{answer}");
                (status, answer["error"].clone())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_modern_client_discovers_lists_and_calls_without_a_handshake() {
        let found =
            answered(ask(&modern("server/discover", json!({})), headers("server/discover", None)));
        assert_eq!(found["supportedVersions"], json!([MODERN]));
        assert_eq!(found["resultType"], "complete");
        assert_eq!((&found["ttlMs"], &found["cacheScope"]), (&json!(0), &json!("private")));
        assert_eq!(found["_meta"][SERVER_KEY]["name"], "owt");
        let listed = answered(ask(&modern("tools/list", json!({})), headers("tools/list", None)));
        assert_eq!(listed["tools"], json!([{"name": "a"}]));
        assert_eq!((&listed["ttlMs"], &listed["resultType"]), (&json!(0), &json!("complete")));
        let called = modern("tools/call", json!({"name": "tools.add", "arguments": {"x": 1}}));
        let Action::Call(asked) = ask(&called, headers("tools/call", Some("tools.add"))) else {
            panic!("no call")
        };
        assert_eq!(asked.arguments, r#"{"x":1}"#);
        assert_eq!((&*asked.name, asked.by.era), ("tools.add", Era::Modern));
        // As a header that has no room for all letters carries it.
        let called = ask(&called, headers("tools/call", Some("=?base64?dG9vbHMuYWRk?=")));
        assert!(matches!(called, Action::Call(_)), "{called:?}");
    }

    #[test]
    fn a_modern_request_says_all_that_it_has_to() {
        let call = || modern("tools/call", json!({"name": "tools.add"}));
        let without = |key: &str| {
            let mut call = call();
            call["params"]["_meta"].as_object_mut().unwrap().remove(key);
            call
        };
        let other = |version: &str| {
            let mut call = call();
            call["params"]["_meta"][VERSION_KEY] = version.into();
            call
        };
        let whole = headers("tools/call", Some("tools.add"));
        for (body, repeated, status, code) in [
            (call(), Repeated { version: None, ..whole }, 400, -32020),
            (call(), Repeated { version: Some("2025-11-25"), ..whole }, 400, -32020),
            (call(), Repeated { method: None, ..whole }, 400, -32020),
            (call(), Repeated { method: Some("tools/list"), ..whole }, 400, -32020),
            (call(), Repeated { name: None, ..whole }, 400, -32020),
            (call(), Repeated { name: Some("tools.Add"), ..whole }, 400, -32020),
            (call(), Repeated { name: Some("=?base64?!?="), ..whole }, 400, -32020),
            (without(VERSION_KEY), whole, 400, -32602),
            (without(CAPABILITIES_KEY), whole, 400, -32602),
            (other("1900-01-01"), Repeated { version: Some("1900-01-01"), ..whole }, 400, -32022),
            (other("1900-01-01"), whole, 400, -32020),
            (without(VERSION_KEY), Repeated { version: Some("1900-01-01"), ..whole }, 400, -32022),
            (modern("tools/none", json!({})), headers("tools/none", None), 404, -32601),
            (modern("initialised", json!({})), headers("initialised", None), 404, -32601),
            (modern("ping", json!({})), headers("ping", None), 404, -32601),
            (
                modern("tools/list", json!({"cursor": "2"})),
                headers("tools/list", None),
                200,
                -32602,
            ),
            (modern("tools/call", json!({})), headers("tools/call", None), 200, -32602),
            (
                modern("tools/call", json!({"name": "tools.add", "arguments": []})),
                whole,
                200,
                -32602,
            ),
        ] {
            let (found, error) = refused(ask(&body, repeated));
            assert_eq!((found, &error["code"]), (status, &json!(code)), "{body} {repeated:?}");
            if code == -32022 {
                let data = json!({"supported": [MODERN, "2025-11-25", "2025-06-18"],
                                  "requested": "1900-01-01"});
                assert_eq!(error["data"], data);
            }
        }
    }

    #[test]
    fn a_client_from_before_is_answered_as_it_knows_it() {
        for (wanted, given) in [
            ("2025-11-25", "2025-11-25"),
            ("2025-06-18", "2025-06-18"),
            ("2024-11-05", "2025-11-25"),
        ] {
            let body = legacy("initialize", json!({"protocolVersion": wanted}));
            let found = answered(ask(&body, Repeated::default()));
            assert_eq!(found["protocolVersion"], given);
            assert_eq!(found["serverInfo"]["name"], "owt");
            assert_eq!(found.get("resultType"), None);
        }
        let said = Repeated { version: Some("2025-06-18"), ..Repeated::default() };
        for repeated in [Repeated::default(), said] {
            let listed = answered(ask(&legacy("tools/list", json!({})), repeated));
            assert_eq!(listed["tools"][0]["name"], "a");
            assert_eq!(listed.get("ttlMs"), None);
            assert_eq!(answered(ask(&legacy("ping", json!({})), repeated)), json!({}));
            let (status, error) = refused(ask(&legacy("resources/list", json!({})), repeated));
            assert_eq!((status, &error["code"]), (200, &json!(-32601)));
        }
        let unknown = Repeated { version: Some("1900-01-01"), ..Repeated::default() };
        assert_eq!(refused(ask(&legacy("tools/list", json!({})), unknown)).0, 400);
        let told = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert!(matches!(ask(&told, Repeated::default()), Action::Accept));
    }

    #[test]
    fn numbers_keep_all_their_digits() {
        let body = br#"{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {
            "name": "a.b", "arguments": {"n": 123456789012345678901234567890}}}"#;
        let Action::Call(asked) = act(read(body).unwrap(), Repeated::default()) else {
            panic!("no call")
        };
        assert_eq!(asked.arguments, r#"{"n": 123456789012345678901234567890}"#);
    }

    #[test]
    fn a_tool_that_nobody_has_is_told_so() {
        let called = legacy("tools/call", json!({"name": "tools.sub"}));
        let Action::Call(asked) = ask(&called, Repeated::default()) else { panic!("no call") };
        let answer = asked.by.no_tool(&asked.name).answer();
        assert_eq!(answer["error"], json!({"code": -32602, "message": "Unknown tool: tools.sub"}));
        assert_eq!(answer["id"], 7);
    }

    #[test]
    fn progress_is_told_by_the_clients_token() {
        for (token, wanted) in
            [(json!("a"), Some(json!("a"))), (json!(3), Some(json!(3))), (json!([]), None)]
        {
            let params = json!({"name": "run_python", "_meta": {"progressToken": token}});
            let Action::Call(asked) = ask(&legacy("tools/call", params), Repeated::default())
            else {
                panic!("no call")
            };
            assert_eq!(asked.progress, wanted);
        }
    }
}
