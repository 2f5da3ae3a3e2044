//! Lets the binary find the libpython that owt-server was linked with, and the server find the
//! documents, the client for browsers and the examples that it carries.

use std::path::Path;

fn main() {
    if let Ok(dir) = std::env::var("DEP_OWT_PYTHON_LIBPYTHON_DIR") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{dir}");
    }
    println!("cargo::rustc-env=OWT_CARRIED={}", carried().display());
}

/// The folder that has them as the repository has: that itself, or the copy in a published crate
/// (`make package`).
fn carried() -> std::path::PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packaged = here.join("packaged");
    println!("cargo::rerun-if-changed={}", packaged.display());
    let repository = here.join("..");
    if repository.join("docs/wire.md").exists() { repository } else { packaged }
}
