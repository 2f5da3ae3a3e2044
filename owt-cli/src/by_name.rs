//! Calls a function by its name, with the arguments that were typed for it.
//!
//! A text stays a text that the function's hints read, JSON is JSON, and a file is a file: together
//! they are the parts of a form.

use std::path::Path;

use owt_client::{Body, CallRequest, Client, Method};
use owt_core::{CODE_FIELDS, FunctionName};
use serde_json::value::RawValue;

use crate::args::CallArgs;
use crate::arguments::{Item, object};
use crate::failure::Failure;
use crate::source::{NamedFile, Source, Stdin};

/// Names near the one that is not there that are told.
const NEAR: usize = 3;
/// How alike they are at least, of 1.
const ALIKE: f64 = 0.6;

/// The function that the first word names: identifiers between dots, and no file that is there.
/// What ends in `.py` is a file that is missing.
pub(crate) fn name(args: &CallArgs) -> Option<&str> {
    let word = args.called.file.as_deref()?;
    let is_code = args.called.code.is_some() || args.called.run.is_some();
    let is_file = word.ends_with(".py") || Path::new(word).exists();
    (!is_code && !is_file && FunctionName::parse(word).is_some()).then_some(word)
}

/// One argument by its name.
enum Part {
    /// What the function's hints read.
    Text(String),
    Json(Box<RawValue>),
    File(NamedFile),
}

/// What was typed as arguments.
#[derive(Default)]
struct Arguments {
    named: Vec<(String, Part)>,
    /// Those by position, as JSON.
    placed: Vec<Box<RawValue>>,
}

/// The call, ready to be sent. `body` makes a body of bytes.
///
/// # Errors
/// Something cannot be read, or is not for functions.
pub(crate) fn request(
    client: &Client,
    name: &str,
    args: &CallArgs,
    stdin: &mut Stdin,
    body: impl Fn(Vec<u8>) -> Body,
) -> Result<CallRequest, Failure> {
    refuse_options_of_code(args)?;
    let mut arguments = Arguments::read(args, stdin)?;
    arguments
        .named
        .extend(args.files.iter().map(|file| (file.name.clone(), Part::File(file.clone()))));
    let method = args.method();
    let mut request = client.function(name).method(method);
    if args.called.use_cache {
        request = request.cache(true);
    }
    if args.called.cache_shared {
        request = request.cache_shared(true);
    }
    if let Some(span) = &args.called.timeout {
        request = request.timeout(span.0);
    }
    if method == Method::GET || args.data.is_some() {
        let request = arguments.in_the_url(request)?;
        return match &args.data {
            Some(data) => Ok(request.data(body(data.bytes()?))),
            None => Ok(request),
        };
    }
    let (content, media) = arguments.body()?;
    Ok(request.data(body(content)).header("content-type", media))
}

fn refuse_options_of_code(args: &CallArgs) -> Result<(), Failure> {
    let called = &args.called;
    let option = match called {
        _ if called.fn_name.is_some() => "--fn-name",
        _ if called.cache_kwargs => "--cache-kwargs",
        _ => return Ok(()),
    };
    Err(Failure::Usage(format!(
        "{option} is for code; a function that the server publishes is called by its whole name alone"
    )))
}

impl Arguments {
    fn read(args: &CallArgs, stdin: &mut Stdin) -> Result<Self, Failure> {
        let mut made = Self::default();
        let whole = args.called.kwargs.iter();
        for word in args.called.words.iter().chain(whole) {
            if let Some(file) = file(word) {
                stdin.take(&file.source, &format!("the argument {}", file.name))?;
                made.named.push((file.name.clone(), Part::File(file)));
                continue;
            }
            match Item::of(word)? {
                Some(item) => made.named.push((item.name().to_owned(), part(&item, stdin)?)),
                None => made.add_whole(word)?,
            }
        }
        for pair in args.called.args.chunks_exact(2) {
            let [name, value] = pair else { continue };
            let json = serde_json::from_str(value).map(Part::Json);
            let part = json.unwrap_or_else(|_| Part::Text(value.clone()));
            made.named.push((name.clone(), part));
        }
        for (at, (name, _)) in made.named.iter().enumerate() {
            if made.named.iter().take(at).any(|(other, _)| other == name) {
                return Err(Failure::Usage(format!("the argument {name} is given twice")));
            }
        }
        Ok(made)
    }

    /// JSON of several arguments: an object by name, an array by position, else one more.
    fn add_whole(&mut self, word: &str) -> Result<(), Failure> {
        let json: Box<RawValue> = serde_json::from_str(word).map_err(|_| {
            Failure::Usage(format!(
                "{word}: an argument of a function is NAME=TEXT, NAME:=JSON or NAME@FILE, and by \
                 position JSON, in which text has quotes: '\"{word}\"'"
            ))
        })?;
        if word.trim_start().starts_with('{') {
            let members = object(word)?.into_iter();
            self.named.extend(members.map(|(name, value)| (name, Part::Json(value))));
        } else if word.trim_start().starts_with('[') {
            let items: Vec<Box<RawValue>> = serde_json::from_str(word).unwrap_or_default();
            self.placed.extend(items);
        } else {
            self.placed.push(json);
        }
        Ok(())
    }

