//! §3: from the text of `kwargs_b64` to arguments.

use serde_json::json;

use owt_testing::{Folder, Owt, Start};

/// Gives the arguments back as they came in.
const ECHO: &str = "def run(*unnamed, **named):\n    return [list(unnamed), named]\n";

#[test]
fn a_dict_is_keyword_arguments() {
    let owt = Owt::start();
    let echo = owt.code(ECHO);
    for (text, wanted) in [
        ("{'a': 1, 'b': [2.5, 'x']}", json!({"a": 1, "b": [2.5, "x"]})),
        ("{}", json!({})),
        ("dict(a=1)", json!({"a": 1})),
        ("{'n': 6 * 7, **{'m': max(1, 2)}}", json!({"n": 42, "m": 2})),
        ("{k: v for k, v in zip('ab', [1, 2])}", json!({"a": 1, "b": 2})),
        ("{'t': True, 'f': False, 'n': None}", json!({"t": true, "f": false, "n": null})),
        ("  {'a': 1}\n", json!({"a": 1})),
        ("{\n  'a': 1,\n}", json!({"a": 1})),
        ("{'_': 'taken', 'self': 1}", json!({"_": "taken", "self": 1})),
        ("{'ключ': 'ü🦀\\u00e9'}", json!({"ключ": "ü🦀é"})),
    ] {
        assert_eq!(echo.clone().kwargs(text).post("/").json(), json!([[], wanted]), "{text}");
        assert_eq!(echo.clone().kwargs(text).get("/").json(), json!([[], wanted]), "{text}");
    }
    assert_eq!(echo.post("/").json(), json!([[], {}]), "no kwargs_b64");
}

