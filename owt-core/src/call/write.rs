//! Writes a call as JSON, as a URL, or as a line for a shell.

use std::fmt::Write;
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
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
    /// The JSON body of a POST, whatever characters the way there spoils: `code_b64`, and what
    /// differs from the default.
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

    /// The text of [`to_json`](Self::to_json), written at once: arguments may be megabytes.
    pub fn to_json_text(&self) -> String {
        let mut text = r#"{"code_b64":""#.to_owned();
        encoding::encode_behind(self.code.source(), &mut text);
        if let Some(kwargs) = &self.kwargs {
            text.push_str(r#"","kwargs_b64":""#);
            encoding::encode_behind(kwargs, &mut text);
        }
        text.push('"');
        for (name, value) in self.settings() {
            // Writing to a String does not fail.
            let _ = write!(text, r#","{name}":{value}"#);
        }
        text.push('}');
        text
    }

    /// The JSON body of a POST as a person reads it: `code`, and `kwargs` where JSON can say the
    /// same.
    pub fn to_plain_json(&self) -> String {
        // Writing JSON to text does not fail, and every key is text.
        serde_json::to_string(&Plain(self)).unwrap_or_default()
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

    /// A line that sends this call as a POST with curl, for bash, zsh, dash and fish.
    pub fn to_curl(&self, base: &Url) -> String {
        // fish reads `\\` as one backslash between single quotes, where no other shell does.
        let body = self.to_plain_json().replace(r"\\", r"\u005c");
        // Not `--json`: it asks for JSON in the answer too, and curls before 7.82 lack it.
        // -N: a stream's chunks are shown as they come.
        format!(
            "curl -N -H 'Content-Type: application/json' -d {} {}",
            shell_word(&body),
            shell_word(pasteable(base.clone()).as_str()),
        )
    }

    /// The fields that are neither code nor arguments and differ from the default.
    fn settings(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let fn_name = self.fn_name.as_deref().filter(|name| *name != DEFAULT_FN_NAME);
        [
            ("code_name", self.code_name.as_deref().map(Value::from)),
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

/// A call as plain JSON.
struct Plain<'a>(&'a Call);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Call { code, kwargs, .. } = self.0;
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("code", &**code.source())?;
        if let Some(kwargs) = kwargs {
            match as_json(kwargs) {
                Some(value) => fields.serialize_entry("kwargs", &value)?,
                None => fields.serialize_entry("kwargs_b64", &encoding::encode(kwargs))?,
            }
        }
        for (name, value) in self.0.settings() {
            fields.serialize_entry(name, &value)?;
        }
        fields.end()
    }
}

/// The JSON value that arguments of this text are, if JSON says the same: not for null, which is
/// an absent field, nor for text that is evaluated once more.
fn as_json(kwargs: &str) -> Option<Box<RawValue>> {
    let value: Box<RawValue> = serde_json::from_str(kwargs).ok()?;
    match value.get().as_bytes().first()? {
        b'n' => None,
        b'"' => {
            let inner: String = serde_json::from_str(value.get()).ok()?;
            let inner: Box<RawValue> = serde_json::from_str(&inner).ok()?;
            inner.get().starts_with('"').then_some(inner)
        }
        _ => Some(value),
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
