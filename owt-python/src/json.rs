//! Writes a value as JSON: what `owt._json` does in Python, natively.
//!
//! Numbers, text, lists and dicts are written here, arrays from their memory, tables column by
//! column. Whatever else a value holds is opened by `owt._json.opened`, one level at a time, and
//! what that gives is written on. Arrays are written while other threads have Python; of the rest,
//! Python runs them after each piece of text.

mod keys;
mod numbers;
mod pen;
mod table;
mod text;
mod walk;

use std::mem::MaybeUninit;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyType};

use walk::{Outcome, Walk};

/// What of the package is needed, looked up once.
struct Tools {
    /// Gives one level of a value that JSON has no word for.
    opened: Py<PyAny>,
    /// Gives a dict with text for its keys.
    members: Py<PyAny>,
    /// Gives the digits of a long int.
    digits: Py<PyAny>,
    /// Puts the place into the refusal of a value.
    placed: Py<PyAny>,
    /// Python's way to let other threads run, and to raise what interrupts this one.
    breathe: Py<PyAny>,
    /// The classes of arrays and tables that are written from here.
    numbers: Py<PyType>,
    records: Py<PyType>,
}

static TOOLS: PyOnceLock<Tools> = PyOnceLock::new();

impl Tools {
    fn get(py: Python<'_>) -> PyResult<&'static Self> {
        TOOLS.get_or_try_init(py, || {
            let json = py.import("owt._json")?;
            let take = |name: &str| json.getattr(name).map(Bound::unbind);
            let class = |name: &str| Ok::<_, PyErr>(json.getattr(name)?.cast_into()?.unbind());
            Ok(Self {
                opened: take("opened")?,
                members: take("members")?,
                digits: take("digits")?,
                placed: take("placed")?,
                breathe: take("breathe")?,
                numbers: class("Numbers")?,
                records: class("Records")?,
            })
        })
    }
}

/// The value as JSON text in UTF-8.
///
/// # Errors
/// `owt._unknown.Unknown`, with the place, for what has no JSON form; what opening a value raises.
#[pyfunction]
pub fn write_json<'py>(
    py: Python<'py>,
    value: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    written(py, |walk| walk.value(value, 0))
}

/// Each item of what is an array in JSON as a line of text in UTF-8.
///
/// # Errors
/// As [`write_json`].
#[pyfunction]
pub fn write_lines<'py>(
    py: Python<'py>,
    rows: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    written(py, |walk| walk.lines(rows))
}

fn written<'py>(
    py: Python<'py>,
    write: impl FnOnce(&mut Walk<'py>) -> Outcome,
) -> PyResult<Bound<'py, PyBytes>> {
    let tools = Tools::get(py)?;
    let mut walk = Walk::new(py, tools);
    if let Err(failure) = write(&mut walk) {
        return Err(failure.placed(py, tools));
    }
    let written = walk.finish();
    as_bytes(py, &written)
}

/// Python's copy, made while other threads have Python.
fn as_bytes<'py>(py: Python<'py>, written: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let length = written.len();
    // SAFETY: makes bytes of that length that nobody else knows of, and holds them.
    let made = unsafe {
        let made = ffi::PyBytes_FromStringAndSize(std::ptr::null(), length.cast_signed());
        Bound::from_owned_ptr_or_err(py, made)?.cast_into_unchecked::<PyBytes>()
    };
    // SAFETY: their memory, which has no content before it is copied there.
    let memory = unsafe {
        let start = ffi::PyBytes_AsString(made.as_ptr()).cast::<MaybeUninit<u8>>();
        std::slice::from_raw_parts_mut(start, length)
    };
    py.detach(|| {
        // SAFETY: as long as what is copied, and somewhere else.
        unsafe {
            std::ptr::copy_nonoverlapping(written.as_ptr(), memory.as_mut_ptr().cast(), length);
        }
    });
    Ok(made)
}
