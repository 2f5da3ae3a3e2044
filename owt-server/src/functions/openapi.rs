//! Writes what is published as an OpenAPI document (3.1): parameters, bodies, results, problems, keys.

#![allow(
    clippy::indexing_slicing,
    reason = "of JSON alone: what is not there is null, and what is written to is an object"
)]

use std::collections::{BTreeMap, BTreeSet};

use owt_core::{Catalogue, FunctionInfo, PROBLEM_JSON, ParameterInfo, ProblemKind};
use serde_json::{Map, Value, json};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";
const HTML: &str = "text/html";
const OCTETS: &str = "application/octet-stream";
const LINES: &str = "application/x-ndjson";
const ANYTHING: &str = "*/*";

/// What a document says of the server beside its functions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    /// It asks for a key.
    pub asks_key: bool,
    /// A bearer token may be one.
    pub takes_tokens: bool,
}

/// The document of all functions that are not hidden.
pub(crate) fn document(catalogue: &Catalogue, about: About) -> Value {
    let functions = || catalogue.functions.iter().filter(|function| !function.hidden);
    let paths: Map<_, _> =
        functions().map(|function| (function.url_path(), operations(function, about))).collect();
    let modules: BTreeSet<_> = functions().map(|function| &*function.module).collect();
    let tags: Vec<_> = modules.into_iter().map(|module| json!({"name": module})).collect();
    let mut whole = json!({
        "openapi": "3.1.1",
        "info": {
            "title": "owt",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The functions that this server publishes.",
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": {"Problem": problem()},
            "responses": responses(),
            "securitySchemes": schemes(about),
        },
    });
    if about.asks_key {
        whole["security"] = security(about);
    }
    whole
}

fn operations(function: &FunctionInfo, about: About) -> Value {
    let mut all = json!({"post": operation(function, about, false)});
    if function.get {
        all["get"] = operation(function, about, true);
    }
    all
}

fn operation(function: &FunctionInfo, about: About, is_get: bool) -> Value {
    let mut told = json!({
        "operationId": format!("{}{}", function.name, if is_get { ".get" } else { "" }),
        "tags": [function.module],
        "summary": function.summary(),
        "description": function.doc,
        "responses": answers(function, about),
    });
    if is_get {
        told["parameters"] = function.named().map(in_query).collect();
    } else if let Some(body) = body(function) {
        told["requestBody"] = body;
    }
    told
}

fn in_query(parameter: &ParameterInfo) -> Value {
    let mut schema = schema_of(parameter);
    if let Some(default) = &parameter.default {
        schema["default"] = default.clone();
    }
    json!({
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "schema": schema,
    })
}

fn schema_of(parameter: &ParameterInfo) -> Value {
    if parameter.schema.is_object() { parameter.schema.clone() } else { json!({}) }
}

/// The body of a POST; `None` of a function without parameters.
fn body(function: &FunctionInfo) -> Option<Value> {
    if function.parameters.is_empty() {
        return None;
    }
    let named = function.arguments();
    let mut content = Map::new();
    let schema = match function.more_positions() {
        None => named.clone(),
        // They have no names: a list has them, beside the arguments that do.
        Some(rest) => json!({"anyOf": [named, {
            "type": "object",
            "properties": {
                "args": {"type": "array", "items": schema_of(rest)},
                "kwargs": {"type": "object"},
            },
            "additionalProperties": false,
        }]}),
    };
    content.insert(JSON.to_owned(), json!({"schema": schema}));
    if function.named().any(takes_file) {
        let mut form = named;
        for parameter in function.named().filter(|parameter| takes_file(parameter)) {
            form["properties"][&*parameter.name] = json!({"contentMediaType": OCTETS});
        }
        content.insert("multipart/form-data".to_owned(), json!({"schema": form}));
    }
    let required = function.parameters.iter().any(|parameter| parameter.required);
    Some(json!({"required": required, "content": content}))
}

/// Whether a file of a form may be its argument.
fn takes_file(parameter: &ParameterInfo) -> bool {
    let schema = &parameter.schema;
    let one = |schema: &Value| {
        schema.get("contentEncoding").is_some() || schema.get("x-owt-type").is_some()
    };
    one(schema) || schema["anyOf"].as_array().is_some_and(|all| all.iter().any(one))
}

