//! §2: explicit, implicit and terse code; which one it is, is decided by parsing.

use owt_testing::{Folder, Owt, Start};

/// A library folder, and a server that serves it.
fn served() -> (Folder, Owt) {
    let lib = Folder::new();
    lib.write("sota.py", "def hard_task(task):\n    return f'solved: {task}'\n\nanswer = 42\n");
    lib.write("greetings.py", "def hello(name):\n    return f'Hello, {name}!'\n\nrun = hello\n");
    std::fs::create_dir(lib.path("deep")).unwrap();
    lib.write("deep/__init__.py", "");
    lib.write("deep/er.py", "def shout(text):\n    return text.upper()\n");
    let owt = Start::new().args([lib.as_str()]).start();
    (lib, owt)
}

#[test]
fn explicit_code_binds_fn_name_in_any_way() {
    let (_lib, owt) = served();
    for code in [
        "def run(name):\n    return f'Hello, {name}!'\n",
        "async def run(name):\n    return f'Hello, {name}!'\n",
        "run = lambda name: f'Hello, {name}!'\n",
        "run = pipe().kwarg('name').f(lambda name: f'Hello, {name}!').done()\n",
        "run = pipe().kwarg('name').f(lambda name: f'Hello, {name}!')\n",
        "from greetings import run\n",
        "from greetings import hello as run\n",
        "from greetings import *\n",
        "import greetings\nrun = greetings.hello\n",
        "class run(str):\n    def __new__(cls, name):\n        return str.__new__(cls, f'Hello, {name}!')\n",
        "class Hello:\n    def __call__(self, name):\n        return f'Hello, {name}!'\n\nrun = Hello()\n",
        "import functools\nrun = functools.partial(lambda hi, name: f'{hi}, {name}!', 'Hello')\n",
        "if True:\n    def run(name): return f'Hello, {name}!'\n",
        "for hi in ['Hello']:\n    run = lambda name: f'{hi}, {name}!'\n",
        "unused, run = 1, lambda name: f'Hello, {name}!'\n",
        "\"\"\"A module that says what it is.\"\"\"\ndef run(name): return f'Hello, {name}!'\n",
        "# coding: utf-8\r\ndef run(name):\r\n\treturn f'Hello, {name}!'\r\n",
        "\u{feff}def run(name): return f'Hello, {name}!'",
    ] {
        let call = owt.code(code).kwargs("{'name': 'owt'}");
        assert_eq!(call.post("/").ok(), "Hello, owt!", "{code}");
        let named = owt
            .code(&code.replace("run", "greet").replace("import greet\n", "import run as greet\n"));
        let named = named.kwargs("{'name': 'owt'}").field("fn_name", "greet");
        if !code.contains("import *") {
            assert_eq!(named.post("/").ok(), "Hello, owt!", "fn_name=greet: {code}");
        }
    }
}

#[test]
fn implicit_code_is_one_expression_that_gives_a_callable_or_a_pipeline() {
    let (_lib, owt) = served();
    for (code, wanted) in [
        ("pipe().path().last()", "there"),
        ("pipe().path().last().done()", "there"),
        ("(pipe()\n    .path()\n    .last())\n", "there"),
        ("pipe().path() \\\n  .last()", "there"),
        ("lambda: request.path", "/over/there"),
        ("lambda: args.port and 'port'", "port"),
        ("(lambda prefix: lambda: prefix + request.path)('at ')", "at /over/there"),
        ("[lambda: 'first', lambda: 'second'][1]", "second"),
        ("# a remark\n\npipe().const('remarked')  # and another\n\n", "remarked"),
        ("'''said'''.upper", "SAID"),
        ("math.floor if False else lambda: str(math.pi)[:4]", "3.14"),
        ("lambda: os.path.basename(request.path)", "there"),
        ("lambda: deep.er.shout('a module in a package')", "A MODULE IN A PACKAGE"),
        ("lambda: str(sota.answer)", "42"),
        ("lambda: [json.dumps(math) for math in [1]][0]", "1"),
    ] {
        assert_eq!(owt.code(code).post("/over/there").ok(), wanted, "{code}");
    }
    assert_eq!(owt.code("math.sqrt").kwargs("16").post("/").ok(), "4.0");
    assert_eq!(owt.code("sota.hard_task").kwargs("solve AGI").post("/").ok(), "solved: solve AGI");
}

#[test]
fn terse_code_begins_with_a_step() {
    let (lib, owt) = served();
    lib.write("page.txt", "text of the page");
    let open = format!("open(root_dir={:?})", lib.as_str());
    for code in [
        format!("kwarg('path').{open}.bytes()"),
        format!("kwarg('path').{open}.bytes().done()"),
        format!("kwarg('path')\n.{open}\n.bytes()\n"),
        format!("kwarg('path')\n    .{open}\n    .bytes()"),
        format!("kwarg('path')\r\n  .{open}\r\n  .bytes()\r\n"),
        format!(
            "\n\nkwarg('path')\n  # a remark between\n\n  .{open}  # and behind\n  .bytes()\n\n"
        ),
        format!("kwarg(\n  'path'\n)\n.{open}\n.bytes()"),
        format!("kwargs(other=1).kwarg('path').{open}.bytes()"),
    ] {
        let answer = owt.code(&code).kwargs("{'path': 'page.txt'}").post("/");
        assert_eq!(answer.status, 200, "{code}: {}", answer.text());
        assert_eq!(answer.text(), "text of the page", "{code}");
    }
    assert_eq!(
        owt.code("f(sota.hard_task)").kwargs("solve AGI").post("/").ok(),
        "solved: solve AGI"
    );
    assert_eq!(owt.code("path().last()").post("/over/there").ok(), "there");
    assert_eq!(owt.code("const('x')").post("/").ok(), "x");
}

