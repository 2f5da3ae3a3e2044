//! What runs once, and what must not be frozen.

use std::path::Path;

use owt_testing::{Owt, Start};

/// An adaptor whose body adds a line to a file each time it runs.
fn counted(file: &Path, rest: &str) -> String {
    format!("with open({:?}, 'a') as counter:\n    counter.write('loaded\\n')\n{rest}", file)
}

fn lines(file: &Path) -> usize {
    std::fs::read_to_string(file).unwrap().lines().count()
}

fn side_by_side(threads: usize, work: impl Fn(usize) + Sync) {
    std::thread::scope(|scope| {
        for number in 0..threads {
            let work = &work;
            scope.spawn(move || work(number));
        }
    });
}

#[test]
fn the_same_code_on_different_paths_gives_different_answers() {
    let owt = Owt::start();
    for code in [
        "def run():\n    return request.path",
        "path().f(lambda parts: '/' + '/'.join(parts))",
        "pipe().path().f(lambda parts: '/' + '/'.join(parts))",
    ] {
        let call = owt.code(code);
        for path in ["/a", "/b", "/c/d", "/a"] {
            assert_eq!(call.post(path).ok(), path, "{code}");
        }
    }
}

#[test]
fn the_body_runs_once_for_a_thousand_calls() {
    let owt = Owt::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loads");
    let call = owt.code(&counted(&file, "def run(n):\n    return n + 1"));
    side_by_side(8, |thread| {
        for n in 0..125 {
            let n = thread * 125 + n;
            assert_eq!(
                call.clone().kwargs(&format!("{{'n': {n}}}")).post("/").ok(),
                (n + 1).to_string()
            );
        }
    });
    assert_eq!(lines(&file), 1);
}

#[test]
fn a_hundred_first_calls_at_once_load_once() {
    let owt = Owt::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loads");
    let call =
        owt.code(&counted(&file, "import time\ntime.sleep(0.5)\ndef run():\n    return 'warm'"));
    side_by_side(100, |_| assert_eq!(call.post("/").ok(), "warm"));
    assert_eq!(lines(&file), 1);
}

#[test]
fn a_body_that_raises_is_told_to_all_and_runs_again_for_the_next() {
    let owt = Owt::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loads");
    let call = owt.code(&counted(&file, "raise ValueError('not today')"));
    for loads in 1..=2 {
        let problem = call.post("/").problem(500);
        assert_eq!(problem["exception"]["message"], "not today");
        assert_eq!(lines(&file), loads);
    }
}

#[test]
fn a_changed_library_is_seen_by_the_next_call() {
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("sota.py");
    std::fs::write(&module, "def hard_task(prompt):\n    return 'first ' + prompt\n").unwrap();
    let owt = Start::new().args([folder.path().to_str().unwrap()]).start();
    let terse = owt.code("f(sota.hard_task)").kwargs("AGI");
    let explicit = owt.code("import sota\ndef run(_, text):\n    return sota.hard_task(text)");
    let explicit = explicit.kwargs("{'text': 'AGI'}");
    let inside =
        owt.code("def run(text):\n    from sota import hard_task\n    return hard_task(text)");
    let inside = inside.kwargs("{'text': 'AGI'}");
    for version in ["first", "other", "third"] {
        // Of the same length within the same second: nothing but its time tells them apart.
        std::fs::write(
            &module,
            format!("def hard_task(prompt):\n    return '{version} ' + prompt\n"),
        )
        .unwrap();
        for call in [&terse, &explicit, &inside] {
            assert_eq!(call.post("/").ok(), format!("{version} AGI"));
        }
    }
}

#[test]
fn a_body_that_nobody_waits_for_any_more_is_interrupted() {
    let owt = Start::new().args(["--threads", "1"]).start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loads");
    let body = "import os, time\nwhile not os.path.exists({go}):\n    time.sleep(0.001)\n\
                def run():\n    return 'loaded'";
    let go = folder.path().join("go");
    let call = owt.code(&counted(&file, &body.replace("{go}", &format!("{go:?}"))));
    assert_eq!(call.clone().field("timeout", 0.3).post("/").problem(504)["status"], 504);
    // The one thread is free again, and the body can run anew.
    assert_eq!(owt.code("lambda: 'free'").post("/").ok(), "free");
    std::fs::write(&go, "").unwrap();
    assert_eq!(call.post("/").ok(), "loaded");
    assert_eq!(lines(&file), 2);
}
