//! The programs of the README are the examples, and print what it says.

use std::path::{Path, PathBuf};
use std::process::Command;

use owt_testing::Owt;

/// What cargo builds beside this test program.
pub(crate) fn built(name: &str) -> PathBuf {
    let folder = std::env::current_exe().unwrap().ancestors().nth(2).map(Path::to_owned);
    folder.unwrap().join(name)
}

/// The fenced blocks of that kind.
fn blocks<'a>(readme: &'a str, kind: &str) -> Vec<&'a str> {
    let fence = format!("```{kind}\n");
    readme.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_readmes_programs_run() {
    let readme = include_str!("../../README.md");
    let programs = [
        ("call", include_str!("../../examples/call.rs")),
        ("functions", include_str!("../../examples/functions.rs")),
        ("forms", include_str!("../../examples/forms.rs")),
        ("stream", include_str!("../../examples/stream.rs")),
        ("client", include_str!("../../examples/client.rs")),
        ("errors", include_str!("../../examples/errors.rs")),
        ("blocking", include_str!("../../examples/blocking.rs")),
    ];
    let (shown, printed) = (blocks(readme, "rust,no_run"), blocks(readme, "text"));
    assert_eq!((shown.len(), printed.len()), (programs.len(), programs.len()));
    let server = Owt::start();
    for (((name, program), shown), printed) in programs.into_iter().zip(shown).zip(printed) {
        assert_eq!(shown, program, "examples/{name}.rs is not what the README shows");
        let output =
            Command::new(built("examples").join(name)).env("OWT_URL", &server.url).output();
        let output = output.unwrap_or_else(|error| {
            panic!("examples/{name}: {error}; `cargo test -p owt-client` builds it")
        });
        assert_eq!(String::from_utf8(output.stdout).unwrap(), printed, "{name}");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
