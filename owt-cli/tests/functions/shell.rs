//! `owt functions` and `owt publish`.

use std::process::{Command, Output};

use owt_testing::{Folder, Owt};
use serde_json::{Value, json};

use crate::{call, catalogue, serving};

fn owt(server: &Owt, args: &[&str]) -> Output {
    let mut command = Command::new(owt_testing::binary());
    command.args(args).env("OWT_URL", &server.url).env_remove("OWT_TOKEN").output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn functions_are_listed_and_code_is_published() {
    let folder = Folder::new();
    let tools = "import owt\n@owt.function(get=True)\ndef add(x: int, *, y: int | None = None):\n    \
                 \"\"\"Adds.\n\n    More.\n    \"\"\"\n    return x\n";
    folder.write("tools.py", tools);
    folder.write("broken.py", "def f(: pass\n");
    let server = serving(&folder, "1");
    catalogue(&server);
    assert_eq!(
        said(&owt(&server, &["functions"])),
        "FUNCTION                                    GET  WHAT IT DOES\n\
         tools.add(x: int, *, y: int | None = None)  yes  Adds.\n\
         ! broken: the code is no Python: invalid syntax (line 1, column 7)\n"
    );
    let told: Value = serde_json::from_str(&said(&owt(&server, &["functions", "--json"]))).unwrap();
    assert_eq!(told, catalogue(&server));

    let file = folder.write("mine.txt", "def run(x: int): return x * 2\n");
    let file = file.to_str().unwrap();
    let paths = said(&owt(&server, &["publish", file]));
    let path = paths.split_whitespace().nth(1).unwrap();
    assert!(path.starts_with("/_owt/code/") && path.ends_with("/run"), "{paths}");
    assert_eq!(call(&server, path, &json!({"x": 2})).json(), 4);
    let paths = said(&owt(&server, &["publish", file, "--name", "lab.sota"]));
    assert_eq!(paths, "POST  /lab/sota/run  lab.sota.run(x: int)\n");
    assert_eq!(call(&server, "/lab/sota/run", &json!({"x": 3})).json(), 6);
    for (args, code, words) in [
        (vec!["publish", file, "--name", "tools"], 1, "publishes already"),
        (vec!["publish", file, "--keep"], 2, "--name"),
        (vec!["publish", "/nowhere.py"], 2, "cannot read /nowhere.py"),
    ] {
        let output = owt(&server, &args);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {told}");
        assert!(told.contains(words), "{args:?}: {told}");
    }
}
