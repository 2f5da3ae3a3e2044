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

use std::time::{Duration, Instant};

use owt_client::Client;
use owt_core::Catalogue;

use crate::args::{Language, StubsArgs};
use crate::call::wait;
use crate::failure::Failure;
use crate::output;

/// How long a server may take to describe its modules, and how often it is asked.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) fn run(args: &StubsArgs) -> Result<(), Failure> {
    let client = args.token.client(&args.server, Client::builder())?;
    let catalogue = wait(whole(&client))?;
    output::write(written(&catalogue, args.language).as_bytes())
}

/// The catalogue, once the server has described every module.
async fn whole(client: &Client) -> Result<Catalogue, Failure> {
    let begun = Instant::now();
    loop {
        let catalogue = client.functions().await?;
        if catalogue.ready {
            return Ok(catalogue);
        }
        if begun.elapsed() > LONGEST_WAIT {
            return Err(Failure::Usage(format!(
                "the server is still describing its modules after {} s: try again later",
                LONGEST_WAIT.as_secs()
            )));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn written(catalogue: &Catalogue, language: Language) -> String {
    match language {
        Language::Python => python::stubs(catalogue),
        Language::Typescript => typescript::stubs(catalogue),
        Language::Rust => rust::stubs(catalogue),
        Language::Haskell => haskell::stubs(catalogue),
    }
}
