//! Who may come in: `USER:SHA256HEX`, and HTTP Basic authentication (RFC 7617) against it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Who may come in, and what they show for it. With none, whoever reaches the server may.
#[derive(Clone, Default)]
pub struct Keys {
    users: Vec<User>,
}

/// A user's name and the SHA-256 of the password.
#[derive(Clone)]
struct User {
    name: String,
    password: [u8; 32],
}

/// A text that is not `USER:SHA256HEX`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
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

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.users.iter().map(|user| &user.name);
        f.debug_list().entries(names).finish()
    }
}

impl Keys {
    /// True when nobody is asked for a key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Lets a user in: `USER:SHA256HEX`.
    ///
    /// # Errors
    /// The text is not that.
    pub fn add_user(&mut self, text: &str) -> Result<(), KeyError> {
        let (user, hash) = text.rsplit_once(':').ok_or(KeyError::Colon)?;
        if user.is_empty() {
            return Err(KeyError::User);
        }
        let hash = hash.trim();
        if hash.len() != 64 || !hash.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(KeyError::Hash);
        }
        let mut password = [0; 32];
        for (byte, digits) in password.iter_mut().zip(hash.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| KeyError::Hash)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| KeyError::Hash)?;
        }
        self.users.push(User { name: user.to_owned(), password });
        Ok(())
    }

    /// True when an `Authorization` header holds one of them. Takes the same time for every
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
        let (user, password) = (Sha256::digest(user), Sha256::digest(password));
        let accepts = |known: &User| {
            let same_user = user.as_slice().ct_eq(Sha256::digest(&known.name).as_slice());
            same_user & password.as_slice().ct_eq(&known.password)
        };
        self.users.iter().fold(Choice::from(0), |any, known| any | accepts(known)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN_SESAME: &str =
        "ali:41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb";

    #[test]
    fn the_right_pair_is_accepted_and_no_other() {
        let mut credentials = Keys::default();
        credentials.add_user(OPEN_SESAME).unwrap();
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
        let parse = |text: &str| Keys::default().add_user(text).unwrap_err();
        assert_eq!(parse("ali"), KeyError::Colon);
        assert_eq!(parse(&format!(":{}", "0".repeat(64))), KeyError::User);
        assert_eq!(parse("ali:open sesame"), KeyError::Hash);
    }
}
