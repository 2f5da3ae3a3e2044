//! Reads the arguments of a call as they are typed: `NAME=TEXT` and `NAME:=JSON` as in HTTPie,
//! `--arg NAME VALUE`, or all of them as one text.

use std::collections::BTreeMap;

use owt_client::to_literal;
use serde_json::value::{RawValue, to_raw_value};

use crate::expression;
use crate::failure::Failure;
use crate::source::{Source, Stdin};

/// What all arguments as one word are called in messages.
const WORD: &str = "KWARGS (text wants quotes of its own)";

/// The text of a call's arguments.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) text: String,
    /// What they are called in messages, if they were typed as one text of which only Python knows
    /// whether it is an expression.
    pub(crate) unread: Option<&'static str>,
}

impl Arguments {
    fn whole(name: &'static str, text: &str) -> Self {
        let json = serde_json::from_str::<&RawValue>(text);
        if let Ok(json) = &json
            && has_long_number(text)
            && let Ok(text) = to_literal(json)
        {
            return Self { text, unread: None };
        }
        // With --kwargs only what begins with a bracket has to be more than text.
        let is_read = name != WORD && !begins_with_bracket(text) || json.is_ok();
        Self { text: text.to_owned(), unread: (!is_read).then_some(name) }
    }
}

impl From<String> for Arguments {
    fn from(text: String) -> Self {
        Self { text, unread: None }
    }
}

/// Turns what was typed into the call's arguments.
///
/// # Errors
/// Something cannot be read, or does not go with the rest.
pub(crate) fn kwargs(
    words: &[String],
    named: &[String],
    option: Option<&str>,
    stdin: &mut Stdin,
) -> Result<Option<Arguments>, Failure> {
    let mut entries = Entries::default();
    let mut whole = option.map(|text| ("--kwargs", text));
    for word in words {
        match Item::of(word)? {
            Some(item) => entries.add(item.name.to_owned(), item.value(stdin)?)?,
            None if whole.is_none() => whole = Some((WORD, word)),
            None => return Err(twice(word)),
        }
    }
    for pair in named.chunks_exact(2) {
        let [name, value] = pair else { continue };
        entries.add(name.clone(), Value::guess(name, value)?)?;
    }
    match whole {
        Some((name, text)) if entries.is_empty() => Ok(Some(Arguments::whole(name, text))),
        Some((_, text)) => {
            entries.add_object(text)?;
            entries.write().map(Arguments::from).map(Some)
        }
        None if entries.is_empty() => Ok(None),
        None => entries.write().map(Arguments::from).map(Some),
    }
}

fn twice(word: &str) -> Failure {
    Failure::Usage(format!(
        "{word}: the arguments are there already; give them as one JSON or Python expression, or \
         each as NAME=TEXT or NAME:=JSON"
    ))
}

/// Refuses what Python's own parser does not take for an expression.
pub(crate) fn check(name: &str, expression: &str) -> Result<(), Failure> {
    match expression::why_none(expression) {
        None => Ok(()),
        Some(why) => {
            Err(Failure::Usage(format!("{name} cannot be read as a Python expression:\n{why}")))
        }
    }
}

/// Whether JSON has what may be an integer of more digits than Python reads as decimals; as a literal
/// it is hexadecimal.
fn has_long_number(json: &str) -> bool {
    const MOST_DIGITS: usize = 4300;
    json.len() > MOST_DIGITS
        && json
            .as_bytes()
            .chunk_by(|one, next| one.is_ascii_digit() && next.is_ascii_digit())
            .any(|run| run.len() > MOST_DIGITS)
}

