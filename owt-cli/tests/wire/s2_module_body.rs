//! §2: the body runs once and stays warm, in a real file, in a namespace with all of owt.

use owt_testing::meeting::Meeting;
use owt_testing::raw::Raw;
use owt_testing::{Folder, Owt};

#[test]
fn the_body_runs_once_and_the_function_stays_warm() {
    let owt = Owt::start();
    let folder = Folder::new();
    let code = format!(
        "{}\nweights = []\n\ndef run():\n    weights.append(1)\n    return len(weights)\n\n\
         def other():\n    return -len(weights)\n",
        folder.mark("loads")
    );
    let call = owt.code(&code);
    for wanted in 1..=20 {
        assert_eq!(call.post("/").ok(), wanted.to_string());
    }
    // The identity is that of the source: neither path, arguments nor fn_name make another.
    assert_eq!(call.get("/elsewhere").ok(), "21");
    assert_eq!(call.clone().kwargs("{}").post("/").ok(), "22");
    assert_eq!(call.field("fn_name", "other").post("/").ok(), "-22");
    assert_eq!(folder.marks("loads"), 1);
    // One letter more is other code, with a body of its own.
    assert_eq!(owt.code(&format!("{code}#")).post("/").ok(), "1");
    assert_eq!(folder.marks("loads"), 2);
}

#[test]
fn an_expression_is_evaluated_once_too() {
    let owt = Owt::start();
    let folder = Folder::new();
    let call = owt.code(&format!("({}, itertools.count())[1].__next__", folder.mark("loads")));
    for wanted in 0..5 {
        assert_eq!(call.post("/").ok(), wanted.to_string());
    }
    assert_eq!(folder.marks("loads"), 1);
}

#[test]
fn first_calls_that_arrive_together_share_the_one_load() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    let folder = Folder::new();
    let code = format!(
        "{}{}\nhere = meet()\nhere.say('loading')\nhere.listen()\n\ndef run(n):\n    return n\n",
        meeting.python(),
        folder.mark("loads")
    );
    let calls: Vec<_> = (0..12)
        .map(|n| Raw::get(&owt, &owt.code(&code).kwargs(&format!("{{'n': {n}}}")), "/", &[]))
        .collect();
    let mut loading = meeting.guest();
    assert_eq!(loading.says().unwrap(), "loading");
    // Other code does not wait for that load.
    assert_eq!(owt.code("lambda: 'quick'").post("/").ok(), "quick");
    loading.tell("go on");
    for (n, mut call) in calls.into_iter().enumerate() {
        let (status, _, body) = call.answer();
        assert_eq!((status, body), (200, n.to_string()));
    }
    assert_eq!(folder.marks("loads"), 1);
    assert!(meeting.another().is_none());
}

#[test]
fn a_load_that_fails_fails_for_all_who_share_it_and_is_tried_anew() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    let folder = Folder::new();
    let code = format!(
        "{}{}
if meet().listen() == 'fail': raise ValueError('no weights')

def run():
    return 'well'
",
        meeting.python(),
        folder.mark("loads")
    );
    let calls: Vec<_> = (0..5).map(|_| Raw::get(&owt, &owt.code(&code), "/", &[])).collect();
    let mut loading = meeting.guest();
    // Arrived, all of them: what was sent after them has been answered.
    assert_eq!(owt.code("lambda: 'quick'").post("/").ok(), "quick");
    loading.tell("fail");
    for mut call in calls {
        while !call.is_answered() {
            // One that came too late to share that load began another.
            if let Some(mut late) = meeting.another() {
                late.tell("fail");
            }
        }
        let (status, _, body) = call.answer();
        assert!(status == 500 && body.contains("no weights"), "{status} {body}");
    }
    let mut again = Raw::get(&owt, &owt.code(&code), "/", &[]);
    meeting.guest().tell("succeed");
    assert_eq!(again.answer().2, "well");
}

#[test]
fn a_changed_library_is_seen_by_the_next_call() {
    let lib = Folder::new();
    lib.write("sota.py", "import part\ndef answer(): return part.answer\n");
    lib.write("part.py", "answer = 'first'\n");
    let owt = owt_testing::Start::new().args([lib.as_str()]).start();
    let calls =
        [owt.code("sota.answer"), owt.code("import sota\ndef run(): return sota.answer()\n")];
    for wanted in ["first", "other", "third", "first"] {
        lib.write("part.py", format!("answer = '{wanted}'\n"));
        for call in &calls {
            assert_eq!(call.post("/").ok(), wanted);
            assert_eq!(call.post("/").ok(), wanted);
        }
    }
}

#[test]
fn the_module_is_found_by_its_name_as_any_module_is() {
    let owt = Owt::start();
    let code = "import importlib, logging.config, pickle, pydoc, sys

class Handler(logging.NullHandler): pass
def g(): return 'g'
found_in_body = pydoc.locate(__name__ + '.g') is g

def run():
    importlib.import_module(__name__)
    package, _, name = __name__.rpartition('.')
    logging.config.dictConfig({
        'version': 1,
        'disable_existing_loggers': False,
        'handlers': {'h': {'class': __name__ + '.Handler'}, 'g': {'()': __name__ + '.Handler'}},
    })
    return [
        found_in_body,
        pydoc.locate(__name__ + '.g') is g,
        pickle.loads(pickle.dumps(g)) is g,
        getattr(sys.modules[package], name) is sys.modules[__name__],
    ]
";
    assert_eq!(owt.code(code).post("/").json(), serde_json::json!([true, true, true, true]));
}

