//! Reads what a worker tells of a module's functions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use owt_core::{Call, CallError, CallFields, Code, FunctionInfo};
use serde_json::Value;

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
    cache: Option<Keeps>,
    timeout: Option<Duration>,
    info: FunctionInfo,
}

/// How long its results are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Keeps {
    Always,
    For(Duration),
}

impl Described {
    /// Reads the descriptions of all functions of a module of that name.
    ///
    /// # Errors
    /// They are not what a worker of ours tells.
    pub fn read(code: Code, module: &str, json: &[u8]) -> serde_json::Result<Self> {
        let told: Vec<FunctionInfo> = serde_json::from_slice(json)?;
        let functions: Vec<_> =
            told.into_iter().map(|info| Arc::new(Function::new(module, info))).collect();
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
    fn new(module: &str, mut info: FunctionInfo) -> Self {
        // Python knows sent code by another name.
        let name: Box<str> = info.name.rsplit('.').next().unwrap_or_default().into();
        info.name = format!("{module}.{name}");
        module.clone_into(&mut info.module);
        let cache = match &info.cache {
            Some(Value::Bool(true)) => Some(Keeps::Always),
            Some(seconds) => seconds
                .as_f64()
                .and_then(|seconds| Some(Keeps::For(Duration::try_from_secs_f64(seconds).ok()?))),
            None => None,
        };
        let timeout = info.timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Self { name, attribute: info.function.as_str().into(), cache, timeout, info }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// As the catalogue tells it.
    pub fn info(&self) -> &FunctionInfo {
        &self.info
    }

    pub fn is_hidden(&self) -> bool {
        self.info.hidden
    }

    /// Whether a GET may call it.
    pub fn takes_get(&self) -> bool {
        self.info.get
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
        let is_parameter = |name: &str| self.info.parameters.iter().any(|one| one.name == name);
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
        assert_eq!(function.info().name, "sota.add");
        assert_eq!(function.info().module, "sota");
        assert_eq!(function.info().doc, "Adds.");
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
