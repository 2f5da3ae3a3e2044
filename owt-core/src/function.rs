//! Names functions that a server publishes, as dots and as the paths of URLs do.

use percent_encoding::percent_decode_str;

use crate::identifier::is_identifier;
use crate::{CodeId, DEFAULT_FN_NAME};

/// The catalogue of published functions.
pub const FUNCTIONS_PATH: &str = "/_owt/functions";
/// Where code is sent that is to be called by its hash.
pub const CODE_PATH: &str = "/_owt/code";

/// The full name of a published function: `tools.add`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionName {
    /// The name of its module, with dots.
    pub module: String,
    /// Its own.
    pub function: String,
}

impl FunctionName {
    /// Reads a name with dots; `None` for what is none, or has no module.
    pub fn parse(dotted: &str) -> Option<Self> {
        let (module, function) = dotted.rsplit_once('.')?;
        let is_name = is_module_name(module) && is_identifier(function);
        is_name.then(|| Self { module: module.to_owned(), function: function.to_owned() })
    }

    /// Reads the path of a URL, `/tools/add` or `/tools.add`; a slash and a dot are the same.
    pub fn of_path(path: &str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        if path.is_empty() {
            return None;
        }
        let mut dotted = String::with_capacity(path.len());
        for (at, segment) in path.split('/').enumerate() {
            if at > 0 {
                dotted.push('.');
            }
            dotted += &percent_decode_str(segment).decode_utf8().ok()?;
        }
        Self::parse(&dotted)
    }
}

/// True for the name of a module: identifiers between dots.
pub fn is_module_name(name: &str) -> bool {
    name.split('.').all(is_identifier)
}

/// A function of code that was sent before: its hash, and the name in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentFunction {
    /// Which code.
    pub code: CodeId,
    /// The name that it defines.
    pub function: String,
}

impl SentFunction {
    /// Reads the path of a URL, `/_owt/code/HASH/FN_NAME`; without a name it is `run`.
    pub fn of_path(path: &str) -> Option<Self> {
        let rest = path.strip_prefix(CODE_PATH)?.strip_prefix('/')?;
        let (hash, function) = rest.split_once('/').unwrap_or((rest, DEFAULT_FN_NAME));
        let function = percent_decode_str(function).decode_utf8().ok()?;
        let code = CodeId::from_hex(hash)?;
        is_identifier(&function).then(|| Self { code, function: function.into_owned() })
    }

    /// Its path.
    pub fn path(&self) -> String {
        format!("{CODE_PATH}/{}/{}", self.code, self.function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_paths() {
        for (path, read) in [
            ("/tools/add", Some(("tools", "add"))),
            ("/tools.add", Some(("tools", "add"))),
            ("/a/b/c", Some(("a.b", "c"))),
            ("/a.b/c", Some(("a.b", "c"))),
            ("/a/b.c", Some(("a.b", "c"))),
            ("/%74ools/add", Some(("tools", "add"))),
            ("/tools%2Fadd", None),
            ("/tools%2Eadd", Some(("tools", "add"))),
            ("/w%C3%B6rter/z%C3%A4hlen", Some(("wörter", "zählen"))),
            ("/tools/add/", None),
            ("/tools//add", None),
            ("//tools/add", None),
            ("/tools", None),
            ("/", None),
            ("", None),
            ("tools/add", None),
            ("/..", None),
            ("/tools/../add", None),
            ("/tools/class", None),
            ("/tools/1st", None),
            ("/tools/%FF", None),
            ("/tools/a-b", None),
        ] {
            let found = FunctionName::of_path(path);
            let found = found.as_ref().map(|name| (&*name.module, &*name.function));
            assert_eq!(found, read, "{path}");
        }
    }

    #[test]
    fn code_is_named_by_its_hash() {
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let path = format!("/_owt/code/{hash}/add");
        let read = SentFunction::of_path(&path).unwrap();
        assert_eq!((read.code.to_string(), &*read.function), (hash.to_owned(), "add"));
        assert_eq!(read.path(), path);
        let bare = SentFunction::of_path(&format!("/_owt/code/{hash}")).unwrap();
        assert_eq!(bare.function, "run");
        for wrong in [
            "/_owt/code".to_owned(),
            "/_owt/code/".to_owned(),
            "/_owt/code/abc/add".to_owned(),
            format!("/_owt/code/{hash}0/add"),
            format!("/_owt/code/{}/add", hash.replace('b', "g")),
            format!("/_owt/code/{hash}/"),
            format!("/_owt/code/{hash}/a/b"),
            format!("/_owt/codes/{hash}/a"),
        ] {
            assert_eq!(SentFunction::of_path(&wrong), None, "{wrong}");
        }
    }
}
