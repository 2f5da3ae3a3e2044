//! Reads W3C Trace Context: which trace of a larger system a request is part of.

/// Length of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// What a valid `traceparent` header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace<'a> {
    /// 32 hexadecimal digits: the trace, the same in every program that takes part.
    pub id: &'a str,
    /// Two hexadecimal digits: whether it is sampled.
    pub flags: &'a str,
}

impl<'a> Trace<'a> {
    /// Reads a header's value; `None` when it is not valid. What a later version adds at the
    /// end is passed over, as the standard asks.
    #[must_use]
    pub fn parse(header: &'a str) -> Option<Self> {
        let version = header.get(..2)?;
        let rest = header.get(LENGTH..)?;
        let whole = rest.is_empty() || (version != "00" && rest.starts_with('-'));
        let mut parts = header.get(2..LENGTH)?.split('-');
        let (before, id, parent, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let valid = whole
            && before.is_empty()
            && parts.next().is_none()
            && is_hex(version, 2)
            && version != "ff"
            && is_number(id, 32)
            && is_number(parent, 16)
            && is_hex(flags, 2);
        valid.then_some(Self { id, flags })
    }

    /// The header for the answer: the same trace, with a span of this server's.
    #[must_use]
    pub fn answer(&self, span: &str) -> String {
        format!("00-{}-{span}-{}", self.id, self.flags)
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Ids of nothing but zeros are not valid.
fn is_number(text: &str, length: usize) -> bool {
    is_hex(text, length) && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn valid_ones_are_read_and_continued() {
        let header = format!("00-{ID}-00f067aa0ba902b7-01");
        let trace = Trace::parse(&header).unwrap();
        assert_eq!(trace, Trace { id: ID, flags: "01" });
        assert_eq!(trace.answer("1234567890abcdef"), format!("00-{ID}-1234567890abcdef-01"));
        let later = format!("cc-{ID}-00f067aa0ba902b7-01-what-comes");
        assert_eq!(Trace::parse(&later), Some(trace));
    }

    #[test]
    fn others_are_none() {
        for header in [
            String::new(),
            format!("00-{ID}-00f067aa0ba902b7"),
            format!("00-{ID}-00f067aa0ba902b7-01-more"),
            format!("cc-{ID}-00f067aa0ba902b7-01more"),
            format!("ff-{ID}-00f067aa0ba902b7-01"),
            format!("0-{ID}0-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", ID.to_uppercase()),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{ID}-0000000000000000-01"),
            format!("00-{ID}-00f067aa0ba902b-701"),
            format!("00-{ID}-00f067aa0ba902b7-zz"),
            format!("00-{}é00f067aa0ba902b7-01", &ID[..31]),
        ] {
            assert_eq!(Trace::parse(&header), None, "{header}");
        }
    }
}