fn begins_with_bracket(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[', '('])
}

/// One word that names an argument.
#[derive(Debug, PartialEq)]
pub(crate) struct Item<'a> {
    name: &'a str,
    is_json: bool,
    /// What is behind the sign: the value, or where it is.
    text: &'a str,
    is_file: bool,
}

impl<'a> Item<'a> {
    /// `None` for a word that names none.
    pub(crate) fn of(word: &'a str) -> Result<Option<Self>, Failure> {
        let is_part = |c: char| c == '_' || c == '-' || c.is_alphanumeric();
        let end = word.find(|c| !is_part(c)).unwrap_or(word.len());
        let (name, rest) = word.split_at(end);
        if !name.starts_with(|c: char| c == '_' || c.is_alphabetic()) {
            return Ok(None);
        }
        if rest.starts_with("==") {
            return Err(Failure::Usage(format!(
                "{word}: give {name}=TEXT or {name}:=JSON; for text that begins with = write \
                 {name}:='\"=...\"'"
            )));
        }
        let (is_json, text) = match (rest.strip_prefix(":="), rest.strip_prefix('=')) {
            (Some(text), _) => (true, text),
            (None, Some(text)) => (false, text),
            (None, None) if rest.starts_with(':') => {
                return Err(Failure::Usage(format!(
                    "{word}: an argument is NAME=TEXT or NAME:=JSON, and a header of owt call is \
                     -H 'NAME: VALUE'"
                )));
            }
            (None, None) => return Ok(None),
        };
        let file = text.strip_prefix('@');
        Ok(Some(Self { name, is_json, text: file.unwrap_or(text), is_file: file.is_some() }))
    }

    pub(crate) fn name(&self) -> &str {
        self.name
    }

    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    fn value(&self, stdin: &mut Stdin) -> Result<Value, Failure> {
        let text = self.read(stdin)?;
        if self.is_json { self.json(&text).map(Value::Json) } else { Value::text(&text) }
    }

    /// The value's text, from its file if it is in one.
    pub(crate) fn read(&self, stdin: &mut Stdin) -> Result<String, Failure> {
        if self.is_file { self.content(stdin) } else { Ok(self.text.to_owned()) }
    }

    /// The JSON that the text is.
    pub(crate) fn json(&self, text: &str) -> Result<Box<RawValue>, Failure> {
        let name = self.name;
        serde_json::from_str(text).map_err(|error| {
            let mend = if self.is_file {
                format!("for the file's text write {name}=@{}", self.text)
            } else {
                format!("for text write {name}={}", self.text)
            };
            Failure::Usage(format!("{name}:= wants JSON: {error}; {mend}"))
        })
    }

    fn content(&self, stdin: &mut Stdin) -> Result<String, Failure> {
        let Self { name, text: path, is_json, .. } = self;
        let source = Source::of(path);
        stdin.take(&source, &format!("the argument {name}"))?;
        let bytes = source.bytes().map_err(|failure| match failure {
            Failure::Read(what, error) if !is_json => Failure::Usage(format!(
                "{name}: cannot read {what}: {error}; for text that begins with @ write \
                 {name}:='\"@...\"'"
            )),
            other => other,
        })?;
        String::from_utf8(bytes).map_err(|_| {
            Failure::Usage(format!("{name}: {source} is not UTF-8 text; send it by --data"))
        })
    }
}

/// The value of a named argument.
#[derive(Debug)]
enum Value {
    Json(Box<RawValue>),
    /// A Python literal that JSON does not have.
    Python(String),
}

impl Value {
    fn text(text: &str) -> Result<Self, Failure> {
        to_raw_value(text).map(Self::Json).map_err(|error| Failure::Usage(error.to_string()))
    }

    /// JSON or a Python value, else text.
    fn guess(name: &str, text: &str) -> Result<Self, Failure> {
        if let Ok(json) = serde_json::from_str(text) {
            return Ok(Self::Json(json));
        }
        match expression::literal(text) {
            Some(literal) => Ok(Self::Python(literal)),
            None if begins_with_bracket(text) => {
                check(&format!("--arg {name}"), text)?;
                Err(Failure::Usage(format!(
                    "--arg {name} is neither JSON nor a Python value: {text}\n(text that begins \
                     with a bracket wants quotes of its own)"
                )))
            }
            None => Self::text(text),
        }
    }

    fn literal(&self) -> Result<String, Failure> {
        let unwritable = |error: &dyn std::fmt::Display| Failure::Usage(error.to_string());
        match self {
            Self::Python(literal) => Ok(literal.clone()),
            Self::Json(json) => to_literal(json).map_err(|error| unwritable(&error)),
        }
    }
}

/// The members of a JSON object.
pub(crate) fn object(text: &str) -> Result<BTreeMap<String, Box<RawValue>>, Failure> {
    serde_json::from_str(text).map_err(|_| {
        Failure::Usage(format!(
            "{text}: no JSON object, so that no named arguments can be added to it; give all of \
             them by name or none"
        ))
    })
}

/// Named arguments, in their order.
#[derive(Debug, Default)]
struct Entries(Vec<(String, Value)>);

impl Entries {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, name: String, value: Value) -> Result<(), Failure> {
        if self.0.iter().any(|(other, _)| *other == name) {
            return Err(Failure::Usage(format!("the argument {name} is given twice")));
        }
        self.0.push((name, value));
        Ok(())
    }

    fn add_object(&mut self, text: &str) -> Result<(), Failure> {
        object(text)?.into_iter().try_for_each(|(name, value)| self.add(name, Value::Json(value)))
    }

    /// All of them as JSON, or as a Python dict where one is no JSON that Python reads.
    fn write(&self) -> Result<String, Failure> {
        let is_json = |(_, value): &(String, Value)| match value {
            Value::Json(json) => !has_long_number(json.get()),
            Value::Python(_) => false,
        };
        let as_json = self.0.iter().all(is_json);
        let entries = self.0.iter().map(|(name, value)| {
            let (name, value) = match value {
                Value::Json(json) if as_json => {
                    (serde_json::Value::from(&**name).to_string(), json.get().to_owned())
                }
                value => (to_literal(name).unwrap_or_default(), value.literal()?),
            };
            Ok(format!("{name}: {value}"))
        });
        Ok(format!("{{{}}}", entries.collect::<Result<Vec<_>, Failure>>()?.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str], named: &[&str], option: Option<&str>) -> Result<String, String> {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        kwargs(&owned(words), &owned(named), option, &mut Stdin::default())
            .map(|arguments| arguments.map(|it| it.text).unwrap_or_default())
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn text_and_json_by_name() {
        let words = ["text=a=b \"c\"", "n:=2", "all:=[1, {\"x\": null}]", "empty=", "größe=é"];
        assert_eq!(
            read(&words, &[], None).unwrap(),
            r#"{"text": "a=b \"c\"", "n": 2, "all": [1, {"x": null}], "empty": "", "größe": "é"}"#
        );
        // No digit is lost.
        let long = "n:=123456789012345678901234567890";
        assert_eq!(read(&[long], &[], None).unwrap(), r#"{"n": 123456789012345678901234567890}"#);
    }

    #[test]
    fn every_digit_of_a_number_is_kept() {
        // Beside a value that JSON has not, too.
        let named = ["n", "18446744073709551616", "b", "b'x'", "f", "1.10"];
        let written = "{'n': 18446744073709551616, 'b': b'x', 'f': 1.10}";
        assert_eq!(read(&[], &named, None).unwrap(), written);
        let long = "1".repeat(4301);
        let words = [format!("n:={long}")];
        let written = read(&[&words[0]], &[], None).unwrap();
        assert!(written.starts_with("{'n': 0x"), "{written}");
        for whole in [format!("[{long}]"), format!("{{\"n\": {long}}}"), long.clone()] {
            assert!(read(&[&whole], &[], None).unwrap().contains("0x"));
            assert!(read(&[], &[], Some(&whole)).unwrap().contains("0x"));
        }
    }

    #[test]
    fn all_that_names_arguments_is_merged() {
        let all = read(&["a=1", r#"{"b": [2]}"#], &["c", "3"], None);
        assert_eq!(all.unwrap(), r#"{"a": "1", "c": 3, "b": [2]}"#);
        assert_eq!(read(&["a=1"], &[], Some(r#"{"b": 2}"#)).unwrap(), r#"{"a": "1", "b": 2}"#);
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for (words, named, option, wanted) in [
            (&["a=1", "a:=2"][..], &[][..], None, "the argument a is given twice"),
            (&["a=1"], &["a", "2"], None, "the argument a is given twice"),
            (&["a=1"], &[], Some(r#"{"a": 2}"#), "the argument a is given twice"),
            (&["a=1", "[2]"], &[], None, "no JSON object"),
            (&["1", "2"], &[], None, "2: the arguments are there already"),
            (&["1"], &[], Some("2"), "1: the arguments are there already"),
            (&["a:=b"], &[], None, "for text write a=b"),
            (&["a==b"], &[], None, "a=TEXT or a:=JSON"),
            (&["Accept:text/html"], &[], None, "-H 'NAME: VALUE'"),
            (&["a=@no/such/file"], &[], None, "a: cannot read no/such/file"),
            (&["a:=@no/such/file"], &[], None, "cannot read no/such/file"),
        ] {
            let refusal = read(words, named, option).unwrap_err();
            assert!(refusal.contains(wanted), "{words:?}: {refusal}");
        }
    }

    #[test]
    fn files_are_text_or_json() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it");
        std::fs::write(&path, "[1, 2]\n").unwrap();
        let (text, json) = (format!("a=@{}", path.display()), format!("b:=@{}", path.display()));
        assert_eq!(read(&[&text, &json], &[], None).unwrap(), r#"{"a": "[1, 2]\n", "b": [1, 2]}"#);
        std::fs::write(&path, b"\xff").unwrap();
        assert!(read(&[&text], &[], None).unwrap_err().contains("--data"));
    }

    #[test]
    fn standard_input_is_one_thing() {
        let mut stdin = Stdin::default();
        stdin.take(&Source::Stdin, "the code").unwrap();
        let words = ["a=@-".to_owned()];
        let refusal = kwargs(&words, &[], None, &mut stdin).unwrap_err().to_string();
        assert_eq!(refusal, "standard input cannot be both the code and the argument a");
    }
}
