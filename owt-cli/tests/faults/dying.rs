//! What a worker's death says, and what follows from it.

use std::path::PathBuf;

use owt_testing::Folder;
use owt_testing::family::{Family, eventually, signal};
use owt_testing::hello::Hello;
use owt_testing::meeting::Meeting;
use owt_testing::raw::Raw;

#[test]
fn the_answer_says_how_it_died_and_what_it_said_last() {
    let family = Family::of(1, &[]);
    let code = "
import os
def run(how):
    for n in range(1000):
        os.write(2, b'line %d\\n' % n)
    os.write(2, b'last words\\n')
    os._exit(3) if how == 'exit' else os.kill(os.getpid(), 9)
";
    for (how, words) in [("exit", "exit status 3"), ("kill", "signal 9 (SIGKILL)")] {
        let call = family.owt.code(code).kwargs(&format!("{{'how': '{how}'}}"));
        let problem = call.post("/").refused(502, "worker-died");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{detail}");
        assert!(detail.contains("line 999\n") && detail.contains("last words"), "{detail}");
        assert!(!detail.contains("line 1\n"), "not all of it: {detail}");
    }
    family.ends_well();
}

#[test]
fn what_an_exception_in_c_plus_plus_says_is_told() {
    let family = Family::of(1, &[]);
    // On a thread of the library's own, where nobody catches it.
    let code = "import ctypes, time
throw = ctypes.CDLL('libstdc++.so.6')._ZSt21__throw_runtime_errorPKc
text = ctypes.c_char_p(b'the tensor has no such axis: 7')
def run():
    thread = ctypes.c_ulong()
    ctypes.CDLL(None).pthread_create(ctypes.byref(thread), None, throw, text)
    time.sleep(60)
";
    let problem = family.owt.code(code).post("/").refused(502, "worker-died");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("what():  the tensor has no such axis: 7\n"), "{detail}");
    family.ends_well();
}

#[test]
fn nobody_is_given_what_anothers_call_wrote() {
    let family = Family::of(1, &[]);
    let (owt, folder) = (&family.owt, Folder::new());
    let (there, go) = (folder.path("there"), folder.path("go"));
    let victim = owt.code(&format!(
        "import os, time\ndef run():\n    print('mine')\n    open({there:?}, 'w').close()\n    \
         time.sleep(3600)"
    ));
    let killer = owt.code(&format!(
        "import os, time\ndef run():\n    while not os.path.exists({go:?}): time.sleep(0.005)\n    \
         os.write(2, b'native secret\\n')\n    print('printed secret')\n    os._exit(3)"
    ));
    let detail = |problem: serde_json::Value| problem["detail"].as_str().unwrap().to_owned();
    let (victims, killers) = std::thread::scope(|scope| {
        let victim = scope.spawn(|| victim.post("/").refused(502, "worker-died"));
        eventually("it runs", || there.exists());
        let killer = scope.spawn(|| killer.post("/").refused(502, "worker-died"));
        owt.log_with("mine");
        std::fs::write(&go, "").unwrap();
        (detail(victim.join().unwrap()), detail(killer.join().unwrap()))
    });
    assert!(victims.contains("mine") && !victims.contains("secret"), "{victims}");
    assert!(killers.contains("printed secret") && !killers.contains("mine"), "{killers}");
    assert!(!killers.contains("native secret"), "it could be either's: {killers}");
    owt.log_with("native secret");

    // What was written before it came is not its own, though it is alone.
    let before = owt.code("import os\ndef run(): os.write(2, b'of the one before\\n')");
    before.post("/").ok();
    owt.log_with("of the one before");
    let alone = owt.code("import os\ndef run():\n    os.write(2, b'its own\\n')\n    os._exit(3)");
    let said = detail(alone.post("/").refused(502, "worker-died"));
    assert!(said.ends_with("its own") && !said.contains("of the one before"), "{said}");
    family.ends_well();
}

