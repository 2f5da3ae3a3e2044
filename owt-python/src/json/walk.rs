//! Walks a value from the outside in, and writes what it meets.

use pyo3::PyTypeInfo;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use super::keys::Keys;
use super::numbers::Numbers;
use super::pen::Pen;
use super::{Tools, table, text};

/// As deep as `owt._json` goes.
const DEEPEST: usize = 200;
/// After so much text other threads may run.
const PIECE: usize = 128 << 10;

/// A step on the way to a value.
pub enum Step {
    Name(Py<PyString>),
    Index(usize),
}

/// What went wrong, and where, from the inside out.
pub struct Failure {
    error: PyErr,
    path: Vec<Step>,
}

pub type Outcome = Result<(), Box<Failure>>;

impl From<PyErr> for Box<Failure> {
    fn from(error: PyErr) -> Self {
        Box::new(Failure { error, path: Vec::new() })
    }
}

impl Failure {
    pub fn inside(mut self: Box<Self>, step: Step) -> Box<Self> {
        self.path.push(step);
        self
    }

    /// The error, with its place where it is one that has a place.
    pub(super) fn placed(self, py: Python<'_>, tools: &Tools) -> PyErr {
        let steps = self.path.into_iter().map(|step| match step {
            Step::Name(name) => name.into_any(),
            Step::Index(index) => match index.into_pyobject(py) {
                Ok(index) => index.into_any().unbind(),
                Err(never) => match never {},
            },
        });
        let steps: Vec<_> = steps.collect();
        let error = self.error;
        match tools.placed.call1(py, (error.value(py), steps)) {
            Ok(_) => error,
            Err(second) => second,
        }
    }
}

/// The text so far, and what it is written with.
pub struct Walk<'py> {
    pub py: Python<'py>,
    pub tools: &'static Tools,
    pub out: Vec<u8>,
    /// How long the text was when others could run last.
    lent: usize,
    /// Half a surrogate pair was met: no text stands as it is.
    ascii: bool,
    keys: Keys<'py>,
}

impl<'py> Walk<'py> {
    pub fn new(py: Python<'py>, tools: &'static Tools) -> Self {
        Self { py, tools, out: Vec::new(), lent: 0, ascii: false, keys: Keys::default() }
    }

    /// The whole text.
    pub fn finish(self) -> Vec<u8> {
        let Self { py, out, ascii, .. } = self;
        if !ascii {
            return out;
        }
        py.detach(|| match std::str::from_utf8(&out) {
            Ok(json) => text::in_ascii(json),
            // What was written is Rust's own text, and ASCII.
            Err(_) => out,
        })
    }

    /// Writes a value of any kind.
    pub fn value(&mut self, value: &Bound<'py, PyAny>, depth: usize) -> Outcome {
        if self.scalar(value)? { Ok(()) } else { self.other(value, depth) }
    }

    /// Writes the numbers that follow each other from there on, up to a piece of text, with that
    /// byte between them, and gives how many. Runs no Python.
    fn numbers(&mut self, list: &Bound<'py, PyList>, from: usize, between: u8) -> usize {
        let py = self.py;
        let mut pen = Pen::new(&mut self.out);
        let most = pen.length() + PIECE;
        let end = list.len();
        let mut index = from;
        while index < end && pen.length() < most {
            // SAFETY: a list, whose length was just asked, and which lends its item.
            let Some(item) = (unsafe {
                let item = ffi::PyList_GetItem(list.as_ptr(), index.cast_signed());
                Borrowed::from_ptr_or_opt(py, item)
            }) else {
                break;
            };
            let kind = item.get_type_ptr();
            if kind == PyFloat::type_object_raw(py) {
                if index > from {
                    pen.byte(between);
                }
                // SAFETY: a float, as was just seen.
                text::float(&mut pen, unsafe { ffi::PyFloat_AsDouble(item.as_ptr()) });
            } else if kind == PyInt::type_object_raw(py)
                && let Some(number) = short(&item)
            {
                if index > from {
                    pen.byte(between);
                }
                text::integer(&mut pen, number);
            } else {
                break;
            }
            index += 1;
        }
        index - from
    }

    /// Writes an item of a list.
    #[inline]
    pub fn item(&mut self, list: &Bound<'py, PyList>, index: usize, depth: usize) -> Outcome {
        // SAFETY: a list. It lends its item, or nothing and an error where it has none.
        let item = unsafe {
            let item = ffi::PyList_GetItem(list.as_ptr(), index.cast_signed());
            Borrowed::from_ptr_or_err(self.py, item)
        }?;
        // Most are lent only for a moment: what runs no Python needs not hold them.
        if self.scalar(&item)? { Ok(()) } else { self.other(&item.to_owned(), depth) }
    }

