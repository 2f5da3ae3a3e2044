//! States what must hold of any bytes in `Host` and `Origin`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a property that panics does not hold"
)]

use url::Url;

use super::authority::{Authority, Host, Origin};

/// What is taken for a host or an origin is written as what means the same; browsers mean the
/// same by it; and what is taken for this machine is `localhost`, below it, or an address.
///
/// # Panics
/// When that does not hold.
pub fn host(data: &[u8]) {
    if let Some(authority) = Authority::parse(data) {
        let text = std::str::from_utf8(data).expect("nothing else is read");
        let written = authority.to_string();
        assert_eq!(Authority::parse(written.as_bytes()).as_ref(), Some(&authority), "{text:?}");
        assert!(written.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
        if authority.host.is_local() {
            assert!(is_plainly_local(&text.to_ascii_lowercase()), "{text:?}");
        }
        // A name that browsers refuse is nobody's.
        if let Ok(url) = Url::parse(&format!("http://{text}/")) {
            // In another spelling, perhaps.
            let theirs = url.host_str().map(str::parse::<Host>);
            assert_eq!(theirs, Some(Ok(authority.host)), "{text:?}");
            assert_eq!(url.port_or_known_default(), authority.port.or(Some(80)), "{text:?}");
            assert_eq!((url.username(), url.password(), url.path()), ("", None, "/"), "{text:?}");
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(origin) = text.parse::<Origin>() {
        let written = origin.to_string();
        assert_eq!(written.parse().as_ref(), Ok(&origin), "{text:?}");
        if let Ok(url) = Url::parse(text)
            && matches!(origin.scheme(), "http" | "https")
        {
            let theirs = url.origin().ascii_serialization();
            assert_eq!(theirs.parse().as_ref(), Ok(&origin), "{text:?}");
        }
    }
}

/// `text` is `host[:port]` in small letters.
fn is_plainly_local(text: &str) -> bool {
    if text.starts_with('[') {
        return text.split_once(']').is_some_and(|(address, _)| address.parse::<Host>().is_err());
    }
    let name = text.split(':').next().unwrap_or_default();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.octets()[0] == 127)
}
