//! Describes the functions that a server publishes: the answer to `GET /_owt/functions`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where the server speaks MCP, if it does.
pub const MCP_PATH: &str = "/_owt/mcp";

/// What a server publishes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Catalogue {
    /// Every function, in the order of their modules; of those that are callable and hidden none.
    pub functions: Vec<Description>,
    /// Modules that could not be read.
    pub errors: Vec<ModuleError>,
    /// All modules have been looked into.
    pub ready: bool,
}

/// Why a module's functions are not as its file has them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModuleError {
    /// The name that the module is published by.
    pub module: String,
    /// What is wrong with it.
    pub message: String,
    /// The functions that it had before are there still.
    pub keeps_old: bool,
}

/// A function as its module defines it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Description {
    /// What it is called by: the module's name, a dot, and the function's.
    pub name: String,
    /// The name that its module is published by.
    pub module: String,
    /// Its name in the module.
    pub function: String,
    /// Its docstring without what it is indented by; empty without one.
    pub doc: String,
    /// In the order of its signature.
    pub parameters: Vec<Parameter>,
    /// What it gives.
    pub returns: Returns,
    /// It may be called by GET.
    pub get: bool,
    /// Whether its results are kept: null, true, or for so many seconds.
    pub cache: Value,
    /// Its deadline in seconds, unless the call has one.
    pub timeout: Option<f64>,
    /// It can be called, and is not told of.
    pub hidden: bool,
    /// It is an `async def`.
    pub r#async: bool,
    /// It is a generator: it answers with a stream.
    pub streams: bool,
}

/// A parameter of a [`Description`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// How it is given.
    pub kind: ParameterKind,
    /// It has no default.
    pub required: bool,
    /// What it takes: JSON Schema 2020-12 without `$ref`.
    pub schema: Value,
    /// Its hint as it is written; empty without one.
    pub hint: String,
    /// Its default, where that has a JSON form; null may be one.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub default: Option<Value>,
}

/// `null` is a default, and none is none.
fn given<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(source).map(Some)
}

/// How an argument is given to a [`Parameter`]: Python's five ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// By its place in Python; by its name in a request.
    PositionalOnly,
    /// Either way.
    #[default]
    PositionalOrKeyword,
    /// `*args`: whatever else comes by its place.
    VarPositional,
    /// By its name.
    KeywordOnly,
    /// `**kwargs`: whatever else comes by a name.
    VarKeyword,
}

/// What a [`Description`] gives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Returns {
    /// JSON Schema 2020-12 without `$ref`; `{}` where nothing is known.
    pub schema: Value,
    /// The hint as it is written; empty without one.
    pub hint: String,
}

impl Description {
    /// The first paragraph of the docstring on one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let first = self.doc.trim_start().lines().take_while(|line| !line.trim().is_empty());
        first.map(str::trim).collect::<Vec<_>>().join(" ")
    }

    /// Its path on the server.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/{}", self.name.replace('.', "/"))
    }

    /// The parameters that are given by their names.
    pub fn named(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|one| {
            !matches!(one.kind, ParameterKind::VarPositional | ParameterKind::VarKeyword)
        })
    }

    /// The parameter that takes any number of arguments in that way.
    #[must_use]
    pub fn rest(&self, kind: ParameterKind) -> Option<&Parameter> {
        self.parameters.iter().find(|one| one.kind == kind)
    }

    /// What it takes by name, as one JSON Schema of an object.
    #[must_use]
    pub fn arguments(&self) -> Value {
        let mut properties = serde_json::Map::new();
        let mut required = Vec::new();
        for one in self.named() {
            let mut schema = match &one.schema {
                Value::Object(schema) => schema.clone(),
                _ => serde_json::Map::new(),
            };
            if let Some(default) = &one.default {
                schema.insert("default".to_owned(), default.clone());
            }
            properties.insert(one.name.clone(), Value::Object(schema));
            if one.required {
                required.push(one.name.clone());
            }
        }
        let others = match self.rest(ParameterKind::VarKeyword) {
            Some(rest) if rest.schema.is_object() => rest.schema.clone(),
            Some(_) => Value::Bool(true),
            None => Value::Bool(false),
        };
        let mut whole = serde_json::json!({
            "type": "object", "properties": properties, "additionalProperties": others,
        });
        if !required.is_empty() {
            whole["required"] = required.into();
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_and_written_as_it_came() {
        let told = serde_json::json!({
            "name": "tools.add", "module": "tools", "function": "add", "doc": "Adds.\n\nMore.",
            "parameters": [
                {"name": "x", "kind": "positional_or_keyword", "required": true,
                 "schema": {"type": "integer"}, "hint": "int"},
                {"name": "y", "kind": "keyword_only", "required": false,
                 "schema": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                 "hint": "int | None", "default": null},
            ],
            "returns": {"schema": {"type": "integer"}, "hint": "int"},
            "get": true, "cache": null, "timeout": 1.5, "hidden": false, "async": false,
            "streams": false,
        });
        let function: Description = serde_json::from_value(told.clone()).unwrap();
        assert_eq!(serde_json::to_value(&function).unwrap(), told);
        assert_eq!(function.summary(), "Adds.");
        assert_eq!(function.path(), "/tools/add");
        assert_eq!(
            function.arguments(),
            serde_json::json!({
                "type": "object",
                "properties": {
                    "x": {"type": "integer"},
                    "y": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": null},
                },
                "required": ["x"],
                "additionalProperties": false,
            })
        );
    }
}
