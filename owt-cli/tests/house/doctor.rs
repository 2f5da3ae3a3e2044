//! `owt doctor` says what `owt serve` would say, because it starts a worker to know.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use owt_testing::{Folder, venv};

/// `owt` with a world in which nothing else says which Python is meant.
fn owt(args: &[&str]) -> Command {
    let mut command = Command::new(owt_testing::binary());
    for (name, _) in std::env::vars() {
        if name.starts_with("OWT_") || name.starts_with("PYTHON") || name == "VIRTUAL_ENV" {
            command.env_remove(name);
        }
    }
    command.args(args);
    command
}

fn served() -> PathBuf {
    venv().expect("OWT_TEST_VENV is set: run `make test`").join("bin/python")
}

fn doctor(python: &Path) -> Command {
    owt(&["doctor", "--python", python.to_str().unwrap()])
}

fn serve(python: &Path) -> Command {
    owt(&["serve", "--port", "0", "--python", python.to_str().unwrap()])
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// An environment of its own, made with the served Python.
fn environment(folder: &Folder) -> PathBuf {
    let place = folder.path("venv");
    let mut make = Command::new(served());
    assert!(make.args(["-m", "venv", "--without-pip"]).arg(&place).status().unwrap().success());
    place
}

/// Both say no, with these words, and with exit status 1.
#[track_caller]
fn both_refuse(change: impl Fn(&mut Command), python: &Path, words: &[&str]) {
    let (mut doctor, mut serve) = (doctor(python), serve(python));
    change(&mut doctor);
    change(&mut serve);
    let (doctor, serve) = (doctor.output().unwrap(), serve.output().unwrap());
    assert_eq!((doctor.status.code(), serve.status.code()), (Some(1), Some(1)), "{}", out(&doctor));
    let told = String::from_utf8_lossy(&serve.stderr).into_owned();
    for word in words {
        assert!(out(&doctor).contains(word), "doctor does not say {word:?}:\n{}", out(&doctor));
        assert!(told.contains(word), "serve does not say {word:?}:\n{told}");
    }
}

#[test]
fn a_python_that_is_served_is_well_and_nothing_is_left() {
    let temporary = Folder::new();
    let output = doctor(&served()).env("TMPDIR", temporary.as_str()).output().unwrap();
    assert!(output.status.success() && out(&output).contains("All well"), "{}", out(&output));
    assert_eq!(std::fs::read_dir(temporary.path("")).unwrap().count(), 0);
}

#[test]
fn another_build_is_told_in_one_sentence_with_the_mend() {
    let folder = Folder::new();
    // The served Python, but for a module that is built into it alone.
    let python = folder.write(
        "python",
        format!(
            "#!/bin/sh\nexec {} -I -c 'import sys; sys.builtin_module_names += (\"_of_its_own\",)\n\
             exec(sys.argv[1])' \"$3\"\n",
            served().display()
        ),
    );
    std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
    let words = [
        "is of another build of Python 3.",
        "than the one this owt is linked with (3.",
        "lacks the modules _of_its_own that",
        "make the environment with ",
        "or build owt with PYO3_PYTHON=",
    ];
    // What serves any Python may have been built too.
    let alone = |command: &mut Command| {
        command.env("OWT_PACKAGE", folder.as_str());
    };
    both_refuse(alone, &python, &words);
    let mut doctor = doctor(&python);
    alone(&mut doctor);
    let output = doctor.output().unwrap();
    assert_eq!(out(&output).lines().filter(|line| line.starts_with("problem: ")).count(), 1);
}

#[test]
fn a_module_that_stands_before_pythons_own_is_told() {
    let folder = Folder::new();
    folder.write("socket.py", "raise RuntimeError('no socket of mine')");
    let shadow = |command: &mut Command| {
        command.env("PYTHONPATH", folder.as_str());
    };
    let words = ["RuntimeError: no socket of mine", "PYTHONPATH is set to `", "try without it"];
    both_refuse(shadow, &served(), &words);
}

#[test]
fn a_home_that_is_none_is_told() {
    let home = |command: &mut Command| {
        command.env("PYTHONHOME", "/no/such/home");
    };
    let words = ["Python did not start: ", "PYTHONHOME is set to `/no/such/home`, try without it"];
    both_refuse(home, &served(), &words);
}

#[test]
fn an_environment_whose_python_is_gone_is_told() {
    let folder = Folder::new();
    let place = environment(&folder);
    let python = place.join("bin/python");
    std::fs::remove_file(&python).unwrap();
    symlink("/no/such/python3", &python).unwrap();
    let words = ["is a link to `/no/such/python3`, which is gone", "make the environment anew"];
    both_refuse(|_| (), &python, &words);
    // One that is active is not passed over for another Python.
    let output = owt(&["doctor"]).env("VIRTUAL_ENV", &place).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains(words[0]), "{}", out(&output));
}

#[test]
fn what_site_packages_do_at_the_start_is_seen() {
    let folder = Folder::new();
    let place = environment(&folder);
    let python = place.join("bin/python");
    let ask = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let packages = Command::new(&python).args(["-c", ask]).output().unwrap();
    let packages = PathBuf::from(out(&packages).trim());
    // Python itself goes on after these.
    std::fs::write(packages.join("broken.pth"), "import no_such_module\n").unwrap();
    let custom = packages.join("sitecustomize.py");
    std::fs::write(&custom, "print('hello'); raise ValueError('custom')").unwrap();
    let output = doctor(&python).output().unwrap();
    assert!(output.status.success(), "{}", out(&output));
    // And not after these.
    std::fs::write(&custom, "import os; os._exit(3)").unwrap();
    both_refuse(|_| (), &python, &["exit status: 3"]);
    let only_in_a_worker = "import os, sys\nif '-c' not in sys.orig_argv: os.abort()";
    std::fs::write(&custom, only_in_a_worker).unwrap();
    let words = ["it ended before it was ready; it was killed by signal 6", "sitecustomize.py"];
    both_refuse(|_| (), &python, &words);
}
