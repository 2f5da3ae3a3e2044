//! Stores a password as its argon2id hash in the PHC format, or as its SHA-256.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::keys::KeyError;

/// A SHA-256.
pub(super) type Hash = [u8; 32];

/// What one check may take: memory in KiB, passes over it, lanes.
const MOST: (u32, u32, u32) = (1 << 20, 32, 16);
/// Bytes of a hash: what is shorter can be met by chance.
const OUTPUT: std::ops::RangeInclusive<usize> = 16..=64;

/// A password, as it is kept.
#[derive(Clone)]
pub(super) enum Password {
    Sha256(Hash),
    Argon2(Arc<Slow>),
}

impl Password {
    /// Reads 64 hexadecimal digits or a PHC string.
    ///
    /// # Errors
    /// It is neither, or one that is not taken.
    pub fn read(text: &str) -> Result<Self, KeyError> {
        if text.starts_with('$') {
            return Slow::read(text).map(|slow| Self::Argon2(Arc::new(slow)));
        }
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(KeyError::Hash);
        }
        let mut hash = Hash::default();
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| KeyError::Hash)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| KeyError::Hash)?;
        }
        Ok(Self::Sha256(hash))
    }
}

/// What of a name, password or token can be compared without its length showing.
pub(super) fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// An argon2id hash (RFC 9106): slow to check, so that it is slow to guess.
pub(super) struct Slow {
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Slow {
    fn read(text: &str) -> Result<Self, KeyError> {
        let hash = PasswordHash::new(text).map_err(|_| KeyError::Phc)?;
        let params = Params::try_from(&hash).map_err(|_| KeyError::Phc)?;
        let (Some(salt), Some(output)) = (&hash.salt, &hash.hash) else {
            return Err(KeyError::Phc);
        };
        let is_known =
            hash.algorithm == argon2::ARGON2ID_IDENT && hash.version == Some(Version::V0x13.into());
        if !is_known {
            return Err(KeyError::Variant);
        }
        let (memory, passes, lanes) = MOST;
        let is_sane = params.m_cost() <= memory
            && params.t_cost() <= passes
            && params.p_cost() <= lanes
            && params.data().is_empty()
            && salt.len() >= argon2::MIN_SALT_LEN
            && OUTPUT.contains(&output.len());
        if !is_sane {
            return Err(KeyError::Params);
        }
        Ok(Self { params, salt: salt.to_vec(), output: output.as_bytes().to_vec() })
    }

    /// What a check costs: memory, passes, lanes, bytes.
    pub fn cost(&self) -> (u32, u32, u32, usize) {
        (self.params.m_cost(), self.params.t_cost(), self.params.p_cost(), self.output.len())
    }

    /// True for the password of this hash. Takes tens of milliseconds.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn verify(&self, password: &[u8]) -> Result<bool, argon2::Error> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        let mut output = vec![0; self.output.len()];
        argon2.hash_password_into(password, &self.salt, &mut output)?;
        Ok(output.ct_eq(&self.output).into())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// As cheap as argon2 can be.
    pub const OPEN_SESAME: &str = "$argon2id$v=19$m=8,t=1,p=1$yQu73CPWIn7vJr/07RHlbw$\
                                   hmgW0zQXvcxb2SMVMHCPTs1C4HH6He6K180WVb4fejs";

    fn error(text: &str) -> KeyError {
        Password::read(text).err().expect("it is refused")
    }

    #[test]
    fn a_hash_that_is_not_taken_says_why() {
        assert!(Password::read(OPEN_SESAME).is_ok());
        let with = |from: &str, to: &str| error(&OPEN_SESAME.replacen(from, to, 1));
        assert_eq!(with("argon2id", "argon2i"), KeyError::Variant);
        assert_eq!(with("argon2id", "argon2d"), KeyError::Variant);
        assert_eq!(with("argon2id", "scrypt"), KeyError::Variant);
        assert_eq!(with("v=19", "v=16"), KeyError::Variant);
        assert_eq!(with("$v=19", ""), KeyError::Variant);
        assert_eq!(with("m=8", "m=1048577"), KeyError::Params);
        assert_eq!(with("t=1", "t=33"), KeyError::Params);
        assert_eq!(with("m=8,t=1,p=1", "m=1000,t=1,p=17"), KeyError::Params);
        assert_eq!(with("m=8", "m=7"), KeyError::Phc);
        assert_eq!(with("m=8", "m=99999999999"), KeyError::Phc);
        assert_eq!(with("yQu73CPWIn7vJr/07RHlbw", "c29t"), KeyError::Phc);
        assert_eq!(error("$argon2id$v=19$m=8,t=1,p=1"), KeyError::Phc);
        assert_eq!(error("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA"), KeyError::Phc);
        assert_eq!(error("$argon2id"), KeyError::Phc);
        assert_eq!(error("$"), KeyError::Phc);
    }
}
