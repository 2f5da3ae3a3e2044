//! §4: what a pipeline carries, and each step that needs nothing but that.

use serde_json::{Value, json};

use owt_testing::{Folder, Owt, venv};

/// Shows what the next step would be given.
const CARRIED: &str = ".f(lambda *last, **named: {'last': list(last), 'named': named})";

fn answers(owt: &Owt, rows: &[(&str, &str, Value)]) {
    for (code, kwargs, wanted) in rows {
        let answer = owt.code(code).kwargs(kwargs).post("/");
        assert_eq!(answer.status, 200, "{code} {kwargs}: {}", answer.text());
        assert_eq!(&answer.json(), wanted, "{code} {kwargs}");
        let longer = owt.code(&format!("run = pipe().{code}.done()\n")).kwargs(kwargs).post("/");
        assert_eq!(&longer.json(), wanted, "pipe().{code}.done()");
    }
}

#[test]
fn f_gets_the_last_value_alone_or_the_named_ones() {
    let owt = Owt::start();
    answers(
        &owt,
        &[
            ("f(lambda x: [x, 'last'])", "'in'", json!(["in", "last"])),
            ("f(lambda a, b: [a, b])", "{'a': 1, 'b': 2}", json!([1, 2])),
            ("f(lambda a, b=5: [a, b])", "{'a': 1}", json!([1, 5])),
            // A last value beside named ones: as `__last__`, if it is taken.
            ("kwargs(b=2).f(lambda b, __last__: [b, __last__])", "'in'", json!([2, "in"])),
            ("kwargs(b=2).f(lambda b, *, __last__: [b, __last__])", "'in'", json!([2, "in"])),
            ("kwargs(b=2).f(lambda b: [b])", "'in'", json!([2])),
            ("kwargs(b=2).f(lambda **named: named)", "'in'", json!({"b": 2, "__last__": "in"})),
            // After it, only the result is carried on.
            (
                "f(lambda a, b: a + b).f(lambda *x, **n: [x, n])",
                "{'a': 1, 'b': 2}",
                json!([[3], {}]),
            ),
            ("kwargs(b=2).f(lambda b: b).f(lambda *x, **n: [x, n])", "'in'", json!([[2], {}])),
            ("f(lambda: [1])", "{}", json!([1])),
            ("f(len).f(lambda n: [n])", "[1, 2, 3]", json!([3])),
        ],
    );
}

#[test]
fn exec_runs_for_its_effect_and_carries_everything_on() {
    let owt = Owt::start();
    let folder = Folder::new();
    let mark = folder.mark("ran");
    let exec = format!("exec(lambda a, b: {mark}){CARRIED}");
    let kept = json!({"last": [], "named": {"a": 1, "b": 2}});
    answers(&owt, &[(&exec, "{'a': 1, 'b': 2}", kept)]);
    assert_eq!(folder.marks("ran"), 2);
    let exec = format!("exec(lambda x: {mark} and 'dropped'){CARRIED}");
    answers(&owt, &[(&exec, "'in'", json!({"last": ["in"], "named": {}}))]);
    assert_eq!(folder.marks("ran"), 4);
    let problem = owt.code("exec(lambda: 1 / 0).const(1)").post("/").refused(500, "adaptor-raised");
    assert_eq!(problem["exception"]["type"], "ZeroDivisionError");
}

