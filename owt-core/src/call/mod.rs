//! Defines a call: the code that a request sends, and how it is to be run (§1).

mod error;
mod fields;
mod json;
mod names;
mod value;
mod write;

use std::sync::Arc;
use std::time::Duration;

use crate::Code;

pub use error::CallError;
pub use fields::{CODE_FIELDS, CallFields, Others};
pub use names::FieldNames;
pub use write::shell_word;

/// The name the code must define when the call says none.
pub const DEFAULT_FN_NAME: &str = "run";

/// What tracebacks call the code when the call says no name.
pub const DEFAULT_CODE_NAME: &str = "adaptor.py";

/// Characters of a code's name at most.
pub const MAX_CODE_NAME: usize = 100;

/// Bytes of a URL at most: the most that the server's HTTP library reads.
pub const MAX_URL: usize = 65_534;

/// The header by which a program says that it means its request: no page of another origin can
/// have a browser send it.
pub const MEANT: &str = "x-owt";

/// Media types of a body that is the code itself. No page can send one to another origin without
/// asking first (Fetch Standard, CORS-safelisted request-header).
pub const PYTHON_TYPES: [&str; 3] = ["text/x-python", "text/x-python3", "text/x-script.python"];

/// What one request asks for: a virtual endpoint made on the fly.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The adaptor.
    pub code: Code,
    /// What tracebacks call the code, such as its file's name; `None` is [`DEFAULT_CODE_NAME`].
    pub code_name: Option<Arc<str>>,
    /// A Python expression that evaluates to the arguments (§3).
    pub kwargs: Option<Arc<str>>,
    /// The name that the code must define; `None` is [`DEFAULT_FN_NAME`].
    pub fn_name: Option<Arc<str>>,
    /// Keep the result, and answer from a kept one (§6).
    pub use_cache: bool,
    /// Make the arguments part of the cache key.
    pub cache_kwargs: bool,
    /// The whole cache key, instead of one made from path, code and arguments.
    pub cache_key_override: Option<String>,
    /// Share the result with other users; else each user has their own.
    pub cache_shared: bool,
    /// Deadline of this call; `None` leaves it to the server.
    pub timeout: Option<Duration>,
    /// The function was called by its name: the request's query and body are its arguments, by its
    /// hints. No field says so; a server's functions are called like that.
    pub by_name: bool,
}

impl Call {
    /// A call of this code with everything else left at its default.
    pub fn new(code: impl Into<Arc<str>>) -> Self {
        Self::of(Code::new(code))
    }

    /// A call of code whose identity is known already.
    pub fn of(code: Code) -> Self {
        Self {
            code,
            code_name: None,
            kwargs: None,
            fn_name: None,
            use_cache: false,
            cache_kwargs: false,
            cache_key_override: None,
            cache_shared: false,
            timeout: None,
            by_name: false,
        }
    }

    /// The name that the code must define.
    pub fn fn_name(&self) -> &str {
        self.fn_name.as_deref().unwrap_or(DEFAULT_FN_NAME)
    }

    /// True for what can be a [`code_name`](Self::code_name): one line of visible characters, at
    /// most [`MAX_CODE_NAME`], and no path.
    pub fn is_code_name(name: &str) -> bool {
        value::is_code_name(name)
    }

    /// Reads the call fields of a raw query string (without its `?`).
    ///
    /// `None` when there is not one call field in it. When a field comes twice
    /// the last one counts, here and in the other readers.
    ///
    /// # Errors
    /// A field that cannot be read, or call fields without code.
    pub fn from_query(query: &str) -> Result<Option<Self>, CallError> {
        Self::from_form(query.as_bytes())
    }

    /// Reads an `application/x-www-form-urlencoded` body as [`from_query`](Self::from_query) does.
    ///
    /// # Errors
    /// As [`from_query`](Self::from_query).
    pub fn from_form(body: &[u8]) -> Result<Option<Self>, CallError> {
        CallFields::from_form(body, Others::Passed).into_call_if_any()
    }

    /// Reads named text parts that no URL encoding touched, such as those of a
    /// `multipart/form-data` body. Other names are passed over.
    ///
    /// # Errors
    /// As [`from_query`](Self::from_query), and a call field that is not UTF-8.
    pub fn from_fields<N, V>(
        parts: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Option<Self>, CallError>
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let mut fields = CallFields::of_parts(Others::Passed);
        for (name, value) in parts {
            fields.part(name.as_ref(), None, value.as_ref());
        }
        fields.into_call_if_any()
    }

    /// Reads an `application/json` body. Fields that owt does not know are passed over.
    ///
    /// # Errors
    /// No JSON, no object, no code, or a field that cannot be read.
    pub fn from_json(body: &[u8]) -> Result<Self, CallError> {
        CallFields::from_json(body, Others::Passed)?.into_call()
    }
}

#[cfg(test)]
mod tests;
