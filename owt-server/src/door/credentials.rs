//! `USER:SHA256HEX`, and HTTP Basic authentication (RFC 7617) against it.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A user's name and the SHA-256 of the password.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    password: [u8; 32],
}

/// A text that is not `USER:SHA256HEX`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// No colon.
    #[error("wants USER:SHA256HEX with a colon between them")]
    Colon,
    /// Nothing before the colon.
    #[error("the user's name is empty")]
    User,
    /// Not 64 hexadecimal digits after the colon.
    #[error(
        "the part after the colon is not a SHA-256 in 64 hexadecimal digits; \
         make one with: printf %s PASSWORD | sha256sum"
    )]
    Hash,
}

impl FromStr for Credentials {
    type Err = CredentialsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (user, hash) = text.rsplit_once(':').ok_or(CredentialsError::Colon)?;
        if user.is_empty() {
            return Err(CredentialsError::User);
        }
        let hash = hash.trim();
        if hash.len() != 64 || !hash.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(CredentialsError::Hash);
        }
        let mut password = [0; 32];
        for (byte, digits) in password.iter_mut().zip(hash.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| CredentialsError::Hash)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| CredentialsError::Hash)?;
        }
        Ok(Self { user: user.to_owned(), password })
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Credentials {
    /// True when an `Authorization` header holds them. Takes the same time for every
    /// wrong password.
    pub(super) fn accept(&self, header: &[u8]) -> bool {
        let Some((scheme, token)) = header.split_at_checked("Basic ".len()) else { return false };
        if !scheme.eq_ignore_ascii_case(b"Basic ") {
            return false;
        }
        let Ok(pair) = STANDARD.decode(token.trim_ascii()) else { return false };
        let mut parts = pair.splitn(2, |byte| *byte == b':');
        let (Some(user), Some(password)) = (parts.next(), parts.next()) else { return false };
        // Hashed, so that their lengths tell nothing either.
        let same_user =
            Sha256::digest(user).as_slice().ct_eq(Sha256::digest(self.user.as_bytes()).as_slice());
        let same_password = Sha256::digest(password).as_slice().ct_eq(&self.password);
        (same_user & same_password).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN_SESAME: &str =
        "ali:41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb";

    #[test]
    fn the_right_pair_is_accepted_and_no_other() {
        let credentials: Credentials = OPEN_SESAME.parse().unwrap();
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair)).into_bytes();
        assert!(credentials.accept(&basic("ali:open sesame")));
        assert!(
            credentials
                .accept(&[b"bAsIc ", STANDARD.encode("ali:open sesame").as_bytes()].concat())
        );
        for wrong in ["ali:open", "Ali:open sesame", "ali", ":", ""] {
            assert!(!credentials.accept(&basic(wrong)), "{wrong}");
        }
        assert!(!credentials.accept(b"Bearer x"));
        assert!(!credentials.accept(b""));
    }

    #[test]
    fn a_wrong_text_says_what_is_wrong() {
        let parse = |text: &str| text.parse::<Credentials>().unwrap_err();
        assert_eq!(parse("ali"), CredentialsError::Colon);
        assert_eq!(parse(&format!(":{}", "0".repeat(64))), CredentialsError::User);
        assert_eq!(parse("ali:open sesame"), CredentialsError::Hash);
    }
}