#[test]
fn values_put_in_kept_and_dropped() {
    let owt = Owt::start();
    let carried = |steps: &str| format!("{steps}{CARRIED}");
    for (steps, kwargs, last, named) in [
        ("identity()", "{'a': 1}", json!([]), json!({"a": 1})),
        ("identity()", "'in'", json!(["in"]), json!({})),
        ("const(5)", "'in'", json!([5]), json!({})),
        ("const(None)", "'in'", json!([null]), json!({})),
        ("clear()", "'in'", json!([]), json!({})),
        ("clear()", "{'a': 1}", json!([]), json!({})),
        ("const(5).input()", "'in'", json!(["in"]), json!({})),
        ("const(5).input()", "{'a': 1}", json!([]), json!({"a": 1})),
        ("clear().input()", "{'a': 1}", json!([]), json!({"a": 1})),
        ("f(lambda a: a).input().kwarg('a')", "{'a': 1}", json!([1]), json!({})),
        ("kwarg('a')", "{'a': 1, 'b': 2}", json!([1]), json!({})),
        ("kwargs(a=0, c=3)", "{'a': 1, 'b': 2}", json!([]), json!({"a": 1, "b": 2, "c": 3})),
        ("kwargs(c=3).kwarg('c')", "{'a': 1}", json!([3]), json!({})),
        ("kwargs(c=3).kwarg('c')", "{'c': null}", json!([null]), json!({})),
    ] {
        let seen = owt.code(&carried(steps)).kwargs(kwargs).post("/");
        // `clear()` leaves nothing: then the function is given nothing at all.
        assert_eq!(seen.json(), json!({"last": last, "named": named}), "{steps} {kwargs}");
    }
    // A value without a name beside defaults.
    let seen = owt.code("kwargs(c=3).f(lambda c, __last__: [c, __last__])").kwargs("'in'");
    assert_eq!(seen.post("/").json(), json!([3, "in"]));
}

#[test]
fn a_kwarg_that_is_not_there_is_named() {
    let owt = Owt::start();
    for kwargs in ["{}", "{'other': 1}", "'in'"] {
        let answer = owt.code("kwarg('wanted')").kwargs(kwargs).post("/");
        let problem = answer.problem(answer.status);
        assert!(answer.status >= 400);
        assert!(problem["detail"].as_str().unwrap().contains("wanted"), "{problem}");
    }
}

#[test]
fn cast_get_ix_last() {
    let owt = Owt::start();
    answers(
        &owt,
        &[
            ("cast(int)", "'42'", json!(42)),
            ("kwarg('n').cast(float).f(lambda n: [n])", "{'n': '1.5'}", json!([1.5])),
            ("cast(list)", "(1, 2)", json!([1, 2])),
            ("cast(list)", "'ab'", json!(["a", "b"])),
            ("const({'a': {'b': [7]}}).get('a').get('b').ix(0)", "{}", json!(7)),
            ("ix(0)", "[7, 8, 9]", json!(7)),
            ("ix(-1)", "[7, 8, 9]", json!(9)),
            ("last()", "[7, 8, 9]", json!(9)),
            ("last().get('x')", "[{'x': 1}, {'x': 2}]", json!(2)),
        ],
    );
    for (code, kwargs, error) in [
        ("const({}).get('none')", "{}", "KeyError"),
        ("ix(3)", "[1]", "IndexError"),
        ("last()", "[]", "IndexError"),
        ("cast(int)", "'x'", "ValueError"),
    ] {
        let problem = owt.code(code).kwargs(kwargs).post("/").refused(500, "adaptor-raised");
        assert_eq!(problem["exception"]["type"], error, "{code}");
    }
}

#[test]
fn map_and_folds() {
    let owt = Owt::start();
    answers(
        &owt,
        &[
            ("map(lambda x: x * 2)", "[1, 2, 3]", json!([2, 4, 6])),
            ("map(str).map(len)", "[1, 22, 333]", json!([1, 2, 3])),
            ("map(pipe().f(str).f(len))", "[1, 22]", json!([1, 2])),
            ("map(str)", "[]", json!([])),
            ("map(str.upper).cast(list)", "(c for c in 'ab')", json!(["A", "B"])),
            ("foldl(lambda acc, x: acc + [x], ['from'])", "[1, 2]", json!(["from", 1, 2])),
            ("foldl(lambda acc, x: acc - x, 10)", "[1, 2]", json!(7)),
            ("foldl(lambda acc, x: acc + x, 0)", "[]", json!(0)),
            ("foldl1(lambda acc, x: acc - x)", "[10, 1, 2]", json!(7)),
            ("foldl1(lambda acc, x: acc - x)", "[10]", json!(10)),
        ],
    );
    let problem = owt.code("foldl1(max)").kwargs("[]").post("/").refused(500, "adaptor-raised");
    assert!(problem["detail"].as_str().unwrap().contains("foldl1"), "{problem}");
}

