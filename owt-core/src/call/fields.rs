//! Builds a [`Call`] from named values: each field's rule in one place, however it came.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::error::{CallError, excerpt};
use super::names::FieldNames;
use super::{Call, DEFAULT_FN_NAME, MAX_CODE_NAME, json};
use crate::encoding::{self, Spaces, Undecodable};
use crate::identifier::is_identifier;
use crate::{Code, literal};

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
    fn bytes(bytes: &[u8]) -> Value<'static> {
        match String::from_utf8(bytes.to_vec()) {
            Ok(text) => Value::Text(Cow::Owned(text)),
            Err(_) => Value::NotText,
        }
    }

    fn is_empty(&self) -> bool {
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

/// The call fields of a request as they came; the last of a name counts.
pub struct CallFields<'a> {
    code: Option<Value<'a>>,
    code_b64: Option<Value<'a>>,
    code_name: Option<Value<'a>>,
    kwargs: Option<Value<'a>>,
    kwargs_b64: Option<Value<'a>>,
    fn_name: Option<Value<'a>>,
    use_cache: Option<Value<'a>>,
    cache_kwargs: Option<Value<'a>>,
    cache_key_override: Option<Value<'a>>,
    cache_shared: Option<Value<'a>>,
    timeout: Option<Value<'a>>,
    /// The file's name that came with the part that is the code.
    file_name: Option<String>,
    /// What a space in base64 was.
    spaces: Spaces,
    notes: Others,
    /// There are fields that owt does not know.
    has_others: bool,
    /// The digest of those, if they are noted. In a box: few calls have any, and all fields are
    /// moved together.
    others: Option<Box<Sha256>>,
}

/// What becomes of the fields that owt does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They are passed over.
    Passed,
    /// They are digested, to tell calls apart; that costs as much as all else of reading them.
    Noted,
}

impl<'a> CallFields<'a> {
    pub(super) fn new(spaces: Spaces, notes: Others) -> Self {
        Self {
            code: None,
            code_b64: None,
            code_name: None,
            kwargs: None,
            kwargs_b64: None,
            fn_name: None,
            use_cache: None,
            cache_kwargs: None,
            cache_key_override: None,
            cache_shared: None,
            timeout: None,
            file_name: None,
            spaces,
            notes,
            has_others: false,
            others: None,
        }
    }

    /// Those of a query string, without its `?`, or of an `application/x-www-form-urlencoded`
    /// body.
    pub fn from_form(form: &'a [u8], others: Others) -> Self {
        let mut fields = Self::new(Spaces::Pluses, others);
        for (name, value) in form_urlencoded::parse(form) {
            match fields.slot(&name) {
                Some(slot) => *slot = Some(Value::Text(value)),
                None => fields.other(&name, value.as_bytes()),
            }
        }
        fields
    }

    /// Those of an `application/json` body.
    ///
    /// # Errors
    /// It is no JSON, or no object.
    pub fn from_json(body: &'a [u8], others: Others) -> Result<Self, CallError> {
        json::parse(body, others)
    }

    /// None yet: for parts that no URL encoding touched, such as those of a
    /// `multipart/form-data` body. [`part`](Self::part) adds them.
    #[must_use]
    pub fn of_parts(others: Others) -> Self {
        Self::new(Spaces::Whitespace, others)
    }

    /// Adds a part, and the name of the file that it is, if it is one.
    pub fn part(&mut self, name: &str, file: Option<&str>, content: &[u8]) {
        if matches!(name, "code" | "code_b64") {
            self.file_name = file.map(str::to_owned);
        }
        match self.slot(name) {
            Some(slot) => *slot = Some(Value::bytes(content)),
            None => {
                self.other(name, file.unwrap_or_default().as_bytes());
                self.other(name, content);
            }
        }
    }

    /// Whether [`part`](Self::part) takes anything of a part of this name. One that is passed
    /// over need not be given to it.
    pub fn wants(&mut self, name: &str) -> bool {
        let is_known = self.slot(name).is_some();
        self.has_others |= !is_known;
        is_known || self.notes == Others::Noted
    }

    /// Takes this text for the code: a body of Python source.
    #[must_use]
    pub fn with_code(mut self, source: &'a [u8]) -> Self {
        self.code = Some(match std::str::from_utf8(source) {
            Ok(text) => Value::Text(Cow::Borrowed(text)),
            Err(_) => Value::NotText,
        });
        self
    }

