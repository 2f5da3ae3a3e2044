//! Builds a [`Call`] from named values, however they came.

use std::borrow::Cow;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::error::CallError;
use super::names::FieldNames;
use super::value::{Value, boolean, code_name, decoded, fn_name, kwargs, only, text, timeout};
use super::{Call, json};
use crate::Code;
use crate::encoding::Spaces;

/// The names of the fields that hold code: of a request that has one it is what runs, whatever the
/// path names.
pub const CODE_FIELDS: [&str; 2] = ["code", "code_b64"];

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
