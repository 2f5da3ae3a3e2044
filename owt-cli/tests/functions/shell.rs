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

const TOOLS: &str = "\
import owt

@owt.function(get=True)
def add(x: int, y: int = 1) -> int:
    return x + y

@owt.function
def kinds(**named) -> dict:
    return {name: [type(value).__name__, value] for name, value in named.items()}

@owt.function
def size(photo: owt.functions.File, data: bytes = b'', width: int = 0) -> list:
    return [photo.filename, len(photo.read()), len(data), width]

@owt.function
def missing():
    return 'not here', 404
";

#[test]
fn a_function_is_called_by_its_name() {
    let folder = Folder::new();
    folder.write("tools.py", TOOLS);
    let server = serving(&folder, "1");
    catalogue(&server);
    let text = folder.write("text", "[1, 2]");
    let (text, photo) = (text.display(), folder.write("a \"b\".png", "12345"));
    for (args, answer) in [
        (vec!["x=1", "y:=2"], "3"),
        (vec!["x=1"], "2"),
        (vec!["x:=1", "--json"], "2"),
        (vec!["[4, 5]"], "9"),
        (vec!["4"], "5"),
        (vec!["4", "y:=123456789012345678901234567890"], "123456789012345678901234567894"),
        (vec!["{\"x\": 1}", "y:=2"], "3"),
        (vec!["--arg", "x", "7"], "8"),
        (vec!["--kwargs", "{\"x\": 1}"], "2"),
        (vec!["--get", "x=1", "y:=2"], "3"),
        (vec!["--method", "GET", "x=1"], "2"),
        (vec!["x=1", "--use-cache", "--timeout", "20"], "2"),
    ] {
        let args: Vec<_> = ["call", "tools.add"].into_iter().chain(args).collect();
        assert_eq!(said(&owt(&server, &args)).trim(), answer, "{args:?}");
    }
    let words = [
        "call",
        "tools.kinds",
        "--json",
        "text=5",
        "json:=[1.50, null]",
        "empty=",
        "größe=é",
        &format!("file=@{text}"),
        &format!("of:=@{text}"),
        "--arg",
        "b",
        "True",
    ];
    let kinds: Value = serde_json::from_str(&said(&owt(&server, &words))).unwrap();
    let wanted = json!({
        "text": ["str", "5"], "json": ["list", [1.5, null]], "empty": ["str", ""],
        "größe": ["str", "é"], "file": ["str", "[1, 2]"], "of": ["list", [1, 2]],
        "b": ["str", "True"],
    });
    assert_eq!(kinds, wanted);
    // Alone it would be run.
    let words = ["call", "tools.kinds", "--json", "code:=\"1 / 0\"", "code_b64:=[]"];
    let code: Value = serde_json::from_str(&said(&owt(&server, &words))).unwrap();
    assert_eq!(code, json!({"code": ["str", "1 / 0"], "code_b64": ["list", []]}));
    let photo = format!("photo@{}", photo.display());
    let more = format!("data={text}");
    let words = ["call", "tools.size", &photo, "width=3", "--file", &more, "--json"];
    let size: Value = serde_json::from_str(&said(&owt(&server, &words))).unwrap();
    assert_eq!(size, json!(["a \"b\".png", 5, 6, 3]));
}

#[test]
fn what_is_no_function_is_told_apart() {
    let folder = Folder::new();
    folder.write("tools.py", TOOLS);
    let server = serving(&folder, "1");
    catalogue(&server);
    for (args, code, words) in [
        (
            &["tools.ad", "x=1"][..],
            1,
            "publishes no function tools.ad, and there is no file of that name; near: tools.add",
        ),
        (&["tolls.add", "x=1"], 1, "near: tools.add\n`owt functions` lists"),
        (&["adaptor.txt"], 1, "publishes no function adaptor.txt, and there is no file"),
        (&["tools.py"], 2, "cannot read tools.py"),
        (&["tools/add"], 2, "cannot read tools/add"),
        (&["f(math.sqrt)", "2"], 2, "cannot read f(math.sqrt)"),
        (&["tools.missing"], 1, "not here"),
        (&["tools.add", "x=a"], 1, "it should be a whole number, not \"a\""),
        (&["tools.add", "x=1", "x:=2"], 2, "the argument x is given twice"),
        (&["tools.add", "x:=a"], 2, "for text write x=a"),
        (&["tools.add", "some text"], 2, "NAME=TEXT, NAME:=JSON or NAME@FILE"),
        (&["tools.add", "x@/nowhere"], 2, "cannot read /nowhere"),
        (&["tools.add", "x=1", "4"], 2, "a form has no positions"),
        (&["tools.add", "4", "--get"], 2, "a URL has no positions"),
        (&["tools.kinds", "code=1 / 0"], 2, "an argument called code would be run in a form"),
        (&["tools.add", "x=1", "code=2", "--get"], 2, "would be run in a URL"),
        (&["tools.add", "x=1", "--fn-name", "y"], 2, "--fn-name is for code"),
        (&["tools.kinds", "x=1", "--get"], 1, "405"),
    ] {
        let args: Vec<_> = ["call"].iter().chain(args).copied().collect();
        let output = owt(&server, &args);
        let told = String::from_utf8_lossy(&[output.stderr, output.stdout].concat()).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {told}");
        assert!(told.contains(words), "{args:?}: {told}");
    }
    // A file of that name is the adaptor.
    folder.write("tools.add", "def run(x): return f'of the file: {x}'");
    let mut command = Command::new(owt_testing::binary());
    command.args(["call", "tools.add", "x=1"]).current_dir(folder.as_str());
    let output = command.env("OWT_URL", &server.url).env_remove("OWT_TOKEN").output().unwrap();
    assert_eq!(said(&output).trim(), "of the file: 1");
}