    /// Where the value of this name goes; `None` for a name that owt does not know.
    pub(super) fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'a>>> {
        Some(match name {
            "code" => &mut self.code,
            "code_b64" => &mut self.code_b64,
            "code_name" => &mut self.code_name,
            "kwargs" => &mut self.kwargs,
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

    /// Notes a field that owt does not know.
    pub(super) fn other(&mut self, name: &str, value: &[u8]) {
        self.has_others = true;
        if self.notes == Others::Passed {
            return;
        }
        let digest = self.others.get_or_insert_default();
        for text in [name.as_bytes(), value] {
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        }
    }

    /// Whether there are fields that owt does not know, noted or passed over.
    pub fn has_others(&self) -> bool {
        self.has_others
    }

    /// A digest (SHA-256) of the fields that owt does not know, which are the adaptor's; `None`
    /// where there are none, or they were passed over.
    pub fn others(&self) -> Option<[u8; 32]> {
        self.others.clone().map(|digest| digest.finalize().into())
    }

    /// True when there is not one call field.
    pub fn is_empty(&self) -> bool {
        [
            &self.code,
            &self.code_b64,
            &self.code_name,
            &self.kwargs,
            &self.kwargs_b64,
            &self.fn_name,
            &self.use_cache,
            &self.cache_kwargs,
            &self.cache_key_override,
            &self.cache_shared,
            &self.timeout,
        ]
        .iter()
        .all(|field| field.is_none())
    }

    /// The name of the field that holds code, if one does.
    pub fn code_field(&self) -> Option<&'static str> {
        let is_there = |field: &Option<Value<'_>>| field.as_ref().is_some_and(|it| !it.is_empty());
        match (is_there(&self.code), is_there(&self.code_b64)) {
            (true, _) => Some("code"),
            (false, true) => Some("code_b64"),
            (false, false) => None,
        }
    }

    /// The names by which code and arguments came.
    pub fn names(&self) -> FieldNames {
        let plain = self.code.is_some();
        let plain_kwargs = self.kwargs.is_some() || (plain && self.kwargs_b64.is_none());
        FieldNames {
            code: if plain { "code" } else { "code_b64" },
            kwargs: if plain_kwargs { "kwargs" } else { "kwargs_b64" },
        }
    }

    /// The call.
    ///
    /// # Errors
    /// A field cannot be read, or there is no code.
    pub fn into_call(self) -> Result<Call, CallError> {
        let names = self.names();
        let spaces = self.spaces;
        let code = match only(("code", self.code), ("code_b64", self.code_b64))? {
            (field, Some(value)) if field == "code" => value.into_text(field)?.into_owned(),
            (field, Some(value)) => decoded(field, value, spaces)?,
            (_, None) => return Err(CallError::MissingCode),
        };
        if code.trim().is_empty() {
            return Err(CallError::EmptyCode(names.code));
        }
        Ok(Call {
            code: Code::new(code),
            code_name: code_name(self.code_name, self.file_name)?,
            kwargs: kwargs(self.kwargs, self.kwargs_b64, spaces)?,
            fn_name: fn_name(self.fn_name)?,
            use_cache: boolean("use_cache", self.use_cache)?,
            cache_kwargs: boolean("cache_kwargs", self.cache_kwargs)?,
            cache_key_override: text("cache_key_override", self.cache_key_override)?
                .map(Cow::into_owned),
            cache_shared: boolean("cache_shared", self.cache_shared)?,
            timeout: timeout(self.timeout)?,
            by_name: false,
        })
    }

    /// Those of a query that say how a function is to be called by its name; one that the function
    /// has a parameter of that name for is its argument, and passed over.
    pub fn of_named(query: &'a str, is_parameter: impl Fn(&str) -> bool) -> Self {
        let mut fields = Self::new(Spaces::Pluses, Others::Passed);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if HOW.contains(&&*name)
                && !is_parameter(&name)
                && let Some(slot) = fields.slot(&name)
            {
                *slot = Some(Value::Text(value));
            }
        }
        fields
    }

    /// The call of a function by its name, with what [`of_named`](Self::of_named) has read; its
    /// result is kept where the query does not say otherwise, if `is_kept`.
    ///
    /// # Errors
    /// A field cannot be read.
    pub fn into_named_call(
        self,
        code: Code,
        function: Arc<str>,
        is_kept: bool,
    ) -> Result<Call, CallError> {
        let says = self.use_cache.is_some();
        let use_cache = boolean("use_cache", self.use_cache)?;
        Ok(Call {
            fn_name: Some(function),
            use_cache: if says { use_cache } else { is_kept },
            cache_key_override: text("cache_key_override", self.cache_key_override)?
                .map(Cow::into_owned),
            cache_shared: boolean("cache_shared", self.cache_shared)?,
            timeout: timeout(self.timeout)?,
            by_name: true,
            ..Call::of(code)
        })
    }

    pub(super) fn into_call_if_any(self) -> Result<Option<Call>, CallError> {
        (!self.is_empty()).then(|| self.into_call()).transpose()
    }
}

/// Fields that say how a call is made, and nothing of what it runs.
const HOW: [&str; 5] =
    ["use_cache", "cache_kwargs", "cache_key_override", "cache_shared", "timeout"];

type Named<'a> = (&'static str, Option<Value<'a>>);

/// The one of two fields that came, and its name. An empty one is left aside where the other one
/// is there: forms and unset shell variables send empty fields.
fn only<'a>(plain: Named<'a>, encoded: Named<'a>) -> Result<Named<'a>, CallError> {
    match (plain, encoded) {
        ((name, None), (_, None)) => Ok((name, None)),
        ((_, None), it) | (it, (_, None)) => Ok(it),
        ((_, Some(empty)), it) | (it, (_, Some(empty))) if empty.is_empty() => Ok(it),
        ((plain, _), (encoded, _)) => Err(CallError::Both { plain, encoded }),
    }
}

impl<'a> Value<'a> {
    fn into_text(self, field: &'static str) -> Result<Cow<'a, str>, CallError> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(other.wrong_type(field, "text")),
        }
    }
}

/// The text of the arguments. `echo "$KWARGS" | base64` of nothing is a line end; no expression
/// is blank.
fn kwargs(
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
fn text<'a>(
    field: &'static str,
    value: Option<Value<'a>>,
) -> Result<Option<Cow<'a, str>>, CallError> {
    let text = value.map(|value| value.into_text(field)).transpose()?;
    Ok(text.filter(|text| !text.is_empty()))
}

fn decoded(field: &'static str, value: Value<'_>, spaces: Spaces) -> Result<String, CallError> {
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
fn code_name(
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
