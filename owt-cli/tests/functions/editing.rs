//! An edited file is a new function at the next call; one that does not load leaves the old one.

use std::sync::atomic::{AtomicBool, Ordering};

use owt_testing::{Folder, Start, workers};
use serde_json::json;

use crate::{call, catalogue, names, serving};

#[test]
fn an_edit_is_seen_by_the_next_call() {
    for workers in workers() {
        let folder = Folder::new();
        folder.write("tools.py", "def f(): return 'one'\n");
        let owt = serving(&folder, workers);
        assert_eq!(call(&owt, "/tools/f", &json!({})).ok(), "one");
        folder.write("tools.py", "def f(x: int): return f'two {x}'\ndef g(): return 'new'\n");
        assert_eq!(call(&owt, "/tools/f", &json!({"x": 1})).ok(), "two 1");
        assert_eq!(call(&owt, "/tools/g", &json!({})).ok(), "new");
        // What it imports is part of it.
        folder.write("helper.py", "word = 'help'\n");
        folder.write("tools.py", "import helper\ndef f(): return helper.word\n");
        assert_eq!(call(&owt, "/tools/f", &json!({})).ok(), "help");
        folder.write("helper.py", "word = 'helped'\n");
        assert_eq!(call(&owt, "/tools/f", &json!({})).ok(), "helped");
        // A file that is new, and one that has gone.
        folder.write("more.py", "def h(): return 'more'\n");
        assert_eq!(call(&owt, "/more/h", &json!({})).ok(), "more");
        std::fs::remove_file(folder.path("more.py")).unwrap();
        call(&owt, "/more/h", &json!({})).refused(404, "not-found");
        folder.write("last.py", "def h(): return 'last'\n");
        assert_eq!(names(&catalogue(&owt)), ["last.h", "tools.f"]);
    }
}

#[test]
fn an_edit_is_seen_while_others_call() {
    for workers in workers() {
        let folder = Folder::new();
        folder.write("helper.py", "edition = 0\n");
        folder.write("tools.py", "import helper\ndef f(): return helper.edition\n");
        let owt = serving(&folder, workers);
        let edition = || call(&owt, "/tools/f", &json!({})).ok().parse::<u32>().unwrap();
        let goes_on = AtomicBool::new(true);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut last = 0;
                    while goes_on.load(Ordering::Relaxed) {
                        let now = edition();
                        assert!(now >= last, "{now} after {last}");
                        last = now;
                    }
                });
            }
            let seen = (1..40).map(|number| {
                // In one step: half a file is no edition.
                folder.write("helper.new", format!("edition = {number}\n"));
                std::fs::rename(folder.path("helper.new"), folder.path("helper.py")).unwrap();
                edition()
            });
            let seen: Vec<_> = seen.collect();
            goes_on.store(false, Ordering::Relaxed);
            assert_eq!(seen, (1..40).collect::<Vec<_>>(), "with {workers} workers");
        });
    }
}

#[test]
fn what_does_not_load_leaves_the_old_one_and_is_told() {
    for workers in workers() {
        let folder = Folder::new();
        let text = "made = []\ndef f():\n    made.append(1)\n    return f'{len(made)} old'\n";
        folder.write("tools.py", text);
        let owt = serving(&folder, workers);
        assert_eq!(call(&owt, "/tools/f", &json!({})).ok(), "1 old");
        folder.write("tools.py", "def f(: return 'new'\n");
        assert_eq!(call(&owt, "/tools/f", &json!({})).ok(), "2 old", "it is as warm as before");
        let errors = &catalogue(&owt)["errors"];
        assert_eq!(errors[0]["module"], "tools");
        assert_eq!(errors[0]["keeps_old"], true);
        assert!(errors[0]["message"].as_str().unwrap().contains("line 1, column 7"), "{errors}");
        owt.log_with("tools publishes nothing as it is; what it was before stays");
        if *workers == "1" {
            // Another process has the old text too.
            owt.signal("-HUP");
            while call(&owt, "/tools/f", &json!({})).ok() != "1 old" {
                std::thread::yield_now();
            }
        }
        folder.write("tools.py", "1 / 0\n");
        assert!(call(&owt, "/tools/f", &json!({})).ok().ends_with("old"));
        assert_eq!(catalogue(&owt)["errors"][0]["keeps_old"], true);
        folder.write("tools.py", "def f(): return 'new'\n");
        assert_eq!(call(&owt, "/tools/f", &json!({})).ok(), "new");
        assert_eq!(catalogue(&owt)["errors"], json!([]));
    }
}

#[test]
fn what_never_loaded_says_why() {
    let folder = Folder::new();
    folder.write("broken.py", "def f(: pass\n");
    folder.write("raises.py", "1 / 0\n");
    folder.write("latin.py", b"# \xe9\ndef f(): pass\n");
    let owt = serving(&folder, "1");
    call(&owt, "/broken/f", &json!({})).refused(422, "not-runnable");
    call(&owt, "/raises/f", &json!({})).refused(500, "adaptor-raised");
    call(&owt, "/latin/f", &json!({})).refused(422, "not-runnable");
    let catalogue = catalogue(&owt);
    let errors = catalogue["errors"].as_array().unwrap();
    let modules: Vec<_> = errors.iter().map(|error| error["module"].as_str().unwrap()).collect();
    assert_eq!(modules, ["broken", "latin", "raises"]);
    assert!(errors.iter().all(|error| error["keeps_old"] == false));
}

#[test]
fn a_module_of_pythons_own_name_is_published_beside_it() {
    let folder = Folder::new();
    folder.write("json.py", "import dataclasses\ndef mine(): return 'mine'\n");
    let owt = Start::new().args([folder.path("json.py").to_str().unwrap()]).start();
    assert_eq!(call(&owt, "/json/mine", &json!({})).ok(), "mine");
    assert_eq!(owt.code("import json\ndef run(): return json.dumps([1])").post("/").ok(), "[1]");
}
