//! From named values to a [`Call`]: each field's rule in one place, however it came.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::error::{CallError, excerpt};
use super::{Call, DEFAULT_FN_NAME};
use crate::Code;
use crate::encoding::{self, Spaces, Undecodable};

/// The longest deadline that is kept as it came.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// One field's value before its meaning is known.
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Bool(bool),
    Number(f64),
    /// A JSON array, an object: never right, named in the error.
    Other(&'static str),
    NotText,
}

impl Value<'_> {
    pub(super) fn bytes(bytes: &[u8]) -> Value<'static> {
        match String::from_utf8(bytes.to_vec()) {
            Ok(text) => Value::Text(Cow::Owned(text)),
            Err(_) => Value::NotText,
        }
    }

    fn wrong_type(&self, field: &'static str, wanted: &'static str) -> CallError {
        let got = match self {
            Self::Text(_) => "text",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Other(got) => got,
            Self::NotText => return CallError::NotText(field),
        };
        CallError::WrongType { field, wanted, got }
    }
}

/// The call fields of a request as they came; the last of a name counts.
#[derive(Default)]
pub(super) struct Fields<'a> {
    code_b64: Option<Value<'a>>,
    kwargs_b64: Option<Value<'a>>,
    fn_name: Option<Value<'a>>,
    use_cache: Option<Value<'a>>,
    cache_kwargs: Option<Value<'a>>,
    cache_key_override: Option<Value<'a>>,
    cache_shared: Option<Value<'a>>,
    timeout: Option<Value<'a>>,
}

impl<'a> Fields<'a> {
    /// Where the value of this name goes; `None` for a name that owt does not know.
    pub(super) fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'a>>> {
        Some(match name {
            "code_b64" => &mut self.code_b64,
            "kwargs_b64" => &mut self.kwargs_b64,
            "fn_name" => &mut self.fn_name,
            "use_cache" => &mut self.use_cache,
            "cache_kwargs" => &mut self.cache_kwargs,
            "cache_key_override" => &mut self.cache_key_override,
            "cache_shared" => &mut self.cache_shared,
            "timeout" => &mut self.timeout,
            _ => return None,
        })
    }

    pub(super) fn into_call_if_any(self, spaces: Spaces) -> Result<Option<Call>, CallError> {
        let any = [
            &self.code_b64,
            &self.kwargs_b64,
            &self.fn_name,
            &self.use_cache,
            &self.cache_kwargs,
            &self.cache_key_override,
            &self.cache_shared,
            &self.timeout,
        ]
        .iter()
        .any(|field| field.is_some());
        any.then(|| self.into_call(spaces)).transpose()
    }

    pub(super) fn into_call(self, spaces: Spaces) -> Result<Call, CallError> {
        let code = decoded("code_b64", self.code_b64, spaces)?.ok_or(CallError::MissingCode)?;
        if code.trim().is_empty() {
            return Err(CallError::EmptyCode);
        }
        Ok(Call {
            code: Code::new(code),
            // `echo "$KWARGS" | base64` of nothing is a line end; no expression is blank.
            kwargs: decoded("kwargs_b64", self.kwargs_b64, spaces)?
                .filter(|kwargs| !kwargs.trim().is_empty())
                .map(Arc::from),
            fn_name: fn_name(self.fn_name)?,
            use_cache: boolean("use_cache", self.use_cache)?,
            cache_kwargs: boolean("cache_kwargs", self.cache_kwargs)?,
            cache_key_override: text("cache_key_override", self.cache_key_override)?
                .map(Cow::into_owned),
            cache_shared: boolean("cache_shared", self.cache_shared)?,
            timeout: timeout(self.timeout)?,
        })
    }
}

/// The text of a field. Empty is absent: forms and unset shell variables send
/// empty fields, and an empty cache key would be everybody's.
fn text<'a>(
    field: &'static str,
    value: Option<Value<'a>>,
) -> Result<Option<Cow<'a, str>>, CallError> {
    match value {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
        Some(other) => Err(other.wrong_type(field, "text")),
    }
}

fn decoded(
    field: &'static str,
    value: Option<Value<'_>>,
    spaces: Spaces,
) -> Result<Option<String>, CallError> {
    let encoded = match value {
        None => return Ok(None),
        Some(Value::Text(encoded)) => encoded,
        Some(other) => return Err(other.wrong_type(field, "base64 text")),
    };
    match encoding::decode(&encoded, spaces) {
        Ok(text) => Ok(Some(text)),
        Err(Undecodable::Utf8) => Err(CallError::NotUtf8(field)),
        Err(Undecodable::Base64) => Err(CallError::NotBase64 {
            field,
            excerpt: excerpt(&encoded),
            looks_plain: encoding::looks_plain(&encoded),
        }),
    }
}

fn boolean(field: &'static str, value: Option<Value<'_>>) -> Result<bool, CallError> {
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

fn timeout(value: Option<Value<'_>>) -> Result<Option<Duration>, CallError> {
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

fn fn_name(value: Option<Value<'_>>) -> Result<Option<Arc<str>>, CallError> {
    let Some(name) = text("fn_name", value)? else {
        return Ok(None);
    };
    match name.trim() {
        "" | DEFAULT_FN_NAME => Ok(None),
        name if is_identifier(name) => Ok(Some(name.into())),
        name => Err(CallError::NotAnIdentifier(excerpt(name))),
    }
}

/// Python's identifiers (Language Reference §2.3): XID, `_` first too, no keyword.
fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first == '_' || unicode_ident::is_xid_start(first))
        && chars.all(unicode_ident::is_xid_continue)
        && !KEYWORDS.contains(&name)
}

/// `keyword.kwlist`, the same from Python 3.7 on.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];
