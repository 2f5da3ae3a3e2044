//! Says of a function's description what is made of it: its path, and its arguments as one schema.

use serde_json::{Map, Value};

use crate::{FunctionInfo, ParameterInfo};

/// Where the server speaks MCP, if it does.
pub const MCP_PATH: &str = "/_owt/mcp";

impl FunctionInfo {
    /// The first paragraph of the docstring on one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let first = self.doc.trim_start().lines().take_while(|line| !line.trim().is_empty());
        first.map(str::trim).collect::<Vec<_>>().join(" ")
    }

    /// Its path on the server.
    #[must_use]
    pub fn url_path(&self) -> String {
        format!("/{}", self.name.replace('.', "/"))
    }

    /// The parameters that are given by their names.
    pub fn named(&self) -> impl Iterator<Item = &ParameterInfo> {
        self.parameters.iter().filter(|one| !one.kind.starts_with("var_"))
    }

    /// `*args`, if it has such a parameter.
    #[must_use]
    pub fn more_positions(&self) -> Option<&ParameterInfo> {
        self.parameters.iter().find(|one| one.kind == "var_positional")
    }

    /// `**kwargs`, if it has such a parameter.
    #[must_use]
    pub fn more_names(&self) -> Option<&ParameterInfo> {
        self.parameters.iter().find(|one| one.kind == "var_keyword")
    }

    /// What it takes by name, as one JSON Schema of an object.
    #[must_use]
    pub fn arguments(&self) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for one in self.named() {
            let mut schema = match &one.schema {
                Value::Object(schema) => schema.clone(),
                _ => Map::new(),
            };
            if let Some(default) = &one.default {
                schema.insert("default".to_owned(), default.clone());
            }
            properties.insert(one.name.clone(), Value::Object(schema));
            if one.required {
                required.push(one.name.clone());
            }
        }
        let others = match self.more_names() {
            Some(rest) if rest.schema.is_object() => rest.schema.clone(),
            Some(_) => Value::Bool(true),
            None => Value::Bool(false),
        };
        let mut whole = Map::new();
        whole.insert("type".to_owned(), "object".into());
        whole.insert("properties".to_owned(), properties.into());
        whole.insert("additionalProperties".to_owned(), others);
        if !required.is_empty() {
            whole.insert("required".to_owned(), required.into());
        }
        whole.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_function_takes_is_one_schema() {
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
        let function: FunctionInfo = serde_json::from_value(told).unwrap();
        assert_eq!(function.summary(), "Adds.");
        assert_eq!(function.url_path(), "/tools/add");
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
