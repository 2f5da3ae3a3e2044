//! What workers may do to the machine.

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "What adaptors may do")]
pub(crate) struct SandboxArgs {}
