//! JSON text as a Python literal, with every digit and in its order.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Error, Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::{LiteralError, Writer, integer};

/// Writes the value of a JSON text.
pub(super) fn write(writer: Writer<'_>, json: &str) -> Result<(), LiteralError> {
    match json.trim_start().as_bytes().first() {
        Some(b'{') => writer.collect_object(read(json)?),
        Some(b'[') => read::<Vec<&RawValue>>(json)?.serialize(writer),
        Some(b'"') => writer.serialize_str(&read::<String>(json)?),
        Some(b't' | b'f') => writer.serialize_bool(read(json)?),
        Some(b'n') => writer.serialize_unit(),
        _ => {
            integer::write_number(writer.out, json.trim());
            Ok(())
        }
    }
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, LiteralError> {
    serde_json::from_str(json).map_err(LiteralError::custom)
}

impl Writer<'_> {
    fn collect_object(self, object: Object<'_>) -> Result<(), LiteralError> {
        let mut dict = self.serialize_map(None)?;
        for (name, value) in object.0 {
            dict.serialize_entry(&name, value)?;
        }
        dict.end()
    }
}

/// The members of an object in their order.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}