#[test]
fn the_number_kept_is_bounded_and_the_least_recently_used_go() {
    let owt = Owt::start();
    let folder = Folder::new();
    let marking = |name: &str| owt.code(&format!("{}\ndef run(): return 'x'\n", folder.mark(name)));
    let (old, used) = (marking("old"), marking("used"));
    assert_eq!(old.post("/").ok(), "x");
    assert_eq!(used.post("/").ok(), "x");
    let client = owt_testing::client();
    for n in 0..1200 {
        let request = owt.code(&format!("lambda: {n}")).posting("/").build().unwrap();
        assert_eq!(client.execute(request).unwrap().text().unwrap(), n.to_string());
        if n % 100 == 0 {
            assert_eq!(used.post("/").ok(), "x");
        }
    }
    assert_eq!(used.post("/").ok(), "x");
    assert_eq!(old.post("/").ok(), "x");
    assert_eq!(folder.marks("used"), 1, "used between, so it stayed");
    assert_eq!(folder.marks("old"), 2, "not used, so it went and was loaded anew");
    // What went is not kept elsewhere.
    let modules = "lambda: sum(name.startswith('owt.adaptors.h') for name in sys.modules)";
    let kept: usize = owt.code(modules).post("/").ok().parse().unwrap();
    assert!(kept <= 1100, "{kept} modules are kept");
}

#[test]
fn the_source_is_in_a_real_file_named_after_its_hash() {
    let owt = Owt::start();
    let code = "import hashlib, inspect, pathlib

# a remark that only the source has: äöü
def run():
    source = pathlib.Path(__file__)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    return {'named': digest in source.name, 'source': source.read_text('utf-8'),
            'function': inspect.getsource(run), 'module': inspect.getsource(inspect.getmodule(run))}
";
    let seen = owt.code(code).post("/").json();
    assert_eq!(seen["named"], true);
    assert_eq!(seen["source"], code);
    assert_eq!(seen["module"], code);
    assert_eq!(seen["function"], code.split_once("äöü\n").unwrap().1);
}

#[test]
fn getsource_works_in_expressions_too() {
    let owt = Owt::start();
    let code = "lambda: inspect.getsource(sys._getframe())";
    assert_eq!(owt.code(code).post("/").ok().trim_end(), code);
    let code = "const(1)\n  .f(lambda one:\n     inspect.getsource(sys._getframe()))\n";
    assert!(owt.code(code).post("/").ok().contains(".f(lambda one:"));
}

#[test]
fn tracebacks_show_source_lines() {
    let owt = Owt::start();
    for (code, wanted) in [
        (
            "def run():\n    # why\n    return 1 / 0  # here\n",
            vec!["line 3, in run", "return 1 / 0  # here"],
        ),
        (
            "weights = {}\nfirst = weights['none']  # here\ndef run(): pass\n",
            vec!["line 2", "first = weights['none']  # here"],
        ),
        ("lambda: [].pop()  # here", vec!["line 1", "lambda: [].pop()  # here"]),
        (
            "const(1)\n.f(lambda one: one / 0)  # here\n",
            vec!["line 2", ".f(lambda one: one / 0)  # here"],
        ),
        (
            "async def run():
    await inner()  # here

async def inner():
    raise KeyError('x')  # there
",
            vec!["await inner()  # here", "raise KeyError('x')  # there"],
        ),
    ] {
        let problem = owt.code(code).post("/").refused(500, "adaptor-raised");
        let traceback = problem["exception"]["traceback"].as_str().unwrap();
        for part in wanted {
            assert!(traceback.contains(part), "{part:?} is not in\n{traceback}");
        }
    }
}

#[test]
fn the_namespace_has_all_of_owt() {
    let owt = Owt::start();
    let names = "def run():
    import owt
    names = {'pipe', 'request', 'Server', '_SERVER', 'args', 'shell', *owt.__all__}
    return [name for name in names if name not in globals()]
";
    assert_eq!(owt.code(names).post("/").ok(), "[]");
    // At the time the body runs, too.
    assert_eq!(
        owt.code(
            "mine = pipe, request, Server, _SERVER, args, shell\ndef run(): return len(mine)\n"
        )
        .post("/")
        .ok(),
        "6"
    );
    let port = owt.address().rsplit_once(':').unwrap().1;
    for code in [
        "lambda: f'{Server.sing().address}:{Server.sing().port}'",
        "lambda: f'{_SERVER.address}:{_SERVER.port}'",
        "lambda: f'{args.address}:{args.port}'",
        "from owt import *\ndef run(): return f'{args.address}:{args.port}'\n",
        "from owt import Server, server
def run(): return f'{Server.sing().address}:{server.Server.sing().port}'
",
        "def run():\n    global _SERVER\n    return f'{_SERVER.address}:{_SERVER.port}'\n",
    ] {
        assert_eq!(owt.code(code).post("/").ok(), format!("127.0.0.1:{port}"), "{code}");
    }
    assert_eq!(owt.code("lambda: shell('echo from bash')").post("/").ok(), "from bash\n");
}

#[test]
fn a_pipeline_reads_the_request_when_it_runs() {
    let owt = Owt::start();
    let last = owt.code("path().last()");
    for part in ["one", "two", "three"] {
        assert_eq!(last.post(&format!("/a/{part}")).ok(), part);
    }
    let query = owt.code("query().get('n')");
    let json = owt.code("json().get('n')");
    for n in ["1", "2", "3"] {
        assert_eq!(query.clone().field("n", n).get("/").ok(), n);
        assert_eq!(json.clone().field("n", n).post("/").ok(), n);
    }
}

#[test]
fn a_body_that_reads_the_request_is_told_why_not() {
    let owt = Owt::start();
    for code in ["path = request.path\ndef run(): return path\n", "f((request.path, str)[1])"] {
        let problem = owt.code(code).post("/").refused(500, "adaptor-raised");
        assert!(problem["detail"].as_str().unwrap().contains("once"), "{problem}");
    }
}
