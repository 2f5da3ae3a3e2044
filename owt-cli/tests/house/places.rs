//! Folders that many may write to, and what others have put there.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use owt_testing::{Folder, Owt, Start};

fn allow(path: impl AsRef<Path>, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn end(mut owt: Owt) {
    owt.signal("-TERM");
    assert_eq!(owt.wait().code(), Some(0));
}

#[test]
fn temporary_files_of_others_stay_and_delay_nothing() {
    let shared = Folder::new();
    allow(shared.path(""), 0o1777);
    for name in ["owt-my-thesis", "owt-x", "owt-server-x"] {
        std::fs::create_dir(shared.path(name)).unwrap();
    }
    shared.write("owt-my-thesis/lock", "");
    shared.write("owt-my-thesis/chapter", "years of work");
    for name in ["owt-x/lock", "owt-server-x/lock"] {
        assert!(Command::new("mkfifo").arg(shared.path(name)).status().unwrap().success());
    }
    let owt = Start::new().env("TMPDIR", shared.as_str()).start();
    assert_eq!(shared.read("owt-my-thesis/chapter"), "years of work");
    // Each worker's sources of adaptors are in the server's own folder: adaptors/PID/NAME.py.
    let at = owt.code("def run():\n    return __file__").post("/");
    let own = Path::new(at.ok()).ancestors().nth(3).unwrap().to_owned();
    assert_eq!(own.parent().unwrap(), Path::new(shared.as_str()));
    assert_eq!(own.metadata().unwrap().permissions().mode() & 0o777, 0o700, "{}", own.display());
    end(owt);
    assert!(!own.exists());
    assert_eq!(std::fs::read_dir(shared.path("")).unwrap().count(), 3);
}

/// Where a server that is started so has its Python package.
fn package(home: &Folder) -> (Owt, PathBuf) {
    let owt = Start::new().env("XDG_CACHE_HOME", home.as_str()).start();
    let file =
        owt.code("import owt\ndef run():\n    return owt.__file__").post("/").ok().to_owned();
    (owt, file.into())
}

#[test]
fn code_in_a_cache_that_others_may_write_to_is_not_run() {
    let (cache, ran) = (Folder::new(), Folder::new());
    let (owt, kept) = package(&cache);
    end(owt);
    assert!(kept.starts_with(cache.as_str()), "{}", kept.display());
    let honest = std::fs::read_to_string(&kept).unwrap();
    std::fs::write(&kept, format!("{honest}\n{}\n", ran.mark("ran"))).unwrap();
    for (open, mode) in [("", 0o777), ("owt", 0o777), ("owt", 0o770)] {
        allow(cache.path(open), mode);
        let (owt, other) = package(&cache);
        assert!(!other.starts_with(cache.as_str()), "{}", other.display());
        owt.log_with("others may write to");
        end(owt);
        allow(cache.path(open), 0o700);
    }
    assert_eq!(ran.marks("ran"), 0);
}

#[test]
fn modules_that_others_may_write_are_told() {
    let modules = Folder::new();
    allow(modules.path(""), 0o1777);
    let owt = Start::new().args([modules.as_str()]).start();
    owt.log_with(&format!("others may write to {}", modules.as_str()));
    end(owt);
}
