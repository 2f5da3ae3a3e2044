//! Writes values made of values: lists, tuples, dicts.

use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
};
use serde_json::Value;

use super::{DEEPEST, LiteralError, Writer, integer, json};

/// What a compound value is in Python.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    List,
    Tuple,
    Dict,
    /// serde_json's number of any precision: to serde, a struct with one text.
    Number,
    /// serde_json's JSON text left unparsed, likewise.
    Json,
}

impl Shape {
    fn brackets(self) -> (&'static str, &'static str) {
        match self {
            Self::List => ("[", "]"),
            Self::Tuple => ("(", ")"),
            Self::Dict => ("{", "}"),
            Self::Number | Self::Json => ("", ""),
        }
    }

    fn unhashable(self) -> Option<&'static str> {
        match self {
            Self::List => Some("a list"),
            Self::Dict => Some("a dict"),
            Self::Tuple | Self::Number | Self::Json => None,
        }
    }
}

/// A compound value that has been opened and not yet closed.
pub(super) struct Compound<'a> {
    writer: Writer<'a>,
    shape: Shape,
    len: usize,
    /// Inside the dict of an enum variant, which closes with it.
    in_variant: bool,
}

impl<'a> Compound<'a> {
    pub(super) fn open(mut writer: Writer<'a>, shape: Shape) -> Result<Self, LiteralError> {
        if let Some(unhashable) = shape.unhashable().filter(|_| writer.key) {
            return Err(LiteralError::UnhashableKey(unhashable));
        }
        let opening = shape.brackets().0;
        writer.depth += opening.len();
        if writer.depth > DEEPEST {
            return Err(LiteralError::TooDeep);
        }
        writer.out.push_str(opening);
        Ok(Self { writer, shape, len: 0, in_variant: false })
    }

    /// `{'name': ` and what the shape opens with.
    pub(super) fn open_variant(
        writer: Writer<'a>,
        name: &str,
        shape: Shape,
    ) -> Result<Self, LiteralError> {
        let mut dict = Self::open(writer, Shape::Dict)?;
        dict.key(name)?;
        Ok(Self { in_variant: true, ..Self::open(dict.writer, shape)? })
    }

    fn separate(&mut self) {
        if self.len > 0 {
            self.writer.out.push_str(", ");
        }
        self.len += 1;
    }

    fn child(&mut self, key: bool) -> Writer<'_> {
        Writer { out: &mut *self.writer.out, depth: self.writer.depth, key, whole: false }
    }

    /// An item of a list or tuple; a tuple that is a key has only items that could be.
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), LiteralError> {
        self.separate();
        let key = self.writer.key;
        value.serialize(self.child(key))
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), LiteralError> {
        self.separate();
        key.serialize(self.child(true))?;
        self.writer.out.push_str(": ");
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), LiteralError> {
        value.serialize(self.child(false))
    }

    pub(super) fn field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), LiteralError> {
        match self.shape {
            Shape::Number => {
                integer::write_number(self.writer.out, &text_of(value)?);
                Ok(())
            }
            Shape::Json => {
                let Writer { key, whole, .. } = self.writer;
                json::write(Writer { whole, ..self.child(key) }, &text_of(value)?)
            }
            Shape::List | Shape::Tuple | Shape::Dict => {
                self.key(name)?;
                self.value(value)
            }
        }
    }

    pub(super) fn close(self) -> Result<(), LiteralError> {
        let out = self.writer.out;
        if matches!(self.shape, Shape::Tuple) && self.len == 1 {
            out.push(',');
        }
        out.push_str(self.shape.brackets().1);
        if self.in_variant {
            out.push('}');
        }
        Ok(())
    }
}

/// The text that the value is to serde.
pub(super) fn text_of<T: Serialize + ?Sized>(value: &T) -> Result<String, LiteralError> {
    match serde_json::to_value(value).map_err(LiteralError::custom)? {
        Value::String(text) => Ok(text),
        other => Err(LiteralError::custom(format!("{other} where text was due"))),
    }
}

macro_rules! sequences {
    ($($trait:ident::$method:ident),*) => {
        $(impl $trait for Compound<'_> {
            type Ok = ();
            type Error = LiteralError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), LiteralError> {
                self.item(value)
            }

            fn end(self) -> Result<(), LiteralError> {
                self.close()
            }
        })*
    };
}

sequences!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! structs {
    ($($trait:ident),*) => {
        $(impl $trait for Compound<'_> {
            type Ok = ();
            type Error = LiteralError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), LiteralError> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), LiteralError> {
                self.close()
            }
        })*
    };
}

structs!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = LiteralError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), LiteralError> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), LiteralError> {
        self.value(value)
    }

    fn end(self) -> Result<(), LiteralError> {
        self.close()
    }
}
