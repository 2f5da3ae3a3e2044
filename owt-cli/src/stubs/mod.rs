//! `owt stubs`: writes typed client code for the functions that a server publishes.

#![allow(
    clippy::indexing_slicing,
    reason = "of JSON alone: what is not there is null, and what is written to is an object"
)]

mod haskell;
mod python;
mod rust;
mod shape;
mod types;
mod typescript;

use owt_client::Client;
use owt_core::Catalogue;

use crate::args::{Language, StubsArgs};
use crate::call::wait;
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(args: &StubsArgs) -> Result<(), Failure> {
    let client = args.token.client(&args.server, Client::builder())?;
    let catalogue = wait(async { Ok(client.functions().await?) })?;
    output::write(written(&catalogue, args.language).as_bytes())
}

fn written(catalogue: &Catalogue, language: Language) -> String {
    match language {
        Language::Python => python::stubs(catalogue),
        Language::Typescript => typescript::stubs(catalogue),
        Language::Rust => rust::stubs(catalogue),
        Language::Haskell => haskell::stubs(catalogue),
    }
}
