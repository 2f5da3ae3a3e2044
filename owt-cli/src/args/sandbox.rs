//! Declares what workers may do to the machine.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args, ValueHint};
use owt_server::Sandbox;

use crate::failure::Failure;

#[derive(Debug, Args)]
#[command(next_help_heading = "What adaptors may do")]
pub(crate) struct SandboxArgs {
    /// Let adaptors write only to temporary files, a cache of theirs and --writable
    ///
    /// They read what you can read, and reach no other processes. Needs Linux 6.2 with landlock.
    #[arg(long, env = "OWT_SANDBOX", action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    sandbox: bool,

    /// A folder or file that adaptors in the sandbox may write to; can be given again
    #[arg(long, env = "OWT_WRITABLE", value_name = "PATH", value_delimiter = ':', value_hint = ValueHint::AnyPath)]
    writable: Vec<PathBuf>,

    /// Let adaptors open no sockets: nothing is reached, on this machine neither
    #[arg(long, env = "OWT_NO_NETWORK", action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    no_network: bool,
}

impl SandboxArgs {
    /// What adaptors are kept from.
    ///
    /// # Errors
    /// A writable path is not there, or has no sandbox that it is outside of.
    pub(crate) fn sandbox(&self) -> Result<Option<Sandbox>, Failure> {
        // OWT_WRITABLE= names none.
        let writable: Vec<_> =
            self.writable.iter().filter(|path| !path.as_os_str().is_empty()).cloned().collect();
        if let (false, Some(path)) = (self.sandbox, writable.first()) {
            return Err(Failure::Usage(format!(
                "--writable {}: adaptors write everywhere you can unless --sandbox is given",
                path.display()
            )));
        }
        for path in &writable {
            path.metadata().map_err(|error| {
                Failure::Usage(format!("--writable {}: {error}; make it first", path.display()))
            })?;
        }
        let kept_in =
            Sandbox { writable: self.sandbox.then_some(writable), no_network: self.no_network };
        Ok((self.sandbox || self.no_network).then_some(kept_in))
    }
}