#[test]
fn lines_that_begin_with_a_dot_inside_a_text_stay_text() {
    let owt = Owt::start();
    for (code, wanted) in [
        ("const('''a\n.b''')", "a\n.b"),
        ("const('''a\n.b''')\n.f(str.upper)", "A\n.B"),
        ("const('''a\n  .b''')\n  .f(len)", "6"),
        ("f(lambda _: '''\n.x''')", "\n.x"),
    ] {
        assert_eq!(owt.code(code).kwargs("'in'").post("/").ok(), wanted, "{code}");
    }
}

#[test]
fn free_names_are_imported_only_in_expressions_and_only_modules() {
    let (_lib, owt) = served();
    let answer = owt.code("def run():\n    return math.pi\n").post("/");
    assert_eq!(answer.refused(500, "adaptor-raised")["exception"]["type"], "NameError");
    let answer = owt.code("f(no_such_module.task)").kwargs("1").post("/");
    let problem = answer.refused(500, "adaptor-raised");
    assert_eq!(problem["exception"]["type"], "NameError");
    assert!(problem["detail"].as_str().unwrap().contains("no_such_module"), "{problem}");
    // What is bound in the expression is not looked for among the modules.
    assert_eq!(owt.code("lambda math: math").kwargs("{'math': 'mine'}").post("/").ok(), "mine");
}

#[test]
fn code_runs_once_and_its_own_errors_come_back_as_they_are() {
    let owt = Owt::start();
    let folder = Folder::new();
    let mark = folder.mark("runs");
    for (number, (code, error)) in [
        (format!("{mark}\nundefined_name\ndef run(): pass\n"), "NameError"),
        (format!("def run():\n    {mark}\n    return undefined_name\n"), "NameError"),
        (format!("f({mark} and undefined_name)"), "NameError"),
        (format!("lambda: {mark} and undefined_name"), "NameError"),
        (format!("pipe().exec(lambda: {mark}).f(lambda: 1 / 0)"), "ZeroDivisionError"),
        (format!("exec(lambda: {mark})\n.f(lambda: [].pop())"), "IndexError"),
        // Whoever tries one form after another would take these for the wrong form.
        (format!("def run():\n    {mark}\n    exec('1 +')\n"), "SyntaxError"),
        (format!("{mark}\nraise SyntaxError('mine')\n"), "SyntaxError"),
        (format!("{mark}\nimport no_such_module\ndef run(): pass\n"), "ModuleNotFoundError"),
        (format!("lambda: {mark} and None.path()"), "AttributeError"),
    ]
    .into_iter()
    .enumerate()
    {
        let problem = owt.code(&code).post("/").refused(500, "adaptor-raised");
        assert_eq!(problem["exception"]["type"], error, "{code}");
        assert_eq!(folder.marks("runs"), number + 1, "{code}");
    }
}

#[test]
fn code_that_does_not_define_what_was_asked_for() {
    let owt = Owt::start();
    let refused = |code: &str| {
        let problem = owt.code(code).post("/").refused(422, "not-runnable");
        problem["detail"].as_str().unwrap().to_owned()
    };
    let detail = refused("def walk(): pass\ndef other(): pass\n");
    for name in ["run", "walk", "other"] {
        assert!(detail.contains(name), "{detail}");
    }
    assert!(refused("import os\n").contains("run"));
    assert!(refused("run = 5\n").contains("int"));
    assert!(refused("import math as run\n").contains("module"));
    assert!(refused("1 + 1").contains("int"));
    assert!(refused("'text'").contains("str"));
    assert!(refused("pass").contains("run"));
    // A name that every adaptor finds defined is not something the code defines.
    let call = owt.code("def run(): pass\n");
    let problem = call.clone().field("fn_name", "walk").post("/").refused(422, "not-runnable");
    assert_eq!(problem["field"], "fn_name");
    assert!(problem["detail"].as_str().unwrap().contains("walk"), "{problem}");
    call.field("fn_name", "pipe").post("/").refused(422, "not-runnable");
}

#[test]
fn code_that_is_no_python() {
    let owt = Owt::start();
    for (code, line, shown) in [
        ("def run(:\n    pass\n", "line 1", "def run(:"),
        ("import os\n\ndef run():\nreturn 1\n", "line 4", "return 1"),
        ("def run():\n    x = (1,\n    y = 2\n", "line 2", "x = (1,"),
        ("kwarg('path'\n.open()", "line 1", "kwarg('path'"),
        ("kwarg('path')\n.open(", "line 2", ".open("),
        ("f(x y)", "line 1", "f(x y)"),
        ("a) + (b", "line 1", "a) + (b"),
        ("def run():\n    return 1\n  return 2\n", "line 3", "return 2"),
        ("return 1", "line 1", "return 1"),
        ("def run():\n    break\n", "line 2", "break"),
    ] {
        let problem = owt.code(code).post("/").refused(422, "not-runnable");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(line) && detail.contains(shown), "{code:?}: {detail}");
        assert_eq!(problem["field"], "code_b64");
        assert_eq!(format!("line {}", problem["line"]), line, "{code:?}");
    }
    owt.code("x = '\0'\ndef run(): pass").post("/").refused(422, "not-runnable");
    let deep = format!("lambda: {}1{}", "(".repeat(5000), ")".repeat(5000));
    owt.code(&deep).post("/").refused(422, "not-runnable");
    assert_eq!(owt.code("lambda: 'alive'").post("/").ok(), "alive");
}
