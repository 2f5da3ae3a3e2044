//! §6: calls with the same key that arrive while the first still runs join it.

use owt_testing::meeting::Meeting;
use owt_testing::raw::{Raw, expect, rest};
use owt_testing::{Answer, Folder, Owt, PATIENCE, Sent};

/// Streams `begun `, then what it is told until it is told `end`, or fails when it is told `fail`.
fn told(owt: &Owt, meeting: &Meeting, folder: &Folder, head: &str) -> Sent {
    let (meet, listen) = match head {
        "def" => ("meet()", "here.listen()"),
        _ => ("await ameet()", "await here.listen()"),
    };
    let code = format!(
        "{}
{head} run():
    {}
    here = {meet}
    yield 'begun '
    while (words := {listen}) != 'end':
        if words == 'fail': raise ValueError('as it was told')
        yield words
",
        meeting.python(),
        folder.mark("runs")
    );
    owt.code(&code).field("use_cache", true)
}

fn status(response: &reqwest::blocking::Response) -> String {
    response.headers()["cache-status"].to_str().unwrap().to_owned()
}

#[test]
fn a_stream_is_joined_from_its_beginning_and_flows_to_all() {
    let owt = Owt::start();
    for head in ["def", "async def"] {
        let (meeting, folder) = (Meeting::new(), Folder::new());
        let call = told(&owt, &meeting, &folder, head);
        let mut first = call.posting("/").send().unwrap();
        let mut adaptor = meeting.guest();
        adaptor.tell("one ");
        expect(&mut first, "begun one ");
        // Both arrive while the first runs: they get what was, and what comes as it comes.
        let mut others = [call.posting("/").send().unwrap(), call.getting("/").send().unwrap()];
        for other in &mut others {
            assert!(status(other).contains("collapsed"), "{}", status(other));
            expect(other, "begun one ");
        }
        adaptor.tell("two ");
        expect(&mut first, "two ");
        for other in &mut others {
            expect(other, "two ");
        }
        adaptor.tell("end");
        assert_eq!(rest(first).unwrap(), "");
        for other in others {
            assert_eq!(rest(other).unwrap(), "");
        }
        let kept = call.post("/");
        assert!(kept.header("cache-status").contains("hit"));
        assert_eq!(kept.ok(), "begun one two ");
        assert_eq!(folder.marks("runs"), 1, "{head}");
        assert!(meeting.another().is_none());
    }
}

#[test]
fn calls_of_one_key_run_once_however_many_come() {
    let owt = Owt::start();
    let (meeting, folder) = (Meeting::new(), Folder::new());
    for head in ["def", "async def"] {
        let listen =
            if head == "def" { "meet().listen()" } else { "await (await ameet()).listen()" };
        let code = format!(
            "{}\n{head} run():\n    {}\n    return {listen}\n",
            meeting.python(),
            folder.mark(head)
        );
        let call = owt.code(&code).field("use_cache", true);
        let mut calls: Vec<_> = (0..30).map(|_| Raw::get(&owt, &call, "/", &[])).collect();
        let mut adaptor = meeting.guest();
        adaptor.tell("the one result");
        for call in &mut calls {
            let (status, headers, body) = call.answer();
            assert_eq!((status, body.as_str()), (200, "the one result"));
            assert!(headers.contains("cache-status: owt"), "{headers}");
        }
        assert_eq!(folder.marks(head), 1);
        assert!(meeting.another().is_none());
    }
}

#[test]
fn other_keys_do_not_wait() {
    let owt = Owt::start();
    let (meeting, folder) = (Meeting::new(), Folder::new());
    let call = told(&owt, &meeting, &folder, "def");
    let responses = [call.posting("/a").send().unwrap(), call.posting("/b").send().unwrap()];
    let mut adaptors = [meeting.guest(), meeting.guest()];
    assert_eq!(folder.marks("runs"), 2);
    for adaptor in &mut adaptors {
        adaptor.tell("x");
        adaptor.tell("end");
    }
    for response in responses {
        assert_eq!(Answer::of(response).ok(), "begun x");
    }
}

