//! Prints what is said, piece by piece as it is understood.
//!
//! Run: `cargo run -q -p owt-examples --bin transcribe -- FILE.wav`

use std::error::Error;

use owt_client::{POST, include_adaptor, owt};
use serde::Deserialize;

#[derive(Deserialize)]
struct Piece {
    text: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let call = owt::<POST>(include_adaptor!("transcribe.py"), ())
        .fn_name("segments")
        .data(std::fs::read(path)?);
    for piece in call.blocking().lines::<Piece>()? {
        println!("{}", piece?.text);
    }
    Ok(())
}
