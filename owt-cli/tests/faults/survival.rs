//! What must hold while an adaptor does its worst, and after it.

use owt_testing::Start;
use owt_testing::family::{Family, eventually};
use owt_testing::hello::{Hello, MANY};
use owt_testing::meeting::Meeting;
use owt_testing::raw::Raw;

/// An adaptor that nobody should write.
pub struct Nasty {
    /// Python. It calls `begin()` first, which gives when the others' calls are on their way.
    pub code: &'static str,
    /// The server's settings.
    pub args: &'static [&'static str],
    /// The deadline of the call.
    pub timeout: Option<f64>,
    /// Its answer is one of these.
    pub outcomes: &'static [Outcome],
}

/// How a call may end.
#[derive(Debug)]
pub enum Outcome {
    /// A problem with this slug, and these words somewhere in it.
    Problem(u16, &'static str, &'static str),
    /// 200 with this text.
    Text(&'static str),
    /// 200 with this first, and then the connection is cut.
    Cut(&'static str),
}

impl Outcome {
    /// Whether these bytes, all until the end of the connection, are such an answer.
    fn fits(&self, answer: &str) -> bool {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let status = |status: u16| head.starts_with(&format!("HTTP/1.1 {status} "));
        match self {
            Self::Problem(wanted, slug, words) => {
                let kind = format!("\"/_owt/problems/{slug}\"");
                status(*wanted) && body.contains(&kind) && body.contains(words)
            }
            Self::Text(text) => status(200) && body == *text,
            Self::Cut(first) => status(200) && body.contains(first) && !body.ends_with("0\r\n\r\n"),
        }
    }
}

/// The server's open files may differ a little from one moment of rest to the next.
const SLACK: usize = 4;
/// The log of a server is kept up to here: an adaptor may print more than fits into memory.
const LOG: usize = 1 << 20;

const BEGIN: &str = "
import ctypes, itertools, os, re, signal, sys, threading, time

def begin():
    here = meet()
    here.say(os.getpid())
    here.listen()

";

/// Runs it beside ordinary calls, then looks for what it left.
#[track_caller]
pub fn survives(nasty: &Nasty) {
    let start = Start::new().keep_log(LOG).args(nasty.args.iter().copied());
    let family = Family::started(2, start);
    let owt = &family.owt;
    let (hello, meeting) = (Hello::new(), Meeting::new());
    hello.all_right(owt);
    let (open_files, files) = (family.open_files_at_rest(), family.files());

    // A call that stays makes its worker the busier one: the other is for the nasty one.
    let (mut staying, mut stay, quiet) = hello.stay(owt);
    let mut call = owt.code(&format!("{}{BEGIN}{}", meeting.python(), nasty.code));
    if let Some(timeout) = nasty.timeout {
        call = call.field("timeout", timeout);
    }
    let nasty_call = Raw::get(owt, &call, "/", &["Connection: close"]);
    let mut guest = meeting.guest();
    let shared = guest.says().unwrap() == quiet.to_string();
    let tally = hello.many(owt, || guest.tell("go"));

    let answer = String::from_utf8_lossy(&nasty_call.rest()).into_owned();
    let fits = nasty.outcomes.iter().any(|outcome| outcome.fits(&answer));
    assert!(fits, "{:?} wanted, but this came:\n{answer}", nasty.outcomes);
    println!("of {MANY} calls beside it: {tally:?}, shared worker: {shared}");
    stay.tell("stayed");
    let (status, _, body) = staying.answer();
    assert!(shared || body == "stayed", "in another worker: {status} {body}");
    hello.all_right(owt);

    family.is_whole();
    eventually("what it started has ended", || family.strays().is_empty());
    eventually("nothing is a zombie", || family.zombies() == 0);
    eventually("its files are closed", || family.open_files() <= open_files + SLACK);
    eventually("its files are removed", || family.files() <= files);
    family.ends_well();
}