#[test]
fn the_first_may_go_and_the_others_still_have_it_all() {
    let owt = Owt::start();
    for head in ["def", "async def"] {
        let (meeting, folder) = (Meeting::new(), Folder::new());
        let call = told(&owt, &meeting, &folder, head);
        let mut first = call.posting("/").send().unwrap();
        let mut adaptor = meeting.guest();
        adaptor.tell("one ");
        expect(&mut first, "begun one ");
        let mut second = call.posting("/").send().unwrap();
        expect(&mut second, "begun one ");
        drop(first);
        // Another call through the server, so that the first's end has been seen or will not matter.
        assert_eq!(owt.code("lambda: 'x'").post("/").ok(), "x");
        adaptor.tell("two ");
        expect(&mut second, "two ");
        adaptor.tell("end");
        assert_eq!(rest(second).unwrap(), "");
        assert_eq!(call.post("/").ok(), "begun one two ");
        assert_eq!(folder.marks("runs"), 1, "{head}");
    }
}

#[test]
fn a_failure_reaches_all_who_joined_and_is_not_kept() {
    let owt = Owt::start();
    let (meeting, folder) = (Meeting::new(), Folder::new());
    let call = told(&owt, &meeting, &folder, "def");
    let mut first = call.posting("/").send().unwrap();
    let mut adaptor = meeting.guest();
    adaptor.tell("one ");
    expect(&mut first, "begun one ");
    let mut second = call.posting("/").send().unwrap();
    expect(&mut second, "begun one ");
    adaptor.tell("fail");
    for response in [first, second] {
        assert!(rest(response).is_err(), "a failure in the middle is no clean end");
    }
    assert_eq!(folder.marks("runs"), 1);
    let again = call.posting("/").send().unwrap();
    let mut adaptor = meeting.guest();
    adaptor.tell("end");
    assert_eq!(Answer::of(again).ok(), "begun ");
    assert_eq!(folder.marks("runs"), 2);
}

#[test]
fn a_joiners_deadline_is_its_own() {
    let owt = Owt::start();
    let (meeting, folder) = (Meeting::new(), Folder::new());
    let code = format!(
        "{}\ndef run():\n    {}\n    return meet().listen()\n",
        meeting.python(),
        folder.mark("runs")
    );
    let call = owt.code(&code).field("use_cache", true);
    let mut first = Raw::get(&owt, &call, "/", &[]);
    let mut adaptor = meeting.guest();
    call.clone().field("timeout", 0.05).post("/").refused(504, "deadline-passed");
    adaptor.tell("well");
    assert_eq!(first.answer().2, "well");
    assert_eq!(call.post("/").ok(), "well");
    assert_eq!(folder.marks("runs"), 1);
}

#[test]
fn who_waits_for_an_answer_that_is_anothers_gets_one_of_his_own() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    let code = format!(
        "{}
def run():
    words = meet().listen()
    return f'for {{words}}', {{'Set-Cookie': f'who={{words}}'}}
",
        meeting.python()
    );
    let call = owt.code(&code).field("use_cache", true);
    let mut first = Raw::get(&owt, &call, "/", &[]);
    let mut adaptor = meeting.guest();
    let mut others = [Raw::get(&owt, &call, "/", &[]), Raw::get(&owt, &call, "/", &[])];
    let joined = "owt_cache_lookups_total{result=\"collapsed\"} 2";
    let metrics = || Answer::of(owt.request("GET", "/_owt/metrics").send().unwrap());
    let until = std::time::Instant::now() + PATIENCE;
    while !metrics().ok().contains(joined) {
        assert!(std::time::Instant::now() < until, "{}", metrics().text());
    }
    adaptor.tell("the first");
    let (status, head, body) = first.answer();
    assert_eq!((status, body.as_str()), (200, "for the first"));
    assert!(head.contains("set-cookie: who=the first"), "{head}");
    for words in ["one", "another"] {
        meeting.guest().tell(words);
    }
    let mut answers = others.each_mut().map(Raw::answer);
    answers.sort_by(|one, other| one.2.cmp(&other.2));
    for ((status, head, body), words) in answers.iter().zip(["another", "one"]) {
        assert_eq!((*status, body.as_str()), (200, &*format!("for {words}")));
        assert!(head.contains(&format!("set-cookie: who={words}")), "{head}");
        assert!(
            head.lines().any(|line| line.trim_end() == "cache-status: owt; fwd=miss"),
            "{head}"
        );
    }
}
