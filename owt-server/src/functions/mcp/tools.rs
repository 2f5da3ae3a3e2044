//! Makes tools of functions: names, descriptions, and schemas that every client can read.

use owt_core::{Catalogue, DEFAULT_FN_NAME, FunctionInfo};
use serde_json::{Map, Value, json};

/// The tool that takes code. Its name says what it does, for a person who is asked.
pub(crate) const RUN_PYTHON: &str = "run_python";

/// What a client calls.
#[derive(Clone, Debug)]
pub(crate) enum Tool {
    /// Code that comes with the call.
    RunPython,
    /// A function that is published.
    Function(Box<FunctionInfo>),
}

impl Tool {
    /// What it answers with, where that is known.
    pub fn output(&self) -> Option<Output> {
        match self {
            Self::RunPython => None,
            Self::Function(function) => Output::of(function),
        }
    }
}

/// The shape of a tool's structured answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Output {
    /// Of an object, always: not every client takes another root.
    pub schema: Value,
    /// What the function gives is its `result`.
    pub is_wrapped: bool,
}

impl Output {
    fn of(function: &FunctionInfo) -> Option<Self> {
        let schema = &function.returns.schema;
        if function.streams || !says_json(schema) {
            return None;
        }
        let schema = plain(schema);
        if schema["type"] == "object" {
            return Some(Self { schema, is_wrapped: false });
        }
        let schema = json!({
            "type": "object", "properties": {"result": schema}, "required": ["result"],
        });
        Some(Self { schema, is_wrapped: true })
    }
}

/// Whether values of that schema are answered as JSON or text, and not as bytes of another type.
fn says_json(schema: &Value) -> bool {
    if let Some(all) = schema["anyOf"].as_array() {
        return all.iter().all(says_json);
    }
    let says = ["type", "enum", "const"].iter().any(|key| schema.get(key).is_some());
    says && schema.get("contentEncoding").is_none() && schema.get("x-owt-type").is_none()
}

/// All tools, in an order that stays as it is; the one that takes code, too, if it `runs_code`.
pub(crate) fn list(catalogue: &Catalogue, runs_code: bool) -> Vec<Value> {
    let shown = catalogue.functions.iter().filter(|function| !function.hidden);
    shown.map(tool).chain(runs_code.then(run_python)).collect()
}

fn tool(function: &FunctionInfo) -> Value {
    let doc = if function.doc.is_empty() { &function.name } else { &function.doc };
    let mut told = json!({
        "name": function.name,
        "description": doc,
        "inputSchema": input(function),
    });
    if let Some(output) = Output::of(function) {
        told["outputSchema"] = output.schema;
    }
    if function.get {
        // A GET changes nothing (RFC 9110, 9.2.1).
        told["annotations"] = json!({"readOnlyHint": true});
    }
    told
}

fn input(function: &FunctionInfo) -> Value {
    let named = plain(&function.arguments());
    let Some(more) = function.more_positions() else { return named };
    // They have no names, so they come in a list.
    let items = if more.schema.is_object() { plain(&more.schema) } else { json!({}) };
    json!({
        "type": "object",
        "properties": {"args": {"type": "array", "items": items}, "kwargs": named},
        "additionalProperties": false,
    })
}

/// A schema without what some clients drop or must refuse: references, and wishes for headers.
/// Where a reference stood, anything may stand.
fn plain(schema: &Value) -> Value {
    match schema {
        Value::Object(all) => {
            let kept = all.iter().filter(|(key, _)| {
                !matches!(&***key, "$ref" | "$defs" | "definitions" | "x-mcp-header")
            });
            let kept = kept.map(|(key, value)| match &**key {
                // What it holds are values, not schemas.
                "enum" | "const" | "default" | "examples" => (key.clone(), value.clone()),
                // Below it are names, which may be those of keywords.
                "properties" => (key.clone(), each(value)),
                _ => (key.clone(), plain(value)),
            });
            Value::Object(kept.collect())
        }
        Value::Array(all) => all.iter().map(plain).collect(),
        other => other.clone(),
    }
}

fn each(named: &Value) -> Value {
    let Value::Object(named) = named else { return plain(named) };
    named.iter().map(|(name, schema)| (name.clone(), plain(schema))).collect::<Map<_, _>>().into()
}

