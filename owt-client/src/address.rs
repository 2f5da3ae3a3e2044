//! Reads where a server is, as people write it.

use std::net::IpAddr;
use std::path::Path;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::error::Error;
use crate::key::Key;

/// The environment variable with the URL of the server to call.
pub const URL_VARIABLE: &str = "OWT_URL";

/// The server to call when nothing says otherwise.
pub const DEFAULT_URL: &str = "http://127.0.0.1:9876";

/// What the place of a server on a Unix socket begins with.
pub(crate) const UNIX: &str = "unix:";

/// The URL of a server behind a Unix socket, whatever its path.
pub(crate) const BEHIND_SOCKET: &str = "http://localhost";

/// The path of a Unix socket, if the text is one: `unix:/run/owt/socket`.
pub(crate) fn socket(text: &str) -> Option<&Path> {
    let path = text.trim().strip_prefix(UNIX)?;
    let path = path.strip_prefix("//").unwrap_or(path);
    path.starts_with('/').then(|| Path::new(path))
}

/// Reads a server's URL as people write it: `http://` may be left out.
///
/// # Errors
/// The text is no http or https URL.
pub fn server_url(text: &str) -> Result<Url, Error> {
    let text = text.trim();
    if text.starts_with(UNIX) {
        return Err(Error::socket());
    }
    let url =
        if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    let url = url.map_err(Error::url)?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err(Error::scheme(url.scheme()))
    }
}

/// Takes name and password out of the URL, so that nothing prints them with it.
pub(crate) fn take_login(url: &mut Url) -> Option<Key> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let (user, password) = (decoded(url.username()), decoded(url.password().unwrap_or_default()));
    // Neither fails for http(s), which always has a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(Key::Basic { user, password })
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Client, ErrorKind};

    #[test]
    fn urls_as_people_write_them() {
        for (written, url) in [
            ("http://localhost:9876", "http://localhost:9876/"),
            ("localhost:9876/owt", "http://localhost:9876/owt"),
            (" http://[::1]:1/\n", "http://[::1]:1/"),
        ] {
            assert_eq!(Client::new(written).unwrap().url().as_str(), url);
        }
        assert_eq!(server_url("https://a.example").unwrap().as_str(), "https://a.example/");
        for no_url in ["", "http://", "ftp://a.example", "unix:", "unix://", "unix:here"] {
            let error = Client::new(no_url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage, "{no_url}");
        }
    }

    #[test]
    fn loopback_needs_no_proxy() {
        let loopback = |url: &str| is_loopback(&Url::parse(url).unwrap());
        assert!(
            loopback("http://127.8.0.1")
                && loopback("http://[::1]")
                && loopback("http://a.localhost")
        );
        assert!(!loopback("http://localhost.example") && !loopback("http://10.0.0.1"));
    }
}
