//! The version is the workspace's, and every manifest that cannot take it from there says the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot read a manifest fails")]

use std::path::Path;

#[test]
fn every_manifest_has_the_workspaces_version() {
    let version = env!("CARGO_PKG_VERSION");
    for (file, line) in [
        ("owt-python/python/owt/__init__.py", format!("__version__ = \"{version}\"")),
        ("clients/python/pyproject.toml", format!("version = \"{version}\"")),
        ("clients/js/package.json", format!("\"version\": \"{version}\",")),
        ("clients/haskell/owt.cabal", format!("version: {version}")),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let wanted: Vec<_> = line.split_whitespace().collect();
        assert!(lines.any(|line| line == wanted), "{file} should say `{line}`");
    }
}
