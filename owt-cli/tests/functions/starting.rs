//! What `owt serve` publishes, and what it refuses to.

use std::process::{Command, Stdio};

use owt_testing::{Answer, Folder, Start};
use serde_json::json;

use crate::{call, catalogue, names};

#[test]
fn folders_files_and_modules_are_published() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("lib")).unwrap();
    std::fs::create_dir_all(folder.path("here/pkg")).unwrap();
    folder.write("lib/tools.py", "def add(x: int, y: int): return x + y\n");
    folder.write("alone.py", "import beside\ndef f(): return beside.word\n");
    folder.write("beside.py", "word = 'beside'\ndef not_published(): pass\n");
    folder.write("here/pkg/__init__.py", "raise RuntimeError('only imported where it is run')\n");
    folder.write("here/pkg/mod.py", "def g(): return 'g'\n");
    folder.write("here/single.py", "def s(): return 's'\n");
    let start = Start::new().dir(folder.path("here"));
    let owt = start.args(["../lib", "../alone.py", "single", "pkg.mod", "json.decoder"]).start();
    let told = catalogue(&owt);
    assert_eq!(names(&told), ["alone.f", "single.s", "tools.add"]);
    assert_eq!(told["errors"][0]["module"], "pkg.mod");
    assert_eq!(call(&owt, "/alone/f", &json!({})).ok(), "beside");
    assert_eq!(call(&owt, "/single/s", &json!({})).ok(), "s");
    call(&owt, "/pkg/mod/g", &json!({})).refused(500, "adaptor-raised");
    call(&owt, "/beside/not_published", &json!({})).malformed("code");
}

#[test]
fn what_cannot_be_published_refuses_to_start_and_says_so() {
    let folder = Folder::new();
    folder.write("notes.txt", "");
    folder.write("my-tool.py", "");
    for (argument, said) in [
        ("gone/", "gone/ cannot be served"),
        ("gone.py", "gone.py cannot be served"),
        ("notes.txt", "notes.txt is a file that Python does not import"),
        ("my-tool.py", "my-tool.py is a file that Python does not import"),
        ("no_such_module.of_mine", "no_such_module.of_mine is no folder, no file, and no module"),
        ("json.nothing", "json.nothing is no folder, no file, and no module"),
        ("nosuch", "nosuch is no folder, no file, and no module"),
    ] {
        let mut command = Command::new(owt_testing::binary());
        command.args(["serve", "--port", "0", argument]).current_dir(folder.path(""));
        if let Some(venv) = owt_testing::venv() {
            command.env("VIRTUAL_ENV", venv);
        }
        let output = command.stdin(Stdio::null()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{argument}: {told}");
        assert!(told.contains(said), "{argument}: {told}");
    }
}

#[test]
fn nothing_is_published_that_was_not_named() {
    let folder = Folder::new();
    folder.write("script.py", "raise RuntimeError('it ran')\ndef f(): pass\n");
    let owt = Start::new().dir(folder.path("")).start();
    assert_eq!(catalogue(&owt)["functions"], json!([]));
    call(&owt, "/script/f", &json!({})).malformed("code");
}

#[test]
fn many_modules_keep_nobody_waiting() {
    let folder = Folder::new();
    let functions: String =
        (0..10).map(|at| format!("def f{at}(x: int = {at}): return x\n")).collect();
    // Calls are taken while it imports: only it can tell that they are.
    for number in 0..200 {
        folder.write(&format!("m{number:03}.py"), &functions);
    }
    let owt = crate::serving(&folder, "1");
    // The last one need not wait for its turn, and nobody for it.
    assert_eq!(call(&owt, "/m199/f7", &json!({})).json(), 7);
    let ready = || Answer::of(owt.request("GET", "/_owt/readyz").send().unwrap()).ok().to_owned();
    loop {
        match ready().as_str() {
            "ready\n" => break,
            other => assert!(other.contains("of 200 modules are described"), "{other}"),
        }
        std::thread::yield_now();
    }
    assert_eq!(names(&catalogue(&owt)).len(), 2000);
}
