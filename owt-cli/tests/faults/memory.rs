//! Memory comes back: of calls that are over, of code and libraries that were edited, of large
//! bodies; and a worker that holds too much lets go of what is idle before it is ended.

use std::io::Read;

use owt_testing::family::{Family, eventually};
use owt_testing::{Answer, Folder, Start};

/// Calls of each kind. What one of them leaves behind shows as often.
const CALLS: usize = 300;

/// Counts what lives in the worker beside the call that asks.
const COUNT: &str = "
import gc
NAMES = {'RawCall', 'Sink', 'Request', 'MultiDict', 'File', 'Task', 'Context', 'RequestContext',
         'coroutine', 'generator', 'async_generator', 'frame', 'traceback', '_Partial', '_Driver'}
def run(collect=False):
    if collect:
        gc.collect()
        gc.disable()
    return sum(type(one).__name__ in NAMES for one in gc.get_objects())
";

fn count(family: &Family, kwargs: &str) -> usize {
    family.owt.code(COUNT).kwargs(kwargs).post("/").ok().parse().unwrap()
}

/// What one process holds, in MB.
fn megabytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

fn worker(family: &Family) -> u32 {
    *family.is_whole().first().unwrap()
}

#[test]
fn nothing_of_a_call_stays_when_it_is_over() {
    let family = Family::of(1, &["--quiet"]);
    let part =
        "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n\"\r\n\r\nx\r\n--b--\r\n";
    let kinds = [
        ("a value", "def run(): return request.path + str(len(request.data))"),
        ("the request given", "def run(request): return request.args['code_b64'][:1]"),
        ("no function", "pipe().path().last()"),
        ("files", "def run(): return request.files['f'].read()"),
        ("a coroutine", "async def run(): return request.path + str(len(request.data))"),
        ("a generator", "def run():\n    yield request.path"),
        ("an async generator", "async def run():\n    yield request.path"),
        ("a coroutine's generator", "async def run(): return (x for x in [request.path])"),
        ("sse", "def run(): return sse([request.path])"),
        ("raises", "def run():\n    held = request.data\n    raise ValueError(request.path)"),
        (
            "raises on the loop",
            "async def run():\n    held = request.data\n    raise ValueError(held)",
        ),
        ("half a line", "def run(): print(request.path, end='')"),
        ("flask", "from flask import request\ndef run(): return request.get_data()"),
        ("flask's files", "from flask import request\ndef run(): return request.files['f'].read()"),
        (
            "flask on the loop",
            "from flask import request\nasync def run(): return request.get_data()",
        ),
        (
            "flask raises",
            "from flask import request\ndef run(): raise ValueError(request.get_data())",
        ),
    ];
    // Each has run before: what is made once is there.
    let send = |code: &str| {
        let body = part.as_bytes().to_vec();
        let call =
            family.owt.code(code).posting_data("/a", "multipart/form-data; boundary=b", body);
        Answer::of(call.send().unwrap())
    };
    for (_, code) in &kinds {
        send(code);
    }
    // From here on nothing is collected: what is there has an owner, or nobody would find it.
    let before = count(&family, "{'collect': True}");
    for (kind, code) in kinds {
        for _ in 0..CALLS {
            send(code);
        }
        // The event loop lets go of its part after the answer.
        eventually(kind, || count(&family, "{}") <= before + 20);
    }
    family.ends_well();
}

#[test]
fn nothing_of_a_cancelled_call_stays() {
    let family = Family::of(1, &["--quiet"]);
    let kinds = [
        "import time\ndef run():\n    held = request.data\n    time.sleep(60)",
        "import asyncio\nasync def run():\n    held = request.data\n    await asyncio.sleep(60)",
    ];
    let cut = |code: &str| {
        family.owt.code(code).field("timeout", 0.05).post("/").refused(504, "deadline-passed");
    };
    kinds.iter().for_each(|code| cut(code));
    let before = count(&family, "{'collect': True}");
    for _ in 0..10 {
        kinds.iter().for_each(|code| cut(code));
    }
    eventually("all have ended", || count(&family, "{}") <= before + 5);
    family.ends_well();
}

#[test]
fn what_goes_on_after_a_call_has_its_head_but_not_its_body() {
    let family = Family::of(1, &[]);
    let code = "
import threading
said = []
go = threading.Event()
def later(context, mine):
    go.wait()
    for ask in ('path', 'data'):
        try:
            said.append(context.run(lambda: getattr(request, ask)))
        except RuntimeError as why:
            said.append(str(why)[:16])
    said.append(len(mine.data))
def run(request, what):
    import contextvars
    if what == 'start':
        run.thread = threading.Thread(target=later, args=(contextvars.copy_context(), request))
        run.thread.start()
    else:
        go.set()
        run.thread.join()
    return [str(one) for one in said]
";
    let call = |what: &str| family.owt.code(code).kwargs(&format!("{{'what': '{what}'}}"));
    call("start").post("/here").ok();
    // Whoever holds the request itself has all of it.
    let length =
        call("start").posting("/").build().unwrap().body().unwrap().as_bytes().unwrap().len();
    let said = call("finish").post("/").json();
    assert_eq!(said, serde_json::json!(["/here", "the call is over", length.to_string()]));
    family.ends_well();
}

