//! Values as `clients/vectors` write them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A value as the vectors write it: tagged where JSON lacks its type.
pub struct Tagged<'a>(pub &'a Value);

impl Serialize for Tagged<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// An integer of any size, as serde_json has it.
        const NUMBER: &str = "$serde_json::private::Number";
        let Some((tag, value)) = self.0.as_object().and_then(|tagged| tagged.iter().next()) else {
            return self.0.serialize(serializer);
        };
        let text = || value.as_str().unwrap();
        match tag.as_str() {
            "int" => {
                let mut number = serializer.serialize_struct(NUMBER, 1)?;
                number.serialize_field(NUMBER, text())?;
                number.end()
            }
            "float" => serializer.serialize_f64(text().parse().unwrap()),
            "bytes" => serializer.serialize_bytes(&STANDARD.decode(text()).unwrap()),
            "list" => serializer.collect_seq(value.as_array().unwrap().iter().map(Tagged)),
            "dict" => {
                let entries = value.as_array().unwrap();
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for entry in entries {
                    map.serialize_entry(entry[0].as_str().unwrap(), &Tagged(&entry[1]))?;
                }
                map.end()
            }
            other => panic!("no tag {other}"),
        }
    }
}

impl Tagged<'_> {
    /// Whether JSON holds this value, number for number (1 is 1.0), whatever their size.
    pub fn is(&self, json: &RawValue) -> bool {
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let Some((tag, value)) = self.0.as_object().and_then(|tagged| tagged.iter().next()) else {
            return *self.0 == read(json.get());
        };
        let number = |text: &str| text.parse::<f64>().ok();
        match tag.as_str() {
            "int" | "float" => {
                let text = value.as_str().unwrap();
                let digits = text.trim_start_matches('-');
                // Those whose digits a float does not keep are written with all of them.
                text == json.get()
                    || digits.len() < 17
                        && number(text).is_some_and(|n| number(json.get()) == Some(n))
            }
            "list" => {
                let wanted = value.as_array().unwrap();
                serde_json::from_str::<Vec<Box<RawValue>>>(json.get()).is_ok_and(|items| {
                    items.len() == wanted.len()
                        && wanted.iter().zip(&items).all(|(wanted, item)| Tagged(wanted).is(item))
                })
            }
            "dict" => {
                let wanted = value.as_array().unwrap();
                let read = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(json.get());
                read.is_ok_and(|members| {
                    members.len() == wanted.len()
                        && wanted.iter().all(|entry| {
                            let member = members.get(entry[0].as_str().unwrap());
                            member.is_some_and(|member| Tagged(&entry[1]).is(member))
                        })
                })
            }
            other => panic!("no tag {other} in JSON"),
        }
    }
}
