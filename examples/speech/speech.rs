//! Saves each sentence as a WAV file as soon as it is spoken. VARIATION 0 says it the same each
//! time.
//!
//! Run: `cargo run -q -p owt-examples --bin speech -- TEXT FOLDER [VARIATION]`

use std::{error::Error, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use owt_client::{POST, include_adaptor, owt};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Sentence {
    index: usize,
    text: String,
    wav: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(text), Some(folder)) = (args.next(), args.next()) else {
        return Err("say what, and where to: TEXT FOLDER [VARIATION]".into());
    };
    let variation: f64 = args.next().as_deref().unwrap_or("1").parse()?;
    fs::create_dir_all(&folder)?;

    let kwargs = json!({"text": text, "variation": variation});
    for event in owt::<POST>(include_adaptor!("speech.py"), kwargs).blocking().events()? {
        let event = event?;
        if event.name == "sentence" {
            let Sentence { index, text, wav } = event.json()?;
            let path = Path::new(&folder).join(format!("{index:03}.wav"));
            fs::write(&path, STANDARD.decode(wav)?)?;
            println!("{} {text}", path.display());
        }
    }
    Ok(())
}