    /// Writes what is no scalar.
    fn other(&mut self, value: &Bound<'py, PyAny>, depth: usize) -> Outcome {
        if depth > DEEPEST {
            // It says what is too deep.
            self.tools.opened.bind(self.py).call1((value, depth))?;
        }
        let kind = value.get_type_ptr();
        // A cast that fails costs more than to look first.
        if kind == PyDict::type_object_raw(self.py)
            && let Ok(dict) = value.cast_exact::<PyDict>()
        {
            return self.dict(dict, depth);
        }
        if kind == PyList::type_object_raw(self.py)
            && let Ok(list) = value.cast_exact::<PyList>()
        {
            return self.list(list, depth);
        }
        if kind == PyTuple::type_object_raw(self.py)
            && let Ok(tuple) = value.cast_exact::<PyTuple>()
        {
            return self.list(&tuple.to_list(), depth);
        }
        if kind == self.tools.numbers.as_ptr().cast() {
            return Numbers::of(value)?.write(self);
        }
        if kind == self.tools.records.as_ptr().cast() {
            self.out.push(b'[');
            table::write(self, value, depth + 1, b',')?;
            self.out.push(b']');
            return Ok(());
        }
        if kind == PyInt::type_object_raw(self.py) {
            return Ok(self.long(value)?);
        }
        let opened = self.tools.opened.bind(self.py).call1((value, depth))?;
        self.value(&opened, depth)
    }