#[test]
fn idle_workers_that_are_killed_come_back() {
    let family = Family::of(2, &[]);
    let hello = Hello::new();
    for _ in 0..2 {
        hello.all_right(&family.owt);
        let before = family.is_whole();
        for worker in &before {
            signal(*worker, "-KILL");
        }
        eventually("they are others", || {
            let now = family.workers();
            now.len() == 2 && now.is_disjoint(&before)
        });
    }
    hello.all_right(&family.owt);
    eventually("nothing is a zombie", || family.zombies() == 0);
    family.ends_well();
}

#[test]
fn an_adaptor_that_kills_three_times_is_refused_and_others_are_not() {
    let family = Family::of(2, &[]);
    let (hello, folder) = (Hello::new(), Folder::new());
    let poison = family
        .owt
        .code(&format!("import os\ndef run():\n    {}\n    os._exit(9)\n", leave(&folder)));
    for _ in 0..3 {
        poison.post("/").refused(502, "worker-died");
    }
    for _ in 0..2 {
        let answer = poison.post("/");
        let problem = answer.refused(503, "adaptor-refused");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1, "{problem}");
    }
    assert_eq!(folder.marks("ran"), 3, "what is refused does not run");
    hello.all_right(&family.owt);
    family.ends_well();
}

/// A mark that is on the disk at once: a process that exits this way writes nothing later.
fn leave(folder: &Folder) -> String {
    format!("with open({:?}, 'a') as file: file.write('x')", folder.path("ran"))
}

#[test]
fn a_call_that_has_not_begun_moves_to_the_next_worker() {
    let family = Family::of(1, &["--threads", "1"]);
    let hello = Hello::new();
    let (mut staying, mut guest, worker) = hello.stay(&family.owt);
    let tally = hello.many(&family.owt, || signal(worker, "-KILL"));
    assert_eq!(tally.died, 0, "only the call that ran was lost");
    assert_eq!(guest.says(), None);
    assert_eq!(staying.answer().0, 502);
    family.ends_well();
}

#[test]
fn a_call_that_waits_goes_to_a_worker_that_comes() {
    let family = Family::of(2, &["--threads", "1"]);
    let hello = Hello::new();
    let (mut first, mut guest, busy) = hello.stay(&family.owt);
    for other in family.workers().into_iter().filter(|worker| *worker != busy) {
        signal(other, "-KILL");
    }
    // The only one that is up has its one thread in use.
    let (mut second, mut second_guest, new) = hello.stay(&family.owt);
    assert_ne!(new, busy);
    for (guest, raw) in [(&mut guest, &mut first), (&mut second_guest, &mut second)] {
        guest.tell("stayed");
        assert_eq!(raw.answer().2, "stayed");
    }
    family.ends_well();
}

/// Programs of a call read the source: what goes with one worker, or is unloaded there, is still
/// there for the calls of another.
#[test]
fn each_worker_has_the_sources_of_its_adaptors_for_itself() {
    let family = Family::of(2, &["--threads", "1"]);
    let meeting = Meeting::new();
    let body = "def run():\n    here = meet()\n    here.say(__file__)\n    here.say(os.getpid())\n    \
                here.listen()\n    return open(__file__).read()[-10:]\n# the end\n";
    let code = format!("{}\nimport os\n{body}", meeting.python());
    let mut calls: Vec<_> = (0..2)
        .map(|_| {
            let raw = Raw::get(&family.owt, &family.owt.code(&code), "/", &[]);
            let mut guest = meeting.guest();
            let (file, worker) = (guest.says().unwrap(), guest.says().unwrap());
            (raw, guest, PathBuf::from(file), worker.parse().unwrap())
        })
        .collect();
    let (mut second, mut guest, kept, _) = calls.pop().unwrap();
    let (mut first, _staying, gone, worker) = calls.pop().unwrap();
    assert!(gone.exists() && gone != kept, "{}", gone.display());
    signal(worker, "-KILL");
    assert_eq!(first.answer().0, 502);
    assert!(!gone.parent().unwrap().exists(), "{} stays", gone.display());
    guest.tell("go on");
    assert_eq!(second.answer().2, "# the end\n");
    family.ends_well();
}