    /// The request with these as its query.
    fn in_the_url(self, mut request: CallRequest) -> Result<CallRequest, Failure> {
        self.fits("a URL")?;
        for (name, part) in self.named {
            let text = match part {
                Part::Text(text) => text,
                Part::Json(json) => text_of(&json),
                Part::File(_) => {
                    return Err(Failure::Usage(format!(
                        "{name}: a GET, and a call with --data, carries no further file"
                    )));
                }
            };
            request = request.named(name, text);
        }
        Ok(request)
    }

    /// Whether an argument has the name of code, which would be run where it stands alone.
    fn name_code(&self) -> bool {
        self.named.iter().any(|(name, _)| CODE_FIELDS.contains(&&**name))
    }

    /// # Errors
    /// They have no place in a URL or a form.
    fn fits(&self, place: &str) -> Result<(), Failure> {
        if self.name_code() {
            return Err(Failure::Usage(format!(
                "an argument called code would be run in {place}: give it, and all others, as JSON: \
                 code:='\"TEXT\"'"
            )));
        }
        if self.placed.is_empty() {
            return Ok(());
        }
        Err(Failure::Usage(format!("{place} has no positions: give the arguments by their names")))
    }

    /// All of them as a body, and its type.
    fn body(self) -> Result<(Vec<u8>, String), Failure> {
        if self.named.iter().all(|(_, part)| matches!(part, Part::Json(_))) {
            return Ok((self.json().into_bytes(), "application/json".to_owned()));
        }
        self.fits("a form")?;
        let boundary = boundary();
        let mut body = Vec::new();
        for (name, part) in self.named {
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
                escaped(&name)
            );
            body.extend_from_slice(head.as_bytes());
            match part {
                Part::Text(text) => body.extend_from_slice(format!("\r\n\r\n{text}").as_bytes()),
                Part::Json(json) => {
                    let typed = format!("\r\nContent-Type: application/json\r\n\r\n{json}");
                    body.extend_from_slice(typed.as_bytes());
                }
                Part::File(file) => {
                    let named = format!("; filename=\"{}\"\r\n\r\n", escaped(&file.file_name()));
                    body.extend_from_slice(named.as_bytes());
                    body.append(&mut file.source.bytes()?);
                }
            }
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        Ok((body, format!("multipart/form-data; boundary={boundary}")))
    }

    /// As JSON, each value as it was typed: no digit is lost.
    fn json(&self) -> String {
        let members = self.named.iter().filter_map(|(name, part)| match part {
            Part::Json(json) => Some(format!("{}:{json}", serde_json::Value::from(&**name))),
            Part::Text(_) | Part::File(_) => None,
        });
        let named = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
        if self.placed.is_empty() && !self.name_code() {
            return named;
        }
        let placed: Vec<_> = self.placed.iter().map(|one| one.get()).collect();
        format!("{{\"args\":[{}],\"kwargs\":{named}}}", placed.join(","))
    }
}

fn part(item: &Item<'_>, stdin: &mut Stdin) -> Result<Part, Failure> {
    let text = item.read(stdin)?;
    if item.is_json() { item.json(&text).map(Part::Json) } else { Ok(Part::Text(text)) }
}

/// `NAME@FILE`, as HTTPie has it.
fn file(word: &str) -> Option<NamedFile> {
    let (name, path) = word.split_once('@')?;
    let is_name = owt_core::is_module_name(name) && !name.contains('.');
    (is_name && !path.is_empty())
        .then(|| NamedFile { name: name.to_owned(), source: Source::of(path) })
}

/// What a query has for it: of text the text itself.
fn text_of(json: &RawValue) -> String {
    serde_json::from_str(json.get()).unwrap_or_else(|_| json.get().to_owned())
}

/// What no content has in it, for all that anybody can know before.
fn boundary() -> String {
    use std::hash::{BuildHasher, RandomState};
    let random = || RandomState::new().hash_one(std::process::id());
    format!("owt-{:016x}{:016x}", random(), random())
}

/// A name in a part's head, as browsers write it (WHATWG HTML, 4.10.21.8).
fn escaped(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// The failure as it is, or where the server knows no such function the names near it.
pub(crate) async fn explained(client: &Client, name: &str, failure: Failure) -> Failure {
    let Failure::Client(error) = &failure else { return failure };
    let is_unknown = error.problem().is_some_and(|problem| {
        // A path that names no module is an adaptor's, whose code is missing.
        problem.status() == 404
            || problem.status() == 400 && problem.field.as_deref() == Some("code")
    });
    let Some(catalogue) = (if is_unknown { client.functions().await.ok() } else { None }) else {
        return failure;
    };
    // What it answers itself is its own to say.
    if catalogue.functions.iter().any(|function| function.name == name) {
        return failure;
    }
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let mut near: Vec<_> = catalogue
        .functions
        .iter()
        .map(|function| {
            let whole = strsim::normalized_damerau_levenshtein(name, &function.name);
            let same = last(name) == last(&function.name);
            (if same { 1.0 } else { whole }, &function.name)
        })
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let near = near.iter().take(NEAR).map(|(_, name)| (*name).clone()).collect();
    Failure::NoFunction { name: name.to_owned(), near }
}
