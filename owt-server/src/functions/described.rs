//! Reads what a worker tells of a module's functions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use owt_core::{Call, CallError, CallFields, Code};
use serde::Deserialize;
use serde::de::value::MapDeserializer;
use serde_json::{Map, Value};

/// A module's functions, and the code that is called for them.
#[derive(Debug)]
pub(crate) struct Described {
    code: Code,
    functions: Vec<Arc<Function>>,
    by_name: HashMap<Box<str>, usize>,
}

/// A function as its module describes it.
#[derive(Debug)]
pub(crate) struct Function {
    /// What it is called by, in its module.
    name: Box<str>,
    /// The name that the code defines.
    attribute: Arc<str>,
    get: bool,
    hidden: bool,
    cache: Option<Keeps>,
    timeout: Option<Duration>,
    parameters: Vec<Box<str>>,
    told: Map<String, Value>,
}

/// How long its results are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Keeps {
    Always,
    For(Duration),
}

/// What is read of a function's description; the rest is passed on as it is.
#[derive(Deserialize)]
struct Read {
    name: String,
    function: String,
    get: bool,
    hidden: bool,
    cache: Option<Value>,
    timeout: Option<f64>,
    parameters: Vec<ReadParameter>,
}

#[derive(Deserialize)]
struct ReadParameter {
    name: Box<str>,
}

impl Described {
    /// Reads the descriptions of all functions of a module of that name.
    ///
    /// # Errors
    /// They are not what a worker of ours tells.
    pub fn read(code: Code, module: &str, json: &[u8]) -> serde_json::Result<Self> {
        let told: Vec<Map<String, Value>> = serde_json::from_slice(json)?;
        let read = told.into_iter().map(|told| Function::read(module, told));
        let functions = read.collect::<serde_json::Result<Vec<_>>>()?;
        let names = functions.iter().enumerate();
        let by_name = names.map(|(at, function)| (function.name.clone(), at)).collect();
        Ok(Self { code, functions, by_name })
    }

    pub fn code(&self) -> &Code {
        &self.code
    }

    pub fn functions(&self) -> impl Iterator<Item = &Arc<Function>> {
        self.functions.iter()
    }

    pub fn function(&self, name: &str) -> Option<&Arc<Function>> {
        self.functions.get(*self.by_name.get(name)?)
    }
}

impl Function {
    fn read(module: &str, mut told: Map<String, Value>) -> serde_json::Result<Arc<Self>> {
        let read = Read::deserialize(MapDeserializer::new(told.clone().into_iter()))?;
        // Python knows sent code by another name.
        let name = read.name.rsplit('.').next().unwrap_or_default();
        told.insert("name".to_owned(), format!("{module}.{name}").into());
        told.insert("module".to_owned(), module.into());
        let cache = match read.cache {
            Some(Value::Bool(true)) => Some(Keeps::Always),
            Some(seconds) => seconds
                .as_f64()
                .and_then(|seconds| Some(Keeps::For(Duration::try_from_secs_f64(seconds).ok()?))),
            None => None,
        };
        let timeout = read.timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Ok(Arc::new(Self {
            name: name.into(),
            attribute: read.function.into(),
            get: read.get,
            hidden: read.hidden,
            cache,
            timeout,
            parameters: read.parameters.into_iter().map(|one| one.name).collect(),
            told,
        }))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// As the catalogue tells it.
    pub fn told(&self) -> &Map<String, Value> {
        &self.told
    }

    pub fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// Whether a GET may call it.
    pub fn takes_get(&self) -> bool {
        self.get
    }

    /// How old a kept result may be that is given for it.
    pub fn max_age(&self) -> Option<Duration> {
        match self.cache {
            Some(Keeps::For(most)) => Some(most),
            Some(Keeps::Always) | None => None,
        }
    }

    /// The call that a request with this query makes of it.
    ///
    /// # Errors
    /// A field of the query that says how to call it cannot be read.
    pub fn call(&self, code: Code, query: &str) -> Result<Call, CallError> {
        let is_parameter = |name: &str| self.parameters.iter().any(|one| **one == *name);
        let fields = CallFields::of_named(query, is_parameter);
        let attribute = Arc::clone(&self.attribute);
        let mut call = fields.into_named_call(code, attribute, self.cache.is_some())?;
        // Its own is the most that a caller gets.
        call.timeout = match (call.timeout, self.timeout) {
            (Some(asked), Some(own)) => Some(asked.min(own)),
            (asked, own) => asked.or(own),
        };
        Ok(call)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn described(more: &Value) -> Described {
        let mut function = json!({
            "name": "owt.adaptors.h12.add", "module": "owt.adaptors.h12", "function": "plus",
            "get": true, "hidden": false, "cache": null, "timeout": null,
            "parameters": [{"name": "x"}, {"name": "timeout"}], "doc": "Adds.",
        });
        for (name, value) in more.as_object().unwrap() {
            function[name] = value.clone();
        }
        let json = serde_json::to_vec(&vec![function]).unwrap();
        Described::read(Code::new("def plus(x, timeout): pass"), "sota", &json).unwrap()
    }

    #[test]
    fn it_is_told_by_the_name_that_it_is_published_by() {
        let described = described(&json!({}));
        let function = described.function("add").unwrap();
        assert_eq!(function.told()["name"], "sota.add");
        assert_eq!(function.told()["module"], "sota");
        assert_eq!(function.told()["doc"], "Adds.");
        assert!(described.function("plus").is_none());
        let call = function.call(described.code().clone(), "x=1&use_cache=1&timeout=3").unwrap();
        assert_eq!(call.fn_name(), "plus");
        assert!(call.by_name && call.use_cache);
        assert_eq!(call.timeout, None, "that is its parameter");
    }

    #[test]
    fn it_says_how_it_is_called_and_a_caller_may_say_otherwise() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (told, query, use_cache, max_age, timeout) in [
            (json!({}), "", false, None, None),
            (json!({"cache": true}), "", true, None, None),
            (json!({"cache": 5}), "", true, seconds(5), None),
            (json!({"cache": 5}), "use_cache=false", false, seconds(5), None),
            (json!({"cache": null}), "use_cache=true", true, None, None),
            (json!({"timeout": 3, "parameters": []}), "", false, None, seconds(3)),
            (json!({"timeout": 3, "parameters": []}), "timeout=2", false, None, seconds(2)),
            (json!({"timeout": 3, "parameters": []}), "timeout=9", false, None, seconds(3)),
            (json!({"parameters": []}), "timeout=9", false, None, seconds(9)),
        ] {
            let described = described(&told);
            let function = described.function("add").unwrap();
            let call = function.call(described.code().clone(), query).unwrap();
            let found = (call.use_cache, function.max_age(), call.timeout);
            assert_eq!(found, (use_cache, max_age, timeout), "{told} {query}");
        }
        let described = described(&json!({}));
        let call = described.function("add").unwrap().call(Code::new("x"), "use_cache=perhaps");
        assert!(call.is_err());
    }
}
