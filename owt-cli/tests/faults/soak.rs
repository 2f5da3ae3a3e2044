//! The soak test in small: all kinds of faults, one after the other, a second each.

use std::path::Path;
use std::process::Command;

use owt_testing::{Folder, venv};

#[test]
fn a_second_of_each_kind_of_fault() {
    let venv = venv().expect("OWT_TEST_VENV is set: run `make test`");
    let folder = Folder::new();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(venv.join("bin/python"))
        .arg(project.join("benches/soak"))
        .args(["--binary", env!("CARGO_BIN_EXE_owt"), "--out", folder.as_str()])
        .args(["--seconds", "1", "--kinds", "each"])
        .env("VIRTUAL_ENV", &venv)
        .output()
        .unwrap();
    let (said, error) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    println!("{said}");
    assert!(output.status.success(), "{said}\n{error}");
}
