//! §7: what a problem tells, as JSON or as text; 404, 405, 500.

use serde_json::{Value, json};

use owt_testing::{Answer, Folder, Owt, Sent, Start};

#[test]
fn a_problem_is_rfc_9457_with_the_requests_id() {
    let owt = Owt::start();
    let answer = owt.code("def run(): return 1 / 0").post("/");
    let problem = answer.refused(500, "adaptor-raised");
    for member in ["type", "title", "status", "detail", "request_id"] {
        assert!(!problem[member].is_null(), "{member}: {problem}");
    }
    assert_eq!(problem["exception"]["type"], "ZeroDivisionError");
    assert_eq!(problem["exception"]["message"], "division by zero");
    assert_eq!(problem["line"], 1);
    let another = owt.code("def run(): return 1 / 0").post("/").problem(500);
    assert_ne!(problem["request_id"], another["request_id"]);
    // The client's own id, where it sends one.
    let request = owt.code("def run(): return 1 / 0").posting("/").header("x-request-id", "mine-1");
    assert_eq!(Answer::of(request.send().unwrap()).problem(500)["request_id"], "mine-1");
}

#[test]
fn the_traceback_shows_the_adaptors_own_lines() {
    let lib = Folder::new();
    lib.write(
        "sota.py",
        "def hard_task(task):\n    raise NotImplementedError(task)  # in the library\n",
    );
    let owt = Start::new().args([lib.as_str()]).start();
    let code = "import sota\n\nclass Mine(Exception): pass\n\ndef run(task):\n    try:\n        \
                return inner(task)  # outer\n    except NotImplementedError as why:\n        \
                raise Mine(f'gave up on {task}') from why  # raised\n\n\
                def inner(task):\n    return sota.hard_task(task)  # inner\n";
    for code in [code.to_owned(), code.replace("def run", "async def run")] {
        let problem = owt.code(&code).kwargs("AGI!").post("/").refused(500, "adaptor-raised");
        let exception = &problem["exception"];
        assert_eq!(exception["type"], "Mine");
        assert_eq!(exception["message"], "gave up on AGI!");
        assert_eq!(problem["line"], 9, "where it was raised, in the code itself: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains("gave up on AGI!"), "{problem}");
        let traceback = exception["traceback"].as_str().unwrap();
        for line in
            ["# outer", "# raised", "# inner", "# in the library", "NotImplementedError: AGI!"]
        {
            assert!(traceback.contains(line), "{line} is not in\n{traceback}");
        }
        assert!(!traceback.contains("/owt/_"), "owt's own frames say nothing:\n{traceback}");
    }
}

#[test]
fn whatever_is_raised_is_told() {
    let owt = Owt::start();
    for (code, kind, message) in [
        ("def run(): raise ValueError", "ValueError", ""),
        ("def run(): raise KeyError('k')", "KeyError", "'k'"),
        ("def run(): raise Exception('ü🦀\\ud800')", "Exception", "ü🦀"),
        ("def run(): import sys; sys.exit(3)", "SystemExit", "3"),
        ("async def run(): raise SystemExit(3)", "SystemExit", "3"),
        ("def run(): raise KeyboardInterrupt", "KeyboardInterrupt", ""),
        ("async def run(): raise KeyboardInterrupt", "KeyboardInterrupt", ""),
        ("def run(): raise StopIteration(1)", "StopIteration", "1"),
        ("def run(): raise GeneratorExit", "GeneratorExit", ""),
        ("def run(): raise BaseException('base')", "BaseException", "base"),
        ("import asyncio\nasync def run(): raise asyncio.CancelledError", "CancelledError", ""),
        (
            "def run(): raise ExceptionGroup('several', [ValueError('one'), TypeError('two')])",
            "ExceptionGroup",
            "several",
        ),
        ("def run():\n    def deeper(): deeper()\n    deeper()\n", "RecursionError", "recursion"),
        (
            "class Odd(Exception):\n    def __str__(self): raise ValueError\ndef run(): raise Odd\n",
            "Odd",
            "",
        ),
        ("def run(): raise Exception('x' * 10_000_000)", "Exception", "xxx"),
        ("import json\ndef run(): json.loads('{')", "JSONDecodeError", "line 1"),
        ("def run(): assert 1 == 2, 'not equal'", "AssertionError", "not equal"),
        ("raise ValueError('in the body')\ndef run(): pass", "ValueError", "in the body"),
        ("import sys\nsys.exit('in the body')", "SystemExit", "in the body"),
        ("def run(): return open('/no/such/file')", "FileNotFoundError", "/no/such/file"),
        (
            "class Repr:
    def _repr_html_(self): raise ValueError('in the display')
def run(): return Repr()",
            "ValueError",
            "in the display",
        ),
    ] {
        let answer = owt.code(code).post("/");
        let problem = answer.refused(500, "adaptor-raised");
        let exception = &problem["exception"];
        let told = exception["type"].as_str().unwrap();
        assert!(told.rsplit('.').next() == Some(kind), "{code}: {told}");
        assert!(exception["message"].as_str().unwrap().contains(message), "{code}: {exception}");
        assert!(answer.body.len() < 500_000, "{code}: {} bytes", answer.body.len());
    }
    assert_eq!(owt.code("def run(): return 'alive'").post("/").ok(), "alive");
    assert_eq!(owt.code("async def run(): return 'alive'").post("/").ok(), "alive");
}

#[test]
fn each_member_of_a_group_is_in_the_traceback() {
    let owt = Owt::start();
    let code = "import asyncio\n\nasync def fail(n):\n    raise ValueError(f'number {n}')  # here\n\n\
                async def run():\n    async with asyncio.TaskGroup() as tasks:\n        \
                for n in range(2): tasks.create_task(fail(n))\n";
    let problem = owt.code(code).post("/").refused(500, "adaptor-raised");
    let traceback = problem["exception"]["traceback"].as_str().unwrap();
    assert!(
        traceback.contains("number 0")
            && traceback.contains("number 1")
            && traceback.contains("# here"),
        "{traceback}"
    );
}

/// One of each that needs no set-up: status, slug, and the request.
fn some(owt: &Owt) -> Vec<(u16, &'static str, reqwest::blocking::RequestBuilder)> {
    vec![
        (400, "malformed-call", owt.request("POST", "/").json(&json!({}))),
        (403, "forbidden", owt.request("GET", "/").header("origin", "http://evil.example")),
        (404, "not-found", owt.request("GET", "/_owt/nothing-here")),
        (405, "method-not-allowed", owt.request("PUT", "/")),
        (415, "unsupported-type", owt.request("POST", "/").body("x")),
        (422, "not-runnable", owt.code("def run(").posting("/")),
        (500, "adaptor-raised", owt.code("def run(): return 1 / 0  # here").posting("/")),
        (500, "unrenderable", owt.code("lambda: object()").posting("/")),
        (
            504,
            "deadline-passed",
            owt.code("import time\ndef run():\n    while True: time.sleep(0.01)\n")
                .field("timeout", 0.1)
                .posting("/"),
        ),
    ]
}

#[test]
fn plain_text_for_a_client_that_accepts_only_text() {
    let owt = Owt::start();
    for accept in ["text/plain", "text/*", "text/plain, text/*;q=0.5", "text/plain; charset=utf-8"]
    {
        for (status, slug, request) in some(&owt) {
            let answer = Answer::of(request.header("accept", accept).send().unwrap());
            assert_eq!(answer.status, status, "{slug}: {}", answer.text());
            assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8", "{slug}");
            assert!(
                serde_json::from_str::<Value>(answer.text()).is_err(),
                "{slug}: {}",
                answer.text()
            );
            assert!(answer.text().contains(&status.to_string()), "{slug}: {}", answer.text());
            assert!(
                answer.text().contains(answer.header("x-request-id")),
                "{slug}: {}",
                answer.text()
            );
            if slug == "adaptor-raised" {
                assert!(answer.text().contains("return 1 / 0  # here"), "{}", answer.text());
            }
        }
    }
}

#[test]
fn problem_json_for_everybody_else() {
    let owt = Owt::start();
    for accept in [
        "",
        "*/*",
        "application/json",
        "application/problem+json",
        "text/plain, */*;q=0.1",
        "text/plain, application/json",
        "image/png",
    ] {
        for (status, slug, request) in some(&owt) {
            let request =
                if accept.is_empty() { request } else { request.header("accept", accept) };
            Answer::of(request.send().unwrap()).refused(status, slug);
        }
    }
}

#[test]
fn a_problems_type_can_be_looked_up() {
    let owt = Owt::start();
    let catalogue = owt.request("GET", "/").header("accept", "application/json").send().unwrap();
    let catalogue = Answer::of(catalogue).json();
    let problems = catalogue["problems"].as_array().unwrap();
    let statuses: Vec<_> = problems.iter().map(|one| one["status"].as_u64().unwrap()).collect();
    for status in [400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 500, 502, 503, 504] {
        assert!(statuses.contains(&status), "{status}");
    }
    for problem in problems {
        let path = problem["type"].as_str().unwrap();
        let page = Answer::of(owt.request("GET", path).send().unwrap());
        assert!(page.ok().contains(problem["title"].as_str().unwrap()), "{path}");
    }
}

#[test]
fn what_is_not_there_is_a_404() {
    let owt = Owt::start();
    let folder = Folder::new();
    for path in
        ["/_owt/", "/_owt/nothing", "/_owt/problems/", "/_owt/problems/none", "/_owt/jobs/1"]
    {
        Answer::of(owt.request("GET", path).send().unwrap()).refused(404, "not-found");
    }
    // The server's own paths run no code.
    let call = owt.code(&format!("{}\ndef run(): return 'ran'\n", folder.mark("ran")));
    call.get("/_owt/nothing").refused(404, "not-found");
    call.post("/_owt/nothing").refused(404, "not-found");
    assert_eq!(folder.marks("ran"), 0);
}

#[test]
fn other_methods_say_which_are_allowed() {
    let owt = Owt::start();
    for method in ["PUT", "DELETE", "PATCH", "TRACE"] {
        for path in ["/", "/x"] {
            let answer = Answer::of(owt.request(method, path).send().unwrap());
            let problem = answer.refused(405, "method-not-allowed");
            assert!(problem["detail"].as_str().unwrap().contains(method), "{problem}");
            assert_eq!(answer.header("allow"), "GET, POST");
        }
    }
}

#[test]
fn bytes_that_are_no_http_do_not_hurt() {
    let owt = Owt::start();
    for bytes in [
        "\r\n\r\n",
        "nonsense\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}",
    ] {
        let mut raw = owt_testing::raw::Raw::send(&owt, bytes);
        raw.write("GET /x HTTP/1.1\r\n\r\n");
        drop(raw);
    }
    let query = Answer::of(owt.request("GET", "/x?code_b64=%ff%fe&%zz").send().unwrap());
    query.refused(400, "malformed-call");
    assert_eq!(owt.code("def run(): return 'alive'").post("/").ok(), "alive");
}

#[test]
fn code_goes_by_the_name_that_its_sender_gave_it() {
    let owt = Owt::start();
    let raises = owt.code("import json\ndef run():\n    json.loads('{')  # here\n");
    let shown = |call: &Sent| {
        let problem = call.post("/").problem(500);
        assert!(!problem.to_string().contains("adaptors/h"), "{problem}");
        assert_eq!(problem["line"], 3);
        problem["exception"]["traceback"].as_str().unwrap().to_owned()
    };
    // The same code, warm, by other names.
    for (name, wanted) in
        [(None, "adaptor.py"), (Some("plot.py"), "plot.py"), (Some("größe 2"), "größe 2")]
    {
        let call = match name {
            Some(name) => raises.clone().field("code_name", name),
            None => raises.clone(),
        };
        let traceback = shown(&call);
        assert!(
            traceback.contains(&format!("  File \"{wanted}\", line 3, in run\n")),
            "{traceback}"
        );
        assert!(traceback.contains("    json.loads('{')  # here\n"), "{traceback}");
    }
    let body = owt.code("\n\nraise ValueError(__file__)").field("code_name", "body.py");
    let traceback = shown(&body);
    assert!(traceback.contains("File \"body.py\", line 3, in <module>"), "{traceback}");
    assert!(traceback.ends_with("ValueError: body.py\n"), "{traceback}");
    for code in [
        "async def run():\n    raise ValueError\n",
        "def run():\n    yield from []\n    raise ValueError\n",
        "async def run():\n    raise ValueError\n    yield\n",
        "f(lambda: 1 / 0)",
    ] {
        let problem = owt.code(code).field("code_name", "a.py").post("/").problem(500);
        let traceback = problem["exception"]["traceback"].as_str().unwrap();
        assert!(traceback.contains("File \"a.py\", line"), "{traceback}");
        assert!(!problem.to_string().contains("adaptors/h"), "{problem}");
    }
    // A part that is a file has a name already.
    let part = reqwest::blocking::multipart::Part::text("def run(): 1 / 0").file_name("up.py");
    let form = reqwest::blocking::multipart::Form::new().part("code", part);
    let answer = Answer::of(owt.request("POST", "/").multipart(form).send().unwrap());
    let problem = answer.problem(500);
    let traceback = problem["exception"]["traceback"].as_str().unwrap();
    assert!(traceback.contains("File \"up.py\", line 1, in run"), "{traceback}");
}

#[test]
fn a_module_that_is_not_there_is_told_with_its_mend() {
    let owt = Owt::start();
    let problem = owt.code("import nosuchmodule_owt").post("/").problem(500);
    let detail = problem["detail"].as_str().unwrap();
    let served = owt.code("import sys\ndef run(): return [sys.prefix, sys.executable]").post("/");
    let served = served.json();
    let [prefix, python] = [0, 1].map(|at| served[at].as_str().unwrap().to_owned());
    assert!(detail.contains(&format!("at {prefix}; ")), "{detail}");
    assert!(detail.ends_with(&format!(": {python} -m pip install nosuchmodule_owt")), "{detail}");
    assert!(std::path::Path::new(&python).exists());
    if let Some(venv) = owt_testing::venv() {
        assert!(python.starts_with(venv.to_str().unwrap()), "{python}");
    }
}
