//! §2: module bodies run on Python's main thread, and calls that are alone do too; an adaptor
//! that asks for it has a thread of its own.

use owt_testing::meeting::Meeting;
use owt_testing::raw::Raw;
use owt_testing::{Owt, Start};

const IS_MAIN: &str = "threading.current_thread() is threading.main_thread()";

/// Calls that wait beside each other, until they are told to go on.
fn overlap(owt: &Owt, meeting: &Meeting, number: usize) -> Vec<(Raw, owt_testing::meeting::Guest)> {
    let code =
        format!("{}def run():\n    here = meet()\n    return here.listen()\n", meeting.python());
    let calls = (0..number).map(|_| {
        let call = Raw::get(owt, &owt.code(&code), "/", &[]);
        (call, meeting.guest())
    });
    calls.collect()
}

fn end(calls: Vec<(Raw, owt_testing::meeting::Guest)>) {
    for (mut call, mut guest) in calls {
        guest.tell("done");
        assert_eq!(call.answer().2, "done");
    }
}

#[test]
fn bodies_run_on_the_main_thread_whatever_else_runs() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    // The first is alone, and so on the main thread; it ends before the others.
    end(overlap(&owt, &meeting, 1));
    let code = format!("{}def run():\n    return meet().listen()\n", meeting.python());
    let (first, second) = (owt.code(&code), owt.code(&format!("{code}# other\n")));
    let calls: Vec<_> =
        [&first, &second].map(|call| (Raw::get(&owt, call, "/", &[]), meeting.guest())).into();
    let (mut one, mut other): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    for (n, call) in calls.into_iter().enumerate() {
        if n == 0 { one.push(call) } else { other.push(call) }
    }
    end(one);
    // The second came while the first ran: it has a thread of its own, and the main one is free.
    for n in 0..5 {
        let body = format!(
            "import signal, threading\nsignal.signal(signal.SIGUSR1, signal.SIG_IGN)\n\
             is_main = {IS_MAIN}\ndef run(): return is_main, {n}\n"
        );
        assert_eq!(owt.code(&body).post("/").ok(), format!("[true,{n}]"));
    }
    end(other);
}

#[test]
fn a_body_that_needs_the_main_thread_gets_it_even_late() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    // Alone, and so on the main thread, for longer than bodies wait for that.
    let calls = overlap(&owt, &meeting, 1);
    let plain = "import threading\nhere = threading.get_ident()\ndef run(): return 'loaded'\n";
    assert_eq!(owt.code(plain).post("/").ok(), "loaded", "elsewhere");
    let body =
        "import signal\nsignal.signal(signal.SIGUSR1, signal.SIG_IGN)\ndef run(): return 1\n";
    let mut waiting = Raw::get(&owt, &owt.code(body), "/", &[]);
    end(calls);
    assert_eq!(waiting.answer().2, "1");
}

#[test]
fn what_works_alone_works_again_after_calls_have_overlapped() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    let alone = [
        (
            "import signal, time
class Late(Exception): pass
def late(*_): raise Late
def run():
    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try: time.sleep(60)
    except Late: return 'late'
",
            "late",
        ),
        (
            "import sqlite3
database = sqlite3.connect(':memory:')
def run(): return database.execute('select 7').fetchone()[0]
",
            "7",
        ),
    ];
    for _ in 0..3 {
        for (code, wanted) in alone {
            assert_eq!(owt.code(code).post("/").ok(), wanted);
        }
        end(overlap(&owt, &meeting, 4));
    }
}

#[test]
fn an_adaptor_with_a_thread_of_its_own_is_run_there_one_call_at_a_time() {
    let owt = Owt::start();
    let code = "__owt__ = {'threads': 1}
import sqlite3, threading, time
home = threading.get_ident()
database = sqlite3.connect(':memory:')
database.execute('create table calls (n)')
inside = []
def run(n):
    inside.append(n)
    time.sleep(0.01)
    assert inside == [n], 'another call runs beside it'
    database.execute('insert into calls values (?)', [n])
    inside.clear()
    return threading.get_ident() == home
def parts():
    for _ in range(3):
        time.sleep(0.01)
        yield str(threading.get_ident() == home)
def count(): return database.execute('select count(*) from calls').fetchone()[0]
";
    let calls: Vec<_> = (0..16)
        .map(|n| Raw::get(&owt, &owt.code(code).kwargs(&format!("{{'n': {n}}}")), "/", &[]))
        .collect();
    let parts =
        Raw::get(&owt, &owt.code(code).field("fn_name", "parts"), "/", &["Connection: close"]);
    // Others do not wait for it.
    assert_eq!(owt.code("lambda: 'quick'").post("/").ok(), "quick");
    for mut call in calls {
        assert_eq!(call.answer().2, "True");
    }
    let parts = String::from_utf8(parts.rest()).unwrap();
    assert_eq!(parts.matches("True").count(), 3, "{parts}");
    assert_eq!(owt.code(code).field("fn_name", "count").post("/").ok(), "16");
}

#[test]
fn a_call_on_a_thread_of_its_own_hears_its_deadline() {
    let owt = Owt::start();
    let code = "__owt__ = {'threads': 1}\nimport time\ncalls = []\ndef run(seconds):\n    \
                calls.append(1)\n    time.sleep(seconds)\n    return len(calls)\n";
    let call = |seconds: u32| owt.code(code).kwargs(&format!("{{'seconds': {seconds}}}"));
    call(300).field("timeout", 0.3).post("/").refused(504, "deadline-passed");
    assert_eq!(call(0).post("/").ok(), "2");
}

#[test]
fn wishes_that_are_not_known_are_refused_and_nothing_runs() {
    let owt = Owt::start();
    let folder = owt_testing::Folder::new();
    for (wishes, words) in [
        ("{'threads': 2}", "2 threads"),
        ("{'thread': 1}", "'thread'"),
        ("1", "of type int"),
        ("make()", "dict itself"),
    ] {
        let code = format!("{}\n__owt__ = {wishes}\ndef run(): pass\n", folder.mark("ran"));
        let problem = owt.code(&code).post("/").refused(422, "not-runnable");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("__owt__") && detail.contains(words), "{detail}");
    }
    assert_eq!(folder.marks("ran"), 0);
}

#[test]
fn one_thread_serves_all_of_it() {
    let owt = Start::new().args(["--threads", "1"]).start();
    let body =
        format!("import threading\nis_main = {IS_MAIN}\ndef run(): return is_main, {IS_MAIN}\n");
    for n in 0..3 {
        let code = format!("{body}# {n}\n");
        assert_eq!(owt.code(&code).post("/").ok(), "[true,true]");
    }
}

#[test]
fn a_thread_of_its_own_goes_with_its_adaptor() {
    let owt = Owt::start();
    for n in 0..20 {
        let code = format!("__owt__ = {{'threads': 1}}\nraise ValueError({n})\n");
        owt.code(&code).post("/").refused(500, "adaptor-raised");
    }
    let threads = "import pathlib
def run():
    names = [task.joinpath('comm').read_text() for task in pathlib.Path('/proc/self/task').iterdir()]
    return sum(name.startswith('owt-own') for name in names)
";
    let until = std::time::Instant::now() + owt_testing::PATIENCE;
    while owt.code(threads).post("/").ok() != "0" {
        assert!(std::time::Instant::now() < until, "threads of bodies that failed are left");
    }
}
