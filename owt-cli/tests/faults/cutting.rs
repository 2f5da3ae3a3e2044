//! What a call that was cut leaves in its worker: nothing that others notice.

use owt_testing::family::Family;
use owt_testing::{Owt, Sent};

#[track_caller]
fn passes_its_deadline(call: Sent) {
    call.field("timeout", 0.3).post("/").refused(504, "deadline-passed");
}

/// Traces a function, as coverage, profilers and debuggers do.
const TRACES: &str = "import sys
def traced(): return 5
def run():
    events = []
    def trace(frame, event, arg):
        events.append(event)
        return trace
    sys.settrace(trace); traced(); sys.settrace(None)
    return events
";

#[track_caller]
fn traces(owt: &Owt) {
    assert_eq!(owt.code(TRACES).post("/").ok(), r#"["call","line","return"]"#);
}

#[test]
fn tracing_works_after_a_call_was_cut() {
    let owt = Owt::start();
    for _ in 0..3 {
        passes_its_deadline(owt.code("def run():\n    while True: pass\n"));
        traces(&owt);
    }
}

#[test]
fn tracing_works_beside_a_call_that_does_not_hear() {
    let family = Family::of(1, &["--threads", "8"]);
    let code = "import ctypes
libc = ctypes.CDLL(None)
mutex = ctypes.create_string_buffer(64)
libc.pthread_mutex_lock(mutex)
def run(deaf=True): deaf and libc.pthread_mutex_lock(mutex)
";
    let call = family.owt.code(code);
    call.clone().kwargs("{'deaf': False}").post("/").ok();
    // On the main thread, and on others.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| passes_its_deadline(call.clone()));
        }
    });
    for _ in 0..3 {
        traces(&family.owt);
    }
    family.is_whole();
}

/// How libraries take what all calls of a process share.
const HOLDERS: [(&str, &str); 9] = [
    // tqdm's refresh: nothing gives the lock back when an exception comes.
    (
        "class-wide locks without a finally",
        "lock = threading.RLock()
def step():
    lock.acquire()
    for _ in range(50): pass
    lock.release()",
    ),
    (
        "locks between processes",
        "lock = multiprocessing.RLock()
def step():
    lock.acquire()
    for _ in range(50): pass
    lock.release()",
    ),
    (
        "guards of a module's own",
        "locks = [threading.RLock(), multiprocessing.RLock()]
class Guard:
    def __enter__(self):
        for lock in locks: lock.acquire()
    def __exit__(self, *why):
        for lock in locks: lock.release()
def step():
    with Guard(): pass",
    ),
    (
        "plain locks and try",
        "lock = threading.Lock()
def step():
    lock.acquire()
    try: pass
    finally: lock.release()",
    ),
    (
        "plain locks between processes and try",
        "lock = multiprocessing.Lock()
def step():
    lock.acquire()
    try: pass
    finally: lock.release()",
    ),
    (
        "conditions and semaphores",
        "condition, semaphore = threading.Condition(threading.Lock()), threading.Semaphore(1)
def step():
    with condition: condition.notify()
    semaphore.acquire()
    try: pass
    finally: semaphore.release()",
    ),
    // Whoever waits stands still in `Condition.__enter__`.
    (
        "conditions that are held for long",
        "condition = threading.Condition(threading.Lock())
def step():
    with condition: time.sleep(0.1)",
    ),
    (
        "logging",
        "handler = logging.StreamHandler(io.StringIO())
logger = logging.getLogger('cutting')
logger.addHandler(handler)
logger.propagate = False
def step():
    logger.warning('line')
    logging.getLogger(f'cutting.{random.random()}')",
    ),
    (
        "queues, pools and futures",
        "queue_, pool = queue.Queue(), concurrent.futures.ThreadPoolExecutor(1)
def step():
    queue_.put(1); queue_.get()
    pool.submit(int).result()
    tempfile.gettempdir()
    time.strptime('2026', '%Y')",
    ),
];

#[test]
fn locks_that_a_cut_call_held_are_free() {
    let owt = Owt::start();
    for (name, holder) in HOLDERS {
        let code = format!(
            "import concurrent.futures, io, logging, multiprocessing, queue, random, tempfile, threading
import time
{holder}
def run(for_ever=True):
    while for_ever: step()
    step()
    return 'free'
"
        );
        let free = owt.code(&code).kwargs("{'for_ever': False}").field("timeout", 60);
        assert_eq!(free.post("/").ok(), "free", "{name}");
        // Who only ever takes one plain lock, beside another one who does, is always about to take
        // it: such a call cannot be cut there without leaving it locked.
        let callers = if name.starts_with("plain locks") { 1 } else { 2 };
        for _ in 0..4 {
            std::thread::scope(|scope| {
                for _ in 0..callers {
                    scope.spawn(|| passes_its_deadline(owt.code(&code)));
                }
            });
            assert_eq!(free.post("/").ok(), "free", "{name}");
        }
    }
}
