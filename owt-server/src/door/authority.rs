//! Parses `host[:port]` as it stands in `Host`, a URL or an `Origin` (RFC 3986 §3.2, RFC 9110
//! §7.2).

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A DNS name's length at most.
const LONGEST: usize = 253;

/// Who a request is meant for: a name in small letters, or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// Labels of letters, digits, `-` and `_`, with dots between them.
    Name(String),
    /// An address, written as such.
    Address(IpAddr),
}

/// A text that is no host's name or address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give a name such as owt.lan or an IP address, without scheme, port or trailing dot")]
pub struct HostError;

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(HostError)?;
            let address: Ipv6Addr = inner.parse().map_err(|_| HostError)?;
            return Ok(Self::Address(address.into()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        let mut labels = text.split('.');
        let is_fine = text.len() <= LONGEST && labels.clone().all(is_label);
        // A browser takes what ends so for an address, in one of its many spellings (WHATWG
        // URL, "ends in a number").
        let is_number = labels.next_back().is_some_and(is_number);
        if !is_fine || is_number {
            return Err(HostError);
        }
        Ok(Self::Name(text.to_ascii_lowercase()))
    }
}

fn is_label(label: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&label.len()) && label.bytes().all(is_fine)
}

fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    hex.map_or_else(
        || label.bytes().all(|byte| byte.is_ascii_digit()),
        |digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
    )
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl Host {
    /// True for what always means this machine: `localhost`, what ends in `.localhost`
    /// (RFC 6761 §6.3), and loopback addresses. No stranger's DNS can point these here.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Self::Address(address) => address.is_loopback(),
        }
    }
}

/// A host, and a port if one is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Authority {
    pub host: Host,
    pub port: Option<u16>,
}

impl Authority {
    /// Reads it strictly: no user, no empty port, nothing that two readers could take for two
    /// different things.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let end_of_host = text.find(']').map_or(0, |bracket| bracket + 1);
        let colon = text.get(end_of_host..)?.find(':').map(|colon| end_of_host + colon);
        let (host, port) = match colon {
            None => (text, None),
            Some(colon) => (text.get(..colon)?, Some(port(text.get(colon + 1..)?)?)),
        };
        Some(Self { host: host.parse().ok()?, port })
    }

    /// With the scheme's port where none is written.
    pub fn with_port_of(self, scheme: &str) -> Self {
        let port = match scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        Self { port: self.port.or(port), ..self }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => self.host.fmt(f),
            Some(port) => write!(f, "{}:{port}", self.host),
        }
    }
}

fn port(digits: &str) -> Option<u16> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    is_plain.then(|| digits.parse().ok()).flatten()
}

/// Where a page comes from: scheme, host and port (RFC 6454).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Cow<'static, str>,
    authority: Authority,
}

/// A text that is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "give a page's origin such as https://app.example or http://localhost:3000, without a path"
)]
pub struct OriginError;

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, authority) = text.split_once("://").ok_or(OriginError)?;
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        let begins = scheme.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        if !begins || !scheme.bytes().all(is_fine) {
            return Err(OriginError);
        }
        let authority = Authority::parse(authority.as_bytes()).ok_or(OriginError)?;
        Ok(Self::of(scheme.to_ascii_lowercase(), authority))
    }
}

impl Origin {
    pub(super) fn of(scheme: impl Into<Cow<'static, str>>, authority: Authority) -> Self {
        let scheme = scheme.into();
        let authority = authority.with_port_of(&scheme);
        Self { scheme, authority }
    }

    /// Of what reaches us by no name.
    pub(super) fn local() -> Self {
        let host = Host::Name("localhost".to_owned());
        Self::of("http", Authority { host, port: None })
    }

    /// `http`, `https` or what a browser's extensions use.
    pub(crate) fn scheme(&self) -> &str {
        &self.scheme
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority.host)?;
        match (&*self.scheme, self.authority.port) {
            ("http", Some(80)) | ("https", Some(443)) | (_, None) => Ok(()),
            (_, Some(port)) => write!(f, ":{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<String> {
        Authority::parse(text.as_bytes()).map(|authority| authority.to_string())
    }

    #[test]
    fn what_is_written_plainly_is_read() {
        for (text, read) in [
            ("localhost", "localhost"),
            ("LocalHost:9876", "localhost:9876"),
            ("a-b.c_d.localhost", "a-b.c_d.localhost"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("[::1]:65535", "[::1]:65535"),
            ("[0:0::1]", "[::1]"),
            ("evil.example", "evil.example"),
        ] {
            assert_eq!(parse(text).as_deref(), Some(read), "{text}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not() {
        for text in [
            "",
            ":",
            ":80",
            "localhost:",
            "localhost:0",
            "localhost:080",
            "localhost:+80",
            "localhost:65536",
            "localhost:80:80",
            "localhost:80@evil",
            "me@localhost",
            "me:pw@localhost",
            "localhost.",
            ".localhost",
            "a..b",
            "local host",
            "localhost\t",
            "localhost/",
            "localhost#",
            "localhost?x",
            "localhost\\evil",
            "localhost%00",
            "0x7f.1",
            "127.1",
            "2130706433",
            "0177.0.0.1",
            "127.0.0.01",
            "127.0.0.1.",
            "1.0x",
            "256.0.0.1",
            "[::1",
            "::1",
            "[::1]x",
            "[::1%lo]",
            "[127.0.0.1]",
            "[]",
            "ⓛocalhost",
            "*",
            "a,b",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(Authority::parse(b"\xff"), None);
        assert_eq!(parse(&format!("{}.localhost", "a".repeat(64))), None);
        assert_eq!(parse(&format!("{}localhost", "a.".repeat(130))), None);
    }

    #[test]
    fn local_is_what_nobody_else_can_point_here() {
        let is_local = |text: &str| text.parse::<Host>().unwrap().is_local();
        for local in ["localhost", "x.LOCALHOST", "127.0.0.1", "127.255.0.3", "[::1]"] {
            assert!(is_local(local), "{local}");
        }
        for other in [
            "notlocalhost",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "0.0.0.0",
            "[::]",
            "[::ffff:127.0.0.1]",
            "10.0.0.1",
            "localhost-x",
        ] {
            assert!(!is_local(other), "{other}");
        }
    }

    #[test]
    fn origins_are_equal_in_scheme_host_and_port() {
        let origin = |text: &str| text.parse::<Origin>();
        assert_eq!(origin("HTTP://LocalHost:80"), origin("http://localhost"));
        assert_ne!(origin("https://localhost"), origin("http://localhost:443"));
        assert_eq!(origin("https://a.b:443").unwrap().to_string(), "https://a.b");
        assert_eq!(origin("http://a.b:8080").unwrap().to_string(), "http://a.b:8080");
        assert!(origin("chrome-extension://abcdefgh").is_ok());
        for wrong in ["null", "*", "", "localhost", "http://", "http://a/", "http://a/b", "1x://a"]
        {
            assert_eq!(origin(wrong), Err(OriginError), "{wrong}");
        }
    }
}
