//! Says whether a value is of a schema, by those keywords of JSON Schema that hints become.

use serde_json::Value;

/// Whether the value is as the schema says. Keywords that hints never become are not looked at.
pub(super) fn conforms(value: &Value, schema: &Value) -> bool {
    let Value::Object(keywords) = schema else { return schema != &Value::Bool(false) };
    keywords.iter().all(|(keyword, said)| match &**keyword {
        "type" => match said {
            Value::Array(kinds) => kinds.iter().any(|kind| is(value, kind)),
            kind => is(value, kind),
        },
        "enum" => said.as_array().is_none_or(|all| all.iter().any(|one| same(one, value))),
        "const" => same(said, value),
        "anyOf" => said.as_array().is_none_or(|all| all.iter().any(|one| conforms(value, one))),
        "allOf" => said.as_array().is_none_or(|all| all.iter().all(|one| conforms(value, one))),
        "required" => said
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .all(|name| value.as_object().is_none_or(|value| value.contains_key(name))),
        "properties" | "additionalProperties" => has_properties(value, schema),
        "prefixItems" | "items" => has_items(value, schema),
        "minItems" => {
            said.as_u64().zip(value.as_array()).is_none_or(|(n, all)| all.len() as u64 >= n)
        }
        "maxItems" => {
            said.as_u64().zip(value.as_array()).is_none_or(|(n, all)| all.len() as u64 <= n)
        }
        _ => true,
    })
}

fn is(value: &Value, kind: &Value) -> bool {
    match (kind.as_str(), value) {
        (Some("integer"), Value::Number(number)) => {
            number.is_i64()
                || number.is_u64()
                || number.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        (Some("number"), Value::Number(_))
        | (Some("string"), Value::String(_))
        | (Some("boolean"), Value::Bool(_))
        | (Some("null"), Value::Null)
        | (Some("array"), Value::Array(_))
        | (Some("object"), Value::Object(_))
        | (None, _) => true,
        _ => false,
    }
}

/// Whether both are one value; 1 and 1.0 are.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        _ => one == other,
    }
}

fn has_properties(value: &Value, schema: &Value) -> bool {
    let Value::Object(value) = value else { return true };
    value.iter().all(|(name, value)| {
        match schema.get("properties").and_then(|known| known.get(name)) {
            Some(known) => conforms(value, known),
            None => schema.get("additionalProperties").is_none_or(|other| conforms(value, other)),
        }
    })
}

fn has_items(value: &Value, schema: &Value) -> bool {
    let Value::Array(value) = value else { return true };
    let first = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    value.iter().enumerate().all(|(at, value)| match first.get(at) {
        Some(known) => conforms(value, known),
        None => schema.get("items").is_none_or(|other| conforms(value, other)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_held_against_schemas() {
        let point = json!({
            "type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"],
            "additionalProperties": false,
        });
        let pair = json!({
            "type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}],
            "items": false, "minItems": 2, "maxItems": 2,
        });
        for (schema, good, bad) in [
            (json!({"type": "integer"}), json!(1), json!(1.5)),
            (json!({"type": "integer"}), json!(1.0), json!("1")),
            (json!({"type": "number"}), json!(1), json!(true)),
            (json!({"type": ["string", "number"]}), json!("1"), json!(null)),
            (json!({"enum": ["a", 1]}), json!(1.0), json!("b")),
            (json!({"const": "a"}), json!("a"), json!("b")),
            (json!({"anyOf": [{"type": "string"}, {"type": "null"}]}), json!(null), json!(1)),
            (point.clone(), json!({"x": 1}), json!({"x": "1"})),
            (point.clone(), json!({"x": 1}), json!({})),
            (point, json!({"x": 1}), json!({"x": 1, "y": 2})),
            (pair.clone(), json!(["a", 1]), json!(["a"])),
            (pair, json!(["a", 1]), json!(["a", 1, 2])),
            (json!({"items": {"type": "null"}}), json!([null]), json!([1])),
            (
                json!({"additionalProperties": {"type": "integer"}}),
                json!({"a": 1}),
                json!({"a": "1"}),
            ),
        ] {
            assert!(conforms(&good, &schema), "{good} {schema}");
            assert!(!conforms(&bad, &schema), "{bad} {schema}");
        }
    }
}
