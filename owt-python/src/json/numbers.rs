//! Arrays of numbers, written from their memory while other threads have Python.

use std::ops::Range;

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::pen::Pen;
use super::text::{self, integer};
use super::walk::{Outcome, Walk};

/// So much of an array's memory is copied at once.
const PIECE: usize = 256 << 10;

/// What the items are.
#[derive(Clone, Copy)]
enum Kind {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
}

/// An `owt._numbers.Numbers`: the memory of an array in C's order, and what is in it.
pub struct Numbers {
    memory: PyBuffer<u8>,
    kind: Kind,
    width: usize,
    shape: Vec<usize>,
}

impl Numbers {
    /// Reads what the value says of its array.
    ///
    /// # Errors
    /// When it does not fit together.
    pub fn of(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = value.py();
        let code: String = value.getattr(pyo3::intern!(py, "code"))?.extract()?;
        let shape: Vec<usize> = value.getattr(pyo3::intern!(py, "shape"))?.extract()?;
        let memory = PyBuffer::get(&value.getattr(pyo3::intern!(py, "memory"))?)?;
        let (kind, width): (_, usize) = match code.as_str() {
            "b1" => (Kind::Bool, 1),
            "i1" => (Kind::I8, 1),
            "i2" => (Kind::I16, 2),
            "i4" => (Kind::I32, 4),
            "i8" => (Kind::I64, 8),
            "u1" => (Kind::U8, 1),
            "u2" => (Kind::U16, 2),
            "u4" => (Kind::U32, 4),
            "u8" => (Kind::U64, 8),
            "f4" => (Kind::F32, 4),
            "f8" => (Kind::F64, 8),
            _ => return Err(PyValueError::new_err(format!("no numbers of the kind {code}"))),
        };
        let bytes = shape.iter().try_fold(width, |bytes, size| bytes.checked_mul(*size));
        if bytes != Some(memory.len_bytes()) || !memory.is_c_contiguous() || bytes == Some(0) {
            return Err(PyValueError::new_err("the memory and the shape do not fit together"));
        }
        Ok(Self { memory, kind, width, shape })
    }

    /// How many rows it has: what a list of it would have.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or_default()
    }

    /// Writes all of it.
    pub fn write(&self, walk: &mut Walk<'_>) -> Outcome {
        let (kind, mut nest) = (self.kind, Nest::new(&self.shape));
        let all = self.memory.len_bytes();
        let mut from = 0;
        while from < all {
            let bytes = self.copied(from, PIECE / self.width * self.width);
            from += bytes.len();
            let out = &mut walk.out;
            walk.py.detach(|| {
                let before = out.len();
                kind.format(&bytes, out, &mut nest);
                // The rest is about as long, item for item.
                let written = out.len() - before;
                out.reserve((all - from) / bytes.len().max(1) * written);
            });
            walk.breathe_now()?;
        }
        Ok(())
    }

    /// Writes rows, each by itself, and gives where each one ends.
    pub fn cells(&self, py: Python<'_>, rows: Range<usize>) -> (Vec<u8>, Vec<usize>) {
        let each = self.memory.len_bytes() / self.rows().max(1);
        let bytes = self.copied(rows.start * each, rows.len() * each);
        let (kind, inner) = (self.kind, self.shape.get(1..).unwrap_or_default());
        py.detach(|| {
            let mut out = Vec::with_capacity(bytes.len() * 2);
            let mut cells = Cells { nest: Nest::new(inner), ends: Vec::with_capacity(rows.len()) };
            kind.format(&bytes, &mut out, &mut cells);
            (out, cells.ends)
        })
    }

    /// A copy, which nobody changes while it is written.
    fn copied(&self, from: usize, most: usize) -> Vec<u8> {
        let all = self.memory.len_bytes();
        let from = from.min(all);
        let count = most.min(all - from);
        let mut bytes = Vec::with_capacity(count);
        // SAFETY: contiguous memory of `all` bytes, which the buffer holds; `count` of them from
        // there on are within it, and there is room for so many.
        unsafe {
            let start = self.memory.buf_ptr().cast::<u8>().add(from);
            std::ptr::copy_nonoverlapping(start, bytes.as_mut_ptr(), count);
            bytes.set_len(count);
        }
        bytes
    }
}

impl Kind {
    fn format(self, bytes: &[u8], out: &mut Vec<u8>, around: &mut impl Around) {
        match self {
            Self::Bool => each(bytes, out, around, |pen, [b]| text::boolean(pen, b != 0)),
            Self::I8 => {
                each(bytes, out, around, |pen, b| integer(pen, i8::from_ne_bytes(b).into()))
            }
            Self::I16 => {
                each(bytes, out, around, |pen, b| integer(pen, i16::from_ne_bytes(b).into()))
            }
            Self::I32 => {
                each(bytes, out, around, |pen, b| integer(pen, i32::from_ne_bytes(b).into()))
            }
            Self::I64 => each(bytes, out, around, |pen, b| integer(pen, i64::from_ne_bytes(b))),
            Self::U8 => {
                each(bytes, out, around, |pen, b| integer(pen, u8::from_ne_bytes(b).into()))
            }
            Self::U16 => {
                each(bytes, out, around, |pen, b| integer(pen, u16::from_ne_bytes(b).into()))
            }
            Self::U32 => {
                each(bytes, out, around, |pen, b| integer(pen, u32::from_ne_bytes(b).into()))
            }
            Self::U64 => each(bytes, out, around, |pen, b| pen.digits(u64::from_ne_bytes(b))),
            // As Python has it, whose floats are of 64 bits.
            Self::F32 => each(bytes, out, around, |pen, b| {
                text::float(pen, f64::from(f32::from_ne_bytes(b)));
            }),
            Self::F64 => each(bytes, out, around, |pen, b| {
                text::float(pen, f64::from_ne_bytes(b));
            }),
        }
    }
}

