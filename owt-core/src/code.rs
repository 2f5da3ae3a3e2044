//! Identifies adaptors by their source text (§2).

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// The SHA-256 of an adaptor's source: two calls with equal ids send the same code.
///
/// Written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CodeId([u8; 32]);

impl CodeId {
    /// The identity that has this digest.
    pub fn from_bytes(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Reads 64 hexadecimal digits, in either case; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut digest = [0; 32];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != digest.len() || !rest.is_empty() {
            return None;
        }
        for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            *byte = u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?;
        }
        Some(Self(digest))
    }

    /// The digest itself.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for CodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // At once: it is in each line of an audit log.
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        let text: String =
            digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect();
        f.write_str(&text)
    }
}

impl fmt::Debug for CodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The module that code is the text of. It runs as that module, and not as an adaptor's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its full name, as it is imported.
    pub module: Arc<str>,
    /// Its file; empty for one that has none.
    pub path: Arc<str>,
}

/// Python source with its identity. Cloning shares the text.
#[derive(Clone, Debug)]
pub struct Code {
    source: Arc<str>,
    id: CodeId,
    origin: Option<Arc<Origin>>,
}

impl Code {
    /// Takes the source as it is; any text is code until Python has parsed it.
    pub fn new(source: impl Into<Arc<str>>) -> Self {
        let source = source.into();
        let id = CodeId(Sha256::digest(source.as_bytes()).into());
        Self { source, id, origin: None }
    }

    /// The source of a module. The same text sent as an adaptor's is other code.
    pub fn of_module(source: impl Into<Arc<str>>, origin: Origin) -> Self {
        let source = source.into();
        let mut digest = Sha256::new();
        for part in ["owt module", &origin.module, &origin.path, &source] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        Self { source, id: CodeId(digest.finalize().into()), origin: Some(Arc::new(origin)) }
    }

    /// The source with an identity that is known already: it is believed, not computed.
    pub fn with_id(source: impl Into<Arc<str>>, id: CodeId, origin: Option<Origin>) -> Self {
        Self { source: source.into(), id, origin: origin.map(Arc::new) }
    }

    /// The source text.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// The module that it is the text of, if it is one's.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_deref()
    }

    /// The identity of the source text, and of the module that it is the text of.
    pub fn id(&self) -> CodeId {
        self.id
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Code {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_is_the_sha256_of_the_source() {
        let code = Code::new("abc");
        // FIPS 180-2, appendix B.1.
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(code.id().to_string(), known);
        assert_eq!(format!("{:?}", code.id()), known);
        assert_eq!(CodeId::from_hex(known), Some(code.id()));
        assert_eq!(CodeId::from_hex(&known.to_uppercase()), Some(code.id()));
        for wrong in ["", "ba", &known[1..], &known.replace('8', "x"), &known.replace('a', "é")] {
            assert_eq!(CodeId::from_hex(wrong), None, "{wrong}");
        }
        assert_eq!(code, Code::new(String::from("abc")));
        assert_ne!(code, Code::new("abd"));
    }

    #[test]
    fn a_modules_text_is_no_adaptors_and_no_other_modules() {
        let origin = |module: &str, path: &str| Origin { module: module.into(), path: path.into() };
        let code = Code::of_module("abc", origin("a", "/b"));
        assert_eq!(code, Code::of_module("abc", origin("a", "/b")));
        let others = [origin("b", "/b"), origin("a", "/c"), origin("a/", "b")];
        for other in others.map(|origin| Code::of_module("abc", origin)) {
            assert_ne!(code, other);
        }
        assert_ne!(code, Code::new("abc"));
    }
}
