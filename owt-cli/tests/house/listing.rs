//! What is warm: `GET /_owt/adaptors` and `owt ls`.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use owt_testing::{Answer, Folder, Owt, Start};

const PATH: &str = "/_owt/adaptors";

/// The adaptors of all workers, without what differs from run to run.
fn warm(owt: &Owt) -> Vec<Value> {
    let answer = Answer::of(owt.request("GET", PATH).send().unwrap());
    assert_eq!(answer.header("content-type"), "application/json");
    let mut workers = answer.json()["workers"].as_array().unwrap().clone();
    // One that starts holds nothing yet.
    workers.retain(|worker| worker["up"] == true);
    assert!(workers.iter().all(|worker| worker["resident_bytes"].as_u64() > Some(1 << 20)));
    let adaptors = workers.iter().flat_map(|worker| worker["adaptors"].as_array().unwrap());
    let adaptors = adaptors.map(|adaptor| {
        let mut adaptor = adaptor.clone();
        let fields = adaptor.as_object_mut().unwrap();
        assert!(fields.remove("idle_seconds").unwrap().as_f64() >= Some(0.0));
        assert_eq!(fields.remove("code").unwrap().as_str().unwrap().len(), 64);
        adaptor
    });
    adaptors.collect()
}

fn ls(owt: &Owt, args: &[&str]) -> String {
    let mut command = Command::new(owt_testing::binary());
    command.arg("ls").args(args).env("OWT_URL", &owt.url).env_remove("OWT_TOKEN");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn lists(start: Start) {
    let folder = Folder::new();
    let owt = start.start();
    assert_eq!(warm(&owt), Vec::<Value>::new());
    // One that does not load is not warm.
    owt.code("def run(:").post("/broken").refused(422, "not-runnable");
    let go = owt.code("def go(secret): return 1").field("fn_name", "go");
    let go = go.field("code_name", "plot.py").kwargs("{'secret': 'hush'}");
    for _ in 0..3 {
        assert_eq!(go.post("/plot").ok(), "1");
    }
    let mut plot =
        json!({"code_name": "plot.py", "path": "/plot", "fn_name": "go", "calls": 3, "running": 0});
    assert_eq!(warm(&owt), [plot.clone()]);

    // One that is under way, in native code or not, keeps nobody from looking.
    let mark = folder.mark("begun");
    let endless = format!("import time\ndef run():\n    {mark}\n    while True: time.sleep(0.005)");
    let waiting = owt.code(&endless).posting("/endless");
    let waiting = std::thread::spawn(move || waiting.send());
    while folder.marks("begun") == 0 {
        std::thread::yield_now();
    }
    let listed = warm(&owt);
    plot["running"] = json!(0);
    assert!(listed.contains(&plot), "{listed:?}");
    let endless =
        json!({"code_name": null, "path": "/endless", "fn_name": "run", "calls": 1, "running": 1});
    assert!(listed.contains(&endless), "{listed:?}");

    let table = ls(&owt, &[]);
    assert!(table.starts_with("WORKER") && table.contains("plot.py "), "{table}");
    let told = ls(&owt, &["--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert!(told["workers"][0]["pid"].is_u64(), "{told}");
    assert!(!told.to_string().contains("hush") && !table.contains("hush"));
    drop(owt);
    let _ = waiting.join();
}

#[test]
fn what_is_warm_is_listed() {
    lists(Start::new().args(["--workers", "2"]));
}

#[test]
fn what_is_warm_in_the_servers_own_process_is_listed() {
    lists(Start::new().args(["--workers", "0"]));
}

#[test]
fn a_worker_that_hangs_is_listed_all_the_same() {
    let owt = Start::new().args(["--workers", "1"]).start();
    owt.code("def run(): return 1").post("/").ok();
    let stop = "import os, signal\ndef run(): os.kill(os.getpid(), signal.SIGSTOP)";
    let stopped = owt.code(stop).posting("/");
    let stopped = std::thread::spawn(move || stopped.send());
    let listed = loop {
        let listed = ls(&owt, &[]);
        if listed.contains("(it does not answer)") {
            break listed;
        }
    };
    assert!(listed.contains("MiB"), "{listed}");
    drop(owt);
    let _ = stopped.join();
}

#[test]
fn who_may_only_probe_may_not_list() {
    let folder = Folder::new();
    let (probe, run) = ("probe-0123456789-token", "runs-0123456789-token");
    let tokens = folder.write("tokens", format!("watch:{probe}:probe\nali:{run}\n"));
    let owt = Start::new().args(["--token-file", tokens.to_str().unwrap()]).start();
    let get = |token| Answer::of(owt.request("GET", PATH).bearer_auth(token).send().unwrap());
    let problem = get(probe).refused(403, "insufficient-scope");
    assert!(problem["detail"].as_str().unwrap().contains("/_owt/adaptors"), "{problem}");
    assert_eq!(get(run).status, 200);
    assert!(ls(&owt, &["--token", run]).starts_with("WORKER"));
    let refused = Command::new(owt_testing::binary())
        .args(["ls", "--address", &owt.url, "--token", probe])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
}
