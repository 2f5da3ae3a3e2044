//! Decodes base64 as people and their tools really send it (§1).

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_PAD_INDIFFERENT, URL_SAFE_NO_PAD};

/// What a space inside base64 most likely was, by the way the text travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spaces {
    /// From a query string or a urlencoded form, where a bare `+` arrives as a space.
    Pluses,
    /// From JSON or a multipart part, where nothing turns a `+` into a space.
    Whitespace,
}

/// Why a text is not base64 of UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undecodable {
    /// Not base64.
    Base64,
    /// Base64, of bytes that are not UTF-8.
    Utf8,
}

/// Standard alphabet with padding: what every base64 library reads.
pub(crate) fn encode(text: &str) -> String {
    STANDARD.encode(text)
}

/// The same, behind what stands there already, without a copy.
pub(crate) fn encode_behind(text: &str, out: &mut String) {
    out.reserve_exact(text.len().div_ceil(3) * 4);
    STANDARD.encode_string(text, out);
}

/// URL-safe alphabet without padding (RFC 4648 §5): stands in a URL as it is.
pub(crate) fn encode_for_url(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Decodes either alphabet, even mixed, with or without padding, over lines.
///
/// Spaces are first read as `spaces` says, and the other way when that gives
/// no text.
pub(crate) fn decode(encoded: &str, spaces: Spaces) -> Result<String, Undecodable> {
    let first = decode_reading(encoded, spaces);
    if first.is_ok() || !encoded.contains(' ') {
        return first;
    }
    let other = match spaces {
        Spaces::Pluses => Spaces::Whitespace,
        Spaces::Whitespace => Spaces::Pluses,
    };
    decode_reading(encoded, other).or(first)
}

fn decode_reading(encoded: &str, spaces: Spaces) -> Result<String, Undecodable> {
    let bytes = STANDARD_PAD_INDIFFERENT
        .decode(standard_alphabet(encoded, spaces).as_ref())
        .map_err(|_| Undecodable::Base64)?;
    String::from_utf8(bytes).map_err(|_| Undecodable::Utf8)
}

/// The text in the standard alphabet and without whitespace; borrowed when it
/// already is, as on the hot path.
fn standard_alphabet(encoded: &str, spaces: Spaces) -> Cow<'_, [u8]> {
    let foreign = |byte: &u8| matches!(byte, b'-' | b'_') || byte.is_ascii_whitespace();
    if !encoded.bytes().any(|byte| foreign(&byte)) {
        return Cow::Borrowed(encoded.as_bytes());
    }
    let rewrite = |byte| match byte {
        b'-' => Some(b'+'),
        b'_' => Some(b'/'),
        b' ' if spaces == Spaces::Pluses => Some(b'+'),
        byte if byte.is_ascii_whitespace() => None,
        byte => Some(byte),
    };
    encoded.bytes().filter_map(rewrite).collect()
}

/// Whether a text that is not base64 looks like Python or JSON sent as it is.
pub(crate) fn looks_plain(text: &str) -> bool {
    text.contains(|c: char| !c.is_ascii() || "(){}[]:'\"`.,;#@!?*%&|<>\\$^~".contains(c))
        || text.split_whitespace().nth(1).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn both(encoded: &str) -> Result<String, Undecodable> {
        let query = decode(encoded, Spaces::Pluses);
        assert_eq!(query, decode(encoded, Spaces::Whitespace), "{encoded:?}");
        query
    }

    #[test]
    fn alphabets_mix_and_padding_is_optional() {
        assert_eq!(STANDARD.encode("ࠀ?>ࠀ?"), "4KCAPz7goIA/");
        for encoded in ["fj9+", "fj9-", "fj9-\n", " fj9-", "f\r\nj9\t-"] {
            assert_eq!(decode(encoded, Spaces::Whitespace).unwrap(), "~?~");
        }
        for encoded in ["Pz8_Pw==", "Pz8/Pw=", "Pz8_Pw", "Pz8/\nPw"] {
            assert_eq!(both(encoded).unwrap(), "????");
        }
        assert_eq!(both("").unwrap(), "");
    }

    #[test]
    fn a_plus_that_became_a_space_is_understood() {
        assert_eq!(decode("fj9 ", Spaces::Pluses).unwrap(), "~?~");
        // The last resort: without the plus, the length fits no base64.
        assert_eq!(decode("fj9 fj9 fg==", Spaces::Whitespace).unwrap(), "~?~~?~~");
        // Spaces that a query really sent (`%20`), between lines.
        assert_eq!(decode("aGVs bG8=", Spaces::Pluses).unwrap(), "hello");
    }

    #[test]
    fn neither_reading() {
        assert_eq!(both("f(x)"), Err(Undecodable::Base64));
        assert_eq!(both("a"), Err(Undecodable::Base64));
        assert_eq!(both("aGVsbG8=aGVsbG8="), Err(Undecodable::Base64));
        // JavaScript's btoa("é").
        assert_eq!(both("6Q=="), Err(Undecodable::Utf8));
    }

    #[test]
    fn plain_text_is_told_from_broken_base64() {
        assert!(looks_plain("def run(): pass"));
        assert!(looks_plain("{\"a\": 1}"));
        assert!(looks_plain("solve AGI"));
        assert!(!looks_plain("aGVsbG8=aGVs"));
    }

    proptest! {
        #[test]
        fn every_way_of_writing_comes_back(text in ".*", width in 1usize..80, pad: bool) {
            let mut encoded = if pad { encode(&text) } else { encode_for_url(&text) };
            prop_assert_eq!(&both(&encoded).unwrap(), &text);
            let lines: Vec<_> = encoded.as_bytes().chunks(width).map(|l| std::str::from_utf8(l).unwrap()).collect();
            encoded = lines.join("\r\n");
            prop_assert_eq!(&both(&encoded).unwrap(), &text);
            prop_assert_eq!(&decode(&encode(&text).replace('+', " "), Spaces::Pluses).unwrap(), &text);
        }
    }
}
