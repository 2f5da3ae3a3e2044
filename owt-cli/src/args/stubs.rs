//! Declares what `owt stubs` takes.

use clap::{Args, ValueEnum};

use super::{ServerArgs, TokenArgs};

#[derive(Debug, Args)]
#[command(after_long_help = STUBS_EXAMPLES)]
pub(crate) struct StubsArgs {
    /// The language of the client
    #[arg(long = "for", value_enum, value_name = "LANGUAGE")]
    pub(crate) language: Language,

    #[command(flatten)]
    pub(crate) server: ServerArgs,

    #[command(flatten)]
    pub(crate) token: TokenArgs,
}

/// A language that stubs are written in.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Language {
    /// On the standard library alone
    Python,
    /// On `fetch` alone
    Typescript,
    /// On owt-client
    Rust,
    /// On the package owt
    Haskell,
}

const STUBS_EXAMPLES: &str = "\
Examples:
  owt stubs --for python > functions.py
  owt stubs --for typescript --address http://models.local:9876 > functions.ts
  owt stubs --for rust > src/functions.rs
  owt stubs --for haskell > Functions.hs";