#[test]
fn large_bodies_and_answers_leave_no_memory_behind() {
    let family = Family::of(1, &[]);
    let (server, worker) = (family.owt.pid(), worker(&family));
    let echo = family.owt.code("def run(): return request.data");
    let send = |length: usize| {
        let call = echo.posting_data("/", "application/octet-stream", vec![b'a'; length]);
        assert_eq!(Answer::of(call.send().unwrap()).body.len(), length);
    };
    send(1);
    let before = [server, worker].map(megabytes);
    for _ in 0..2 {
        std::thread::scope(|scope| {
            (0..3).for_each(|_| drop(scope.spawn(|| send(30 << 20))));
        });
    }
    eventually("the worker is as it was", || megabytes(worker) < before[1] + 30);
    eventually("the server is as it was", || megabytes(server) < before[0] + 60);
    family.ends_well();
}

#[test]
fn an_edited_library_takes_the_place_of_the_old_one() {
    let libraries = Folder::new();
    let family = Family::of(1, &[libraries.as_str()]);
    let worker = worker(&family);
    // Two adaptors have it; only one of them is called again.
    let other = family.owt.code("import weights\ndef run(): return f'other {weights.V}'");
    let code = family.owt.code("import weights\ndef run(): return str(weights.V)");
    let edit = |version: usize| {
        let text = format!("W = b'x' * (64 << 20)\nV = {version}\ndef f(): return W\n");
        libraries.write("weights.py", text);
        assert_eq!(code.post("/").ok(), version.to_string());
    };
    edit(0);
    assert_eq!(other.post("/").ok(), "other 0");
    let one = megabytes(worker);
    for version in 1..6 {
        edit(version);
        assert!(megabytes(worker) < one + 40, "{} MB after {one}", megabytes(worker));
    }
    assert_eq!(other.post("/").ok(), "other 5");
    family.ends_well();
}

/// An adaptor that counts how often it was loaded, and holds so much.
fn weights(loads: &Folder, name: &str, megabytes: usize) -> String {
    let mark = loads.mark(name);
    format!("W = b'x' * ({megabytes} << 20)\ndef run():\n    return str(len(W))\n{mark}\n")
}

#[test]
fn an_edit_takes_the_place_of_what_was_edited() {
    let family = Family::of(1, &[]);
    let (worker, loads) = (worker(&family), Folder::new());
    let base = megabytes(worker);
    for version in 0..6 {
        let code = weights(&loads, &format!("v{version}"), 64);
        family.owt.code(&code).post("/").ok();
        assert!(megabytes(worker) < base + 2 * 64 + 40, "{} MB", megabytes(worker));
    }
    // The one before the newest is still there.
    family.owt.code(&weights(&loads, "v4", 64)).post("/").ok();
    assert_eq!(loads.marks("v4"), 1);
    eventually("the server knows of no others", || {
        family.metric("owt_worker_warm_adaptors") <= 2.0
    });
    family.ends_well();
}

#[test]
fn programs_that_take_turns_stay_warm() {
    let family = Family::of(1, &[]);
    let loads = Folder::new();
    let names = ["a", "b", "c", "d"];
    for _ in 0..10 {
        for name in names {
            family.owt.code(&weights(&loads, name, 1)).post("/").ok();
        }
    }
    // They look like edits of each other at first, and each is let go once at most.
    for name in names {
        assert!(loads.marks(name) <= 2, "{name} was loaded {} times", loads.marks(name));
    }
    // Whoever calls by another path, or calls another function, edits nothing.
    for (name, path) in [("e", "/e"), ("f", "/f"), ("g", "/g"), ("h", "/h")] {
        family.owt.code(&weights(&loads, name, 1)).post(path).ok();
    }
    for (name, path) in [("e", "/e"), ("f", "/f"), ("g", "/g"), ("h", "/h")] {
        family.owt.code(&weights(&loads, name, 1)).post(path).ok();
        assert_eq!(loads.marks(name), 1);
    }
    family.ends_well();
}

#[test]
fn what_a_call_runs_in_is_not_unloaded() {
    let family = Family::of(1, &[]);
    let code = |version: usize| {
        let text = format!(
            "import sys, time\ndef run(n=0):\n    for _ in range(n):\n        yield str(__name__ in sys.modules)\n        time.sleep(0.005)\n    # {version}\n"
        );
        family.owt.code(&text)
    };
    let running = code(0).kwargs("{'n': 100000}").posting("/").send().unwrap();
    for version in 1..6 {
        assert_eq!(code(version).kwargs("{'n': 1}").post("/").ok(), "True");
    }
    let mut rest = running.take(4000);
    let mut text = String::new();
    rest.read_to_string(&mut text).unwrap();
    assert!(!text.contains("False"), "{text}");
    drop(rest);
    family.ends_well();
}

#[test]
fn a_worker_that_holds_too_much_lets_go_of_what_is_idle_first() {
    let family = Family::started(1, Start::new().args(["--max-memory", "300M"]));
    let (worker, loads) = (worker(&family), Folder::new());
    for number in 0..8 {
        let name = format!("v{number}");
        let code = weights(&loads, &name, 64);
        family.owt.code(&code).post(&format!("/{name}")).ok();
        // Nothing tells when the monitor has looked; the log does, in the end.
        eventually("it holds no more than it may", || megabytes(worker) < 287);
    }
    let log = family.owt.log_with("idle adaptors and holds");
    assert!(log.contains("--max-memory"), "{log}");
    assert_eq!(family.is_whole(), [worker].into(), "the worker lives on");
    // The last one used was the last to go.
    family.owt.code(&weights(&loads, "v7", 64)).post("/v7").ok();
    assert_eq!(loads.marks("v7"), 1);
    family.ends_well();
}
