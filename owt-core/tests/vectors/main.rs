//! `clients/vectors`: what every client has to write, byte for byte.
//!
//! `OWT_VECTORS=write cargo test -p owt-core vectors` writes the files anew.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may; clippy.toml exempts only the test functions themselves"
)]

mod calls;
mod literals;
mod tagged;

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

/// Fails when the file does not hold these rows, or writes it.
fn keep(file: &str, rows: &[impl Serialize]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients/vectors").join(file);
    let text = written(rows);
    if std::env::var("OWT_VECTORS").is_ok_and(|how| how == "write") {
        return std::fs::write(path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept == text, "{file} is stale: OWT_VECTORS=write cargo test -p owt-core vectors");
}

/// A row on each line, in ASCII: no editor or diff shall touch the characters that matter.
fn written(rows: &[impl Serialize]) -> String {
    let rows: Vec<_> = rows.iter().map(|row| ascii(&serde_json::to_string(row).unwrap())).collect();
    format!("[\n{}\n]\n", rows.join(",\n"))
}

fn ascii(json: &str) -> String {
    let mut ascii = String::new();
    for c in json.chars() {
        if matches!(c, ' '..='~') {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(ascii, "\\u{unit:04x}").unwrap();
            }
        }
    }
    ascii
}
