//! One caller's deadline does not cost the others what is warm.

use owt_testing::family::{Family, eventually};
use owt_testing::meeting::Meeting;
use owt_testing::raw::Raw;
use owt_testing::{Answer, Folder, Owt, Sent};

/// Says how often it was called, so that a fresh worker is known.
const COUNTS: &str = "calls = []\ndef run():\n    calls.append(1)\n    return len(calls)\n";

/// Runs for longer than a worker lives on with a call that is deaf to its deadline and harmful.
const RESTS: &str = "import time\ndef run():\n    time.sleep(4.5)\n    return 'rested'\n";

/// Waits in native code for ever, without the interpreter's lock.
const DEAF: &str = "import ctypes
libc = ctypes.CDLL(None)
mutex = ctypes.create_string_buffer(64)
libc.pthread_mutex_lock(mutex)
def run(deaf=True): deaf and libc.pthread_mutex_lock(mutex)
";

/// Rests for as long as it is told.
const RESTS_FOR: &str =
    "import time\ndef run(seconds):\n    time.sleep(seconds)\n    return 'rested'\n";

#[track_caller]
fn passes_its_deadline(call: Sent) {
    call.field("timeout", 0.3).post("/").refused(504, "deadline-passed");
}

/// Has calls of this code pass their deadlines, alone and beside others; then the worker is the
/// same as before.
#[track_caller]
fn stays_warm(code: &str) {
    let family = Family::of(1, &[]);
    let owt = &family.owt;
    let neighbour = owt.code(COUNTS);
    assert_eq!(neighbour.post("/").ok(), "1");
    let before = family.is_whole();
    passes_its_deadline(owt.code(code));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| passes_its_deadline(owt.code(code)));
        }
    });
    // Longer than a call that holds the interpreter's lock would be given.
    assert_eq!(owt.code(RESTS).post("/").ok(), "rested");
    assert_eq!(neighbour.post("/").ok(), "2");
    assert_eq!(family.is_whole(), before, "{code}");
    family.ends_well();
}

#[test]
fn when_it_waits_in_asyncio() {
    stays_warm("import asyncio\ndef run(): asyncio.run(asyncio.sleep(3600))\n");
}

#[test]
fn when_it_waits_in_select() {
    stays_warm(
        "import os, select\nend, other = os.pipe()\ndef run(): select.select([end], [], [])\n",
    );
}

#[test]
fn when_it_waits_for_a_socket() {
    stays_warm("import socket\nend, other = socket.socketpair()\ndef run(): end.recv(1)\n");
}

#[test]
fn when_it_waits_for_a_queue() {
    stays_warm("import queue\nempty = queue.SimpleQueue()\ndef run(): empty.get()\n");
}

#[test]
fn when_it_waits_for_a_lock() {
    stays_warm(
        "import threading\nlock = threading.Lock()\nlock.acquire()\ndef run(): lock.acquire()\n",
    );
}

#[test]
fn when_it_reads_a_pipe() {
    stays_warm("import os\nend, other = os.pipe()\ndef run(): os.read(end, 1)\n");
}

#[test]
fn when_it_sleeps_in_c() {
    stays_warm("import ctypes\ndef run(): ctypes.CDLL(None).sleep(3600)\n");
}

#[test]
fn when_it_waits_in_c_where_no_signal_reaches_it() {
    stays_warm(DEAF);
}

#[test]
fn when_callbacks_keep_the_exception_to_themselves() {
    stays_warm(
        "import weakref
class Thing: pass
def run():
    while True:
        thing = Thing()
        watched = weakref.ref(thing, lambda _: [None for _ in range(200)])
        del thing
        for _ in range(400): pass
",
    );
}

#[test]
fn threads_that_are_lost_are_made_good_for_by_a_fresh_worker() {
    let family = Family::of(1, &["--threads", "2"]);
    let owt = &family.owt;
    let before = family.is_whole();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| passes_its_deadline(owt.code(DEAF)));
        }
    });
    assert_eq!(owt.code(COUNTS).post("/").ok(), "1");
    eventually("there is a fresh one", || family.is_whole().is_disjoint(&before));
    family.ends_well();
}

