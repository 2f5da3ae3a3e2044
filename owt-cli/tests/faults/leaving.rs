//! Clients that go away: their work ends, whatever it does, and others take its place.

use owt_testing::Folder;
use owt_testing::family::{Family, eventually};
use owt_testing::hello::Hello;
use owt_testing::meeting::Meeting;
use owt_testing::raw::Raw;

/// Leaves calls of such code while they run. The one thread must be free for the next.
#[track_caller]
fn leave_running(body: &str) {
    let family = Family::of(1, &["--threads", "1"]);
    let (hello, meeting) = (Hello::new(), Meeting::new());
    let code = format!("{}\nimport asyncio, ctypes, time\n{body}", meeting.python());
    let call = Raw::get(&family.owt, &family.owt.code(&code), "/", &[]);
    let mut guest = meeting.guest();
    assert_eq!(guest.says().as_deref(), Some("works"));
    drop(call);
    assert_eq!(guest.says(), None, "the work has stopped, and what it held is closed");
    assert_eq!(hello.call(&family.owt, 7).post("/").ok(), "hello 7");
    family.is_whole();
    family.ends_well();
}

#[test]
fn while_it_loops() {
    leave_running("def run():\n    here = meet()\n    here.say('works')\n    while True: pass\n");
}

#[test]
fn while_it_sleeps() {
    leave_running("def run():\n    here = meet()\n    here.say('works')\n    time.sleep(3600)\n");
}

#[test]
fn while_it_sleeps_with_the_gil() {
    leave_running(
        "def run():\n    here = meet()\n    here.say('works')\n    ctypes.PyDLL(None).sleep(3600)\n",
    );
}

#[test]
fn while_it_streams() {
    leave_running(
        "def run():\n    here = meet()\n    here.say('works')\n    while True: yield 'more'\n",
    );
}

#[test]
fn while_its_stream_sleeps() {
    leave_running(
        "def run():\n    yield 'first'\n    here = meet()\n    here.say('works')\n    \
         time.sleep(3600)\n",
    );
}

#[test]
fn while_it_awaits() {
    leave_running(
        "async def run():\n    here = await ameet()\n    here.say('works')\n    try:\n        \
         await asyncio.sleep(3600)\n    finally:\n        here.writer.close()\n",
    );
}

#[test]
fn while_its_body_sleeps() {
    // A body's names may live on; what it holds is closed by itself.
    leave_running(
        "here = meet()\nhere.say('works')\ntry:\n    time.sleep(3600)\nfinally:\n    \
         here.file.close()\ndef run(): pass\n",
    );
}

#[test]
fn while_it_queues() {
    let family = Family::of(1, &["--threads", "1", "--max-queue", "1"]);
    let owt = &family.owt;
    let (hello, folder) = (Hello::new(), Folder::new());
    let queued = owt.code(&format!("def run():\n    {}\n", folder.mark("ran")));
    let waiting = || family.metric("owt_calls_waiting");
    let (mut staying, mut guest, _) = hello.stay(owt);
    for _ in 0..3 {
        let call = Raw::get(owt, &queued, "/", &[]);
        eventually("it queues", || waiting() == 1.0);
        drop(call);
        eventually("its place is free", || waiting() == 0.0);
    }
    guest.tell("stayed");
    assert_eq!(staying.answer().2, "stayed");
    assert_eq!(hello.call(owt, 2).post("/").ok(), "hello 2");
    assert_eq!(folder.marks("ran"), 0, "what was left in the queue never ran");
    family.ends_well();
}
