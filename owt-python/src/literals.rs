//! Long `bytes` literals, read here: Python's compiler takes a second and much memory for 30 MB.

/// A literal as long as this is worth it.
const LONG: usize = 64 << 10;

/// An expression in which names stand for its long literals.
#[derive(Debug, PartialEq)]
pub struct Lifted {
    pub text: String,
    /// The literals' values. The first one's name is `_owt_0`, the next one's `_owt_1`.
    pub held: Vec<Vec<u8>>,
}

/// Takes the long literals out of an expression. None where there is none, or something stands in
/// it that is better left to Python: comments, strings in three quotes, f-strings.
pub fn lift(text: &str) -> Option<Lifted> {
    if text.len() < LONG {
        return None;
    }
    let bytes = text.as_bytes();
    let mut lifted = Lifted { text: String::new(), held: Vec::new() };
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = bytes.get(at..)?.iter().position(|b| matches!(b, b'\'' | b'"' | b'#')) {
        let open = at + found;
        let quote = *bytes.get(open).filter(|quote| **quote != b'#')?;
        if bytes.get(open..)?.starts_with(&[quote; 3]) {
            return None;
        }
        let close = open + 1 + length(bytes.get(open + 1..)?, quote)?;
        let prefix = bytes.get(at..open)?;
        let word = prefix.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_');
        let start = open - word.count();
        match bytes.get(start..open)? {
            b"b" | b"B" if close - open > LONG => {
                let value = value(bytes.get(open + 1..close)?)?;
                lifted.text.push_str(text.get(copied..start)?);
                lifted.text.push_str(&format!(" _owt_{} ", lifted.held.len()));
                lifted.held.push(value);
                copied = close + 1;
            }
            b"" | b"b" | b"B" | b"r" | b"R" | b"u" | b"U" => {}
            _ => return None,
        }
        at = close + 1;
    }
    lifted.text.push_str(text.get(copied..)?);
    (!lifted.held.is_empty()).then_some(lifted)
}

/// How long a string is that ends with this quote on its line.
fn length(bytes: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    loop {
        match *bytes.get(at)? {
            b'\\' => at += 2,
            b'\n' | b'\r' => return None,
            byte if byte == quote => return Some(at),
            _ => at += 1,
        }
    }
}

/// What stands between the quotes of a `bytes` literal; None if Python would complain about it.
fn value(literal: &[u8]) -> Option<Vec<u8>> {
    let mut made = Vec::with_capacity(literal.len() / 2);
    let mut rest = literal;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            made.push(Some(*byte).filter(u8::is_ascii)?);
            continue;
        }
        let (letter, after) = rest.split_first()?;
        rest = after;
        made.push(match letter {
            b'x' => {
                let (digits, after) = rest.split_first_chunk::<2>()?;
                rest = after;
                let digit = |digit: u8| char::from(digit).to_digit(16);
                u8::try_from(digit(digits[0])? << 4 | digit(digits[1])?).ok()?
            }
            b'\\' | b'\'' | b'"' => *letter,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'a' => 0x07,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'v' => 0x0b,
            _ => return None,
        });
    }
    Some(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(unit: &str) -> String {
        unit.repeat(LONG)
    }

    #[test]
    fn long_bytes_are_taken_out() {
        let text =
            format!("{{'é': b'{}', \"b'\": B\"{}\", 'n': b'short'}}", long("\\x00a"), long("'"));
        let lifted = lift(&text).unwrap();
        assert_eq!(lifted.text, "{'é':  _owt_0 , \"b'\":  _owt_1 , 'n': b'short'}");
        assert_eq!(lifted.held, [b"\0a".repeat(LONG), b"'".repeat(LONG)]);
    }

    #[test]
    fn every_escape_is_read_as_python_reads_it() {
        let each = br#"\x00\xff\\\'\"\n\r\t\a\b\f\v ~"#;
        let wanted = b"\x00\xff\\'\"\n\r\t\x07\x08\x0c\x0b ~";
        assert_eq!(value(each).unwrap(), wanted);
        for strange in [&b"\\x0"[..], b"\\xg0", b"\\d", b"\\0", b"\\", b"\xe9", b"\\x+1"] {
            assert_eq!(value(strange), None, "{}", strange.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_plain_literal_is_left() {
        let long = long("ab");
        for text in [
            format!("['{long}']"),
            format!("[r'{long}']"),
            format!("[rb'{long}']"),
            format!("[f'{long}', b'{long}']"),
            format!("[b'''{long}''']"),
            format!("[b'{long}\n']"),
            format!("[b'{long}]"),
            format!("[b'{long}'] # b'"),
            format!("[b'{long}é']"),
            format!("['b' '{long}']"),
            format!("[b'{long}\\']"),
            "b''".to_owned(),
        ] {
            assert_eq!(lift(&text), None, "{}", &text[..text.len().min(9)]);
        }
    }
}