#[test]
fn cond_chooses_between_two_pipelines_and_fork_takes_both() {
    let owt = Owt::start();
    let folder = Folder::new();
    let unwanted = format!("cond(pipe().const(1), pipe().f(lambda: {}))", folder.mark("ran"));
    answers(
        &owt,
        &[
            ("cond(pipe().const('yes'), pipe().const('no')).f(lambda x: [x])", "1", json!(["yes"])),
            ("cond(pipe().const('yes'), pipe().const('no')).f(lambda x: [x])", "[]", json!(["no"])),
            ("cond(pipe().map(len), pipe().const([]))", "['a', 'bb']", json!([1, 2])),
            (&unwanted, "1", json!(1)),
            ("fork(pipe().f(len), pipe().f(sum)).cast(list)", "[1, 2, 3]", json!([3, 6])),
            (
                "fork(pipe().kwarg('a'), pipe().kwarg('b')).cast(list)",
                "{'a': 1, 'b': 2}",
                json!([1, 2]),
            ),
        ],
    );
    assert_eq!(folder.marks("ran"), 0, "the other branch does not run");
    // In an expression the inner ones may be terse too.
    for (code, kwargs, wanted) in [
        ("cond(const('y'), const('n')).f(lambda x: [x])", "true", json!(["y"])),
        (
            "fork(const(1), identity()).f(lambda it: [type(it).__name__, *it])",
            "5",
            json!(["tuple", 1, 5]),
        ),
        ("fork(fork(const(1), const(2)), const(3)).cast(list)", "{}", json!([[1, 2], 3])),
    ] {
        assert_eq!(owt.code(code).kwargs(kwargs).post("/").json(), wanted, "{code}");
    }
}

#[test]
fn a_pipeline_can_be_shared_and_goes_on_from_where_it_is() {
    let owt = Owt::start();
    let code = "base = pipe().const(1)\nleft = base.f(lambda x: x + 1)\nright = base.f(lambda x: x + 10)\n\
                def run(): return [base(), left(), right(), left.done()()]\n";
    assert_eq!(owt.code(code).post("/").json(), json!([1, 2, 11, 2]));
}

#[test]
fn done_gives_a_plain_callable() {
    let owt = Owt::start();
    let code = "upper = pipe().f(str.upper).done()
def run(): return [upper('x'), *map(upper, 'ab'), type(upper).__name__, callable(upper)]
";
    assert_eq!(owt.code(code).post("/").json(), json!(["X", "A", "B", "function", true]));
}

#[test]
fn the_failing_step_is_named() {
    let owt = Owt::start();
    let problem =
        owt.code("const(1)\n.f(lambda x: x / 0)\n").post("/").refused(500, "adaptor-raised");
    let traceback = problem["exception"]["traceback"].as_str().unwrap();
    assert!(traceback.contains("step 2") && traceback.contains("line 2"), "{traceback}");
}

#[test]
fn it_works_in_ordinary_python_with_no_server() {
    let package = concat!(env!("CARGO_MANIFEST_DIR"), "/../owt-python/python");
    let folder = Folder::new();
    folder.write("page.txt", "text");
    let program = r#"
import os
from owt import pipe
from owt.summat import (cast, clear, cond, const, exec, f, foldl, foldl1, fork, get, identity,
                        importing, input, installing, ix, json, kwarg, kwargs, last, map, open,
                        path, query, shell)
from owt import summat

steps = "f exec const identity cast clear input kwarg kwargs path query json get ix last map foldl \
foldl1 cond fork open bytes shell importing installing done".split()
assert all(callable(getattr(summat, name)) for name in steps)
assert pipe().f(str.upper)("x") == "X"
assert f(str.upper)("x") == "X"
assert kwarg("path").open(root_dir=os.environ["FOLDER"]).bytes()(path="page.txt") == b"text"
assert map(lambda x: x * 2).foldl1(lambda a, b: a + b)([1, 2, 3]) == 12
assert const("echo bash").shell()() == "bash\n"
assert fork(get("a"), const(2)).done()({"a": 1}) == (1, 2)
assert kwargs(a=1).f(lambda a, b: (a, b))(b=2) == (1, 2)
try:
    path()()
except RuntimeError as error:
    assert "request" in str(error), error
else:
    raise AssertionError("there is no request")
print("all well")
"#;
    let python = venv().map_or_else(|| "python3".into(), |venv| venv.join("bin/python"));
    let output = std::process::Command::new(python)
        .args(["-c", program])
        .env("PYTHONPATH", package)
        .env("FOLDER", folder.as_str())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "all well\n", "{errors}");
}
