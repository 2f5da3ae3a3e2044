//! §7: a cancelled call that only waits stops, with the processes that it started; its
//! thread is free, the adaptor stays warm, and nobody else is hit.

use std::time::{Duration, Instant};

use owt_testing::meeting::Meeting;
use owt_testing::raw::Raw;
use owt_testing::{Folder, Owt, PATIENCE, Sent, Start};

/// A server of one thread, so that the next call says whether it is free.
fn single() -> Owt {
    Start::new().args(["--threads", "1"]).start()
}

/// What the code of these tests has at hand.
const TOOLS: &str = "
import concurrent.futures, os, queue, subprocess, threading, time

def tell(*words):
    with open(TOLD, 'a') as file: print(*words, file=file)

def forked():
    child = os.fork()
    if child == 0:
        time.sleep(300)
        os._exit(0)
    tell(child)
    return child

def spawned(**how):
    child = subprocess.Popen(['sleep', '300'], **how)
    tell(child.pid)
    return child

def thread():
    thread = threading.Thread(target=time.sleep, args=(300,), daemon=True)
    thread.start()
    return thread
";

/// Code with the tools, whose `tell` writes into this folder.
fn code(folder: &Folder, rest: &str) -> String {
    format!("TOLD = {:?}\n{TOOLS}\n{rest}\n", folder.path("told"))
}

#[track_caller]
fn passes_its_deadline(call: Sent) {
    passes(call, Duration::from_millis(300));
}

#[track_caller]
fn passes(call: Sent, deadline: Duration) {
    let began = Instant::now();
    call.field("timeout", deadline.as_secs_f64()).post("/").refused(504, "deadline-passed");
    assert!(began.elapsed() >= deadline, "not before it");
}

/// Does this in a call until its deadline has passed, then asks the adaptor whether its
/// thread is free and it is still warm. Gives what the call told, which is something.
#[track_caller]
fn cancelled(owt: &Owt, what: &str) -> String {
    let folder = Folder::new();
    let function = format!("def run():\n    {}\ndef warm(): return 'warm'", indented(what));
    let call = owt.code(&code(&folder, &format!("{}\n{function}", folder.mark("loaded"))));
    let warm = call.clone().field("fn_name", "warm");
    warm.post("/").ok();
    let mut deadline = Duration::from_millis(300);
    // On a machine with much else to do it may pass before the call has come to its wait.
    while folder.read("told").is_empty() {
        assert!(deadline < PATIENCE, "{what}");
        passes(call.clone(), deadline);
        deadline *= 2;
        for _ in 0..3 {
            // Nor is it hit by an exception that was meant for the other.
            assert_eq!(warm.post("/").ok(), "warm", "{what}");
        }
    }
    assert_eq!(folder.marks("loaded"), 1, "{what}");
    folder.read("told")
}

fn indented(lines: &str) -> String {
    lines.replace('\n', "\n    ")
}

