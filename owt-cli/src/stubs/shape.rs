//! Reads a JSON Schema as what a type can say of it.

use serde_json::Value;

/// What a value may be. What no type says (lengths, ranges, patterns) is left to the server.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Anything,
    Nothing,
    Boolean,
    Integer,
    Number,
    Text,
    /// A text that Python has a type for: `date-time`, `date`, `uuid` …
    Written(String),
    /// Sent in base64, answered as they are.
    Bytes,
    /// One of these.
    OneOf(Vec<Value>),
    List(Box<Shape>),
    Tuple(Vec<Shape>),
    /// Values by names that are not known before.
    Map(Box<Shape>),
    /// Values by these names; those that have to be there.
    Object(Vec<(String, Shape, bool)>),
    Any(Vec<Shape>),
}

impl Shape {
    pub fn of(schema: &Value) -> Self {
        if let Some(all) = schema["anyOf"].as_array() {
            return Self::any(all.iter().map(Self::of));
        }
        if let Some(all) = schema["enum"].as_array() {
            return Self::OneOf(all.clone());
        }
        if let Some(one) = schema.get("const") {
            return Self::OneOf(vec![one.clone()]);
        }
        if schema.get("x-owt-type").is_some() {
            return Self::Anything;
        }
        if let Some(kinds) = schema["type"].as_array() {
            let one = |kind: &Value| Self::of(&serde_json::json!({"type": kind}));
            return Self::any(kinds.iter().map(one));
        }
        match schema["type"].as_str() {
            Some("null") => Self::Nothing,
            Some("boolean") => Self::Boolean,
            Some("integer") => Self::Integer,
            Some("number") => Self::Number,
            Some("string") if schema.get("contentEncoding").is_some() => Self::Bytes,
            Some("string") => match schema["format"].as_str() {
                Some(format) => Self::Written(format.to_owned()),
                None => Self::Text,
            },
            Some("array") => Self::array(schema),
            Some("object") => Self::object(schema),
            _ => Self::Anything,
        }
    }

    fn any(all: impl Iterator<Item = Self>) -> Self {
        let mut kinds: Vec<_> = Vec::new();
        for kind in all {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        match kinds.len() {
            0 => Self::Anything,
            1 => kinds.remove(0),
            _ if kinds.contains(&Self::Anything) => Self::Anything,
            _ => Self::Any(kinds),
        }
    }

    fn array(schema: &Value) -> Self {
        match schema["prefixItems"].as_array() {
            Some(items) => Self::Tuple(items.iter().map(Self::of).collect()),
            None => Self::List(Box::new(Self::of(&schema["items"]))),
        }
    }

    fn object(schema: &Value) -> Self {
        let Some(properties) = schema["properties"].as_object() else {
            return Self::Map(Box::new(Self::of(&schema["additionalProperties"])));
        };
        let required: Vec<_> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let one = |(name, schema): (&String, &Value)| {
            (name.clone(), Self::of(schema), required.contains(&&**name))
        };
        Self::Object(properties.iter().map(one).collect())
    }

    /// Whether it is bytes, or may be.
    pub fn has_bytes(&self) -> bool {
        match self {
            Self::Bytes => true,
            Self::Any(all) => all.iter().any(Self::has_bytes),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_are_shapes() {
        use Shape::{Any, Anything, Bytes, Integer, List, Map, Nothing, Number, Object, OneOf};
        use Shape::{Text, Tuple, Written};
        for (schema, wanted) in [
            (json!({}), Anything),
            (json!(true), Anything),
            (json!({"x-owt-type": "numpy.ndarray"}), Anything),
            (json!({"type": "string", "contentEncoding": "base64"}), Bytes),
            (json!({"type": "string", "format": "uuid"}), Written("uuid".into())),
            (
                json!({"anyOf": [{"type": "integer"}, {"type": "null"}]}),
                Any(vec![Integer, Nothing]),
            ),
            (json!({"anyOf": [{"type": "integer"}, {}]}), Anything),
            (json!({"type": ["string", "number"]}), Any(vec![Text, Number])),
            (json!({"enum": ["a", 1]}), OneOf(vec![json!("a"), json!(1)])),
            (json!({"type": "array", "items": {"type": "integer"}}), List(Box::new(Integer))),
            (
                json!({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]}),
                Tuple(vec![Integer, Text]),
            ),
            (
                json!({"type": "object", "additionalProperties": {"type": "integer"}}),
                Map(Box::new(Integer)),
            ),
            (
                json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
                Object(vec![("a".into(), Text, true)]),
            ),
        ] {
            assert_eq!(Shape::of(&schema), wanted, "{schema}");
        }
    }
}
