//! Parses values that have units or rules of their own.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;

/// A length of time: `3`, `0.5`, `1m30s`. A bare number is seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span(pub(crate) Duration);

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "give a time such as 3, 0.5, 20s or 1m30s, above 0";
        let time = match text.parse::<f64>() {
            Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| WANTED)?,
            Err(_) => humantime::parse_duration(text).map_err(|_| WANTED)?,
        };
        if time.is_zero() { Err(WANTED) } else { Ok(Self(time)) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// A number of bytes: `600M` is 600 000 000, `600Mi` 629 145 600.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let size: ByteSize =
            text.parse().map_err(|_| "give a size in bytes such as 4096, 600M, 2G or 512Mi")?;
        Ok(Self(size.as_u64()))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `iec_short` spells 268435456 as 256.0M, which reads back as something else.
        match self.0 {
            bytes if bytes > 0 && bytes % (1 << 30) == 0 => write!(f, "{}Gi", bytes >> 30),
            bytes if bytes > 0 && bytes % (1 << 20) == 0 => write!(f, "{}Mi", bytes >> 20),
            bytes => write!(f, "{bytes}"),
        }
    }
}

/// An IP address, or the one name that always means the same one.
pub(crate) fn address(text: &str) -> Result<IpAddr, &'static str> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => text
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .map_err(|_| "give an IP address such as 127.0.0.1, ::1 or 0.0.0.0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let millis = |text: &str| text.parse::<Span>().map(|span| span.0.as_millis());
        assert_eq!(millis("3"), Ok(3000));
        assert_eq!(millis("0.5"), Ok(500));
        assert_eq!(millis("1m30s"), Ok(90_000));
        assert_eq!(millis("2h"), Ok(7_200_000));
        for wrong in ["", "0", "-1", "0s", "inf", "nan", "soon", "3 apples"] {
            assert!(millis(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Span(Duration::from_secs(90)).to_string(), "1m 30s");
    }

    #[test]
    fn sizes() {
        let bytes = |text: &str| text.parse::<Size>().map(|size| size.0);
        assert_eq!(bytes("0"), Ok(0));
        assert_eq!(bytes("4096"), Ok(4096));
        assert_eq!(bytes("600M"), Ok(600_000_000));
        assert_eq!(bytes("2G"), Ok(2_000_000_000));
        assert_eq!(bytes("512Mi"), Ok(512 << 20));
        assert_eq!(bytes("1 GiB"), Ok(1 << 30));
        assert!(bytes("much").is_err() && bytes("-1").is_err());
        for size in [0, 1, 1000, 1 << 20, 3 << 30, (1 << 20) + 1] {
            assert_eq!(bytes(&Size(size).to_string()), Ok(size));
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(address("localhost"), Ok(Ipv4Addr::LOCALHOST.into()));
        assert!(address("[::1]").unwrap().is_loopback());
        assert!(address("example.org").is_err());
    }
}