    /// Writes what holds nothing else; false when it is something else. Runs Python only where it
    /// holds the value.
    #[inline]
    fn scalar(&mut self, value: &Bound<'py, PyAny>) -> PyResult<bool> {
        let kind = value.get_type_ptr();
        if kind == PyString::type_object_raw(self.py) {
            // SAFETY: a str, as was just seen.
            self.text(unsafe { value.cast_unchecked() })?;
        } else if kind == PyFloat::type_object_raw(self.py) {
            // SAFETY: a float, as was just seen.
            text::float(&mut Pen::new(&mut self.out), unsafe {
                ffi::PyFloat_AsDouble(value.as_ptr())
            });
        } else if kind == PyInt::type_object_raw(self.py) {
            let Some(number) = short(value) else { return Ok(false) };
            text::integer(&mut Pen::new(&mut self.out), number);
        } else if value.is_none() {
            self.out.extend_from_slice(b"null");
        } else if kind == PyBool::type_object_raw(self.py) {
            text::boolean(&mut Pen::new(&mut self.out), value.is_truthy()?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn long(&mut self, value: &Bound<'py, PyAny>) -> PyResult<()> {
        let digits = self.tools.digits.bind(self.py).call1((value,))?;
        self.out.extend_from_slice(digits.cast::<PyString>()?.to_str()?.as_bytes());
        Ok(())
    }

    fn text(&mut self, text: &Bound<'py, PyString>) -> PyResult<()> {
        match text.to_str() {
            Ok(text) => {
                text::quoted(&mut self.out, text);
                Ok(())
            }
            // The error holds the text until it is held here.
            Err(_error) => self.halves(&text.clone()),
        }
    }

    /// Text in which there is half a surrogate pair.
    #[cold]
    fn halves(&mut self, text: &Bound<'py, PyString>) -> PyResult<()> {
        self.ascii = true;
        let units = text.call_method1("encode", ("utf-16-le", "surrogatepass"))?;
        let (units, _) = units.cast::<PyBytes>()?.as_bytes().as_chunks::<2>();
        text::quoted_units(&mut self.out, units.iter().map(|unit| u16::from_le_bytes(*unit)));
        Ok(())
    }

    /// Writes each item of what is an array in JSON, and the end of its line.
    pub fn lines(&mut self, rows: &Bound<'py, PyAny>) -> Outcome {
        let rows = self.tools.opened.bind(self.py).call1((rows, 0))?;
        if rows.get_type_ptr() == self.tools.records.as_ptr().cast() {
            table::write(self, &rows, 0, b'\n')?;
        } else {
            let list = match rows.cast_into_exact::<PyList>() {
                Ok(list) => list,
                Err(other) => self.listed(other.into_inner())?,
            };
            self.items(&list, 0, b'\n')?;
        }
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
        Ok(())
    }

    /// Python's list of it.
    pub fn listed(&self, value: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        Ok(self.py.get_type::<PyList>().call1((value,))?.cast_into()?)
    }

    fn list(&mut self, list: &Bound<'py, PyList>, depth: usize) -> Outcome {
        self.out.push(b'[');
        self.items(list, depth + 1, b',')?;
        self.out.push(b']');
        Ok(())
    }

    /// Writes the items with that byte between them.
    fn items(&mut self, list: &Bound<'py, PyList>, depth: usize, between: u8) -> Outcome {
        let start = self.out.len();
        let mut index = 0;
        while index < list.len() {
            if index > 0 {
                self.out.push(between);
            }
            let count = self.numbers(list, index, between);
            if count == 0 {
                let inside = |failure: Box<Failure>| failure.inside(Step::Index(index));
                self.item(list, index, depth).map_err(inside)?;
            }
            index += count.max(1);
            if self.breathe()? {
                // The rest is about as long, item for item; where it is not, not much is wasted.
                let written = self.out.len().saturating_sub(start);
                let rest = list.len().saturating_sub(index) * (written / index + 1);
                self.out.reserve(rest.min(self.out.len() * 16));
            }
        }
        Ok(())
    }

    /// Writes a dict's key, and remembers it.
    fn name(&mut self, key: &Bound<'py, PyString>) -> PyResult<()> {
        let start = self.out.len();
        self.text(key)?;
        self.out.push(b':');
        self.keys.keep(key.clone(), self.out.get(start..).unwrap_or_default());
        Ok(())
    }

    fn dict(&mut self, dict: &Bound<'py, PyDict>, depth: usize) -> Outcome {
        let (size, start) = (dict.len(), self.out.len());
        let mut named = true;
        let mut separator = b'{';
        let mut place = 0;
        // It may change meanwhile: then some come twice or not at all.
        while let Some((key, item)) = next(dict, &mut place) {
            named = key.get_type_ptr() == PyString::type_object_raw(self.py);
            if !named {
                break;
            }
            self.out.push(separator);
            separator = b',';
            let known = self.keys.write(key.as_ptr(), &mut self.out);
            if !(known && self.scalar(&item)?) {
                // SAFETY: a str, as was just seen.
                let key = unsafe { key.to_owned().cast_into_unchecked::<PyString>() };
                let item = item.to_owned();
                if !known {
                    self.name(&key)?;
                }
                self.value(&item, depth + 1)
                    .map_err(|failure| failure.inside(Step::Name(key.unbind())))?;
            }
            self.breathe()?;
        }
        if dict.len() != size {
            let changed = "dictionary changed size during iteration";
            return Err(PyRuntimeError::new_err(changed).into());
        }
        if !named {
            self.out.truncate(start);
            let members = self.tools.members.bind(self.py).call1((dict,))?;
            return self.dict(members.cast::<PyDict>().map_err(PyErr::from)?, depth);
        }
        if separator == b'{' {
            self.out.push(b'{');
        }
        self.out.push(b'}');
        Ok(())
    }

    /// Lets others run, and hears what interrupts this thread, after each piece of text; true then.
    #[inline]
    pub fn breathe(&mut self) -> PyResult<bool> {
        if self.out.len().saturating_sub(self.lent) < PIECE {
            return Ok(false);
        }
        self.lent = self.out.len();
        self.breathe_now()?;
        Ok(true)
    }

    pub fn breathe_now(&self) -> PyResult<()> {
        self.tools.breathe.call0(self.py).map(drop)
    }

    /// Writes by that into another text than the value's own, and gives it.
    pub fn aside(
        &mut self,
        write: impl FnOnce(&mut Self) -> Outcome,
    ) -> Result<Vec<u8>, Box<Failure>> {
        let (before, lent) = (std::mem::take(&mut self.out), std::mem::take(&mut self.lent));
        let done = write(self);
        self.lent = lent;
        let made = std::mem::replace(&mut self.out, before);
        done.map(|()| made)
    }
}

/// An int, unless it is a long one.
#[inline]
fn short(value: &Bound<'_, PyAny>) -> Option<i64> {
    let mut overflow = 0;
    // SAFETY: an int, and room for the word whether it fits.
    let number = unsafe { ffi::PyLong_AsLongLongAndOverflow(value.as_ptr(), &raw mut overflow) };
    (overflow == 0).then_some(number)
}

/// The key and the value at the place, which moves on. Both are lent until Python runs again.
#[inline]
fn next<'a, 'py>(
    dict: &'a Bound<'py, PyDict>,
    place: &mut isize,
) -> Option<(Borrowed<'a, 'py, PyAny>, Borrowed<'a, 'py, PyAny>)> {
    let (mut key, mut item) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: a dict; the place is looked at anew each time.
    let found = unsafe { ffi::PyDict_Next(dict.as_ptr(), place, &raw mut key, &raw mut item) };
    if found == 0 {
        return None;
    }
    let py = dict.py();
    // SAFETY: the dict lends both. The caller holds them before Python runs.
    Some(unsafe { (Borrowed::from_ptr(py, key), Borrowed::from_ptr(py, item)) })
}
