//! Reads one field's value: the rule of each field, whichever way it came.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::error::{CallError, excerpt};
use super::{DEFAULT_FN_NAME, MAX_CODE_NAME};
use crate::encoding::{self, Spaces, Undecodable};
use crate::identifier::is_identifier;
use crate::literal;

/// The longest deadline that is kept as it came.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// One field's value before its meaning is known.
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Bool(bool),
    Number(f64),
    /// A JSON array, an object: never right, named in the error.
    Other(&'static str),
    /// Any JSON, as it was written: `kwargs` alone may be that.
    Json(&'a str),
    NotText,
}

impl Value<'_> {
    pub(super) fn bytes(bytes: &[u8]) -> Value<'static> {
        match String::from_utf8(bytes.to_vec()) {
            Ok(text) => Value::Text(Cow::Owned(text)),
            Err(_) => Value::NotText,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Value::Text(text) if text.is_empty())
    }

    fn wrong_type(&self, field: &'static str, wanted: &'static str) -> CallError {
        let got = match self {
            Self::Text(_) => "text",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Other(got) => got,
            Self::Json(_) => "JSON",
            Self::NotText => return CallError::NotText(field),
        };
        CallError::WrongType { field, wanted, got }
    }
}

pub(super) type Named<'a> = (&'static str, Option<Value<'a>>);

/// The one of two fields that came, and its name. An empty one is left aside where the other one
/// is there: forms and unset shell variables send empty fields.
pub(super) fn only<'a>(plain: Named<'a>, encoded: Named<'a>) -> Result<Named<'a>, CallError> {
    match (plain, encoded) {
        ((name, None), (_, None)) => Ok((name, None)),
        ((_, None), it) | (it, (_, None)) => Ok(it),
        ((_, Some(empty)), it) | (it, (_, Some(empty))) if empty.is_empty() => Ok(it),
        ((plain, _), (encoded, _)) => Err(CallError::Both { plain, encoded }),
    }
}

impl<'a> Value<'a> {
    pub(super) fn into_text(self, field: &'static str) -> Result<Cow<'a, str>, CallError> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(other.wrong_type(field, "text")),
        }
    }
}

/// The text of the arguments. `echo "$KWARGS" | base64` of nothing is a line end; no expression
/// is blank.
pub(super) fn kwargs(
    plain: Option<Value<'_>>,
    encoded: Option<Value<'_>>,
    spaces: Spaces,
) -> Result<Option<Arc<str>>, CallError> {
    let text = match only(("kwargs", plain), ("kwargs_b64", encoded))? {
        (_, None) => return Ok(None),
        (_, Some(Value::Json(value))) => return Ok(Some(as_expression(value).into())),
        (field, Some(value)) if field == "kwargs" => value.into_text(field)?.into_owned(),
        (field, Some(value)) => decoded(field, value, spaces)?,
    };
    Ok(Some(text).filter(|text| !text.trim().is_empty()).map(Arc::from))
}

/// A JSON value as the text of arguments that means exactly that value: text is evaluated once
/// more there, so it is quoted twice.
fn as_expression(json: &str) -> Cow<'_, str> {
    if json.starts_with('"') {
        serde_json::Value::from(json).to_string().into()
    } else {
        json.into()
    }
}

/// The text of a field. Empty is absent: forms and unset shell variables send
/// empty fields, and an empty cache key would be everybody's.
pub(super) fn text<'a>(
    field: &'static str,
    value: Option<Value<'a>>,
) -> Result<Option<Cow<'a, str>>, CallError> {
    let text = value.map(|value| value.into_text(field)).transpose()?;
    Ok(text.filter(|text| !text.is_empty()))
}

pub(super) fn decoded(
    field: &'static str,
    value: Value<'_>,
    spaces: Spaces,
) -> Result<String, CallError> {
    let encoded = match value {
        Value::Text(encoded) => encoded,
        other => return Err(other.wrong_type(field, "base64 text")),
    };
    encoding::decode(&encoded, spaces).map_err(|error| match error {
        Undecodable::Utf8 => CallError::NotUtf8(field),
        Undecodable::Base64 => CallError::NotBase64 {
            field,
            excerpt: excerpt(&encoded),
            looks_plain: encoding::looks_plain(&encoded),
        },
    })
}

/// The name that the code has at its sender's. A file's own is taken where it is a fit one: no
/// client is asked to name its files for us.
pub(super) fn code_name(
    value: Option<Value<'_>>,
    file: Option<String>,
) -> Result<Option<Arc<str>>, CallError> {
    match text("code_name", value)? {
        Some(name) if is_code_name(&name) => Ok(Some(name.into())),
        Some(name) => Err(CallError::NotACodeName(excerpt(&name))),
        None => Ok(file.filter(|name| is_code_name(name)).map(Arc::from)),
    }
}

/// True for what may stand in a traceback as the name of the code's file: one line that looks
/// like what it is, and no path.
pub(super) fn is_code_name(name: &str) -> bool {
    let is_odd = |c: char| {
        c.is_control() || literal::is_invisible(c) || matches!(c, '/' | '\\' | '"' | '<' | '>')
    };
    (1..=MAX_CODE_NAME).contains(&name.chars().count())
        && name.trim() == name
        && !name.contains(is_odd)
}

pub(super) fn boolean(field: &'static str, value: Option<Value<'_>>) -> Result<bool, CallError> {
    let not_boolean = |got: &str| CallError::NotBoolean { field, got: excerpt(got) };
    match value {
        None => Ok(false),
        Some(Value::Bool(value)) => Ok(value),
        Some(Value::Number(0.0)) => Ok(false),
        Some(Value::Number(1.0)) => Ok(true),
        Some(Value::Number(number)) => Err(not_boolean(&number.to_string())),
        Some(Value::Text(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" | "" => Ok(false),
            _ => Err(not_boolean(&text)),
        },
        Some(other) => Err(other.wrong_type(field, "true or false")),
    }
}

pub(super) fn timeout(value: Option<Value<'_>>) -> Result<Option<Duration>, CallError> {
    let (seconds, came) = match value {
        None => return Ok(None),
        Some(Value::Number(seconds)) => (Some(seconds), seconds.to_string()),
        Some(Value::Text(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::Text(text)) => (text.trim().parse().ok(), format!("{:?}", excerpt(&text))),
        Some(other) => return Err(other.wrong_type("timeout", "a number of seconds")),
    };
    seconds
        .filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0)
        .map(|seconds| seconds.min(LONGEST_TIMEOUT.as_secs_f64()))
        // What rounds to nothing is above 0 all the same.
        .map(|seconds| Some(Duration::from_secs_f64(seconds).max(Duration::from_nanos(1))))
        .ok_or(CallError::NotATimeout(came))
}

pub(super) fn fn_name(value: Option<Value<'_>>) -> Result<Option<Arc<str>>, CallError> {
    let Some(name) = text("fn_name", value)? else {
        return Ok(None);
    };
    match name.trim() {
        "" | DEFAULT_FN_NAME => Ok(None),
        name if is_identifier(name) => Ok(Some(name.into())),
        name => Err(CallError::NotAnIdentifier(excerpt(name))),
    }
}