fn answers(function: &FunctionInfo, about: About) -> Value {
    let mut all = Map::new();
    // An answer without content beside others is nothing that OpenAPI can say, but in words.
    let description =
        "What it gives. `None` is an empty answer where `Accept` does not prefer JSON.";
    let given = json!({"description": description, "content": forms(function)});
    all.insert("200".to_owned(), given);
    for status in problems().into_keys().filter(|status| about.asks_key || *status != 401) {
        let reference = json!({"$ref": format!("#/components/responses/{}", name_of(status))});
        all.insert(status.to_string(), reference);
    }
    all.into()
}

/// The media types of what it gives: its natural form, and what `Accept` may ask for.
fn forms(function: &FunctionInfo) -> Value {
    if function.streams {
        let text = json!({"schema": {"type": "string"}});
        return json!({TEXT: text, LINES: text, "text/event-stream": text});
    }
    let schema = &function.returns.schema;
    let mut all = Map::new();
    for media in media_of(schema) {
        let told = match media {
            JSON => schema.clone(),
            TEXT | HTML => json!({"type": "string"}),
            _ => json!({}),
        };
        all.insert(media.to_owned(), json!({"schema": told}));
    }
    all.into()
}

/// Which media types a value of that schema comes in (docs/wire.md, "Results").
fn media_of(schema: &Value) -> BTreeSet<&'static str> {
    if let Some(all) = schema["anyOf"].as_array() {
        return all.iter().flat_map(media_of).collect();
    }
    let is_plain = schema.get("format").is_none();
    match schema["type"].as_str() {
        _ if schema.get("contentEncoding").is_some() => [OCTETS].into(),
        _ if schema.get("x-owt-type").is_some() => [ANYTHING].into(),
        Some("string") if is_plain => [HTML].into(),
        Some("integer" | "number" | "boolean") => [TEXT, JSON].into(),
        Some("null" | "string" | "array" | "object") => [JSON].into(),
        _ => [ANYTHING].into(),
    }
}

/// What can go wrong, by status.
fn problems() -> BTreeMap<u16, Vec<ProblemKind>> {
    let mut all: BTreeMap<u16, Vec<ProblemKind>> = BTreeMap::new();
    for kind in ProblemKind::ALL {
        all.entry(kind.status()).or_default().push(*kind);
    }
    all
}

fn name_of(status: u16) -> String {
    format!("Problem{status}")
}

fn responses() -> Value {
    let told = |(status, kinds): (u16, Vec<ProblemKind>)| {
        let lines: Vec<_> =
            kinds.iter().map(|kind| format!("`{}`: {}.", kind.slug(), kind.title())).collect();
        let schema = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
        let text = json!({"schema": {"type": "string"}});
        let content = json!({PROBLEM_JSON: schema, TEXT: text});
        (name_of(status), json!({"description": lines.join("\n"), "content": content}))
    };
    problems().into_iter().map(told).collect::<Map<_, _>>().into()
}

fn problem() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "description": "What went wrong (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": text, "title": text, "status": {"type": "integer"}, "detail": text,
            "request_id": text,
            "field": text,
            "line": {"type": "integer"},
            "retry_after": {"type": "number"},
            "exception": {
                "type": "object",
                "properties": {"type": text, "message": text, "traceback": text},
            },
            "errors": {
                "type": "array",
                "description": "What is wrong with each argument.",
                "items": {
                    "type": "object",
                    "properties": {
                        "in": {"enum": ["query", "body", "path"]},
                        "name": text,
                        "place": {"type": "array", "items": {"type": ["string", "integer"]}},
                        "message": text,
                    },
                },
            },
        },
    })
}

fn schemes(about: About) -> Value {
    let mut all = Map::new();
    if about.asks_key {
        all.insert("password".to_owned(), json!({"type": "http", "scheme": "basic"}));
    }
    if about.asks_key && about.takes_tokens {
        all.insert("token".to_owned(), json!({"type": "http", "scheme": "bearer"}));
    }
    all.into()
}

