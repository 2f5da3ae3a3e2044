//! Writing a call: as JSON, as a URL, as a line for a shell.

use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};
use url::Url;

use super::{Call, CallError, DEFAULT_FN_NAME, MAX_URL};
use crate::encoding;

/// What a shell reads inside double or single quotes, what curl takes for a
/// pattern, and what the URL standard forbids. `%` is left: the parts are
/// percent-encoded already.
const UNPASTEABLE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'\'')
    .add(b'`')
    .add(b'$')
    .add(b'!')
    .add(b'\\')
    .add(b'^')
    .add(b'|')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b']')
    .add(b'{')
    .add(b'}');

impl Call {
    /// The JSON body of a POST: `code_b64`, and what differs from the default.
    pub fn to_json(&self) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("code_b64", encoding::encode(self.code.source()).into());
        if let Some(kwargs) = &self.kwargs {
            put("kwargs_b64", encoding::encode(kwargs).into());
        }
        for (name, value) in self.settings() {
            put(name, value);
        }
        Value::Object(fields)
    }

    /// The URL of a GET: the call appended to whatever query `base` has.
    ///
    /// It can be pasted into a shell between single or double quotes, and into
    /// curl, which expands `[]` and `{}` in a URL. A fragment is dropped: it is
    /// never sent, and here would swallow the call.
    ///
    /// # Errors
    /// [`CallError::UrlTooLong`] beyond [`MAX_URL`] bytes.
    pub fn to_url(&self, base: &Url) -> Result<Url, CallError> {
        let mut url = base.clone();
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("code_b64", &encoding::encode_for_url(self.code.source()));
            if let Some(kwargs) = &self.kwargs {
                query.append_pair("kwargs_b64", &encoding::encode_for_url(kwargs));
            }
            for (name, value) in self.settings() {
                match value {
                    Value::String(text) => query.append_pair(name, &text),
                    other => query.append_pair(name, &other.to_string()),
                };
            }
        }
        let url = pasteable(url);
        match url.as_str().len() {
            length if length > MAX_URL => Err(CallError::UrlTooLong(length)),
            _ => Ok(url),
        }
    }

    /// A line for a POSIX shell that sends this call as a POST with curl.
    pub fn to_curl(&self, base: &Url) -> String {
        // Not `--json`: it asks for JSON in the answer too, and curls before 7.82 lack it.
        // -N: a stream's chunks are shown as they come.
        format!(
            "curl -N -H 'Content-Type: application/json' -d {} {}",
            shell_word(&self.to_json().to_string()),
            shell_word(pasteable(base.clone()).as_str()),
        )
    }

    /// The fields that are neither code nor arguments and differ from the default.
    fn settings(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let fn_name = self.fn_name.as_deref().filter(|name| *name != DEFAULT_FN_NAME);
        [
            ("fn_name", fn_name.map(Value::from)),
            ("use_cache", self.use_cache.then_some(Value::Bool(true))),
            ("cache_kwargs", self.cache_kwargs.then_some(Value::Bool(true))),
            ("cache_key_override", self.cache_key_override.as_deref().map(Value::from)),
            ("cache_shared", self.cache_shared.then_some(Value::Bool(true))),
            ("timeout", self.timeout.map(seconds)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

fn pasteable(mut url: Url) -> Url {
    let path = utf8_percent_encode(url.path(), UNPASTEABLE).to_string();
    let query = url.query().map(|query| utf8_percent_encode(query, UNPASTEABLE).to_string());
    url.set_path(&path);
    url.set_query(query.as_deref());
    url.set_fragment(None);
    url
}

/// Whole seconds without a fraction: `3`, not `3.0`.
fn seconds(duration: Duration) -> Value {
    if duration.subsec_nanos() == 0 {
        json!(duration.as_secs())
    } else {
        json!(duration.as_secs_f64())
    }
}

/// Text as one word of a POSIX shell. A NUL, the one thing that no word can hold, stays one;
/// neither base64, escaped JSON, a URL nor a path can hold it.
pub fn shell_word(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
