//! Describes the functions that a server publishes: the answers to `GET /_owt/functions` and
//! `PUT /_owt/code`.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// All functions that a server publishes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// By their names' order.
    pub functions: Vec<FunctionInfo>,
    /// Modules that cannot be published as they are.
    pub errors: Vec<Unpublished>,
    /// False until every module has been described once.
    pub ready: bool,
}

/// A function, as its module describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FunctionInfo {
    /// The name that it is called by: `tools.add`.
    pub name: String,
    /// The module's part of it.
    pub module: String,
    /// What it is called in its module.
    pub function: String,
    /// Its docstring.
    pub doc: String,
    /// In their order.
    pub parameters: Vec<ParameterInfo>,
    /// What it gives.
    pub returns: ReturnInfo,
    /// A GET may call it.
    pub get: bool,
    /// Whether results are kept: `true`, or for how many seconds.
    pub cache: Option<Value>,
    /// Its deadline in seconds.
    pub timeout: Option<f64>,
    /// It is in no catalogue.
    pub hidden: bool,
    /// It is a coroutine or an async generator.
    pub r#async: bool,
    /// It answers a stream.
    pub streams: bool,
    /// The path that calls it, of code that was just sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// A parameter of a function.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ParameterInfo {
    /// Its name.
    pub name: String,
    /// As `inspect.Parameter.kind` has it, in lower case: `positional_or_keyword`.
    pub kind: String,
    /// It has no default.
    pub required: bool,
    /// A JSON Schema (2020-12).
    pub schema: Value,
    /// Its hint as written; empty without one.
    pub hint: String,
    /// Its default, where that has a JSON form, which may be null.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub default: Option<Value>,
}

fn present<'de, D: Deserializer<'de>>(given: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(given).map(Some)
}

/// What a function gives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReturnInfo {
    /// A JSON Schema (2020-12).
    pub schema: Value,
    /// Its hint as written; empty without one.
    pub hint: String,
}

/// A module that cannot be published as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Unpublished {
    /// Its name.
    pub module: String,
    /// Why.
    pub message: String,
    /// The functions that it had before are there still.
    pub keeps_old: bool,
}

/// Code that was sent, and what it is called by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SentCode {
    /// The SHA-256 of its source, in hexadecimal.
    pub hash: String,
    /// The name that it was given.
    pub name: Option<String>,
    /// The next server has it too.
    pub kept: bool,
    /// Its functions; each has its `path`.
    pub functions: Vec<FunctionInfo>,
}

impl FunctionInfo {
    /// The function as Python would write its head: `tools.add(x: int, y: int = 1) -> int`.
    #[must_use]
    pub fn signature(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut kind = "";
        for parameter in &self.parameters {
            if kind == "positional_only" && parameter.kind != "positional_only" {
                parts.push("/".to_owned());
            }
            let is_first = !matches!(kind, "keyword_only" | "var_positional");
            if parameter.kind == "keyword_only" && is_first {
                parts.push("*".to_owned());
            }
            kind = &parameter.kind;
            parts.push(parameter.written());
        }
        if kind == "positional_only" {
            parts.push("/".to_owned());
        }
        let returns = match self.returns.hint.as_str() {
            "" => String::new(),
            hint => format!(" -> {hint}"),
        };
        format!("{}({}){returns}", self.name, parts.join(", "))
    }
}

impl ParameterInfo {
    fn written(&self) -> String {
        let stars = match self.kind.as_str() {
            "var_positional" => "*",
            "var_keyword" => "**",
            _ => "",
        };
        let hint = if self.hint.is_empty() { String::new() } else { format!(": {}", self.hint) };
        let is_optional = !self.required && stars.is_empty();
        let default = match (&self.default, is_optional) {
            (Some(value), true) if self.hint.is_empty() => format!("={}", python(value)),
            (Some(value), true) => format!(" = {}", python(value)),
            (None, true) if self.hint.is_empty() => "=...".to_owned(),
            (None, true) => " = ...".to_owned(),
            (_, false) => String::new(),
        };
        format!("{stars}{}{hint}{default}", self.name)
    }
}

/// A JSON value as Python writes it, where that is another word.
fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_signature_reads_as_python_s() {
        let parameter =
            |name: &str, kind: &str, hint: &str, default: Option<Value>| ParameterInfo {
                name: name.to_owned(),
                kind: kind.to_owned(),
                required: default.is_none() && !kind.starts_with("var"),
                hint: hint.to_owned(),
                default,
                ..ParameterInfo::default()
            };
        let mut function = FunctionInfo {
            name: "tools.add".to_owned(),
            parameters: vec![
                parameter("a", "positional_only", "", None),
                parameter("b", "positional_or_keyword", "int", Some(json!(1))),
                parameter("c", "keyword_only", "", Some(Value::Null)),
                parameter("d", "var_keyword", "float", None),
            ],
            ..FunctionInfo::default()
        };
        let head = "tools.add(a, /, b: int = 1, *, c=None, **d: float)";
        assert_eq!(function.signature(), head);
        function.returns.hint = "int".to_owned();
        assert_eq!(function.signature(), format!("{head} -> int"));
        function.parameters = vec![
            parameter("a", "positional_only", "", None),
            parameter("more", "var_positional", "", None),
            parameter("k", "keyword_only", "", None),
        ];
        assert_eq!(function.signature(), "tools.add(a, /, *more, k) -> int");
        let told = json!({"name": "c", "kind": "keyword_only", "required": false, "default": null});
        let read: ParameterInfo = serde_json::from_value(told.clone()).unwrap();
        assert_eq!(read.default, Some(Value::Null));
        assert_eq!(serde_json::to_value(&read).unwrap()["default"], Value::Null);
        assert!(serde_json::to_value(&read).unwrap().as_object().unwrap().contains_key("default"));
        function.parameters.truncate(1);
        assert_eq!(function.signature(), "tools.add(a, /) -> int");
    }
}