#[test]
fn half_of_the_threads_may_be_lost_and_as_many_calls_run_as_before() {
    let family = Family::of(1, &["--threads", "4", "--grace", "1"]);
    let owt = &family.owt;
    let meets = owt.code(
        "import threading
barrier = threading.Barrier(4)
def run(meets=True):
    if meets: barrier.wait(60)
    return 'met'
",
    );
    let deaf = owt.code(DEAF);
    meets.clone().kwargs("{'meets': False}").post("/").ok();
    deaf.clone().kwargs("{'deaf': False}").post("/").ok();
    let before = family.is_whole();
    for _ in 0..2 {
        passes_its_deadline(deaf.clone());
    }
    for _ in 0..2 {
        std::thread::scope(|scope| {
            let calls: Vec<_> = (0..4).map(|_| scope.spawn(|| meets.post("/"))).collect();
            for call in calls {
                assert_eq!(call.join().unwrap().ok(), "met");
            }
        });
        // Longer than others may wait for a thread.
        assert_eq!(owt.code(RESTS).post("/").ok(), "rested");
    }
    assert_eq!(family.is_whole(), before);
    family.ends_well();
}

#[test]
fn an_adaptor_whose_one_thread_is_lost_gets_another() {
    let family = Family::of(1, &["--grace", "1"]);
    let before = family.is_whole();
    let alone = family.owt.code(&format!("__owt__ = {{'threads': 1}}\n{DEAF}"));
    passes_its_deadline(alone.clone());
    alone.kwargs("{'deaf': False}").post("/").ok();
    eventually("there is a fresh worker", || family.is_whole().is_disjoint(&before));
    family.ends_well();
}

#[test]
fn the_turn_to_load_is_no_thread_that_is_lost() {
    let family = Family::of(1, &["--grace", "1"]);
    let (owt, meeting, folder) = (&family.owt, Meeting::new(), Folder::new());
    folder.write(
        "slow_to_import.py",
        format!("{}here = meet()\nhere.say('importing')\nhere.listen()\n", meeting.python()),
    );
    let (rests, deaf) = (owt.code(RESTS_FOR), owt.code(DEAF));
    assert_eq!(rests.clone().kwargs("{'seconds': 0}").post("/").ok(), "rested");
    deaf.clone().kwargs("{'deaf': False}").post("/").ok();
    let before = family.is_whole();
    passes_its_deadline(deaf);
    let path = format!("import sys; sys.path.append({:?})\n", folder.as_str());
    let first = owt.code(&format!("{path}import slow_to_import\ndef run(): return 'first'\n"));
    let mut first = Raw::get(owt, &first, "/", &[]);
    let mut guest = meeting.guest();
    assert_eq!(guest.says().unwrap(), "importing");
    let mut second = Raw::get(owt, &owt.code("def run(): return 'second'\n"), "/", &[]);
    // Longer than a call may wait for a thread that another one keeps.
    assert_eq!(rests.kwargs("{'seconds': 4.5}").post("/").ok(), "rested");
    guest.tell("go on");
    assert_eq!(first.answer().2, "first");
    assert_eq!(second.answer().2, "second");
    assert_eq!(family.is_whole(), before);
    family.ends_well();
}

#[test]
fn while_it_is_looked_for_processes_that_are_no_calls() {
    let family = Family::of(1, &["--grace", "1"]);
    let (owt, meeting) = (&family.owt, Meeting::new());
    let rests = owt.code(RESTS_FOR);
    assert_eq!(rests.clone().kwargs("{'seconds': 0}").post("/").ok(), "rested");
    let before = family.is_whole();
    // Whoever looks what this module holds is kept, the first time.
    let module = format!(
        "{}
class Holder:
    here = meet()
    looks = 0
    @property
    def __dict__(self):
        Holder.looks += 1
        if Holder.looks == 1:
            self.here.say('looks')
            self.here.listen()
        return {{}}
holder = Holder()
",
        meeting.python()
    );
    let starts = DEAF.replace(
        "def run(deaf=True): deaf and ",
        "import subprocess\ndef run(deaf=True):\n    if not deaf: return\n    \
         subprocess.Popen(['sleep', '600'])\n    ",
    );
    let deaf = owt.code(&format!("{module}{starts}"));
    deaf.clone().kwargs("{'deaf': False}").post("/").ok();
    passes_its_deadline(deaf);
    let mut guest = meeting.guest();
    assert_eq!(guest.says().unwrap(), "looks");
    passes_its_deadline(rests.clone().kwargs("{'seconds': 3600}"));
    // Longer than a call may go on of which nothing is heard.
    assert_eq!(rests.kwargs("{'seconds': 4.5}").post("/").ok(), "rested");
    assert_eq!(family.is_whole(), before);
    guest.tell("go on");
    family.ends_well();
}

