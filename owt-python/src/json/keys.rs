//! Remembers keys of dicts as JSON has them: those of many records are the same.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::pen::{Pen, SHORT};

/// So many keys are remembered. One takes the place of another by its address.
const KEYS: usize = 64;

struct Known<'py> {
    /// Held, so that no other text has its address.
    key: Bound<'py, PyString>,
    text: [u8; SHORT],
    length: usize,
}

/// The keys that were written last.
#[derive(Default)]
pub struct Keys<'py>(Vec<Option<Known<'py>>>);

impl<'py> Keys<'py> {
    /// Writes the key and its colon, if it is remembered. Runs no Python.
    #[inline]
    pub fn write(&self, key: *mut pyo3::ffi::PyObject, out: &mut Vec<u8>) -> bool {
        let Some(Some(known)) = self.0.get(place(key)) else { return false };
        if known.key.as_ptr() != key {
            return false;
        }
        Pen::new(out).put(known.text.get(..known.length).unwrap_or_default());
        true
    }

    /// Remembers the key, which was written so, unless it is long.
    pub fn keep(&mut self, key: Bound<'py, PyString>, written: &[u8]) {
        let mut text = [0; SHORT];
        let Some(start) = text.get_mut(..written.len()) else { return };
        start.copy_from_slice(written);
        if self.0.is_empty() {
            self.0.resize_with(KEYS, || None);
        }
        if let Some(known) = self.0.get_mut(place(key.as_ptr())) {
            *known = Some(Known { key, text, length: written.len() });
        }
    }
}

/// Objects begin at multiples of 16.
fn place(key: *mut pyo3::ffi::PyObject) -> usize {
    key.addr() / 16 % KEYS
}