/// Whether this process goes on; one that has ended may still be there to be waited for.
fn goes_on(id: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

/// Until each of these processes has ended, and there are some.
#[track_caller]
fn wait_until_gone(ids: &str) {
    assert!(!ids.is_empty());
    let until = Instant::now() + PATIENCE;
    for id in ids.split_whitespace() {
        while goes_on(id) {
            assert!(Instant::now() < until, "process {id} goes on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn a_wait_in_python_stops() {
    let owt = single();
    for wait in [
        "time.sleep(300)",
        "threading.Event().wait()",
        "threading.Event().wait(300)",
        "queue.Queue().get()",
        "concurrent.futures.Future().result()",
        "threading.Semaphore(0).acquire()",
        "threading.Barrier(2).wait()",
        "thread().join()",
    ] {
        let told = cancelled(&owt, &format!("try: {wait}\nfinally: tell('stopped')"));
        assert_eq!(told, "stopped\n", "{wait}");
    }
}

#[test]
fn a_condition_that_a_cancelled_call_waited_for_can_be_used() {
    let wait = "condition = threading.Condition()
try:
    with condition: condition.wait()
finally:
    tell(len(condition._waiters))
    with concurrent.futures.ThreadPoolExecutor() as other:
        tell(other.submit(condition.acquire, timeout=60).result())";
    assert_eq!(cancelled(&single(), wait), "0\nTrue\n");
}

#[test]
fn what_waits_for_a_process_stops_and_so_does_the_process() {
    let owt = single();
    for wait in [
        "subprocess.run(f'echo $$ >> {TOLD}; exec sleep 300', shell=True)",
        "subprocess.run(f'echo $$ >> {TOLD}; sleep 300 & sleep 300', shell=True, capture_output=True)",
        "spawned().wait()",
        "spawned(start_new_session=True).wait(300)",
        "os.waitpid(forked(), 0)",
        "[forked() for _ in range(200)]; time.sleep(300)",
        "try: time.sleep(300)\nfinally: [spawned() for _ in range(20)]",
    ] {
        wait_until_gone(&cancelled(&owt, wait));
    }
}

#[test]
fn a_tree_of_processes_that_grows_meanwhile_is_ended_whole() {
    let (owt, meeting, folder) = (single(), Meeting::new(), Folder::new());
    // Each starts the next, for a few seconds, so there is always a youngest.
    let grow = "
def run():
    here = meet()
    here.say('grows')
    try:
        if os.fork() == 0:
            for _ in range(600):
                if os.fork() != 0: break
                until = time.monotonic() + 0.003
                while time.monotonic() < until: pass
            time.sleep(300)
            os._exit(0)
        time.sleep(300)
    finally:
        here.file.close()
";
    let code = code(&folder, &format!("{}{grow}", meeting.python()));
    passes_its_deadline(owt.code(&code));
    let mut guest = meeting.guest();
    assert_eq!(guest.says().unwrap(), "grows");
    // Each of them has its end of the connection.
    assert_eq!(guest.says(), None);
    assert_eq!(owt.code("lambda: 'free'").post("/").ok(), "free");
}

#[test]
fn only_the_processes_of_the_cancelled_call_end() {
    let (owt, meeting, folder) =
        (Start::new().args(["--threads", "2"]).start(), Meeting::new(), Folder::new());
    // What it starts lasts as long as the server.
    let code = code(
        &folder,
        &format!(
            "{}
def lasting(): return subprocess.Popen(['cat'], stdin=subprocess.PIPE)
helpers = [lasting()]
def add(): helpers.append(lasting())
def run(): spawned().wait()
def beside():
    helper, here = lasting(), meet()
    here.say('started')
    here.listen()
    return str(helper.poll())
def poll(): return [helper.poll() for helper in helpers]
",
            meeting.python()
        ),
    );
    let call = |name: &str| owt.code(&code).field("fn_name", name);
    // At once after the body that started the first, by the same thread.
    passes_its_deadline(call("run"));
    assert_eq!(call("poll").post("/").ok(), "[null]");
    let mut beside = Raw::get(&owt, &call("beside"), "/", &[]);
    let mut guest = meeting.guest();
    assert_eq!(guest.says().unwrap(), "started");
    for _ in 0..3 {
        call("add").post("/").ok();
        passes_its_deadline(call("run"));
    }
    assert_eq!(call("poll").post("/").ok(), "[null,null,null,null]");
    guest.tell("done");
    assert_eq!(beside.answer().2, "None");
    assert_eq!(call("poll").post("/").ok(), "[null,null,null,null]");
    wait_until_gone(&folder.read("told"));
}

#[test]
fn the_processes_of_a_call_that_ends_by_itself_go_on() {
    let (owt, folder) = (single(), Folder::new());
    let code = code(&folder, "def run(): spawned()\ndef fail(): spawned(); 1 / 0");
    owt.code(&code).field("timeout", 60).post("/").ok();
    owt.code(&code).field("fn_name", "fail").post("/").refused(500, "adaptor-raised");
    passes_its_deadline(owt.code("import time\ndef run(): time.sleep(300)"));
    assert_eq!(owt.code("lambda: 'free'").post("/").ok(), "free");
    let told = folder.read("told");
    assert_eq!(told.split_whitespace().filter(|id| goes_on(id)).count(), 2, "{told}");
    for id in told.split_whitespace() {
        assert!(std::process::Command::new("kill").arg(id).status().unwrap().success());
    }
}

#[test]
fn the_processes_of_a_stream_end_when_its_reader_goes() {
    let (owt, folder) = (single(), Folder::new());
    for stream in ["spawned()\n    while True: yield 'x' * 9999", "yield 'x'\n    spawned().wait()"]
    {
        let code = code(&folder, &format!("def run():\n    {stream}"));
        let mut raw = Raw::get(&owt, &owt.code(&code), "/", &[]);
        assert_eq!(raw.head().0, 200);
        drop(raw);
        assert_eq!(owt.code("lambda: 'free'").post("/").ok(), "free");
        wait_until_gone(&folder.read("told"));
    }
}

#[test]
fn a_body_that_only_waits_stops_with_its_processes() {
    let owt = single();
    for wait in ["time.sleep(300)", "spawned().wait()"] {
        let folder = Folder::new();
        let code = code(&folder, &format!("spawned()\n{wait}\ndef run(): pass"));
        passes_its_deadline(owt.code(&code));
        assert_eq!(owt.code("lambda: 'free'").post("/").ok(), "free", "{wait}");
        wait_until_gone(&folder.read("told"));
    }
}
