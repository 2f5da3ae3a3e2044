//! The systemd units: systemd understands them, and what they forbid an adaptor stays forbidden.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use owt_testing::Folder;

/// The most that `systemd-analyze security` may find open, in tenths, of 100.
const MOST_EXPOSED: u32 = 22;

fn unit(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(of).join("owt.service")
}

fn analyze(args: &[&str], unit: &Path, folder: &Folder) -> Output {
    let mut command = Command::new("systemd-analyze");
    // It looks there for the units of a person.
    command.args(args).arg(unit).env("XDG_RUNTIME_DIR", folder.path("."));
    command.output().expect("systemd-analyze is there: .ci/tools installs it")
}

#[test]
fn systemd_understands_the_units() {
    for (of, args) in [("system", &["verify"][..]), ("user", &["verify", "--user"])] {
        let folder = Folder::new();
        let text = std::fs::read_to_string(unit(of)).unwrap();
        let (start, user) = ("ExecStart=", "User=owt");
        let lines = text.lines().map(|line| match line.strip_prefix(start) {
            // What is not installed here.
            Some(command) => {
                let (_, args) = command.split_once(' ').unwrap();
                format!("{start}{} {args}\n", env!("CARGO_BIN_EXE_owt"))
            }
            None if line == user => "User=root\n".to_owned(),
            None => format!("{line}\n"),
        });
        let copy = folder.write("owt.service", lines.collect::<String>());
        let told = analyze(args, &copy, &folder);
        let said = String::from_utf8_lossy(&told.stderr);
        assert!(told.status.success() && said.is_empty(), "{of}: {said}");
    }
}

#[test]
fn the_systems_unit_is_not_exposed() {
    let folder = Folder::new();
    let threshold = format!("--threshold={MOST_EXPOSED}");
    let told = analyze(&["security", "--offline=true", &threshold], &unit("system"), &folder);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stdout));
}
