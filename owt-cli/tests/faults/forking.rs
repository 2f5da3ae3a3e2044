//! Children that adaptors fork, and children of those.

use serde_json::json;

use owt_testing::Owt;
use owt_testing::family::Family;

const CHILD: &str = "
import asyncio, logging, multiprocessing, os, threading, time

fork = multiprocessing.get_context('fork')

def deeper(depth):
    if depth:
        codes = []
        thread = threading.Thread(target=lambda: codes.append(start(depth - 1)))
        thread.start()
        thread.join()
        assert codes == [0], codes

def start(depth=0):
    threading.current_thread()
    process = fork.Process(target=deeper, args=(depth,))
    process.start()
    process.join()
    return process.exitcode
";

#[test]
fn children_of_multiprocessing_end_well_whatever_thread_forks_them() {
    let family = Family::of(1, &[]);
    let code = format!(
        "{CHILD}
together = threading.Barrier(4)

def run():
    together.wait(60)  # so that four threads of the server's run it
    return start(2)

async def looping():
    return [start(2), await asyncio.to_thread(start, 2)]
"
    );
    let call = family.owt.code(&code);
    for _ in 0..3 {
        let answers = std::thread::scope(|scope| {
            let ask = || scope.spawn(|| call.post("/").ok().to_owned());
            [ask(), ask(), ask(), ask()].map(|one| one.join().unwrap())
        });
        assert_eq!(answers, ["0"; 4]);
    }
    let looping = call.field("fn_name", "looping");
    assert_eq!(looping.post("/").json(), json!([0, 0]));
    family.ends_well();
}

#[test]
fn what_a_child_has_opened_is_its_childs_too() {
    let family = Family::of(1, &[]);
    let code = "
import json, os, signal, sys, threading

def fork(child):
    def on_a_thread():
        pid = os.fork()
        if pid == 0:
            child()
            os._exit(0)
        os.waitpid(pid, 0)
    thread = threading.Thread(target=on_a_thread)
    thread.start()
    thread.join()

def run():
    read, write = os.pipe()
    def child():
        kept = [os.open('/dev/null', os.O_RDONLY) for _ in range(40)]
        handler = lambda *_: None
        signal.signal(signal.SIGTERM, handler)
        out = sys.stdout = open(os.devnull, 'w')
        def look(depth):
            there = set(os.listdir('/proc/self/fd'))
            found = [
                [fd for fd in kept if str(fd) not in there],
                signal.getsignal(signal.SIGTERM) is handler,
                sys.stdout is out,
            ]
            os.write(write, (json.dumps(found) + '\\n').encode())
            if depth:
                fork(lambda: look(depth - 1))
        fork(lambda: look(2))
    fork(child)
    os.close(write)
    with open(read) as file:
        return [json.loads(line) for line in file]
";
    let seen = family.owt.code(code).post("/").json();
    assert_eq!(seen, json!(vec![json!([[], true, true]); 3]));
    family.ends_well();
}

#[test]
fn a_process_in_a_process_answers() {
    for owt in [Owt::start(), owt_testing::Start::new().args(["--workers", "0"]).start()] {
        let code = format!(
            "{CHILD}
def inner(queue): queue.put('grandchild')
def outer(queue):
    process = fork.Process(target=inner, args=(queue,))
    process.start()
    process.join()
    queue.put(process.exitcode)
def run():
    queue = fork.Queue()
    fork.Process(target=outer, args=(queue,)).start()
    return [queue.get(timeout=60), queue.get(timeout=60)]
"
        );
        assert_eq!(owt.code(&code).post("/").json(), json!(["grandchild", 0]));
    }
}

#[test]
fn a_child_of_a_coroutine_that_comes_back_does_not_go_on_serving() {
    let family = Family::of(1, &[]);
    let code = "import asyncio, os
async def run():
    child = os.fork()
    await asyncio.sleep(0)
    if child: os.waitpid(child, 0)
    return bool(child)
";
    let calls: Vec<_> = (0..20).map(|_| family.owt.code(code).post("/")).collect();
    for answer in calls {
        assert_eq!(answer.ok(), "True");
    }
    assert_eq!(family.metric("owt_worker_restarts"), 0.0);
    family.ends_well();
}
