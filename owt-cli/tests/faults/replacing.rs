//! New workers for old ones, and no call that notices.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use owt_testing::family::{Family, eventually};
use owt_testing::hello::Hello;
use owt_testing::meeting::Meeting;
use owt_testing::raw::Raw;
use owt_testing::{Answer, Owt};

/// Says what it was told and by whom, now and then as a stream.
const CODE: &str = "
import os

def run(n):
    return parts(n) if n % 3 == 0 else f'{n} {os.getpid()}'

def parts(n):
    yield f'{n} '
    yield str(os.getpid())
";

/// Calls from eight threads until it is enough. Each must be answered rightly.
fn load(owt: &Owt, until: impl FnOnce(&Mutex<BTreeSet<u32>>)) -> usize {
    let (enough, numbers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let seen = Mutex::new(BTreeSet::new());
    let work = || {
        // Also when another thread has failed: then nothing else would say that it is enough.
        let _ends = Ends(&enough);
        while !enough.load(Ordering::Relaxed) {
            let n = numbers.fetch_add(1, Ordering::Relaxed);
            let call = owt.code(CODE).kwargs(&format!("{{'n': {n}}}"));
            let answer = Answer::of(call.posting("/").send().expect("an answer"));
            let (told, worker) = answer.ok().split_once(' ').unwrap();
            assert_eq!(told, n.to_string(), "another call's answer");
            seen.lock().unwrap().insert(worker.parse().unwrap());
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(work);
        }
        let _ends = Ends(&enough);
        until(&seen);
        assert!(!enough.load(Ordering::Relaxed), "a call failed");
    });
    numbers.into_inner()
}

/// Says that it is enough when it is dropped.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_hangup_replaces_all_workers_under_load() {
    let family = Family::of(2, &[]);
    let hello = Hello::new();
    let calls = load(&family.owt, |_| {
        for _ in 0..3 {
            let before = family.is_whole();
            let (mut staying, mut guest, worker) = hello.stay(&family.owt);
            assert!(before.contains(&worker));
            family.owt.signal("-HUP");
            eventually("there are new ones", || family.workers().difference(&before).count() == 2);
            guest.tell("stayed");
            assert_eq!(staying.answer().2, "stayed", "the old one finished what it had begun");
            eventually("the old ones have ended", || family.workers().is_disjoint(&before));
        }
    });
    println!("{calls} calls");
    assert_eq!(family.is_whole().len(), 2);
    family.ends_well();
}

#[test]
fn workers_are_recycled_under_load() {
    let family = Family::of(2, &["--max-requests", "100"]);
    let calls = load(&family.owt, |seen| {
        eventually("six workers have served", || seen.lock().unwrap().len() >= 6);
    });
    println!("{calls} calls");
    assert!(calls > 300, "each served about a hundred: {calls}");
    assert_eq!(family.is_whole().len(), 2);
    family.ends_well();
}

#[test]
fn a_call_that_does_not_stop_keeps_no_old_worker() {
    let family = Family::of(1, &[]);
    let meeting = Meeting::new();
    let code = format!(
        "{}\nimport ctypes\ndef run():\n    here = meet()\n    here.say('works')\n    \
         ctypes.PyDLL(None).sleep(3600)\n",
        meeting.python()
    );
    let call = family.owt.code(&code).field("timeout", 2);
    let mut raw = Raw::get(&family.owt, &call, "/", &[]);
    let mut guest = meeting.guest();
    assert_eq!(guest.says().as_deref(), Some("works"));
    let before = family.is_whole();
    family.owt.signal("-HUP");
    eventually("there is a new one", || !family.workers().is_subset(&before));
    assert_eq!(raw.answer().0, 504);
    eventually("the old one has ended", || family.workers().is_disjoint(&before));
    family.ends_well();
}
