//! Writes arguments as JSON, which is how functions that are called by name take them.

use std::io;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

use crate::error::Error;

/// The value as JSON, with bytes in base64.
pub(crate) fn to_json(value: impl Serialize) -> Result<Value, Error> {
    let mut text = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut text, Bytes))
        .and_then(|()| serde_json::from_slice(&text))
        .map_err(|error| {
            Error::usage("the arguments cannot be written as JSON", Some(error.into()))
        })
}

/// The value as the text that a form or a query has for it: what is no text is JSON, and null is empty.
pub(crate) fn to_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

struct Bytes;

impl Formatter for Bytes {
    fn write_byte_array<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        value: &[u8],
    ) -> io::Result<()> {
        write!(writer, "\"{}\"", Base64Display::new(value, &STANDARD))
    }
}

#[cfg(test)]
mod tests {
    use owt_core::PyBytes;
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_json_and_bytes_base64() {
        let given = (1.5, "é", PyBytes(b"ab"), [Some(PyBytes(vec![255])), None]);
        assert_eq!(to_json(given).unwrap(), json!([1.5, "é", "YWI=", ["/w==", null]]));
        assert!(to_json(std::collections::HashMap::from([((1, 2), 3)])).is_err());
    }

    #[test]
    fn a_form_has_texts() {
        let texts = [json!("a"), json!(null), json!(2), json!([1, "b"])].map(to_text);
        assert_eq!(texts, ["a", "", "2", "[1,\"b\"]"]);
    }
}
