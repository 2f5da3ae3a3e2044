//! Writes any serializable value as a Python expression (§3), which `eval` turns back into it.

mod bytes;
mod compound;
mod expression;
mod integer;
mod json;
mod text;

use std::fmt;

use serde::ser::{self, Serialize, Serializer};

use compound::{Compound, Shape, text_of};

pub use bytes::PyBytes;
pub use expression::PyExpr;
pub(crate) use text::is_invisible;

/// CPython's tokenizer refuses 200 brackets inside one another; a margin is
/// left for what the server may wrap around the expression.
const DEEPEST: usize = 190;

/// Writes a value as the text of a Python expression that evaluates to it.
///
/// Sequences become lists, tuples tuples, maps and structs dicts, bytes `bytes`,
/// and enum variants what `serde_json` makes of them.
///
/// # Errors
/// A map key that Python cannot hash, nesting deeper than Python parses, or an
/// error of the value's own `Serialize`.
pub fn to_literal<T: Serialize + ?Sized>(value: &T) -> Result<String, LiteralError> {
    written(value, false)
}

/// Writes the arguments of a call (§3) so that the adaptor receives this value and no other.
///
/// A map or struct becomes keyword arguments, anything else one unnamed value, `()` and `None`
/// no arguments. Text is quoted twice, because the server evaluates text once more: what is
/// data here, `1 + 1` for one, does not become code there. A [`PyExpr`] is sent as it is.
///
/// # Errors
/// As [`to_literal`].
pub fn to_kwargs<T: Serialize + ?Sized>(args: &T) -> Result<Option<String>, LiteralError> {
    let kwargs = written(args, true)?;
    Ok((!kwargs.is_empty()).then_some(kwargs))
}

fn written<T: Serialize + ?Sized>(value: &T, whole: bool) -> Result<String, LiteralError> {
    let mut out = String::new();
    value.serialize(Writer { out: &mut out, depth: 0, key: false, whole })?;
    Ok(out)
}

/// Why a value cannot be written as a Python literal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiteralError {
    /// Lists and dicts cannot be keys of a Python dict.
    #[error(
        "a map has {0} as a key, which Python cannot hash: use text, a number, a boolean or a tuple"
    )]
    UnhashableKey(&'static str),
    /// CPython parses at most 200 brackets inside one another.
    #[error("the value is nested more than {DEEPEST} deep, which is more than Python parses")]
    TooDeep,
    /// The value's own `Serialize` failed.
    #[error("{0}")]
    Custom(String),
}

impl ser::Error for LiteralError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Custom(message.to_string())
    }
}

/// Writes one value.
struct Writer<'a> {
    out: &'a mut String,
    depth: usize,
    /// It has to be hashable.
    key: bool,
    /// It is all the arguments of a call.
    whole: bool,
}

impl<'a> Writer<'a> {
    fn word(self, word: &str) -> Result<(), LiteralError> {
        self.out.push_str(word);
        Ok(())
    }

    /// Takes a float's Debug text: the shortest that reads back the same, as
    /// Python's repr is, with the `.0` kept. Python has no literal for the
    /// infinities, but any decimal too large for a float is one.
    fn float(self, debug: &str) -> Result<(), LiteralError> {
        self.word(match debug {
            "NaN" => "float('nan')",
            "inf" => "1e999",
            "-inf" => "-1e999",
            finite => finite,
        })
    }
}

macro_rules! as_displayed {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), LiteralError> {
            self.word(&value.to_string())
        })*
    };
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = LiteralError;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Compound<'a>;
    type SerializeMap = Compound<'a>;
    type SerializeStruct = Compound<'a>;
    type SerializeStructVariant = Compound<'a>;

    as_displayed!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128
    );

    fn serialize_bool(self, value: bool) -> Result<(), LiteralError> {
        self.word(if value { "True" } else { "False" })
    }

    // The f32's own digits: as an f64, 0.1 would be 0.10000000149011612.
    fn serialize_f32(self, value: f32) -> Result<(), LiteralError> {
        self.float(&format!("{value:?}"))
    }

    fn serialize_f64(self, value: f64) -> Result<(), LiteralError> {
        self.float(&format!("{value:?}"))
    }

    fn serialize_char(self, value: char) -> Result<(), LiteralError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), LiteralError> {
        if self.whole {
            text::write_str(self.out, &to_literal(value)?);
        } else {
            text::write_str(self.out, value);
        }
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), LiteralError> {
        text::write_bytes(self.out, value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), LiteralError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), LiteralError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), LiteralError> {
        let nothing = if self.whole { "" } else { "None" };
        self.word(nothing)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), LiteralError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), LiteralError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), LiteralError> {
        if name != expression::NAME {
            return value.serialize(self);
        }
        let text = text_of(value)?;
        // Brackets keep it one value among others: `1, 2`, a lambda.
        if self.whole { self.word(&text) } else { self.word(&format!("({text})")) }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), LiteralError> {
        let mut dict = Compound::open(self, Shape::Dict)?;
        dict.field(variant, value)?;
        dict.close()
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Compound<'a>, LiteralError> {
        Compound::open(self, Shape::List)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Compound<'a>, LiteralError> {
        Compound::open(self, Shape::Tuple)
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Compound<'a>, LiteralError> {
        Compound::open(self, Shape::Tuple)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'a>, LiteralError> {
        Compound::open_variant(self, variant, Shape::Tuple)
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Compound<'a>, LiteralError> {
        Compound::open(self, Shape::Dict)
    }

    fn serialize_struct(
        self,
        name: &'static str,
        _len: usize,
    ) -> Result<Compound<'a>, LiteralError> {
        let shape = match name {
            "$serde_json::private::Number" => Shape::Number,
            "$serde_json::private::RawValue" => Shape::Json,
            _ => Shape::Dict,
        };
        Compound::open(self, shape)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'a>, LiteralError> {
        Compound::open_variant(self, variant, Shape::Dict)
    }
}

#[cfg(test)]
mod tests;
