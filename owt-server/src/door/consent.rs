//! Remembers "do not ask again for exactly this": a signed cookie for one URL.

use std::io;

use actix_web::http::Uri;
use actix_web::http::header::{self, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What the cookies' names begin with.
pub(super) const COOKIE: &str = "owt_run_";
/// What is signed for the page that asks: a path begins with a slash, so it is no cookie's value.
const SHOWN: &str = "shown:";

/// Signs and knows again what a browser's user has agreed to. What it signed is worth nothing
/// to the next server.
pub(super) struct Consent {
    key: [u8; 32],
}

impl Consent {
    /// # Errors
    /// The system gives no random bytes.
    pub fn new() -> io::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        Ok(Self { key })
    }

    /// The cookie that says so of this path and query. Not one for a longer time than the
    /// browser runs: there is one for each URL, and browsers keep a limited number.
    pub fn cookie(&self, target: &str, is_tls: bool) -> String {
        let (name, value) = (name(target), self.value(target));
        let secure = if is_tls { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}")
    }

    /// True when the browser's user has agreed to exactly this.
    pub fn is_in(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        if !headers.contains_key(header::COOKIE) {
            return false;
        }
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let (name, value) = (name(target), self.value(target));
        let cookies = headers.get_all(header::COOKIE);
        let pairs = cookies.flat_map(|all| all.as_bytes().split(|byte| *byte == b';'));
        pairs.filter_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes())).any(|rest| {
            rest.strip_prefix(b"=").is_some_and(|given| given.ct_eq(value.as_bytes()).into())
        })
    }

    /// What only the page that asks about this path and query holds.
    pub fn shown(&self, target: &str) -> String {
        self.value(&format!("{SHOWN}{target}"))
    }

    /// True when that page gave it.
    pub fn is_shown(&self, target: &str, given: &str) -> bool {
        given.as_bytes().ct_eq(self.shown(target).as_bytes()).into()
    }

    fn value(&self, text: &str) -> String {
        // A key of any length is taken.
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return String::new() };
        URL_SAFE_NO_PAD.encode(mac.chain_update(text).finalize().into_bytes())
    }
}

/// One name for each URL, so that what is agreed to next does not take its place.
fn name(target: &str) -> String {
    let digest = Sha256::digest(target);
    let short = digest.iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    format!("{COOKIE}{short:016x}")
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        headers
    }

    #[test]
    fn it_is_known_again_for_that_url_only() {
        let consent = Consent::new().unwrap();
        let set = consent.cookie("/a?code_b64=eA", false);
        let pair = set.split(';').next().unwrap();
        let uri = |text: &'static str| Uri::from_static(text);
        let (this, other) = (uri("/a?code_b64=eA"), uri("/a?code_b64=eB"));
        for cookie in [pair.to_owned(), format!("x=1; {pair}; y=2"), format!("y=2;{pair}")] {
            assert!(consent.is_in(&headers(&cookie), &this), "{cookie}");
            assert!(!consent.is_in(&headers(&cookie), &other), "{cookie}");
        }
        // Its value under the other's name is no signature of the other.
        let (_, value) = pair.split_once('=').unwrap();
        let forged = format!("{}={value}", name("/a?code_b64=eB"));
        assert!(!consent.is_in(&headers(&forged), &other));
        // Nor is what the page holds, which in turn holds nothing of the cookie.
        let shown = consent.shown("/a?code_b64=eA");
        assert!(consent.is_shown("/a?code_b64=eA", &shown));
        assert!(!consent.is_shown("/a?code_b64=eB", &shown) && !consent.is_shown("/a", ""));
        assert!(!consent.is_shown("/a?code_b64=eA", value));
        let page = format!("{}={shown}", name("/a?code_b64=eA"));
        assert!(!consent.is_in(&headers(&page), &this));
        assert!(!consent.is_in(&headers(&format!("{pair}x")), &this));
        assert!(!consent.is_in(&headers(""), &this));
        assert!(!Consent::new().unwrap().is_in(&headers(pair), &this));
    }
}
