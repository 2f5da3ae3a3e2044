//! Makes text from strangers safe for the log: what clients send and adaptors write must not end a
//! line, imitate one of the server's, or control the terminal.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// What begins the further lines of one message, a traceback's: no line of the server's own does.
const FURTHER: &str = "\n    ";

/// Passes text on, with escapes in the place of what would not be seen.
pub(super) struct Visible<W>(pub W);

impl<W: Write> Write for Visible<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if is_plain(text) {
            return self.0.write_str(text);
        }
        let mut shown = 0;
        for (at, hidden) in text.char_indices().filter(|(_, letter)| is_hidden(*letter)) {
            let (before, after) = (text.get(shown..at), text.get(at..).unwrap_or_default());
            if !after.starts_with(FURTHER) {
                write!(self.0, "{}{}", before.unwrap_or_default(), hidden.escape_default())?;
                shown = at + hidden.len_utf8();
            }
        }
        self.0.write_str(text.get(shown..).unwrap_or_default())
    }
}

/// The text as a terminal may show it.
pub(crate) fn visible(text: &str) -> String {
    let mut seen = Visible(String::with_capacity(text.len()));
    // Writing to a String does not fail.
    let done = seen.write_str(text);
    debug_assert!(done.is_ok());
    seen.0
}

/// True for printable ASCII and nothing else. Eight bytes at a time: adaptors print much, and it is
/// mostly that.
fn is_plain(text: &str) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let (eights, rest) = text.as_bytes().as_chunks::<8>();
    let are_plain = |eight: &[u8; 8]| {
        let eight = u64::from_ne_bytes(*eight);
        // A byte's highest bit is set in one of these if it is no ASCII, below a space, or DEL. The
        // lowest such byte has no carry from one before it.
        let (below, above) = (eight.wrapping_sub(ONES * 0x20), eight.wrapping_add(ONES));
        (eight | below | above) & (ONES << 7) == 0
    };
    eights.iter().all(are_plain) && rest.iter().all(|byte| (b' '..=b'~').contains(byte))
}

/// Control characters, and those that change the order or the lines of what is shown.
fn is_hidden(letter: char) -> bool {
    let reorders = matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    reorders || (letter.is_control() && letter != '\t')
}

/// The same for a line of JSON, where what is below a space is escaped already.
pub(super) fn visible_json(line: &[u8]) -> Cow<'_, [u8]> {
    if line.is_ascii() && !line.contains(&0x7f) {
        return line.into();
    }
    let text = String::from_utf8_lossy(line);
    let mut seen = String::with_capacity(text.len());
    for letter in text.chars() {
        // All of these have four digits, and the line's end is its own.
        let done = match letter {
            '\n' => seen.write_char(letter),
            hidden if is_hidden(hidden) => write!(seen, "\\u{:04x}", u32::from(hidden)),
            letter => seen.write_char(letter),
        };
        // Writing to a String does not fail.
        debug_assert!(done.is_ok());
    }
    seen.into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_not_be_seen_is_escaped() {
        for (text, seen) in [
            ("as it is, äöü\t✓", "as it is, äöü\t✓"),
            ("one\ntwo\r", "one\\ntwo\\r"),
            ("one\n    of\n   two\n\n    ", "one\n    of\\n   two\\n\n    "),
            ("\x1b[31mred\u{9b}0m\x7f", "\\u{1b}[31mred\\u{9b}0m\\u{7f}"),
            ("\u{202e}evil\u{2066}\u{2028}", "\\u{202e}evil\\u{2066}\\u{2028}"),
            ("", ""),
        ] {
            let mut written = String::new();
            Visible(&mut written).write_str(text).unwrap();
            assert_eq!(written, seen);
        }
    }

    #[test]
    fn plain_is_what_needs_no_second_look() {
        for byte in 0..=0x7f_u8 {
            for place in 0..11 {
                let mut text = [b'a'; 11];
                text[place] = byte;
                let text = std::str::from_utf8(&text).unwrap();
                assert_eq!(is_plain(text), (b' '..=b'~').contains(&byte), "{text:?}");
            }
        }
        assert!(is_plain("") && !is_plain("aaaaaaaä"));
    }

    #[test]
    fn json_stays_json() {
        for text in ["plain", "\u{9b}0m\x7f\u{202e}ä\u{2028}"] {
            let line = format!("{}\n", serde_json::json!({ "message": text }));
            let seen = String::from_utf8(visible_json(line.as_bytes()).into_owned()).unwrap();
            assert!(seen.trim_end().chars().all(|letter| !is_hidden(letter)), "{seen}");
            let read: serde_json::Value = serde_json::from_str(&seen).unwrap();
            assert_eq!(read["message"], text);
        }
    }
}
