//! Quotes text so that Python's `eval` gives it back unchanged.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes beyond this length are written in base64, which is a third as long as `\xNN` and which
/// Python reads without compiling it.
const LONGEST_BYTES: usize = 1024;

/// A `str` literal in single quotes. What a person could not see, or a tool on
/// the way could take for a line end, is escaped.
pub(super) fn write_str(out: &mut String, text: &str) {
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => escape(out, 'x', 2, c),
            c if is_invisible(c) => escape(out, 'u', 4, c),
            c => out.push(c),
        }
    }
    out.push('\'');
}

/// A `bytes` literal: printable ASCII as it is, all else as `\xNN`; many bytes in base64.
pub(super) fn write_bytes(out: &mut String, bytes: &[u8]) {
    if bytes.len() > LONGEST_BYTES {
        let (before, after) = ("__import__('binascii').a2b_base64('", "')");
        out.reserve_exact(before.len() + bytes.len().div_ceil(3) * 4 + after.len());
        out.push_str(before);
        STANDARD.encode_string(bytes, out);
        out.push_str(after);
        return;
    }
    out.push_str("b'");
    for byte in bytes {
        match byte {
            b'\'' => out.push_str("\\'"),
            b'\\' => out.push_str("\\\\"),
            b' '..=b'~' => out.push(char::from(*byte)),
            byte => escape(out, 'x', 2, char::from(*byte)),
        }
    }
    out.push('\'');
}

fn escape(out: &mut String, letter: char, width: usize, c: char) {
    // Writing to a String does not fail.
    let _ = write!(out, "\\{letter}{:0width$x}", u32::from(c));
}

/// Line separators, byte order mark, zero-width and direction marks.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
