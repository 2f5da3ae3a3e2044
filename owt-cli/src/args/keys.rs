//! Who may come in, and what they show for it.

use clap::Args;
use owt_server::Keys;

use crate::failure::Failure;

#[derive(Debug, Args)]
#[command(next_help_heading = "Who may come in")]
pub(crate) struct KeyArgs {
    /// Who may come in: a name, and the SHA-256 of the password in hexadecimal
    #[arg(long, env = "OWT_AUTH", hide_env_values = true, value_name = "USER:SHA256HEX")]
    auth: Option<String>,
}

impl KeyArgs {
    /// The keys. Not clap's to parse: it would print what may be a password given by mistake.
    ///
    /// # Errors
    /// One of them is malformed.
    pub(crate) fn keys(&self) -> Result<Keys, Failure> {
        let mut keys = Keys::default();
        if let Some(auth) = self.auth.as_deref().filter(|auth| !auth.is_empty()) {
            keys.add_user(auth).map_err(|error| Failure::Usage(format!("--auth: {error}")))?;
        }
        Ok(keys)
    }

    /// A user who may come in, for a line to try.
    pub(crate) fn user(&self) -> Option<&str> {
        self.auth.as_deref()?.split_once(':').map(|(user, _)| user)
    }
}
