//! Bytes as an argument.

use serde::ser::{Serialize, Serializer};

/// These bytes as Python's `bytes`. serde takes a `Vec<u8>` or a slice for a list of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PyBytes<T>(pub T);

impl<T: AsRef<[u8]>> Serialize for PyBytes<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_ref())
    }
}
