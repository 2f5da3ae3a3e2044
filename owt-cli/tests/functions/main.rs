//! Functions that are published and called by their names.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

mod calling;
mod door;
mod editing;
mod sent;
mod shell;
mod starting;
mod wrong;

use owt_testing::{Answer, Folder, Owt, Start};
use serde_json::Value;

/// A server that publishes what is in a folder.
pub fn serving(folder: &Folder, workers: &str) -> Owt {
    Start::new().args([folder.as_str(), "--workers", workers]).start()
}

/// A call of a function with these arguments, as JSON.
pub fn call(owt: &Owt, path: &str, arguments: &Value) -> Answer {
    Answer::of(owt.request("POST", path).json(arguments).send().unwrap())
}

/// The catalogue, once every module has been described.
pub fn catalogue(owt: &Owt) -> Value {
    loop {
        let answer = Answer::of(owt.request("GET", "/_owt/functions").send().unwrap()).json();
        if answer["ready"] == true {
            return answer;
        }
        std::thread::yield_now();
    }
}

/// The names of the functions in a catalogue.
pub fn names(catalogue: &Value) -> Vec<&str> {
    let functions = catalogue["functions"].as_array().unwrap();
    functions.iter().map(|function| function["name"].as_str().unwrap()).collect()
}
