//! Tells what a call gave, or what went wrong with it, as a tool's result.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use owt_core::Problem;
use serde_json::{Value, json};

use super::conform::conforms;
use super::tools::Tool;

/// What a call answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub media: &'a str,
    pub body: &'a [u8],
}

impl Content<'_> {
    /// The media type without parameters, in small letters.
    fn essence(&self) -> String {
        self.media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    fn is_json(&self) -> bool {
        let essence = self.essence();
        essence == "application/json" || essence.ends_with("+json")
    }

    /// Its text, if it is text.
    fn text(&self) -> Option<&str> {
        let essence = self.essence();
        let is_text = essence.starts_with("text/")
            || self.is_json()
            || matches!(&*essence, "application/x-ndjson" | "application/xml" | "image/svg+xml");
        std::str::from_utf8(self.body).ok().filter(|_| is_text)
    }

    /// As a block of a result.
    fn block(&self) -> Value {
        if let Some(text) = self.text() {
            return json!({"type": "text", "text": text});
        }
        let (essence, data) = (self.essence(), STANDARD.encode(self.body));
        match essence.split('/').next() {
            Some(kind @ ("image" | "audio")) => {
                json!({"type": kind, "data": data, "mimeType": essence})
            }
            _ => json!({"type": "resource", "resource": {
                "uri": "owt:result", "mimeType": essence, "blob": data,
            }}),
        }
    }

    /// As a value, if it is one.
    fn value(&self) -> Option<Value> {
        if self.is_json() {
            return serde_json::from_slice(self.body).ok();
        }
        match self.essence().as_str() {
            "" if self.body.is_empty() => Some(Value::Null),
            essence if essence.starts_with("text/") => self.text().map(Into::into),
            _ => None,
        }
    }
}

/// The result of a call that was answered.
pub(crate) fn said(tool: &Tool, content: Content<'_>) -> Value {
    let mut blocks = Vec::new();
    if !content.body.is_empty() {
        blocks.push(content.block());
    }
    let is_error = content.status >= 400;
    if is_error {
        return result(blocks, true);
    }
    let Some(output) = tool.output() else {
        // Before 2026-07-28 it had to be an object.
        let value = content.value().filter(|value| content.is_json() && value.is_object());
        let mut told = result(blocks, false);
        if let Some(value) = value {
            told["structuredContent"] = value;
        }
        return told;
    };
    let value = content.value().map(|value| match output.is_wrapped {
        true => json!({"result": value}),
        false => value,
    });
    match value {
        Some(value) if conforms(&value, &output.schema) => {
            let mut told = result(blocks, false);
            told["structuredContent"] = value;
            told
        }
        _ => {
            let why = "This is not what the function's hint says that it gives.";
            blocks.insert(0, json!({"type": "text", "text": why}));
            result(blocks, true)
        }
    }
}

/// The result of a call that failed, for whoever called to do better.
pub(crate) fn failed(problem: &Problem) -> Value {
    let mut lines = vec![format!("{}: {}", problem.title(), problem.detail)];
    if let Some(exception) = &problem.exception {
        lines.push(exception.traceback.clone());
    }
    result(vec![json!({"type": "text", "text": lines.join("\n\n")})], true)
}

fn result(content: Vec<Value>, is_error: bool) -> Value {
    json!({"content": content, "isError": is_error})
}

#[cfg(test)]
mod tests {
    use owt_core::{Exception, FunctionInfo, ProblemKind, ReturnInfo};

    use super::*;

    fn function(schema: Value) -> Tool {
        let returns = ReturnInfo { schema, hint: String::new() };
        Tool::Function(Box::new(FunctionInfo { returns, ..FunctionInfo::default() }))
    }

    fn told(tool: &Tool, status: u16, media: &str, body: &str) -> Value {
        said(tool, Content { status, media, body: body.as_bytes() })
    }

    #[test]
    fn values_are_structured_and_text() {
        let integer = function(json!({"type": "integer"}));
        let found = told(&integer, 200, "application/json", "3");
        assert_eq!(found["structuredContent"], json!({"result": 3}));
        assert_eq!(found["content"], json!([{"type": "text", "text": "3"}]));
        assert_eq!(found["isError"], false);
        let text = function(json!({"type": "string"}));
        let found = told(&text, 200, "text/html; charset=utf-8", "a");
        assert_eq!(found["structuredContent"], json!({"result": "a"}));
        let nothing = function(json!({"type": "null"}));
        let found = told(&nothing, 200, "", "");
        assert_eq!(found["structuredContent"], json!({"result": null}));
        let unknown = function(json!({}));
        let found = told(&unknown, 200, "application/json", r#"{"a": 1}"#);
        assert_eq!(found["structuredContent"], json!({"a": 1}));
        let found = told(&unknown, 200, "application/json", "[1]");
        assert_eq!(found.get("structuredContent"), None);
    }

    #[test]
    fn pictures_sound_and_other_bytes_are_what_they_are() {
        let unknown = function(json!({}));
        for (media, wanted) in [
            ("image/png", json!({"type": "image", "data": "YQ==", "mimeType": "image/png"})),
            ("audio/wav", json!({"type": "audio", "data": "YQ==", "mimeType": "audio/wav"})),
            ("image/svg+xml", json!({"type": "text", "text": "a"})),
            ("text/csv; header=present", json!({"type": "text", "text": "a"})),
        ] {
            assert_eq!(told(&unknown, 200, media, "a")["content"], json!([wanted]), "{media}");
        }
        let other = told(&unknown, 200, "application/zip", "a");
        assert_eq!(other["content"][0]["resource"]["blob"], "YQ==");
    }

    #[test]
    fn what_is_not_as_its_hint_says_is_an_error_that_shows_it() {
        let integer = function(json!({"type": "integer"}));
        for (media, body) in [("application/json", "\"a\""), ("image/png", "a"), ("", "")] {
            let found = told(&integer, 200, media, body);
            assert_eq!(found["isError"], true, "{media}");
            assert_eq!(found.get("structuredContent"), None, "{media}");
        }
    }

    #[test]
    fn an_error_is_the_tools_and_says_what_was_raised() {
        let found = told(&function(json!({"type": "integer"})), 404, "text/plain", "no such");
        assert_eq!(
            found,
            json!({"content": [{"type": "text", "text": "no such"}], "isError": true})
        );
        let problem = Problem::new(ProblemKind::AdaptorRaised, "the adaptor raised ValueError: x")
            .with_exception(Exception {
                r#type: "ValueError".into(),
                message: "x".into(),
                traceback: "Traceback …".into(),
            });
        let found = failed(&problem);
        assert_eq!(found["isError"], true);
        let text = found["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("ValueError: x\n\nTraceback …"), "{text}");
    }
}