#[test]
fn a_body_goes_on_after_its_callers_deadline_and_is_run_once() {
    let family = Family::of(1, &[]);
    let (meeting, folder) = (Meeting::new(), Folder::new());
    let code = format!(
        "{}{}\nhere = meet()\nhere.say('loading')\nhere.listen()\ndef run(): return 'warm'\n",
        meeting.python(),
        folder.mark("loads")
    );
    let call = family.owt.code(&code);
    let late = call.clone().field("timeout", 0.3);
    let problem = late.post("/").refused(504, "deadline-passed");
    assert!(problem["detail"].as_str().unwrap().contains("still loading"), "{problem}");
    let mut guest = meeting.guest();
    assert_eq!(guest.says().unwrap(), "loading");
    // Whoever retries waits for the same load.
    let problem = late.post("/").refused(504, "deadline-passed");
    assert!(problem["detail"].as_str().unwrap().contains("still loading"), "{problem}");
    guest.tell("go on");
    assert_eq!(call.post("/").ok(), "warm");
    assert_eq!(folder.marks("loads"), 1);
    family.ends_well();
}

#[test]
fn a_body_that_nobody_wants_makes_way_for_others() {
    let family = Family::of(1, &[]);
    let owt = &family.owt;
    let counts = owt.code(COUNTS);
    assert_eq!(counts.post("/").ok(), "1");
    let before = family.is_whole();
    passes_its_deadline(owt.code("while True: pass\ndef run(): pass\n"));
    assert_eq!(owt.code("def run(): return 'has its turn'\n").post("/").ok(), "has its turn");
    assert_eq!(counts.post("/").ok(), "2");
    assert_eq!(family.is_whole(), before);
    family.ends_well();
}

#[test]
fn an_import_that_has_begun_ends() {
    let (meeting, folder) = (Meeting::new(), Folder::new());
    folder.write(
        "slow_library.py",
        format!(
            "{}here = meet()\nhere.say('importing')\nhere.listen()\nimport slow_part\nwhole = 1\n",
            meeting.python()
        ),
    );
    folder.write("slow_part.py", "part = 2\n");
    let owt = Owt::start();
    let path = format!("import sys; sys.path.append({:?})\n", folder.as_str());
    let call = owt.code(&format!("{path}def run():\n    import slow_library\n"));
    passes_its_deadline(call.clone());
    let mut guest = meeting.guest();
    assert_eq!(guest.says().unwrap(), "importing");
    let others: Vec<_> = (0..3)
        .map(|n| {
            let code = format!(
                "{path}def run():\n    import slow_library\n    \
                 return slow_library.whole, slow_library.slow_part.part, {n}\n"
            );
            Raw::get(&owt, &owt.code(&code), "/", &[])
        })
        .collect();
    guest.tell("go on");
    for (n, mut other) in others.into_iter().enumerate() {
        assert_eq!(other.answer().2, format!("[1,2,{n}]"));
    }
    assert!(meeting.another().is_none(), "it was imported once");
}

#[test]
fn a_cancelled_call_leaves_a_modules_pool_whole() {
    let owt = Owt::start();
    for pool in ["ProcessPoolExecutor(2)", "Service()"] {
        let code = format!(
            "import time
from concurrent.futures import ProcessPoolExecutor
class Service:
    def __init__(self): self.pool = ProcessPoolExecutor(2)
    def submit(self, *args): return self.pool.submit(*args)
pool = {pool}
def run(seconds): return pool.submit(time.sleep, seconds).result() or 'done'
"
        );
        passes_its_deadline(owt.code(&code).kwargs("{'seconds': 5}"));
        for _ in 0..3 {
            assert_eq!(owt.code(&code).kwargs("{'seconds': 0}").post("/").ok(), "done", "{pool}");
        }
    }
}

#[test]
fn an_edited_version_whose_first_is_in_its_way_runs_in_a_fresh_worker() {
    let family = Family::of(1, &[]);
    let before = family.is_whole();
    let code = |version: u32| {
        format!(
            "import os, sys
# What registers itself once in a process, as metrics do.
if hasattr(sys, 'jobs_counter'): raise ValueError('jobs: duplicated timeseries')
sys.jobs_counter = {version}
def run(): return {version}, request.data.decode()
"
        )
    };
    let call = |version: u32| {
        let sent = family.owt.code(&code(version));
        let data = format!("body of {version}").into_bytes();
        Answer::of(sent.posting_data("/jobs", "text/plain", data).send().unwrap())
    };
    for version in 1..=4 {
        assert_eq!(call(version).ok(), format!("[{version},\"body of {version}\"]"));
    }
    assert!(family.is_whole().is_disjoint(&before));
    // Not for ever: two programs that fight over a name do not cost everybody what is warm.
    let problem = call(5).refused(500, "adaptor-raised");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("earlier version") && detail.contains("SIGHUP"), "{detail}");
    // What fails for another reason costs nobody anything.
    let worker = family.is_whole();
    let other = family.owt.code(&code(4).replace("run(): return", "run() return"));
    other.post("/jobs").refused(422, "not-runnable");
    assert_eq!(family.is_whole(), worker);
    family.ends_well();
}
