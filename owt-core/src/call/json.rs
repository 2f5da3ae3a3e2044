//! Reads the JSON form of a call in one pass, without a tree.
//!
//! Not a derived `Deserialize`: that fails on a field sent twice, and cannot
//! say which field has the wrong type.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::CallError;
use super::fields::{CallFields, Others};
use super::value::Value;
use crate::encoding::Spaces;

pub(super) fn parse(body: &[u8], others: Others) -> Result<CallFields<'_>, CallError> {
    // PowerShell writes one.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = json.deserialize_map(FieldsVisitor(others));
    read.and_then(|fields| json.end().map(|()| fields)).map_err(|error| match error.classify() {
        // Only the body itself has a type that is asked for: fields take any.
        Category::Data => CallError::NotAnObject(kind_of(body)),
        _ => CallError::InvalidJson(error),
    })
}

fn kind_of(json: &[u8]) -> &'static str {
    match json.trim_ascii_start().first() {
        Some(b'[') => "an array",
        Some(b'"') => "text",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

struct FieldsVisitor(Others);

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = CallFields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = CallFields::new(Spaces::Whitespace, self.0);
        while let Some(Name(name)) = map.next_key()? {
            match fields.slot(&name) {
                // null means that the field is absent.
                Some(slot) if name == "kwargs" => {
                    *slot = map.next_value::<Option<&RawValue>>()?.map(|it| Value::Json(it.get()));
                }
                Some(slot) => *slot = map.next_value::<Option<_>>()?,
                None if self.0 == Others::Passed => {
                    map.next_value::<IgnoredAny>()?;
                    fields.other(&name, b"");
                }
                None => fields.other(&name, map.next_value::<&RawValue>()?.get().as_bytes()),
            }
        }
        Ok(fields)
    }
}

/// A key, borrowed unless it has escapes; a plain `Cow` would always be copied.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_str(ValueVisitor)? {
            Value::Text(name) => Ok(Self(name)),
            _ => Err(D::Error::custom("a key that is not text")),
        }
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other("an array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other("an object"))
    }
}
