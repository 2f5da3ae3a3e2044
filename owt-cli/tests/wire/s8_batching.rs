//! §8: calls of a batched function that come together are one, and each caller has its own answer.

use owt_testing::meeting::Meeting;
use owt_testing::raw::Raw;
use owt_testing::{Owt, Start, workers};

const MANY: usize = 64;

/// Each caller learns its own argument, and how many were in its batch.
const TOGETHER: &str = "
import asyncio, owt

@owt.batch(max_size=64, max_wait=100)
def run(n: list[int]) -> list:
    return [{'n': one, 'together': len(n)} for one in n]

@owt.batch(max_size=64, max_wait=100)
async def later(n: list[int]) -> list:
    await asyncio.sleep(0)
    return [{'n': one, 'together': len(n)} for one in n]

@owt.batch(max_size=64, max_wait=100)
def odd_fail(n: list[int]) -> list:
    return [one if one % 2 == 0 else ValueError(f'{one} is odd') for one in n]
";

fn all_at_once(owt: &Owt, fn_name: &str) -> Vec<(u16, String)> {
    let send = |n| {
        let call = owt.code(TOGETHER).field("fn_name", fn_name).kwargs(&format!("{{'n': {n}}}"));
        Raw::get(owt, &call, "/", &[])
    };
    let sent: Vec<_> = (0..MANY).map(send).collect();
    let read = |mut raw: Raw| {
        let (status, _, body) = raw.answer();
        (status, body)
    };
    sent.into_iter().map(read).collect()
}

#[test]
fn concurrent_calls_are_one_batch_and_take_no_threads() {
    for workers in workers() {
        let owt = Start::new().args(["--workers", workers, "--threads", "2"]).start();
        for fn_name in ["run", "later"] {
            for (n, (status, body)) in all_at_once(&owt, fn_name).into_iter().enumerate() {
                let told: serde_json::Value = serde_json::from_str(&body).unwrap();
                assert_eq!(status, 200, "{body}");
                assert_eq!(told, serde_json::json!({"n": n, "together": MANY}));
            }
        }
    }
}

#[test]
fn one_callers_error_is_nobody_elses() {
    let owt = Owt::start();
    for (n, (status, body)) in all_at_once(&owt, "odd_fail").into_iter().enumerate() {
        if n % 2 == 0 {
            assert_eq!((status, body), (200, n.to_string()));
        } else {
            assert_eq!(status, 500, "{body}");
            assert!(body.contains(&format!("ValueError: {n} is odd")), "{body}");
        }
    }
}

#[test]
fn an_error_of_the_batch_is_each_callers_with_its_line() {
    let owt = Owt::start();
    let code = "@owt.batch\ndef run(n):\n    return [1 // one for one in n]\n";
    let code = format!("import owt\n{code}");
    let problem = owt.code(&code).kwargs("{'n': 0}").post("/").refused(500, "adaptor-raised");
    assert_eq!(problem["exception"]["type"], "ZeroDivisionError");
    assert_eq!(problem["line"], 4);
}

#[test]
fn arguments_that_do_not_fit_are_refused_before_they_join() {
    let owt = Owt::start();
    let code = "import owt\n@owt.batch\ndef run(n: list[int]): return n\n";
    let problem = owt.code(code).kwargs("{'m': 1}").post("/").refused(400, "malformed-call");
    assert!(problem["detail"].as_str().unwrap().contains("needs an argument `n`"), "{problem}");
    assert_eq!(owt.code(code).kwargs("{'n': 1}").post("/").ok(), "1");
}

#[test]
fn a_caller_whose_deadline_passes_leaves_its_batch_and_the_others_are_answered() {
    let (owt, meeting) = (Owt::start(), Meeting::new());
    let code = format!(
        "{}\nimport owt\n@owt.batch(max_size=3, max_wait=100)\ndef run(n):\n    here = meet()\n    \
         here.say(len(n))\n    here.listen()\n    return n\n\ndef warm(): return 'warm'\n",
        meeting.python()
    );
    owt.code(&code).field("fn_name", "warm").post("/").ok();
    let call = |n| owt.code(&code).kwargs(&format!("{{'n': {n}}}"));
    let stays: Vec<_> = [1, 2].map(|n| Raw::get(&owt, &call(n), "/", &[])).into();
    // The batch begins with it, and it goes while the batch runs.
    call(3).field("timeout", 2).post("/").refused(504, "deadline-passed");
    let mut guest = meeting.guest();
    assert_eq!(guest.says().as_deref(), Some("3"));
    guest.tell("go on");
    for (mut raw, n) in stays.into_iter().zip([1, 2]) {
        let (status, _, body) = raw.answer();
        assert_eq!((status, body), (200, n.to_string()));
    }
    // It is there for the next ones too.
    let next: Vec<_> = [4, 5, 6].map(|n| Raw::get(&owt, &call(n), "/", &[])).into();
    let mut guest = meeting.guest();
    assert_eq!(guest.says().as_deref(), Some("3"));
    guest.tell("go on");
    for (mut raw, n) in next.into_iter().zip([4, 5, 6]) {
        assert_eq!(raw.answer().2, n.to_string());
    }
}

#[test]
fn a_function_that_streams_cannot_be_batched() {
    let owt = Owt::start();
    let code = "import owt\n@owt.batch\ndef run(n):\n    yield from n\n";
    let problem = owt.code(code).kwargs("{'n': 1}").post("/").refused(500, "adaptor-raised");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("run() yields, and a batch cannot stream"), "{detail}");
}
