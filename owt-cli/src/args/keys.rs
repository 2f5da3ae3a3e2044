//! Declares who may come in, and what they show for it.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use owt_server::{KeyError, KeyFileError, KeyFiles, Keyring, Keys, Quotas, Rate, random_token};

use crate::failure::Failure;

/// The token that asks for one to be made.
const AUTO: &str = "auto";

#[derive(Debug, Args)]
#[command(next_help_heading = "Who may come in")]
pub(crate) struct KeyArgs {
    /// Who may come in, with a password: a name, and the password's hash from `owt
    /// hash-password`; can be given again
    ///
    /// Put it between single quotes: there are dollar signs in it. The SHA-256 of the password
    /// in hexadecimal is taken too. Other users of this machine see arguments; --auth-file and
    /// OWT_AUTH are hidden from them. OWT_AUTH may hold several, one on each line.
    #[arg(long, env = "OWT_AUTH", hide_env_values = true, value_name = "USER:HASH")]
    auth: Vec<String>,

    /// A file with a USER:HASH on each line; empty lines and those that begin with # are skipped
    ///
    /// USER:HASH:probe is for health checks and metrics, and runs nothing.
    #[arg(long, env = "OWT_AUTH_FILE", value_name = "FILE", value_hint = ValueHint::FilePath)]
    auth_file: Option<PathBuf>,

    /// A token that lets its bearer in, 16 characters or more; auto makes one and prints it; can
    /// be given again
    ///
    /// It is shown as `Authorization: Bearer TOKEN`, or as the password of the user `token`:
    /// http://token:TOKEN@127.0.0.1:9876/. The one that auto makes is also in a file that only
    /// you can read, `token-PORT` in $XDG_RUNTIME_DIR/owt, until the server ends. OWT_TOKEN may
    /// hold several, one on each line.
    #[arg(long, env = "OWT_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Vec<String>,

    /// A file with a TOKEN or NAME:TOKEN on each line; empty lines and those that begin with # are
    /// skipped
    ///
    /// The name is the user's whose token it is: adaptors and the logs are told it. A token without
    /// one is the user `token`'s. NAME:TOKEN:probe is for health checks and metrics, and runs
    /// nothing.
    #[arg(long, env = "OWT_TOKEN_FILE", value_name = "FILE", value_hint = ValueHint::FilePath)]
    token_file: Option<PathBuf>,

    /// Calls that a user may have under way; more are refused with 429 [default: no limit]
    ///
    /// Where nobody is asked for a key, an address counts as a user.
    #[arg(long, env = "OWT_USER_CONCURRENCY", value_name = "N")]
    user_concurrency: Option<NonZeroUsize>,

    /// Calls that a user may send: 10/s, 100/min; more are refused with 429 [default: no limit]
    ///
    /// As many may come at once after a pause.
    #[arg(long, env = "OWT_USER_RATE", value_name = "RATE")]
    user_rate: Option<Rate>,
}

/// Who may come in, as it was asked for.
pub(crate) struct Asked {
    pub(crate) keys: Keyring,
    /// A token that was made for this server: nobody knows it yet.
    pub(crate) token: Option<String>,
}

impl KeyArgs {
    /// What each user may have.
    pub(crate) fn quotas(&self) -> Quotas {
        Quotas { concurrency: self.user_concurrency, rate: self.user_rate }
    }

    /// The keys. Not clap's to parse: it would print what may be a password given by mistake.
    ///
    /// # Errors
    /// One of them is malformed, or a file cannot be read.
    pub(crate) fn keys(&self) -> Result<Asked, Failure> {
        let mut keys = Keys::default();
        for text in &self.auth {
            keys.read_users(text).map_err(refused("--auth"))?;
        }
        let (auto, given): (Vec<_>, Vec<_>) = self.token.iter().partition(|text| *text == AUTO);
        for text in given {
            keys.read_tokens(text).map_err(refused("--token"))?;
        }
        let token = match auto.first() {
            Some(_) => Some(random_token().map_err(|source| Failure::Start {
                what: "cannot make a token".to_owned(),
                source,
            })?),
            None => None,
        };
        if let Some(token) = &token {
            keys.add_token(token).map_err(refused("--token"))?;
        }
        let files = KeyFiles { users: self.auth_file.clone(), tokens: self.token_file.clone() };
        let keys = Keyring::open(keys, files).map_err(|error| match error {
            KeyFileError::Read { path, source } => {
                Failure::Read(path.display().to_string(), source)
            }
            KeyFileError::Malformed { .. } => Failure::Usage(error.to_string()),
        })?;
        Ok(Asked { keys, token })
    }
}

fn refused(what: &str) -> impl Fn(KeyError) -> Failure {
    move |error| Failure::Usage(format!("{what}: {error}"))
}
