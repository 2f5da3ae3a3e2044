//! Decides which `Range` of a file is answered as one (RFC 9110, 14.2).

use actix_web::http::header::{self, HeaderMap};

/// True when actix-files answers the request's `Range` rightly: there is none, it asks for one
/// part of a file of that size, or all of it lies beyond the end (416).
///
/// Any other is to be ignored, which answers the whole file. That is a must for what is no range
/// (`bytes=5-2`) and for unknown units. For several parts it may be done: of those, actix-files
/// would give the first alone.
pub(super) fn is_one(headers: &HeaderMap, size: u64) -> bool {
    let mut all = headers.get_all(header::RANGE);
    let Some(value) = all.next() else { return true };
    let is_single = all.next().is_none();
    let range = value.to_str().ok().and_then(|text| Parts::read(text, size));
    is_single && range.is_some_and(|parts| parts.there == 0 || (parts.there == 1 && !parts.is_odd))
}

/// What a `Range` asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parts {
    /// How many of its parts are in the file.
    there: usize,
    /// It has a number or a part that only the whole file answers.
    is_odd: bool,
}

impl Parts {
    /// `None` for what is no range of bytes.
    fn read(value: &str, size: u64) -> Option<Self> {
        let (unit, set) = value.split_once('=')?;
        let mut specs =
            set.split(',').map(|spec| spec.trim_matches([' ', '\t'])).filter(|it| !it.is_empty());
        let mut parts = Self::default();
        let first = specs.next().filter(|_| unit.eq_ignore_ascii_case("bytes"))?;
        parts.add(first, size)?;
        specs.try_for_each(|spec| parts.add(spec, size))?;
        Some(parts)
    }

    fn add(&mut self, spec: &str, size: u64) -> Option<()> {
        let (first, last) = spec.split_once('-')?;
        let is_there = if first.is_empty() {
            // No 206 can say the last bytes of nothing.
            self.is_odd |= size == 0;
            self.number(last)? > 0
        } else {
            let first = self.number(first)?;
            let last = if last.is_empty() { u64::MAX } else { self.number(last)? };
            if last < first {
                return None;
            }
            first < size
        };
        self.there += usize::from(is_there);
        Some(())
    }

    /// Digits; a number that is too large for anything is odd.
    fn number(&mut self, digits: &str) -> Option<u64> {
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = digits.parse();
        self.is_odd |= number.is_err();
        Some(number.unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn asked(values: &[&str], size: u64) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::RANGE, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        is_one(&headers, size)
    }

    #[test]
    fn one_part_and_none_are_answered_and_the_rest_is_ignored() {
        const HUGE: &str = "99999999999999999999999";
        assert!(asked(&[], 10));
        for (range, size, is_answered) in [
            ("bytes=0-0", 10, true),
            ("bytes=2-", 10, true),
            ("bytes=-3", 10, true),
            ("bytes=-99", 10, true),
            ("Bytes=5-99", 10, true),
            ("bytes= 2-4 ,", 10, true),
            ("bytes=2-4, 10-20", 10, true),
            ("bytes=10-", 10, true),
            ("bytes=-0", 10, true),
            ("bytes=10-11,-0", 10, true),
            ("bytes=0-", 0, true),
            (&format!("bytes={HUGE}-"), 10, true),
            ("bytes=0-1,3-4", 10, false),
            ("bytes=0-1,0-1", 10, false),
            ("bytes=5-2", 10, false),
            ("bytes=0-1,5-2", 10, false),
            ("bytes=-", 10, false),
            ("bytes=", 10, false),
            ("bytes=,", 10, false),
            ("bytes", 10, false),
            ("bytes=a-b", 10, false),
            ("bytes=+1-2", 10, false),
            ("bytes=1 - 2", 10, false),
            ("bytes=--1", 10, false),
            ("bytes=1-2-3", 10, false),
            ("lines=0-1", 10, false),
            ("b\u{fc}tes=0-1", 10, false),
            ("bytes=-5", 0, false),
            (&format!("bytes=0-{HUGE}"), 10, false),
            (&format!("bytes=-{HUGE}"), 10, false),
            (&format!("bytes={HUGE}-,0-1"), 10, false),
        ] {
            assert_eq!(asked(&[range], size), is_answered, "{range} of {size}");
        }
        assert!(!asked(&["bytes=0-1", "bytes=0-1"], 10));
    }
}
