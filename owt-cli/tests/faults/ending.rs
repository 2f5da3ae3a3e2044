//! The end of a server with workers.

use owt_testing::Start;
use owt_testing::family::{Family, eventually, signal};
use owt_testing::hello::Hello;
use owt_testing::meeting::Meeting;
use owt_testing::raw::Raw;

#[test]
fn calls_in_all_workers_may_finish() {
    let mut family = Family::of(2, &["--threads", "1"]);
    let hello = Hello::new();
    let mut staying: Vec<_> = (0..2).map(|_| hello.stay(&family.owt)).collect();
    assert_ne!(staying[0].2, staying[1].2, "each worker has one thread");
    family.owt.signal("-TERM");
    family.owt.log_with("stopping");
    for (n, (raw, guest, _)) in staying.iter_mut().enumerate() {
        guest.tell(&format!("stayed {n}"));
        let (status, _, body) = raw.answer();
        assert_eq!((status, body), (200, format!("stayed {n}")));
    }
    assert_eq!(family.owt.wait().code(), Some(0));
    eventually("no process is left", || family.all().is_empty());
    assert_eq!(family.files(), 0);
}

#[test]
fn a_worker_that_has_only_begun_to_start_ends_too() {
    let family = Family::of(2, &[]);
    let before = family.is_whole();
    for worker in &before {
        signal(*worker, "-KILL");
    }
    eventually("another has begun", || !family.workers().is_subset(&before));
    family.ends_well();
}

#[test]
fn a_call_that_is_deaf_to_its_deadline_is_answered_and_no_loss() {
    let family = Family::of(1, &[]);
    let code = "import ctypes\ndef run():\n    ctypes.PyDLL(None).sleep(3600)\n";
    let answer = family.owt.code(code).field("timeout", 0.2).post("/");
    assert_eq!(answer.status, 504);
    // Whoever comes first ends its worker: who looks after workers, or the server's end.
    family.ends_well();
}

#[test]
fn a_log_that_nobody_reads_any_more_is_no_obstacle() {
    let (reader, writer) = std::io::pipe().unwrap();
    let family = Family::started(2, Start::new().log_to(writer));
    drop(reader);
    family.ends_well();
}

#[test]
fn a_log_that_nobody_empties_delays_the_end_and_does_not_prevent_it() {
    let (_reader, writer) = std::io::pipe().unwrap();
    let mut family = Family::started(2, Start::new().args(["--grace", "1"]).log_to(writer));
    let code = "def run():\n    for _ in range(100): print('x' * 8000)\n";
    family.owt.code(code).field("timeout", 1).post("/");
    family.owt.signal("-TERM");
    family.owt.wait();
    eventually("no process is left", || family.all().is_empty());
}

#[test]
fn a_second_signal_ends_the_workers_too() {
    let mut family = Family::of(2, &[]);
    let meeting = Meeting::new();
    let _calls = busy(&family, &meeting);
    family.owt.signal("-TERM");
    family.owt.log_with("stopping");
    family.owt.signal("-TERM");
    assert_eq!(family.owt.wait().code(), Some(128 + 15));
    eventually("no process is left", || family.all().is_empty());
}

#[test]
fn no_worker_outlives_a_server_that_is_killed() {
    let mut family = Family::of(2, &[]);
    let meeting = Meeting::new();
    let _calls = busy(&family, &meeting);
    family.owt.signal("-KILL");
    family.owt.wait();
    eventually("no process is left", || family.all().is_empty());
}

/// Calls that do not hear that they should end: one holds the interpreter's lock, and one has
/// left a process that no longer is its child.
fn busy(family: &Family, meeting: &Meeting) -> Vec<Raw> {
    let codes = ["escape(); time.sleep(3600)", "ctypes.PyDLL(None).sleep(3600)"];
    let calls = codes.map(|rest| {
        let code = format!(
            "{}
import ctypes, os, time

def escape():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(0)
    os.wait()

def run():
    meet().say('here')
    {rest}
",
            meeting.python()
        );
        let raw = Raw::get(&family.owt, &family.owt.code(&code), "/", &[]);
        meeting.guest();
        raw
    });
    calls.into()
}
