//! Prints each line of text in the picture, with its upper left corner.
//!
//! Run: `cargo run -q -p owt-examples --bin ocr -- PICTURE`

use std::error::Error;

use owt_client::{POST, include_adaptor, owt};
use serde::Deserialize;

#[derive(Deserialize)]
struct Page {
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    text: String,
    r#box: [(i32, i32); 4],
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which picture?")?;
    let call = owt::<POST>(include_adaptor!("ocr.py"), ()).data(std::fs::read(path)?);
    let page: Page = call.blocking().json()?;
    for Line { text, r#box: [(x, y), ..] } in page.lines {
        println!("{x},{y} {text}");
    }
    Ok(())
}
