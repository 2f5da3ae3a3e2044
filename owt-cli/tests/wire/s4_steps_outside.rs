//! §4: the steps that reach outside: the request, files, bash, packages.

use serde_json::json;

use owt_testing::{Answer, Folder, Owt, Start, venv};

#[test]
fn path_is_the_url_paths_parts() {
    let owt = Owt::start();
    let call = owt.code("path()");
    for (path, wanted) in [
        ("/", json!([])),
        ("/a", json!(["a"])),
        ("/a/b/c.wav", json!(["a", "b", "c.wav"])),
        ("/a%20b/%C3%A9", json!(["a b", "é"])),
    ] {
        assert_eq!(call.post(path).json(), wanted, "{path}");
        assert_eq!(call.get(path).json(), wanted, "{path}");
    }
    assert_eq!(owt.code("path().last()").get("/some/where").ok(), "where");
}

#[test]
fn query_is_the_query_string_as_a_dict() {
    let owt = Owt::start();
    let call = owt.code("query()");
    let posted = Answer::of(call.posting("/?a=1&b=x+%26+y&empty=").send().unwrap()).json();
    assert_eq!(posted, json!({"a": "1", "b": "x & y", "empty": ""}));
    let got = call.field("n", "7").get("/").json();
    assert_eq!(got["n"], "7");
    assert_eq!(owt.code("query().get('n').cast(int)").field("n", "7").get("/").ok(), "7");
}

#[test]
fn json_is_the_parsed_body() {
    let owt = Owt::start();
    let call = owt.code("json()");
    for body in [json!({"a": [1, null, true]}), json!([1, 2]), json!("text"), json!(5)] {
        let text = body.to_string().into_bytes();
        let answer = Answer::of(call.posting_data("/", "application/json", text).send().unwrap());
        let wanted = match &body {
            // A text is answered as a text.
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        assert_eq!(answer.ok().replace(", ", ","), wanted);
    }
    assert_eq!(owt.code("json().get('n')").field("n", "7").post("/").ok(), "7");
    let broken = call.posting_data("/", "application/json", b"{".to_vec()).send().unwrap();
    assert!(Answer::of(broken).refused(400, "malformed-call")["detail"].is_string());
}

#[test]
fn open_and_bytes_read_a_file() {
    let owt = Owt::start();
    let folder = Folder::new();
    let page = folder.write("page.txt", "text\r\n");
    folder.write("noise.bin", [0, 159, 146, 150, 255]);
    let read = owt.code("open().bytes()").kwargs(&format!("{page:?}"));
    assert_eq!(read.post("/").ok(), "text\r\n");
    let read = owt.code(&format!("open(root_dir={:?}).bytes()", folder.as_str()));
    let noise = read.clone().kwargs("'noise.bin'").post("/");
    assert_eq!(noise.body, [0, 159, 146, 150, 255]);
    assert_eq!(read.clone().kwargs("page.txt").post("/").ok(), "text\r\n");
    assert_eq!(
        owt.code("kwarg('path').open().f(lambda file: file.read(2))")
            .kwargs(&format!("{{'path': {page:?}}}"))
            .post("/")
            .ok(),
        "te"
    );
    assert_eq!(owt.code("bytes()").kwargs("'text'").post("/").ok(), "text");
    let problem = read.kwargs("'none.txt'").post("/").refused(500, "adaptor-raised");
    assert_eq!(problem["exception"]["type"], "FileNotFoundError");
}

#[test]
fn nothing_outside_root_dir_can_be_reached() {
    let owt = Owt::start();
    let folder = Folder::new();
    for name in ["root", "root/sub", "rooted"] {
        std::fs::create_dir(folder.path(name)).unwrap();
    }
    let secret = folder.write("secret.txt", "the secret");
    folder.write("rooted/secret.txt", "the secret");
    folder.write("root/inside.txt", "inside");
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, folder.path(at)).unwrap();
    link("../secret.txt", "root/link.txt");
    link("..", "root/up");
    link(secret.to_str().unwrap(), "root/absolute.txt");
    link("inside.txt", "root/fine.txt");
    let root = folder.path("root");
    let open = owt.code(&format!("open(root_dir={root:?}).bytes()"));
    let inside = format!("{root:?}").replace("\"", "") + "/inside.txt";
    for name in ["inside.txt", "sub/../inside.txt", "./inside.txt", "fine.txt", &inside] {
        assert_eq!(open.clone().kwargs(&format!("{name:?}")).post("/").ok(), "inside", "{name}");
    }
    for name in [
        "../secret.txt",
        "sub/../../secret.txt",
        "../rooted/secret.txt",
        "link.txt",
        "absolute.txt",
        "up/secret.txt",
        "up/rooted/secret.txt",
        secret.to_str().unwrap(),
        "/etc/passwd",
        "inside.txt/../../secret.txt",
        "~/secret.txt",
        "secret.txt\0",
        "",
        ".",
        "..",
    ] {
        let answer = open.clone().kwargs(&format!("{name:?}")).post("/");
        assert!(answer.status >= 400, "{name:?}: {}", answer.text());
        assert!(!answer.text().contains("the secret"), "{name:?}: {}", answer.text());
    }
    // The same by parts, as `path()` gives them.
    let by_path = owt.code(&format!("path().f('/'.join).open(root_dir={root:?}).bytes()"));
    assert_eq!(by_path.post("/inside.txt").ok(), "inside");
    assert!(by_path.post("/%2e%2e%2fsecret.txt").status >= 400);
}