/// Any one of them opens the door.
fn security(about: About) -> Value {
    let one = |name: &&str| json!({*name: []});
    let names: &[&str] = if about.takes_tokens { &["password", "token"] } else { &["password"] };
    names.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use owt_core::ReturnInfo;

    use super::*;

    const OPEN: About = About { asks_key: false, takes_tokens: false };

    fn function(parameters: Value, returns: Value) -> FunctionInfo {
        FunctionInfo {
            name: "tools.add".to_owned(),
            module: "tools".to_owned(),
            doc: "Adds.\n\nMore of it.".to_owned(),
            parameters: serde_json::from_value(parameters).unwrap(),
            returns: ReturnInfo { schema: returns, hint: String::new() },
            get: true,
            ..FunctionInfo::default()
        }
    }

    fn told(function: FunctionInfo, about: About) -> Value {
        document(&Catalogue { functions: vec![function], ..Catalogue::default() }, about)
    }

    #[test]
    fn a_function_is_a_path_with_its_arguments_as_a_body_and_in_the_query() {
        let parameters = json!([
            {"name": "x", "required": true, "schema": {"type": "integer"}},
            {"name": "y", "kind": "keyword_only", "schema": {"type": "integer"}, "default": 2},
        ]);
        let whole = told(function(parameters, json!({"type": "integer"})), OPEN);
        let path = &whole["paths"]["/tools/add"];
        let body = &path["post"]["requestBody"];
        assert_eq!(body["required"], true);
        let schema = &body["content"][JSON]["schema"];
        assert_eq!(schema["properties"]["y"], json!({"type": "integer", "default": 2}));
        assert_eq!(schema["required"], json!(["x"]));
        let query = &path["get"]["parameters"];
        assert_eq!(query[0]["name"], "x");
        assert_eq!(query[0]["required"], true);
        assert_eq!(query[1]["schema"], json!({"type": "integer", "default": 2}));
        assert_eq!(path["post"]["summary"], "Adds.");
        assert_ne!(path["post"]["operationId"], path["get"]["operationId"]);
        let content = &path["post"]["responses"]["200"]["content"];
        assert_eq!(content[JSON]["schema"], json!({"type": "integer"}));
        assert_eq!(content[TEXT]["schema"], json!({"type": "string"}));
    }

    #[test]
    fn each_result_has_the_media_types_that_it_comes_in() {
        for (schema, wanted) in [
            (json!({}), vec![ANYTHING]),
            (json!({"type": "string"}), vec![HTML]),
            (json!({"type": "string", "format": "date-time"}), vec![JSON]),
            (json!({"type": "string", "contentEncoding": "base64"}), vec![OCTETS]),
            (json!({"x-owt-type": "numpy.ndarray"}), vec![ANYTHING]),
            (json!({"type": "array", "items": {}}), vec![JSON]),
            (json!({"anyOf": [{"type": "string"}, {"type": "null"}]}), vec![JSON, HTML]),
        ] {
            let media: Vec<_> = media_of(&schema).into_iter().collect();
            assert_eq!(media, wanted, "{schema}");
        }
    }

    #[test]
    fn files_come_in_a_form_and_more_positions_in_a_list() {
        let parameters = json!([
            {"name": "image", "required": true, "schema": {"type": "string", "contentEncoding": "base64"}},
            {"name": "more", "kind": "var_positional", "schema": {"type": "integer"}},
        ]);
        let whole = told(function(parameters, json!({})), OPEN);
        let content = &whole["paths"]["/tools/add"]["post"]["requestBody"]["content"];
        let form = &content["multipart/form-data"]["schema"];
        assert_eq!(form["properties"]["image"], json!({"contentMediaType": OCTETS}));
        let placed = &content[JSON]["schema"]["anyOf"][1]["properties"]["args"];
        assert_eq!(placed["items"], json!({"type": "integer"}));
    }

    #[test]
    fn keys_are_told_where_they_are_asked_for() {
        let whole = told(function(json!([]), json!({})), OPEN);
        assert_eq!(whole.get("security"), None);
        assert_eq!(whole["paths"]["/tools/add"]["post"]["responses"].get("401"), None);
        assert_eq!(whole["paths"]["/tools/add"]["post"].get("requestBody"), None);
        let whole =
            told(function(json!([]), json!({})), About { asks_key: true, takes_tokens: true });
        assert_eq!(whole["security"], json!([{"password": []}, {"token": []}]));
        assert!(whole["paths"]["/tools/add"]["post"]["responses"].get("401").is_some());
    }

    #[test]
    fn what_is_hidden_is_not_told() {
        let hidden = FunctionInfo { hidden: true, ..function(json!([]), json!({})) };
        assert_eq!(told(hidden, OPEN)["paths"], json!({}));
    }
}
