//! How near each other sentence is to the first in meaning.
//!
//! Run: `cargo run -q -p owt-examples --bin embed -- SENTENCE OTHER...`

use owt_client::{Error, POST, include_adaptor, owt};
use serde_json::json;

fn main() -> Result<(), Error> {
    let sentences: Vec<String> = std::env::args().skip(1).collect();
    let call = owt::<POST>(include_adaptor!("embed.py"), json!({"sentences": sentences}));
    let vectors: Vec<Vec<f64>> = call.blocking().json()?;
    let Some((first, others)) = vectors.split_first() else { return Ok(()) };
    for (other, text) in others.iter().zip(sentences.iter().skip(1)) {
        let near: f64 = first.iter().zip(other).map(|(a, b)| a * b).sum();
        println!("{}% {text}", (near * 100.0).round() as i64);
    }
    Ok(())
}
