//! Lists what can be wrong with a call: which field, and why (§7, status 400).

use crate::{Problem, ProblemKind};

/// Why a request's call could not be read.
///
/// The text names the field, what came, and the mend; [`field`](Self::field)
/// is the field alone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// There are call fields, but no code.
    #[error(
        "`code` is missing: send the adaptor's Python source there, or encoded as base64 in \
         `code_b64`"
    )]
    MissingCode,
    /// The code is empty or only whitespace.
    #[error("`{0}` is empty: send the adaptor's Python source there (was the file empty?)")]
    EmptyCode(&'static str),
    /// A field came plain and encoded.
    #[error("`{plain}` and `{encoded}` both came, and only one can count: send one of them")]
    Both {
        /// The field as it is.
        plain: &'static str,
        /// The field in base64.
        encoded: &'static str,
    },
    /// There is code in the query and in the body.
    #[error(
        "the query has code (`{query}`), and so has the body (`{body}`): send one of them; data \
         for the adaptor wants another name, or another Content-Type"
    )]
    TwoCodes {
        /// The field of the query.
        query: &'static str,
        /// The field of the body.
        body: &'static str,
    },
    /// The body is not JSON.
    #[error(
        "the body is not valid JSON: {0}; send a JSON object such as {{\"code\": \"...\"}}, \
         or another Content-Type"
    )]
    InvalidJson(#[source] serde_json::Error),
    /// The body is JSON, but not an object.
    #[error("the body must be a JSON object such as {{\"code\": \"...\"}}, and is {0}")]
    NotAnObject(&'static str),
    /// A field has a JSON type it cannot have.
    #[error("`{field}` must be {wanted}, and is {got}")]
    WrongType {
        /// The field.
        field: &'static str,
        /// What it can be.
        wanted: &'static str,
        /// What came.
        got: &'static str,
    },
    /// A field of text parts holds bytes that are not UTF-8.
    #[error("`{0}` is not UTF-8 text: send it as text, not as a binary part")]
    NotText(&'static str),
    /// A `_b64` field is not base64.
    #[error("`{field}` is not base64 (it begins {excerpt:?}){}", base64_hint(*.looks_plain))]
    NotBase64 {
        /// The field.
        field: &'static str,
        /// How the text begins.
        excerpt: String,
        /// Whether it is likely source or JSON that was never encoded.
        looks_plain: bool,
    },
    /// A `_b64` field decodes to bytes that are not UTF-8.
    #[error(
        "`{0}` is base64, but not of UTF-8 text: encode the text as UTF-8 first \
         (JavaScript's btoa() takes Latin-1: use TextEncoder before it)"
    )]
    NotUtf8(&'static str),
    /// A field that says yes or no says something else.
    #[error("`{field}` must be true or false (or 1 or 0), and is {got:?}")]
    NotBoolean {
        /// The field.
        field: &'static str,
        /// What came.
        got: String,
    },
    /// `fn_name` is no name that Python code can define.
    #[error("`fn_name` must be a Python name such as \"run\", and {0:?} is none")]
    NotAnIdentifier(String),
    /// `code_name` cannot stand in a traceback.
    #[error(
        "`code_name` must be a file's name of at most {max} visible characters such as \
         \"adaptor.py\", with no path, and {0:?} is none",
        max = super::MAX_CODE_NAME
    )]
    NotACodeName(String),
    /// The call does not fit in a URL.
    #[error(
        "the URL would be {0} bytes long, and servers take {max}: send the call in the body of a \
         POST, as `owt encode --as curl` writes it",
        max = super::MAX_URL
    )]
    UrlTooLong(usize),
    /// `timeout` is not a number of seconds above 0.
    #[error("`timeout` must be a number of seconds above 0, and is {0}")]
    NotATimeout(String),
}

impl CallError {
    /// The field at fault; `body` when it is the body as a whole.
    pub fn field(&self) -> &'static str {
        match self {
            Self::MissingCode | Self::UrlTooLong(_) => "code",
            Self::EmptyCode(field) | Self::Both { plain: field, .. } => field,
            Self::TwoCodes { query, .. } => query,
            Self::NotACodeName(_) => "code_name",
            Self::InvalidJson(_) | Self::NotAnObject(_) => "body",
            Self::WrongType { field, .. }
            | Self::NotBase64 { field, .. }
            | Self::NotBoolean { field, .. }
            | Self::NotText(field)
            | Self::NotUtf8(field) => field,
            Self::NotAnIdentifier(_) => "fn_name",
            Self::NotATimeout(_) => "timeout",
        }
    }
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        Self::new(ProblemKind::MalformedCall, error.to_string()).with_field(error.field())
    }
}

fn base64_hint(looks_plain: bool) -> &'static str {
    if looks_plain {
        "; it looks like plain text: encode it with base64"
    } else {
        ": was it cut short, or joined from two?"
    }
}

/// How a text begins, short enough for a message.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
