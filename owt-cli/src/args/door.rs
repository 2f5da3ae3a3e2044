//! What the door asks of a request besides a key.

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Which names and pages may reach it")]
pub(crate) struct DoorArgs {}
