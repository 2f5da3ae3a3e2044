//! Tables, written row by row from what they hold column by column.

use std::ops::Range;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use super::numbers::Numbers;
use super::walk::{Failure, Outcome, Step, Walk};

/// So many rows are put together at once.
const ROWS: usize = 8 << 10;

/// An `owt._rows.Records`.
struct Table<'py> {
    columns: Vec<Column<'py>>,
    count: usize,
}

struct Column<'py> {
    name: Bound<'py, PyString>,
    /// The name as it stands in each row, with its colon.
    key: Vec<u8>,
    values: Values<'py>,
}

enum Values<'py> {
    List(Bound<'py, PyList>),
    Numbers(Numbers),
    /// Objects in the rows' objects.
    Table(Table<'py>),
}

/// Values one behind the other, and where each one ends.
struct Cells {
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// A failure, and the row that it is in.
struct AtRow(usize, Box<Failure>);

/// Writes the table's rows, each as an object, with that byte between them.
pub fn write<'py>(
    walk: &mut Walk<'py>,
    value: &Bound<'py, PyAny>,
    depth: usize,
    between: u8,
) -> Outcome {
    let table = Table::of(walk, value)?;
    for start in (0..table.count).step_by(ROWS) {
        let rows = start..table.count.min(start + ROWS);
        let cells = table.cells(walk, rows, depth);
        let cells = cells.map_err(|AtRow(row, failure)| failure.inside(Step::Index(row)))?;
        let out = &mut walk.out;
        walk.py.detach(|| cells.joined(out, between, start == 0));
        walk.breathe_now()?;
    }
    Ok(())
}

impl<'py> Table<'py> {
    fn of(walk: &mut Walk<'py>, value: &Bound<'py, PyAny>) -> Result<Self, Box<Failure>> {
        let py = walk.py;
        let count = value.getattr(pyo3::intern!(py, "length"))?.extract()?;
        let named = value.getattr(pyo3::intern!(py, "columns"))?;
        let named = named.cast_into::<PyDict>().map_err(PyErr::from)?;
        let mut columns = Vec::with_capacity(named.len());
        for column in named.items() {
            let (name, values): (Bound<'py, PyString>, Bound<'py, PyAny>) = column.extract()?;
            let key = walk.aside(|walk| {
                walk.value(name.as_any(), 0)?;
                walk.out.push(b':');
                Ok(())
            })?;
            columns.push(Column { name, key, values: Values::of(walk, values)? });
        }
        Ok(Self { columns, count })
    }

    fn cells(
        &self,
        walk: &mut Walk<'py>,
        rows: Range<usize>,
        depth: usize,
    ) -> Result<Cells, AtRow> {
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let cells = column.values.cells(walk, rows.clone(), depth + 1);
            let cells = cells.map_err(|AtRow(row, failure)| {
                AtRow(row, failure.inside(Step::Name(column.name.clone().unbind())))
            });
            columns.push((column.key.as_slice(), cells?));
        }
        Ok(walk.py.detach(|| objects(&columns, rows.len())))
    }
}

impl<'py> Values<'py> {
    fn of(walk: &mut Walk<'py>, values: Bound<'py, PyAny>) -> Result<Self, Box<Failure>> {
        let kind = values.get_type();
        if kind.is(&walk.tools.numbers) {
            return Ok(Self::Numbers(Numbers::of(&values)?));
        }
        if kind.is(&walk.tools.records) {
            return Ok(Self::Table(Table::of(walk, &values)?));
        }
        let list = match values.cast_into_exact::<PyList>() {
            Ok(list) => list,
            Err(other) => walk.listed(other.into_inner())?,
        };
        Ok(Self::List(list))
    }

    fn cells(
        &self,
        walk: &mut Walk<'py>,
        rows: Range<usize>,
        depth: usize,
    ) -> Result<Cells, AtRow> {
        match self {
            Self::Numbers(numbers) => {
                let (text, ends) = numbers.cells(walk.py, rows);
                Ok(Cells { text, ends })
            }
            Self::Table(table) => table.cells(walk, rows, depth),
            Self::List(list) => {
                let (mut row, mut ends) = (rows.start, Vec::with_capacity(rows.len()));
                let text = walk.aside(|walk| {
                    while row < rows.end {
                        walk.item(list, row, depth)?;
                        walk.breathe()?;
                        ends.push(walk.out.len());
                        row += 1;
                    }
                    Ok(())
                });
                let text = text.map_err(|failure| AtRow(row, failure))?;
                Ok(Cells { text, ends })
            }
        }
    }
}

impl Cells {
    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let places = starts.zip(self.ends.iter().copied());
        places.map(|(start, end)| self.text.get(start..end).unwrap_or_default())
    }

    /// Writes them with that byte between them, and before them unless they are the first.
    fn joined(&self, out: &mut Vec<u8>, between: u8, first: bool) {
        out.reserve(self.text.len() + self.ends.len());
        for (place, cell) in self.iter().enumerate() {
            if !first || place > 0 {
                out.push(between);
            }
            out.extend_from_slice(cell);
        }
    }
}

/// The rows of these columns.
fn objects(columns: &[(&[u8], Cells)], count: usize) -> Cells {
    let each: usize = columns.iter().map(|(key, _)| key.len() + 1).sum();
    let all: usize = columns.iter().map(|(_, cells)| cells.text.len()).sum();
    let mut text = Vec::with_capacity(all + (each + 2) * count);
    let mut ends = Vec::with_capacity(count);
    let mut iterators: Vec<_> = columns.iter().map(|(key, cells)| (key, cells.iter())).collect();
    for _ in 0..count {
        let mut separator = b'{';
        for (key, cells) in &mut iterators {
            text.push(separator);
            separator = b',';
            text.extend_from_slice(key);
            text.extend_from_slice(cells.next().unwrap_or_default());
        }
        if separator == b'{' {
            text.push(b'{');
        }
        text.push(b'}');
        ends.push(text.len());
    }
    Cells { text, ends }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_objects_of_their_cells() {
        let cells = |text: &str, ends: &[usize]| Cells {
            text: text.as_bytes().to_vec(),
            ends: ends.to_vec(),
        };
        let columns: [(&[u8], _); 2] =
            [(b"\"a\":", cells("12", &[1, 2])), (b"\"b\":", cells("truenull", &[4, 8]))];
        let made = objects(&columns, 2);
        let mut out = Vec::new();
        made.joined(&mut out, b',', true);
        let text = r#"{"a":1,"b":true},{"a":2,"b":null}"#;
        assert_eq!(String::from_utf8(out).unwrap(), text);
        assert_eq!(objects(&[], 2).text, b"{}{}");
    }
}
