//! Asks a Python whether a typed text is an expression, or a value.

use std::io::Write;
use std::process::{Command, Stdio};

/// Prints one line of JSON about standard input: for `check` why it is no expression, for `literal`
/// the value as Python writes it, or null.
const ASK: &str = "\
import ast, json, sys
text = sys.stdin.buffer.read().decode().strip()
try:
    if sys.argv[1] == 'check':
        ast.parse(text, '<expression>', 'eval')
        said = None
    else:
        said = repr(ast.literal_eval(text))
except Exception as error:
    import traceback
    said = None
    if sys.argv[1] == 'check':
        said = ''.join(traceback.format_exception_only(error)).rstrip()
print(json.dumps(said))";

/// Why a text is no expression, as Python says it, with the place marked; `None` if it is one, or
/// where no Python is at hand: then the server says.
pub(crate) fn why_none(text: &str) -> Option<String> {
    ask("check", text)
}

/// The text as a Python literal if it is a Python value; `None` if it is none.
pub(crate) fn literal(text: &str) -> Option<String> {
    // What begins otherwise is text, which needs no Python to know.
    let begins = |c: char| c.is_ascii_digit() || "'\"([{+-.".contains(c);
    let text = text.trim();
    let unprefixed = text.trim_start_matches(['b', 'B', 'r', 'R', 'u', 'U']);
    let is_name = ["True", "False", "None", "Ellipsis", "set()", "..."].contains(&text);
    if !is_name && !text.starts_with(begins) && !unprefixed.starts_with(['\'', '"']) {
        return None;
    }
    ask("literal", text)
}

fn ask(what: &str, text: &str) -> Option<String> {
    let mut command = Command::new(owt_server::default_python());
    command.args(["-I", "-S", "-c", ASK, what]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = command.stderr(Stdio::null()).spawn().ok()?;
    // One that does not read has ended, and has said nothing.
    let _ = python.stdin.take()?.write_all(text.as_bytes());
    serde_json::from_slice(&python.wait_with_output().ok()?.stdout).ok()?
}
