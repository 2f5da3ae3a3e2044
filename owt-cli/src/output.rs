//! Writes to standard output, whose reader may leave early.

use std::io::{self, IsTerminal, Write};

use crate::failure::Failure;

/// Writes it all and flushes, so that a reader has each piece as it comes.
pub(crate) fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::Write(error),
    })
}

/// Writes a line.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    write(format!("{text}\n").as_bytes())
}

/// On a terminal, puts what is said on standard error next on a line of its own.
pub(crate) fn finish_line(mid_line: bool) {
    if mid_line && io::stdout().is_terminal() {
        // Only for looks: the failure that follows says what matters.
        let _ = line("");
    }
}

/// Rows as lines, each column as wide as its widest cell.
pub(crate) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| Some(row.get(column)?.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}