#[test]
fn shell_runs_the_last_value_with_bash() {
    let owt = Owt::start();
    let shell = owt.code("kwarg('command').shell()");
    for (command, wanted) in [
        ("echo {1..3}", "1 2 3\n"),
        ("printf '%s' \"$BASH_VERSION\" | head -c 0; printf ok", "ok"),
        ("[[ abc == a* ]] && echo bash", "bash\n"),
        ("echo 'quotes \"inside\"' | tr a-z A-Z", "QUOTES \"INSIDE\"\n"),
        ("cat", ""),
        ("true", ""),
    ] {
        assert_eq!(
            shell.clone().kwargs(&format!("{{'command': {command:?}}}")).post("/").ok(),
            wanted,
            "{command}"
        );
    }
    assert_eq!(owt.code("shell().f(str.strip)").kwargs("echo words").post("/").ok(), "words");
    let failed =
        owt.code("shell()").kwargs("echo why >&2; exit 3").post("/").refused(500, "adaptor-raised");
    let detail = failed["detail"].as_str().unwrap();
    assert!(detail.contains("why") && detail.contains('3'), "{detail}");
}

#[test]
fn importing_makes_modules_known_to_the_code() {
    let owt = Owt::start();
    for code in [
        "importing('decimal').f(lambda x: str(decimal.Decimal(x) + 1))",
        "pipe().importing('decimal', 'fractions').f(lambda x: str(decimal.Decimal(x) + 1))",
        "run = pipe().importing('decimal').f(lambda x: str(decimal.Decimal(x) + 1)).done()\n",
    ] {
        assert_eq!(owt.code(code).kwargs("{'x': '1.10'}").post("/").ok(), "2.10", "{code}");
    }
    let deep =
        owt.code("importing('xml.dom.minidom').f(lambda: xml.dom.minidom.Document.__name__)");
    assert_eq!(deep.post("/").ok(), "Document");
    let problem = owt.code("importing('no_such_module').const(1)").post("/");
    assert_eq!(problem.refused(500, "adaptor-raised")["exception"]["type"], "ModuleNotFoundError");
}

#[test]
fn installing_installs_what_is_missing() {
    let folder = Folder::new();
    let python = venv().map_or_else(|| "python3".into(), |venv| venv.join("bin/python"));
    let fresh = folder.path("venv");
    let run = |args: &[&str]| {
        let output = std::process::Command::new(&python).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["-m", "venv", fresh.to_str().unwrap()]);
    let wheel = folder.path("owt_wire_test-1.0-py3-none-any.whl");
    let make = "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    info = 'owt_wire_test-1.0.dist-info/'
    wheel.writestr('owt_wire_test.py', 'answer = 42\\n')
    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: owt-wire-test\\nVersion: 1.0\\n')
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(info + 'RECORD', ''.join(f'{name},,\\n' for name in wheel.namelist()))
";
    run(&["-c", make, wheel.to_str().unwrap()]);
    let owt = Start::new().env("VIRTUAL_ENV", &fresh).start();
    let before = owt.code("import owt_wire_test\ndef run(): pass\n").post("/");
    before.refused(500, "adaptor-raised");
    let code = format!(
        "installing({wheel:?}).importing('owt_wire_test').f(lambda: [owt_wire_test.answer])"
    );
    for _ in 0..2 {
        assert_eq!(owt.code(&code).post("/").json(), json!([42]));
    }
    // What is there already needs no network.
    assert_eq!(owt.code("installing('owt-wire-test', 'pip').const('x')").post("/").ok(), "x");
    let problem = owt.code("installing('/no/such.whl').const(1)").post("/");
    assert!(
        problem.refused(500, "adaptor-raised")["detail"].as_str().unwrap().contains("such.whl")
    );
}