#[test]
fn json_is_accepted_as_it_is() {
    let owt = Owt::start();
    let echo = owt.code(ECHO);
    for wanted in [
        json!({"t": true, "f": false, "n": null}),
        json!({"deep": [{"x": [true, null, {"y": false}]}], "text": "a \"quoted\" \\ / \n\u{e9}"}),
        json!({"number": 1.5e-7, "negative": -3, "big": 9007199254740993_i64}),
        json!({"emoji": "🦀", "true": "a key", "null": null}),
        json!({}),
    ] {
        let text = wanted.to_string();
        assert_eq!(echo.clone().kwargs(&text).post("/").json(), json!([[], wanted]), "{text}");
    }
    // Escapes that JSON reads otherwise than Python: a surrogate pair, an escaped slash.
    let seen = echo.clone().kwargs(r#"{"a": "\ud83e\udd80 \/"}"#).post("/").json();
    assert_eq!(seen, json!([[], {"a": "🦀 /"}]));
    // Python and JSON words, in one expression.
    let seen = echo.kwargs("{'a': [true, True], 'b': (false, null, None)}").post("/").json();
    assert_eq!(seen, json!([[], {"a": [true, true], "b": [false, null, null]}]));
}

#[test]
fn a_string_is_evaluated_once_more() {
    let owt = Owt::start();
    let echo = owt.code(ECHO);
    for (text, wanted) in [
        (r#""{'a': 1}""#, json!([[], {"a": 1}])),
        (r#""{\"a\": true}""#, json!([[], {"a": true}])),
        ("'[1, 2]'", json!([[[1, 2]], {}])),
        ("'40 + 2'", json!([[42], {}])),
        ("'true'", json!([[true], {}])),
        ("str({'a': 1})", json!([[], {"a": 1}])),
        // Once, not until nothing is left.
        (r#"'"\'1\'"'"#, json!([["'1'"], {}])),
        // What does not evaluate is passed on as the string.
        ("'solve AGI'", json!([["solve AGI"], {}])),
        ("'1 +'", json!([["1 +"], {}])),
        ("'1 / 0'", json!([["1 / 0"], {}])),
        ("'no_such_name_anywhere'", json!([["no_such_name_anywhere"], {}])),
        ("''", json!([[""], {}])),
    ] {
        assert_eq!(echo.clone().kwargs(text).post("/").json(), wanted, "{text}");
    }
}

#[test]
fn any_other_value_is_one_unnamed_value() {
    let owt = Owt::start();
    let echo = owt.code(ECHO);
    for (text, wanted) in [
        ("[1, 2]", json!([1, 2])),
        ("(1, 2)", json!([1, 2])),
        ("42", json!(42)),
        ("-1.5", json!(-1.5)),
        ("true", json!(true)),
        ("null", json!(null)),
        ("None", json!(null)),
        ("{1, 2, 3}", json!([1, 2, 3])),
        ("[{'a': 1}]", json!([{"a": 1}])),
    ] {
        assert_eq!(echo.clone().kwargs(text).post("/").json(), json!([[wanted], {}]), "{text}");
        let last = owt.code("f(lambda *it: it)").kwargs(text);
        assert_eq!(last.post("/").json(), json!([wanted]), "the pipeline's input: {text}");
    }
}

#[test]
fn text_that_does_not_evaluate_is_the_value() {
    let owt = Owt::start();
    let echo = owt.code(ECHO);
    for text in [
        "solve AGI",
        "1 / 0",
        "what_is_this",
        "import os",
        "Hello, world!",
        "it's 5 o'clock",
        "zwölf Boxkämpfer\njagen Viktor",
        "x = 1",
        "see (below) [1] {2}",
    ] {
        assert_eq!(echo.clone().kwargs(text).post("/").json(), json!([[text], {}]), "{text}");
    }
    let lib = Folder::new();
    lib.write("sota.py", "def hard_task(task):\n    return f'solved: {task}'\n");
    let owt = Start::new().args([lib.as_str()]).start();
    let call = owt.code("f(sota.hard_task)").kwargs("solve AGI");
    assert_eq!(call.post("/").ok(), "solved: solve AGI");
    assert_eq!(call.get("/").ok(), "solved: solve AGI");
}

#[test]
fn what_begins_with_a_bracket_is_a_value_or_a_mistake() {
    let owt = Owt::start();
    let folder = Folder::new();
    let call = owt.code(&format!("def run(*_, **__):\n    {}\n", folder.mark("ran")));
    for (text, says) in [
        ("{'a': ", "line 1, column 1"),
        ("{\"a\": 1,, \"b\": 2}", "line 1, column 9"),
        ("[1, 2", "line 1, column 1"),
        ("  [1, 2 3]", "line 1, column 7"),
        ("\n\n {'ü': 1\n 'b' 2}", "line 3"),
        ("(1, 2", "line 1, column 1"),
        ("{\"a\": 1} trailing", "line 1, column 10"),
        ("[\u{0}]", "null"),
        // What parses and has no value.
        ("{name: 'owt'}", "name 'name' is not defined (line 1, column 2); quote it"),
        ("{'ü': [1, oops]}", "name 'oops' is not defined (line 1, column 11)"),
        ("[1 / 0]", "ZeroDivisionError: division by zero (line 1, column 2)"),
        ("(see below)", "column 2"),
    ] {
        for answer in [
            call.clone().kwargs(text).post("/"),
            call.clone().kwargs(text).get("/"),
            call.clone().field("kwargs", text).get("/"),
        ] {
            let problem = answer.refused(400, "malformed-call");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(says), "{text}: {detail}");
            assert!(problem["field"].as_str().unwrap().starts_with("kwargs"), "{problem}");
        }
    }
    let deep = format!("{}1", "[".repeat(300));
    call.clone().kwargs(&deep).post("/").refused(400, "malformed-call");
    assert_eq!(folder.marks("ran"), 0);
    // In quotes it is text.
    let echo = owt.code(ECHO);
    for (text, wanted) in
        [("'{oops'", "{oops"), ("\"[1, 2\"", "[1, 2"), ("'(see below)'", "(see below)")]
    {
        assert_eq!(echo.clone().kwargs(text).post("/").json(), json!([[wanted], {}]), "{text}");
    }
}

#[test]
fn the_unnamed_value_is_the_first_positional_argument() {
    let owt = Owt::start();
    for code in [
        "def run(task): return task.upper()\n",
        "def run(task, loud=True): return task.upper()\n",
        "def run(task, /): return task.upper()\n",
        "async def run(task): return task.upper()\n",
        "str.upper",
        "lambda task: task.upper()",
        "f(str.upper)",
        "pipe().f(lambda task: task.upper())",
    ] {
        assert_eq!(owt.code(code).kwargs("solve AGI").post("/").ok(), "SOLVE AGI", "{code}");
    }
}

#[test]
fn a_first_parameter_named_underscore_or_request_receives_the_request() {
    let owt = Owt::start();
    for (code, kwargs, wanted) in [
        ("def run(_, name): return f'{_.path} {name}'", "{'name': 'n'}", "/here n"),
        ("def run(request, text): return f'{request.path} {text}'", "{'text': 't'}", "/here t"),
        ("def run(request, name=None): return name or request.path", "{}", "/here"),
        ("def run(_): return _.method", "{}", "POST"),
        ("async def run(_, name): return f'{_.path} {name}'", "{'name': 'n'}", "/here n"),
        ("lambda _: _.path", "{}", "/here"),
        ("lambda request, name: request.path + name", "{'name': '/n'}", "/here/n"),
        // The value without a name comes after it.
        ("def run(_, text): return f'{_.path} {text}'", "solve AGI", "/here solve AGI"),
        // An argument given for it goes before.
        ("def run(_, name): return f'{_} {name}'", "{'_': 'mine', 'name': 'n'}", "mine n"),
        ("def run(request): return request", "{'request': 'mine'}", "mine"),
        ("def run(request): return str(request)", "{'request': null}", "None"),
        // Only the first, and only by these names.
        ("def run(name, request=None): return f'{name} {request}'", "{'name': 'n'}", "n None"),
        ("def run(req='none'): return req", "{}", "none"),
        ("def run(*_): return str(len(_))", "{}", "0"),
        ("def run(**request): return str(len(request))", "{}", "0"),
    ] {
        assert_eq!(owt.code(code).kwargs(kwargs).post("/here").ok(), wanted, "{code}");
    }
    assert_eq!(owt.code("def run(_): return _.path").post("/none").ok(), "/none", "no kwargs_b64");
}

#[test]
fn arguments_that_do_not_fit_are_the_callers_mistake() {
    let owt = Owt::start();
    let folder = Folder::new();
    let mark = folder.mark("ran");
    for (head, kwargs, says) in [
        ("def run(name)", "{}", "name"),
        ("def run(name, other)", "{'name': 1}", "other"),
        ("def run(name)", "{'nmae': 1}", "nmae"),
        ("def run()", "{'name': 1}", "name"),
        ("def run()", "solve AGI", "run()"),
        ("def run(*, name)", "solve AGI", "name"),
        ("def run(_, name)", "{}", "name"),
        ("async def run(name)", "{}", "name"),
        ("def run(a, /)", "{'a': 1}", "a"),
    ] {
        let call = owt.code(&format!("{head}:\n    {mark}\n")).kwargs(kwargs);
        let problem = call.post("/").refused(400, "malformed-call");
        assert_eq!(problem["field"], "kwargs_b64", "{head} {kwargs}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{head}: {problem}");
    }
    let call = owt.code(ECHO).kwargs("{1: 2}");
    assert_eq!(call.post("/").refused(400, "malformed-call")["field"], "kwargs_b64");
    let call = owt.code("kwarg('path')").kwargs("{}");
    let problem = call.post("/").refused(400, "malformed-call");
    assert!(problem["detail"].as_str().unwrap().contains("path"), "{problem}");
    assert_eq!(folder.marks("ran"), 0);
    // The same mistake inside the adaptor is the adaptor's.
    for code in [
        "def run(): return inner()\n\ndef inner(name): pass\n",
        "def run(): raise TypeError(\"run() missing 1 required positional argument: 'name'\")\n",
        "def run(name): return name(1, 2, 3)\n",
    ] {
        let call = owt.code(code);
        let call = if code.contains("run(name)") { call.kwargs("{'name': len}") } else { call };
        let problem = call.post("/").refused(500, "adaptor-raised");
        assert_eq!(problem["exception"]["type"], "TypeError", "{code}");
    }
}

#[test]
fn each_call_has_fresh_arguments() {
    let owt = Owt::start();
    let keep = owt.code(
        "def run(items, deep=None):
    items.append(1)
    if deep: deep['a'].append(1)
    return [items, deep]
",
    );
    for text in ["{'items': [], 'deep': {'a': []}}", "{\"items\": [], \"deep\": {\"a\": []}}"] {
        for _ in 0..3 {
            let seen = keep.clone().kwargs(text).post("/").json();
            assert_eq!(seen, json!([[1], {"a": [1]}]), "{text}");
        }
    }
    let last = owt.code("lambda it: [it.append(1), it][1]").kwargs("[]");
    for _ in 0..3 {
        assert_eq!(last.post("/").json(), json!([1]));
    }
    // Evaluated anew, not remembered.
    let one = owt.code("lambda n: str(n)").kwargs("{'n': __import__('itertools').count()}");
    assert_eq!(one.post("/").ok(), one.post("/").ok());
    let clock = owt.code("lambda n: str(n)").kwargs("{'n': __import__('time').perf_counter_ns()}");
    assert_ne!(clock.post("/").ok(), clock.post("/").ok());
}

#[test]
fn arguments_may_be_large() {
    let owt = Owt::start();
    let long = "ü".repeat(2_000_000);
    let call = owt.code("def run(text): return str(len(text))");
    assert_eq!(call.clone().kwargs(&format!("{{'text': '{long}'}}")).post("/").ok(), "2000000");
    assert_eq!(call.clone().kwargs(&json!({"text": long}).to_string()).post("/").ok(), "2000000");
    assert_eq!(call.kwargs(&long).post("/").ok(), "2000000");
}
