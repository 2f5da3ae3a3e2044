//! What was registered for the end of Python (`atexit`) runs at the end of a worker.

use owt_testing::family::{Family, eventually, signal};
use owt_testing::meeting::Meeting;
use owt_testing::raw::Raw;
use owt_testing::{Folder, Start};

/// Registers what leaves `atexit` and `finalize` in that folder, and a folder that goes.
fn registering(folder: &Folder) -> String {
    format!(
        "import atexit, os, tempfile, threading, weakref
FOLDER = {:?}
def leave(name):
    with open(f'{{FOLDER}}/{{name}}', 'a') as file: file.write('x')
atexit.register(leave, 'atexit')
class Thing: pass
thing = Thing()
weakref.finalize(thing, leave, 'finalize')
temporary = tempfile.TemporaryDirectory(dir=FOLDER)
@atexit.register
def main():
    assert threading.current_thread() is threading.main_thread()
    leave('main')
    print('said at the end')
def run(): return temporary.name
",
        folder.as_str()
    )
}

#[track_caller]
fn has_run_once(folder: &Folder) {
    let mut names: Vec<_> = std::fs::read_dir(folder.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["atexit", "finalize", "main"]);
    for name in names {
        assert_eq!(folder.marks(&name), 1, "{name}");
    }
}

#[test]
fn at_the_end_of_the_server() {
    for &workers in [owt_testing::workers(), &["2"]].concat().iter() {
        let folder = Folder::new();
        let mut owt = Start::new().args(["--workers", workers]).start();
        owt.code(&registering(&folder)).post("/").ok();
        owt.code("async def run(): return 1").post("/").ok();
        owt.signal("-TERM");
        assert_eq!(owt.wait().code(), Some(0));
        has_run_once(&folder);
        owt.log_with("said at the end");
    }
}

#[test]
fn at_the_end_of_a_worker_that_is_replaced() {
    let family = Family::of(1, &[]);
    let folder = Folder::new();
    family.owt.code(&registering(&folder)).post("/").ok();
    family.owt.signal("-HUP");
    family.owt.log_with("said at the end");
    family.is_whole();
    has_run_once(&folder);
    family.ends_well();
    has_run_once(&folder);
}

#[test]
fn at_the_end_of_a_worker_that_has_served_enough() {
    let family = Family::of(1, &["--max-requests", "3"]);
    let folder = Folder::new();
    family.owt.code(&registering(&folder)).post("/").ok();
    let more = family.owt.code("def run(): return 1");
    eventually("the worker is replaced", || {
        more.post("/").ok();
        folder.marks("atexit") == 1
    });
    family.ends_well();
    has_run_once(&folder);
}

#[test]
fn after_a_stream_that_outlasts_the_grace() {
    let folder = Folder::new();
    let mut owt = Start::new().args(["--grace", "1"]).start();
    owt.code(&registering(&folder)).post("/").ok();
    let code = "import asyncio\nasync def run():\n    yield 'x'\n    await asyncio.sleep(3600)\n";
    let mut stream = Raw::get(&owt, &owt.code(code), "/", &[]);
    assert_eq!(stream.head().0, 200);
    owt.signal("-TERM");
    assert_eq!(owt.wait().code(), Some(0));
    has_run_once(&folder);
}

#[test]
fn not_in_a_worker_that_is_killed() {
    let family = Family::of(1, &[]);
    let folder = Folder::new();
    family.owt.code(&registering(&folder)).post("/").ok();
    let before = family.is_whole();
    before.iter().for_each(|worker| signal(*worker, "-KILL"));
    eventually("another has its place", || family.is_whole() != before);
    family.ends_well();
    assert_eq!(folder.marks("atexit"), 0);
}

/// Whatever a handler does, those that were registered before it run, the server ends well, and
/// the log says so.
#[track_caller]
fn whatever(handler: &str, told: &str) {
    let folder = Folder::new();
    for &workers in owt_testing::workers() {
        let mut owt = Start::new().args(["--grace", "2", "--workers", workers]).start();
        let code = format!(
            "{}import sys, time, multiprocessing\n{handler}\natexit.register(handler)\n",
            registering(&folder)
        );
        owt.code(&code).post("/").ok();
        owt.signal("-TERM");
        assert_eq!(owt.wait().code(), Some(0), "{workers}: {}", owt.log_with(""));
        owt.log_with(told);
        has_run_once(&folder);
        for name in ["atexit", "finalize", "main"] {
            std::fs::remove_file(folder.path(name)).unwrap();
        }
    }
}

#[test]
fn though_a_handler_raises() {
    whatever("def handler(): raise ValueError('in the end')", "in the end");
}

#[test]
fn though_a_handler_exits() {
    whatever("def handler(): sys.exit('in the end')", "in the end");
}

#[test]
fn though_a_handler_waits() {
    whatever("def handler(): time.sleep(3600)", "an exit handler (atexit) is interrupted");
}

#[test]
fn though_a_handler_works_without_end() {
    whatever("def handler():\n    while True: pass", "an exit handler (atexit) is interrupted");
}

#[test]
fn though_a_thread_and_a_process_go_on() {
    whatever(
        "threading.Thread(target=threading.Event().wait).start()
multiprocessing.get_context('fork').Process(target=time.sleep, args=(3600,)).start()
def handler(): print('in the end')",
        "in the end",
    );
}

#[test]
fn though_a_handler_forks() {
    whatever(
        "def handler():
    child = multiprocessing.get_context('fork').Process(target=int)
    child.start()
    child.join()
    print('in the end', child.exitcode)",
        "in the end 0",
    );
}

#[test]
fn one_that_cannot_be_interrupted_is_bounded() {
    for &workers in owt_testing::workers() {
        let mut owt = Start::new().args(["--grace", "1", "--workers", workers]).start();
        let code = "import atexit, time
def stubborn():
    while True:
        try: time.sleep(3600)
        except BaseException: pass
atexit.register(stubborn)
def run(): return 1";
        owt.code(code).post("/").ok();
        owt.signal("-TERM");
        assert_eq!(owt.wait().code(), Some(0));
        owt.log_with("does not end, and is left");
    }
}

#[test]
fn one_that_ends_its_process_is_told() {
    let mut owt = Start::new().start();
    owt.code("import atexit, os\natexit.register(os._exit, 3)\ndef run(): return 1").post("/").ok();
    owt.signal("-TERM");
    assert_eq!(owt.wait().code(), Some(0));
    owt.log_with("was to end, and ended with exit status 3");
}

#[test]
fn one_that_never_lets_go_of_the_interpreter_is_ended_with_its_worker() {
    let mut owt = Start::new().args(["--grace", "1"]).start();
    let code = "import atexit, ctypes\natexit.register(ctypes.PyDLL(None).sleep, 3600)\n\
                def run(): return 1";
    owt.code(code).post("/").ok();
    owt.signal("-TERM");
    assert_eq!(owt.wait().code(), Some(0));
    owt.log_with("did not end by itself, and is killed");
}

#[test]
fn a_child_that_a_handler_forks_is_no_worker() {
    let meeting = Meeting::new();
    let family = Family::of(1, &[]);
    let code = format!(
        "{}import atexit, os\ndef handler():\n    if os.fork() == 0:\n        meet().say('child')\n\
         atexit.register(handler)\ndef run(): return 1\n",
        meeting.python()
    );
    family.owt.code(&code).post("/").ok();
    family.ends_well();
}
