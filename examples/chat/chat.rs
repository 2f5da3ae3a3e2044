//! Asks the model, and prints each token as it is made. Ctrl-C stops it.
//!
//! Run: `cargo run -q -p owt-examples --bin chat -- [PROMPT [SEED]]`
//!
//! In a terminal, without a prompt, it is a conversation: an empty line or Ctrl-D ends it.

use std::error::Error;
use std::io::{self, IsTerminal, Write, stdin, stdout};

use owt_client::{Client, POST, include_adaptor};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::from_env()?;
    let mut args = std::env::args().skip(1);
    let prompt = args.next();
    let seed: u32 = args.next().as_deref().unwrap_or("1").parse()?;
    if prompt.is_none() && stdin().is_terminal() {
        return converse(&client, seed);
    }
    let prompt = prompt.as_deref().unwrap_or("Why is the sea salty?");
    answer(&client, json!({"prompt": prompt, "seed": seed}))?;
    Ok(())
}

/// Answers line after line, and sends along what has been said before.
fn converse(client: &Client, seed: u32) -> Result<(), Box<dyn Error>> {
    let mut messages: Vec<Value> = Vec::new();
    while let Some(line) = ask()? {
        messages.push(json!({"role": "user", "content": line}));
        let said = answer(client, json!({"messages": messages, "seed": seed}))?;
        messages.push(json!({"role": "assistant", "content": said}));
    }
    Ok(())
}

/// What somebody types; none when they have nothing more to say.
fn ask() -> io::Result<Option<String>> {
    print!("> ");
    stdout().flush()?;
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    let line = line.trim();
    Ok((!line.is_empty()).then(|| line.to_owned()))
}

/// Prints an answer as it comes, and gives all of it.
fn answer(client: &Client, kwargs: Value) -> Result<String, Box<dyn Error>> {
    let mut said = Vec::new();
    let call = client.owt::<POST>(include_adaptor!("chat.py"), kwargs);
    for token in call.blocking().stream()? {
        let token = token?;
        stdout().write_all(&token)?;
        stdout().flush()?;
        said.extend_from_slice(&token);
    }
    println!();
    Ok(String::from_utf8(said)?)
}
