//! A value of Python's in JSON, which knows no bytes, infinities or integers of any size.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};
use serde_json::{Value, json};

#[derive(Clone)]
pub enum Tagged {
    Null,
    Bool(bool),
    /// In decimal.
    Int(&'static str),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Tagged>),
    Dict(Vec<(String, Tagged)>),
}

use Tagged::{Bool, Bytes, Dict, Float, Int, List, Null, Text};

pub fn text(text: &str) -> Tagged {
    Text(text.to_owned())
}

pub fn dict<const N: usize>(entries: [(&str, Tagged); N]) -> Tagged {
    Dict(entries.map(|(key, value)| (key.to_owned(), value)).into())
}

impl Tagged {
    pub fn to_json(&self) -> Value {
        match self {
            Null => Value::Null,
            Bool(value) => json!(value),
            Int(digits) => json!({"int": digits}),
            Float(value) => json!({"float": format!("{value:?}").replace("NaN", "nan")}),
            Text(text) => json!(text),
            Bytes(bytes) => json!({"bytes": STANDARD.encode(bytes)}),
            List(items) => json!({"list": items.iter().map(Self::to_json).collect::<Vec<_>>()}),
            Dict(entries) => {
                let pairs = entries.iter().map(|(key, value)| json!([key, value.to_json()]));
                json!({"dict": pairs.collect::<Vec<_>>()})
            }
        }
    }

    /// The mark of a row that a language without 1.0, whose numbers are all floats, passes over.
    pub fn js(&self) -> Option<bool> {
        self.has_whole_float().then_some(false)
    }

    fn has_whole_float(&self) -> bool {
        match self {
            Float(value) => value.fract() == 0.0,
            List(items) => items.iter().any(Self::has_whole_float),
            Dict(entries) => entries.iter().any(|(_, value)| value.has_whole_float()),
            Null | Bool(_) | Int(_) | Text(_) | Bytes(_) => false,
        }
    }
}

impl Serialize for Tagged {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// An integer of any size, as serde_json has it.
        const NUMBER: &str = "$serde_json::private::Number";
        match self {
            Null => serializer.serialize_unit(),
            Bool(value) => serializer.serialize_bool(*value),
            Int(digits) => {
                let mut number = serializer.serialize_struct(NUMBER, 1)?;
                number.serialize_field(NUMBER, digits)?;
                number.end()
            }
            Float(value) => serializer.serialize_f64(*value),
            Text(text) => serializer.serialize_str(text),
            Bytes(bytes) => serializer.serialize_bytes(bytes),
            List(items) => serializer.collect_seq(items),
            Dict(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}