fn each<const WIDTH: usize>(
    bytes: &[u8],
    out: &mut Vec<u8>,
    around: &mut impl Around,
    write: impl Fn(&mut Pen<'_>, [u8; WIDTH]),
) {
    let (mut items, _) = bytes.as_chunks::<WIDTH>();
    while !items.is_empty() {
        let (run, rest) = items.split_at(around.begin(out).min(items.len()));
        let mut pen = Pen::new(out);
        for (place, item) in run.iter().enumerate() {
            if place > 0 {
                pen.byte(b',');
            }
            write(&mut pen, *item);
        }
        drop(pen);
        around.end(out, run.len());
        items = rest;
    }
}

/// What stands around runs of items that have but commas between them.
trait Around {
    /// Writes what stands before the next item, and gives how many may follow: one or more.
    fn begin(&mut self, out: &mut Vec<u8>) -> usize;
    /// Writes what stands behind the so many items of a run.
    fn end(&mut self, out: &mut Vec<u8>, count: usize);
}

/// Arrays in arrays, as the shape has it; of no shape, an item alone.
struct Nest {
    /// The number of items in the innermost array, and the next one's.
    width: usize,
    column: usize,
    /// The sizes of the arrays around it, the inner ones first, and the place in each.
    outer: Vec<(usize, usize)>,
}

impl Nest {
    fn new(shape: &[usize]) -> Self {
        let outer = shape.iter().rev().skip(1).map(|size| (*size, 0)).collect();
        Self { width: shape.last().copied().unwrap_or_default(), column: 0, outer }
    }

    /// The innermost array begins, and those around it that begin with it.
    fn open(&self, out: &mut Vec<u8>) {
        let begun = self.outer.iter().take_while(|(_, at)| *at == 0).count();
        if begun < self.outer.len() {
            out.push(b',');
        }
        out.extend(std::iter::repeat_n(b'[', begun + 1));
    }

    /// The innermost array ends, and those around it that end with it. True when all have.
    fn close(&mut self, out: &mut Vec<u8>) -> bool {
        self.column = 0;
        out.push(b']');
        for (size, at) in &mut self.outer {
            *at += 1;
            if *at < *size {
                return false;
            }
            *at = 0;
            out.push(b']');
        }
        true
    }

    /// So many items were written. True when all have been.
    fn count(&mut self, out: &mut Vec<u8>, count: usize) -> bool {
        if self.width == 0 {
            return true;
        }
        self.column += count;
        self.column == self.width && self.close(out)
    }
}

impl Around for Nest {
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        if self.column > 0 {
            out.push(b',');
        } else if self.width > 0 {
            self.open(out);
        }
        // an array of no dimension is an item
        (self.width - self.column).max(1)
    }

    fn end(&mut self, out: &mut Vec<u8>, count: usize) {
        self.count(out, count);
    }
}

/// Each nest by itself.
struct Cells {
    nest: Nest,
    ends: Vec<usize>,
}

impl Around for Cells {
    #[inline]
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        self.nest.begin(out)
    }

    #[inline]
    fn end(&mut self, out: &mut Vec<u8>, count: usize) {
        if self.nest.count(out, count) {
            self.ends.push(out.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(shape: &[usize]) -> String {
        let count: usize = shape.iter().product();
        let bytes: Vec<u8> = (0..count).map(|item| item as u8).collect();
        let mut out = Vec::new();
        Kind::U8.format(&bytes, &mut out, &mut Nest::new(shape));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn arrays_are_nested_as_their_shape_says() {
        assert_eq!(written(&[]), "0");
        assert_eq!(written(&[1]), "[0]");
        assert_eq!(written(&[3]), "[0,1,2]");
        assert_eq!(written(&[2, 2]), "[[0,1],[2,3]]");
        assert_eq!(written(&[3, 1]), "[[0],[1],[2]]");
        assert_eq!(written(&[2, 1, 2]), "[[[0,1]],[[2,3]]]");
        assert_eq!(written(&[1, 2, 3]), "[[[0,1,2],[3,4,5]]]");
    }

    #[test]
    fn cells_end_where_their_rows_end() {
        let mut cells = Cells { nest: Nest::new(&[1, 2]), ends: Vec::new() };
        let mut out = Vec::new();
        Kind::U8.format(&[0, 1, 2, 3], &mut out, &mut cells);
        assert_eq!(String::from_utf8(out).unwrap(), "[[0,1]][[2,3]]");
        assert_eq!(cells.ends, [7, 14]);
        let mut cells = Cells { nest: Nest::new(&[]), ends: Vec::new() };
        let mut out = Vec::new();
        Kind::Bool.format(&[0, 1], &mut out, &mut cells);
        assert_eq!(String::from_utf8(out).unwrap(), "falsetrue");
        assert_eq!(cells.ends, [5, 9]);
    }
}
