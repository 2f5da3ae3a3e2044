//! Calls functions by name: those that a server publishes, and those of code that was sent before.

use std::sync::Arc;
use std::time::Duration;

use owt_core::{CODE_FIELDS, Code, FunctionName, MAX_URL, SentFunction};
use reqwest::multipart::Form;
use serde::Serialize;
use serde_json::{Map, Value, json};
use url::Url;

use crate::arguments::{to_json, to_text};
use crate::client::Client;
use crate::error::Error;
use crate::published::Published;
use crate::request::{CallRequest, What};

/// A function, and what it is called with.
pub(crate) struct Function {
    path: String,
    args: Vec<Value>,
    named: Map<String, Value>,
    settings: Vec<(&'static str, String)>,
    pub timeout: Option<Duration>,
    /// The code whose function it is, where it is called by its hash.
    pub published: Option<Published>,
}

impl Client {
    /// A call of a function that the server publishes, by its name: `tools.add`, or `tools/add`.
    /// [`arg`](CallRequest::arg), [`named`](CallRequest::named) and [`args`](CallRequest::args) give
    /// its arguments, which arrive as its hints have them.
    ///
    /// An argument that is wrong is a problem with status 422, and [`Error::faults`] says where.
    pub fn function(&self, name: impl AsRef<str>) -> CallRequest {
        let path = format!("/{}", name.as_ref().replace('.', "/"));
        if FunctionName::of_path(&path).is_none() {
            return CallRequest::mistaken(Error::usage(
                "this is no function's name: it is its module's and its own, as in tools.add",
                None,
            ));
        }
        CallRequest::of_function(self.clone(), Function::new(path, None))
    }

    /// This code, to call its functions by its hash: it is sent once, and again by itself where the
    /// server has it no more. Nothing is sent before the first call.
    pub fn published(&self, code: impl Into<Arc<str>>) -> Published {
        Published::new(self.clone(), Code::new(code))
    }
}

impl Published {
    /// A call of the public function of this name, as [`Client::function`] makes it. It is called by
    /// its hints, as every function is.
    pub fn function(&self, name: impl AsRef<str>) -> CallRequest {
        let function = SentFunction { code: self.code(), function: name.as_ref().to_owned() };
        let path = function.path();
        if SentFunction::of_path(&path).is_none() {
            return CallRequest::mistaken(Error::usage("this is no name of a function", None));
        }
        CallRequest::of_function(self.client().clone(), Function::new(path, Some(self.clone())))
    }
}

impl CallRequest {
    /// The function's next argument by its position.
    pub fn arg(self, value: impl Serialize) -> Self {
        self.with_value(value, |function, value| function.args.push(value))
    }

    /// The function's argument of this name.
    pub fn named(self, name: impl Into<String>, value: impl Serialize) -> Self {
        let name = name.into();
        self.with_value(value, |function, value| {
            function.named.insert(name, value);
        })
    }

    /// Arguments of the function: a map or struct has them by their names, a tuple or list by their
    /// positions, `()` has none; anything else is the next by its position.
    ///
    /// [`PyBytes`](crate::PyBytes) becomes what a parameter `bytes` takes. JSON has no NaN, which
    /// arrives as `None`.
    pub fn args(self, values: impl Serialize) -> Self {
        self.with_value(values, |function, values| match values {
            Value::Object(named) => function.named.extend(named),
            Value::Array(args) => function.args.extend(args),
            Value::Null => {}
            one => function.args.push(one),
        })
    }

    fn with_value(self, value: impl Serialize, add: impl FnOnce(&mut Function, Value)) -> Self {
        match to_json(value) {
            Ok(value) => self.change(|parts| match &mut parts.what {
                What::Function(function) => {
                    add(function, value);
                    Ok(())
                }
                What::Code { .. } => Err(Error::usage(
                    "arguments of code are given with it: client.owt(code, arguments)",
                    None,
                )),
            }),
            Err(mistake) => self.change(|_| Err(mistake)),
        }
    }
}

impl Function {
    fn new(path: String, published: Option<Published>) -> Self {
        let (args, named, settings) = (Vec::new(), Map::new(), Vec::new());
        Self { path, args, named, settings, timeout: None, published }
    }

    /// Says more of the call than its arguments.
    pub fn set(&mut self, name: &'static str, value: String) {
        self.settings.push((name, value));
    }

    /// The path that calls it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its URL with what is said of the call beside its arguments; of code that is called by its hash
    /// without the deadline, which begins before the code is sent.
    pub fn url(&self, client: &Client) -> Url {
        let mut url = client.page(&self.path);
        let timeout = self.timeout.filter(|_| self.published.is_none());
        let timeout = timeout.map(|timeout| ("timeout", timeout.as_secs_f64().to_string()));
        for (name, value) in self.settings.iter().cloned().chain(timeout) {
            url.query_pairs_mut().append_pair(name, &value);
        }
        url
    }

    /// Its URL with the arguments in it, by their names.
    pub fn url_with_arguments(self, client: &Client) -> Result<Url, Error> {
        let mut url = self.url(client);
        for (name, value) in self.texts("a URL")? {
            url.query_pairs_mut().append_pair(&name, &value);
        }
        let long = url.as_str().len();
        if long > MAX_URL {
            let what = format!(
                "the URL would be {long} bytes long, more than the {MAX_URL} that are read: use POST"
            );
            return Err(Error::usage(what, None));
        }
        Ok(url)
    }

    /// The arguments as the body of a form.
    pub fn form(self) -> Result<Form, Error> {
        let texts = self.texts("a form with files")?;
        Ok(texts.into_iter().fold(Form::new(), |form, (name, text)| form.text(name, text)))
    }

    /// The arguments as a JSON body.
    pub fn json_text(self) -> String {
        if self.args.is_empty() && !self.names_code() {
            return Value::Object(self.named).to_string();
        }
        json!({"args": self.args, "kwargs": self.named}).to_string()
    }

    /// Whether an argument has the name of code, which would be run where it stands alone.
    fn names_code(&self) -> bool {
        self.published.is_none() && CODE_FIELDS.iter().any(|name| self.named.contains_key(*name))
    }

    fn texts(self, place: &str) -> Result<Vec<(String, String)>, Error> {
        let mistake = |what: String| Err(Error::usage(what, None));
        if self.names_code() {
            return mistake(format!(
                "{place} has no room for an argument called code, which would be run: POST it \
                 without files"
            ));
        }
        if !self.args.is_empty() {
            return mistake(format!(
                "{place} has no positions: give the function's arguments by their names"
            ));
        }
        Ok(self.named.into_iter().map(|(name, one)| (name, to_text(one))).collect())
    }
}
