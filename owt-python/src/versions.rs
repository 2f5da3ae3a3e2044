//! Tells an edited version of code from another adaptor, and how a version stands to the others.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU8, Ordering};

use owt_core::{Call, Code};

use owt_engine::Context;

/// Bytes of code that can be told from another adaptor. What is shorter is alike by chance, and
/// holds nothing that would be missed in memory.
const SHORTEST: usize = 40;

/// Code, and where it was called when it was loaded.
#[derive(Clone, Debug)]
pub struct Version {
    pub code: Code,
    pub path: Box<str>,
    pub fn_name: Box<str>,
    pub code_name: Option<Box<str>>,
}

impl Version {
    pub fn of(call: &Call, context: &Context) -> Self {
        Self {
            code: call.code.clone(),
            path: context.path.as_str().into(),
            fn_name: call.fn_name().into(),
            code_name: context.code_name.as_deref().map(Into::into),
        }
    }

    /// True when one was edited into the other, by all that can be seen: they are called by the
    /// same path and `fn_name`, and one source is much like the other.
    pub fn is_edit_of(&self, other: &Self) -> bool {
        self.path == other.path
            && self.fn_name == other.fn_name
            && self.code.id() != other.code.id()
            && self.code.source().len().min(other.code.source().len()) >= SHORTEST
            && resemble(self.code.source(), other.code.source())
    }
}

/// True when at least half of the shorter one is what both begin and end with, or lines of the
/// other.
fn resemble(one: &str, other: &str) -> bool {
    let (shorter, longer) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let is_half = |common: usize| !shorter.is_empty() && common * 2 >= shorter.len();
    is_half(common_ends(shorter.as_bytes(), longer.as_bytes())) || {
        let known: HashSet<_> = longer.split_inclusive('\n').collect();
        let lines = shorter.split_inclusive('\n').filter(|line| known.contains(line));
        is_half(lines.map(str::len).sum())
    }
}

/// How many bytes both begin and end with.
fn common_ends(shorter: &[u8], longer: &[u8]) -> usize {
    let alike = |(a, b): &(&u8, &u8)| a == b;
    let beginning = shorter.iter().zip(longer).take_while(alike).count();
    let end = shorter.iter().rev().zip(longer.iter().rev()).take_while(alike).count();
    // Where one holds the other, both could count the same bytes.
    (beginning + end).min(shorter.len())
}

/// How a loaded version stands to the others.
#[derive(Debug, Default)]
pub struct Standing(AtomicU8);

const NEWEST: u8 = 0;
const SUPERSEDED: u8 = 1;
const IN_USE: u8 = 2;

impl Standing {
    /// Of code that was let go and came back: it is in use beside its edits.
    pub fn in_use() -> Self {
        Self(AtomicU8::new(IN_USE))
    }

    /// An edit takes its place. False when it stays beside that.
    pub fn supersede(&self) -> bool {
        let swap = (Ordering::Relaxed, Ordering::Relaxed);
        self.0.compare_exchange(NEWEST, SUPERSEDED, swap.0, swap.1).is_ok()
    }

    /// It is called: an edit that has taken its place did not replace it.
    pub fn called(&self) {
        if self.is_superseded() {
            self.0.store(IN_USE, Ordering::Relaxed);
        }
    }

    pub fn is_superseded(&self) -> bool {
        self.0.load(Ordering::Relaxed) == SUPERSEDED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(source: &str, path: &str, fn_name: Option<&str>) -> Version {
        let mut call = Call::of(Code::new(source));
        call.fn_name = fn_name.map(Into::into);
        Version::of(&call, &Context { path: path.to_owned(), ..Context::default() })
    }

    #[test]
    fn an_edit_resembles_what_it_was_made_of() {
        let before = "import torch\nmodel = torch.load('w')\ndef run(x):\n    return model(x)\n";
        for after in [
            &before.replace("'w'", "'v2'"),
            &format!("# a comment\n{before}"),
            &format!("{before}# a comment\n"),
            &before.replace("return model(x)", "y = model(x)\n    return y * 2"),
            // In two places, far from each other.
            &format!("# new\n{before}# new\n"),
        ] {
            assert!(version(after, "/", None).is_edit_of(&version(before, "/", None)), "{after}");
        }
    }

    #[test]
    fn another_adaptor_does_not() {
        let one = version("import json\ndef run(x): return json.dumps(x)", "/", None);
        for (source, path, fn_name) in [
            ("from owt import *\n\n\nasync def run():\n    yield 1\n", "/", None),
            ("import json\ndef run(y): return json.dumps(y)", "/other", None),
            ("import json\ndef run(y): return json.dumps(y)", "/", Some("go")),
            ("import json\ndef run(x): return json.dumps(x)", "/", None),
            // All of its end is the other's, too little to tell.
            ("json.dumps(x)", "/", None),
            ("", "/", None),
        ] {
            assert!(!version(source, path, fn_name).is_edit_of(&one), "{source}");
        }
    }

    #[test]
    fn bytes_count_once() {
        assert_eq!(common_ends(b"ab", b"abab"), 2);
        assert!(!resemble("aXXXXXX", "aYYYYYYYY") && !resemble("", "x"));
    }

    #[test]
    fn a_superseded_version_that_is_called_stays() {
        let standing = Standing::default();
        assert!(standing.supersede() && standing.is_superseded());
        assert!(!standing.supersede());
        standing.called();
        assert!(!standing.is_superseded() && !standing.supersede());
        assert!(!Standing::in_use().supersede());
    }
}