fn run_python() -> Value {
    json!({
        "name": RUN_PYTHON,
        "title": "Run Python code",
        "description": "Runs Python code on the server, with all the rights that it has there. The \
            code defines a function, `run` by default; what it returns is the result. Modules stay \
            imported between calls with the same code.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "code": {
                    "type": "string",
                    "description": "Python source, such as `def run(n): return n * 2`.",
                },
                "kwargs": {
                    "type": "object",
                    "description": "The function's arguments by their names.",
                },
                "fn_name": {
                    "type": "string",
                    "description": "The function to call.",
                    "default": DEFAULT_FN_NAME,
                },
                "timeout": {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "description": "Seconds after which the call is cancelled.",
                },
            },
            "required": ["code"],
            "additionalProperties": false,
        },
        "annotations": {"readOnlyHint": false, "destructiveHint": true, "openWorldHint": true},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(told: Value) -> FunctionInfo {
        serde_json::from_value(told).unwrap()
    }

    #[test]
    fn a_function_is_a_tool() {
        let add = function(json!({
            "name": "tools.add", "doc": "Adds.", "get": true,
            "parameters": [{"name": "x", "required": true, "schema": {"type": "integer"}}],
            "returns": {"schema": {"type": "integer"}},
        }));
        assert_eq!(
            tool(&add),
            json!({
                "name": "tools.add",
                "description": "Adds.",
                "inputSchema": {
                    "type": "object", "properties": {"x": {"type": "integer"}},
                    "required": ["x"], "additionalProperties": false,
                },
                "outputSchema": {
                    "type": "object", "properties": {"result": {"type": "integer"}},
                    "required": ["result"],
                },
                "annotations": {"readOnlyHint": true},
            })
        );
    }

    #[test]
    fn arguments_without_a_name_come_in_a_list() {
        let total = function(json!({"name": "tools.total", "parameters": [
            {"name": "ns", "kind": "var_positional", "schema": {"type": "integer"}},
        ]}));
        let input = input(&total);
        assert_eq!(input["type"], "object");
        assert_eq!(input["properties"]["args"]["items"], json!({"type": "integer"}));
    }

    #[test]
    fn schemas_have_no_references_and_ask_for_no_headers() {
        let told = json!({"$defs": {"A": {}}, "type": "object", "properties": {
            "$ref": {"type": "string", "x-mcp-header": "Ref"},
            "tree": {"$ref": "#/$defs/A", "title": "Tree"},
            "of": {"anyOf": [{"$ref": "#/$defs/A"}, {"enum": [{"$ref": 1}]}]},
        }});
        assert_eq!(
            plain(&told),
            json!({"type": "object", "properties": {
                "$ref": {"type": "string"},
                "tree": {"title": "Tree"},
                "of": {"anyOf": [{}, {"enum": [{"$ref": 1}]}]},
            }})
        );
    }

    #[test]
    fn an_output_is_told_where_it_is_json() {
        let output = |schema: Value| {
            Output::of(&function(json!({"name": "f", "returns": {"schema": schema}})))
        };
        for (schema, wanted) in [
            (json!({}), None),
            (json!({"type": "string", "contentEncoding": "base64"}), None),
            (json!({"x-owt-type": "numpy.ndarray"}), None),
            (json!({"anyOf": [{"x-owt-type": "a.B"}, {"type": "null"}]}), None),
            (json!({"type": "object"}), Some(false)),
            (json!({"type": "string"}), Some(true)),
            (json!({"enum": [1, 2]}), Some(true)),
            (json!({"anyOf": [{"type": "object"}, {"type": "null"}]}), Some(true)),
        ] {
            let found = output(schema.clone());
            assert_eq!(found.as_ref().map(|found| found.is_wrapped), wanted, "{schema}");
            assert!(found.is_none_or(|found| found.schema["type"] == "object"), "{schema}");
        }
        let streams =
            json!({"name": "f", "streams": true, "returns": {"schema": {"type": "null"}}});
        assert_eq!(Output::of(&function(streams)), None);
    }

    #[test]
    fn what_is_hidden_is_no_tool_and_the_one_that_takes_code_can_be_left_out() {
        let functions = json!([{"name": "tools.add"}, {"name": "tools.hidden", "hidden": true}]);
        let functions = serde_json::from_value(functions).unwrap();
        let catalogue = Catalogue { functions, ..Catalogue::default() };
        for (runs_code, wanted) in [(true, &["tools.add", RUN_PYTHON][..]), (false, &["tools.add"])]
        {
            let listed = list(&catalogue, runs_code);
            let names: Vec<_> = listed.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
            assert_eq!(names, wanted);
        }
    }
}
