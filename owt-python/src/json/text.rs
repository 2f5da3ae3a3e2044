//! Numbers and text as JSON spells them, byte for byte as Python's `json` does.

use super::pen::Pen;

/// Each byte of a word.
const ONES: u64 = u64::MAX / 255;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// A float as Python's `repr` writes it; `null` for what JSON has no word for.
#[inline]
pub fn float(pen: &mut Pen<'_>, number: f64) {
    if !number.is_finite() {
        return pen.put(b"null");
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(number);
    if (1e-9..1e-4).contains(&number.abs()) {
        return small(pen, text);
    }
    pen.put(text.as_bytes());
}

/// Python begins with exponents one power of ten earlier, and gives each two digits: `1.5e-05`, and
/// not `0.000015`; `1e-06`, and not `1e-6`.
#[cold]
fn small(pen: &mut Pen<'_>, text: &str) {
    if let Some((mantissa, exponent)) = text.split_once("e-") {
        pen.put(mantissa.as_bytes());
        pen.put(if exponent.len() < 2 { b"e-0" } else { b"e-" });
        return pen.put(exponent.as_bytes());
    }
    let Some((sign, digits)) = text.split_once("0.0000") else {
        return pen.put(text.as_bytes());
    };
    let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
    pen.put(sign.as_bytes());
    pen.put(first.as_bytes());
    if !rest.is_empty() {
        pen.byte(b'.');
        pen.put(rest.as_bytes());
    }
    pen.put(b"e-05");
}

#[inline]
pub fn integer(pen: &mut Pen<'_>, number: i64) {
    if number < 0 {
        pen.byte(b'-');
    }
    pen.digits(number.unsigned_abs());
}

#[inline]
pub fn boolean(pen: &mut Pen<'_>, value: bool) {
    pen.put(if value { b"true" } else { b"false" });
}

/// Text in quotation marks. Only what must be is escaped.
#[inline]
pub fn quoted(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len() + 32);
    out.push(b'"');
    while let Some(place) = special(rest) {
        let (plain, after) = rest.split_at(place);
        out.extend_from_slice(plain);
        if let Some((byte, after)) = after.split_first() {
            escaped(out, *byte);
            rest = after;
        }
    }
    let mut pen = Pen::new(out);
    pen.put(rest);
    pen.byte(b'"');
}

/// Text as UTF-16, which may hold halves of surrogate pairs, in quotation marks.
pub fn quoted_units(out: &mut Vec<u8>, units: impl Iterator<Item = u16>) {
    out.push(b'"');
    for unit in units {
        match u8::try_from(unit) {
            Ok(byte) if byte < 0x80 && !is_special(byte) => out.push(byte),
            Ok(byte) if byte < 0x80 => escaped(out, byte),
            _ => code(out, unit),
        }
    }
    out.push(b'"');
}

/// The same JSON in ASCII: outside of texts it has nothing else.
pub fn in_ascii(json: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    for letter in json.chars() {
        match u8::try_from(letter) {
            Ok(byte) if byte < 0x7f => out.push(byte),
            _ => letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| code(&mut out, *unit)),
        }
    }
    out
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Where the first byte is that has to be escaped, looked for a word at a time.
#[inline]
fn special(bytes: &[u8]) -> Option<usize> {
    let dirty = |word: &[u8; 8]| any_special(u64::from_ne_bytes(*word));
    let (words, rest) = bytes.as_chunks::<8>();
    let clean = words.iter().take_while(|word| !dirty(word)).count();
    if clean == words.len() {
        // The end of a longer text is looked at as a whole, too.
        match bytes.last_chunk() {
            Some(last) if !dirty(last) => return None,
            Some(_) => {}
            None if bytes.len() < 4 => return rest.iter().position(|byte| is_special(*byte)),
            None => {
                let (first, last) = (bytes.first_chunk::<4>()?, bytes.last_chunk::<4>()?);
                let first = u64::from(u32::from_ne_bytes(*first));
                let last = u64::from(u32::from_ne_bytes(*last));
                if !any_special(first << 32 | last) {
                    return None;
                }
            }
        }
    }
    let from = clean * 8;
    bytes.get(from..)?.iter().position(|byte| is_special(*byte)).map(|place| from + place)
}

/// Whether a byte of the word is special ("Bit Twiddling Hacks", haszero and hasless).
#[inline]
fn any_special(word: u64) -> bool {
    let less = |word: u64, than: u64| word.wrapping_sub(ONES * than) & !word;
    let is = |byte: u8| less(word ^ (ONES * u64::from(byte)), 1);
    (less(word, 0x20) | is(b'"') | is(b'\\')) & (ONES * 0x80) != 0
}

fn escaped(out: &mut Vec<u8>, byte: u8) {
    let letter = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => return code(out, u16::from(byte)),
    };
    out.extend_from_slice(&[b'\\', letter]);
}

fn code(out: &mut Vec<u8>, unit: u16) {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.extend(HEX.get(usize::from(unit >> shift & 15)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float_text(number: f64) -> String {
        let mut out = Vec::new();
        float(&mut Pen::new(&mut out), number);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_are_written_as_python_writes_them() {
        let table = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e-4, "0.0001"),
            (9.999e-5, "9.999e-05"),
            (1e-5, "1e-05"),
            (-1.25e-5, "-1.25e-05"),
            (1e-6, "1e-06"),
            (-2.5e-9, "-2.5e-09"),
            (9.5e-10, "9.5e-10"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "null"),
            (f64::NEG_INFINITY, "null"),
        ];
        for (number, text) in table {
            assert_eq!(float_text(number), text);
        }
    }

    #[test]
    fn a_special_byte_is_found_wherever_it_stands() {
        for length in 0..40 {
            let clean = vec![0xe9; length];
            assert_eq!(special(&clean), None);
            for place in 0..length {
                for byte in (0..0x20).chain([b'"', b'\\']) {
                    let mut bytes = clean.clone();
                    bytes[place] = byte;
                    assert_eq!(special(&bytes), Some(place));
                }
                for byte in (0x20..=0xff).filter(|byte| *byte != b'"' && *byte != b'\\') {
                    let mut bytes = vec![b'a'; length];
                    bytes[place] = byte;
                    assert_eq!(special(&bytes), None, "{byte:#x}");
                }
            }
        }
    }

    #[test]
    fn text_is_escaped_as_json_wants_it() {
        let mut out = Vec::new();
        quoted(&mut out, "a\"b\\c\n\r\t\u{8}\u{c}\u{1}\u{7f}é\u{1f600}");
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\u{7f}é\u{1f600}\"");
        let ascii = String::from_utf8(in_ascii(&text)).unwrap();
        assert_eq!(ascii, r#""a\"b\\c\n\r\t\b\f\u0001\u007f\u00e9\ud83d\ude00""#);
    }

    #[test]
    fn half_a_surrogate_pair_is_escaped() {
        let mut out = Vec::new();
        quoted_units(&mut out, [0x61, 0xd800, 0x22, 0x7f, 0xe9].into_iter());
        assert_eq!(String::from_utf8(out).unwrap(), "\"a\\ud800\\\"\u{7f}\\u00e9\"");
    }
}
