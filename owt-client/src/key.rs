//! Opens the server's door: a name with its password, or a token.

use reqwest::RequestBuilder;

use crate::error::Error;

/// What opens the server's door. Nothing prints it.
#[derive(Clone)]
pub(crate) enum Key {
    /// RFC 7617.
    Basic { user: String, password: String },
    /// RFC 6750.
    Bearer(String),
}

impl Key {
    /// The same request with this key.
    pub(crate) fn open(&self, request: RequestBuilder) -> Result<RequestBuilder, Error> {
        match self {
            Self::Basic { user, password } => Ok(request.basic_auth(user, Some(password))),
            Self::Bearer(token) => Ok(request.bearer_auth(checked(token)?)),
        }
    }
}

/// The token as it is sent. One that cannot be is not shown.
fn checked(token: &str) -> Result<&str, Error> {
    let token = token.trim();
    let why = if token.is_empty() {
        "the token is empty"
    } else if token.contains(['\r', '\n']) {
        "the token has a line break in it: give one token, which is one line"
    } else if !token.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        "the token has characters in it that no header takes: it is visible ASCII"
    } else {
        return Ok(token);
    };
    Err(Error::usage(why, None))
}
