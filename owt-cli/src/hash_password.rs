//! `owt hash-password`: prints the hash that `--auth` and `--auth-file` take for a password.

use std::io::{self, BufRead, IsTerminal, Read};

use argon2::{Argon2, PasswordHasher};

use crate::args::HashPasswordArgs;
use crate::failure::Failure;
use crate::output;

/// Bytes of a password at most.
const MOST: usize = 1024;

pub(crate) fn run(args: &HashPasswordArgs) -> Result<(), Failure> {
    if let Some(user) = &args.user {
        check_user(user)?;
    }
    let password = if io::stdin().is_terminal() { asked()? } else { read()? };
    if password.is_empty() {
        return usage("the password is empty");
    }
    if password.len() > MOST {
        return usage("the password is longer than 1024 bytes");
    }
    // The library's defaults are what OWASP recommends: argon2id, 19 MiB, 2 passes, 1 lane.
    let hash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|error| Failure::Usage(format!("the password cannot be hashed: {error}")))?;
    output::line(&match &args.user {
        Some(user) => format!("{user}:{hash}"),
        None => hash.to_string(),
    })
}

fn usage<T>(what: &str) -> Result<T, Failure> {
    Err(Failure::Usage(what.to_owned()))
}

fn check_user(user: &str) -> Result<(), Failure> {
    if user.is_empty() || user.contains(|c: char| c == ':' || c.is_control()) {
        return usage("--user: a name is not empty and holds no colon or control character");
    }
    // In --auth-file a line is trimmed, and may be a comment.
    if user.starts_with('#') || user.trim() != user {
        return usage("--user: a name does not begin with # and has no space around it");
    }
    Ok(())
}

/// Asks for it on the terminal, which does not show it.
fn asked() -> Result<String, Failure> {
    let ask = |prompt| {
        rpassword::prompt_password(prompt)
            .map_err(|error| Failure::Read("the password from the terminal".to_owned(), error))
    };
    let password = ask("Password: ")?;
    if password != ask("Once more: ")? {
        return usage("these were two different passwords");
    }
    Ok(password)
}

/// The first line of standard input.
fn read() -> Result<String, Failure> {
    let mut line = String::new();
    // With room for the end of the line, and for one byte too many.
    let most = MOST as u64 + 2;
    io::stdin()
        .lock()
        .take(most)
        .read_line(&mut line)
        .map_err(|error| Failure::Read("the password from standard input".to_owned(), error))?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}
