//! Processes that moved away from their worker and hide whose they are.

use std::path::PathBuf;

use owt_testing::family::{Family, eventually, signal};
use owt_testing::{Folder, Start};

/// Starts a process with an empty environment in a session of its own, and gives the worker and
/// that process. Each name is other code, which goes to the worker that has less.
fn leave(family: &Family, folder: &Folder, name: &str) -> (u32, u32) {
    let file: PathBuf = folder.path(name);
    let code = format!(
        "import os, subprocess, time
def run():
    script = 'echo $$ > {0}.new; mv {0}.new {0}; exec sleep 1000'
    subprocess.run(['env', '-i', 'setsid', '-f', 'sh', '-c', script], check=True)
    while not os.path.exists({0:?}):
        time.sleep(0.005)
    return [os.getpid(), int(open({0:?}).read())]",
        file.display().to_string()
    );
    let ids = family.owt.code(&code).post("/").json();
    let [worker, process] = [0, 1].map(|n| ids[n].as_u64().unwrap() as u32);
    (worker, process)
}

fn lives(process: u32) -> bool {
    let name = std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    name.trim() == "sleep"
}

#[test]
fn an_orphan_without_an_environment_ends_with_its_worker_and_others_stay() {
    let (family, folder) = (Family::of(2, &[]), Folder::new());
    let (one, its_own) = leave(&family, &folder, "one");
    let (other, others) = leave(&family, &folder, "other");
    assert_ne!(one, other, "one for each worker");
    assert!(lives(its_own) && lives(others));
    signal(one, "-KILL");
    eventually("its orphan ends", || !lives(its_own));
    family.is_whole();
    assert!(lives(others));
    family.ends_well();
    assert!(!lives(others), "a server that ends has ended it");
}

#[test]
fn what_is_left_of_a_killed_server_has_no_such_orphan() {
    let folder = Folder::new();
    let mut family = Family::started(1, Start::new());
    let (_, orphan) = leave(&family, &folder, "one");
    family.owt.signal("-KILL");
    family.owt.wait();
    eventually("the guard ends it", || !lives(orphan));
}
