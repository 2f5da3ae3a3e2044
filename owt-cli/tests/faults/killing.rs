//! Workers that are killed while they work: no call is lost, mixed up or run twice.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::blocking::Client;

use owt_testing::family::{Family, signal};
use owt_testing::{Answer, Folder, PATIENCE};

const CALLS: usize = 10_000;
const CONNECTIONS: usize = 64;
const BETWEEN: Duration = Duration::from_millis(200);

#[test]
fn ten_thousand_calls_while_a_worker_is_killed_every_200_ms() {
    let family = Family::of(3, &[]);
    let folder = Folder::new();
    // One write to a file that is open for appending is whole and in no other's place.
    let code = format!(
        "import os
file = os.open({:?}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def run(n):
    os.write(file, b'%d\\n' % n)
    return f'{{n}} {{os.getpid()}}'
",
        folder.path("ran")
    );
    let client = Client::builder().timeout(2 * PATIENCE).no_proxy();
    let client = client.pool_max_idle_per_host(CONNECTIONS).build().unwrap();
    let (next, answered) = (AtomicUsize::new(0), AtomicBool::new(false));
    // A worker that works, and not one that only starts: that would come later each time.
    let worker = AtomicU32::new(0);
    let counts = [200, 502, 503].map(|status| (status, AtomicUsize::new(0)));
    let call = |n: usize| {
        let call = family.owt.code(&code).kwargs(&format!("{{'n': {n}}}"));
        let url = format!("{}/", family.owt.url);
        let response = client.post(url).json(&call.text_fields().into_iter().collect::<Fields>());
        let answer = Answer::of(response.send().expect("an answer"));
        let count = counts.iter().find(|(status, _)| *status == answer.status);
        let count = count.unwrap_or_else(|| panic!("{} {}", answer.status, answer.text()));
        count.1.fetch_add(1, Ordering::Relaxed);
        match answer.status {
            200 => {
                let (told, by) = answer.text().split_once(' ').unwrap();
                assert_eq!(told, n.to_string(), "another call's answer");
                worker.store(by.parse().unwrap(), Ordering::Relaxed);
            }
            502 => drop(answer.refused(502, "worker-died")),
            status => drop(answer.problem(status)),
        }
        answer.status == 200
    };
    let mut right = BTreeSet::new();
    let mut kills = 0;
    std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            let mut kills = 0;
            while !answered.load(Ordering::Relaxed) {
                // One that serves; a number that is still its own, since it is there.
                let last = worker.swap(0, Ordering::Relaxed);
                if family.workers().contains(&last) {
                    signal(last, "-KILL");
                    kills += 1;
                }
                std::thread::sleep(BETWEEN);
            }
            kills
        });
        let callers: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < CALLS);
                let call = &call;
                scope.spawn(move || {
                    std::iter::from_fn(take).filter(|n| call(*n)).collect::<Vec<_>>()
                })
            })
            .collect();
        let ended: Vec<_> = callers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        answered.store(true, Ordering::Relaxed);
        kills = killer.join().unwrap();
        for caller in ended {
            right.extend(caller.expect("its calls were answered as they may be"));
        }
    });
    println!("{kills} kills, {counts:?}");
    let ran: Vec<usize> = folder.read("ran").lines().map(|line| line.parse().unwrap()).collect();
    let once: BTreeSet<_> = ran.iter().copied().collect();
    assert_eq!(ran.len(), once.len(), "a call ran twice");
    assert!(right.is_subset(&once), "a call was answered that never ran");
    assert!(right.len() > CALLS / 10, "most calls have nothing to do with a death");
    family.is_whole();
    family.ends_well();
}

type Fields = std::collections::HashMap<String, String>;
