//! §8: state of the whole process that each call has to itself, also while others run.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use owt_testing::raw::Raw;
use owt_testing::{Folder, Owt, PATIENCE, Sent};

/// Calls that meet: none goes on before all have come.
const MANY: usize = 6;

/// Code with which sync calls `meet()`, and async ones `await ameet()`.
const MEETING: &str = "
import asyncio, contextlib, io, os, sys, threading
meet = threading.Barrier(6).wait
barrier = asyncio.Barrier(6)
async def ameet(): await barrier.wait()
";

/// What so many calls of a function answer that run at once.
fn at_once(call: &Sent) -> Vec<String> {
    let send = |n: usize| {
        let call = call.clone().kwargs(&format!("{{'n': {n}}}"));
        std::thread::spawn(move || call.post("/").ok().to_owned())
    };
    let calls: Vec<_> = (0..MANY).map(send).collect();
    calls.into_iter().map(|call| call.join().unwrap()).collect()
}

fn json_at_once(call: &Sent) -> Vec<Value> {
    at_once(call).iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

/// Waits for the state that a call leaves behind: it is answered before it is cleared up.
fn becomes<T: PartialEq + std::fmt::Debug>(wanted: &T, look: impl Fn() -> T) {
    let until = Instant::now() + PATIENCE;
    loop {
        let now = look();
        if now == *wanted {
            return;
        }
        assert!(Instant::now() < until, "{now:?} is not {wanted:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

const PYPLOT: &str = "
import matplotlib.pyplot as plt

def seen(figure):
    lines = [line.get_ydata()[0] for axes in figure.axes for line in axes.lines]
    return [*map(float, lines), figure.axes[0].get_title(), *plt.get_fignums()]

def run(n):
    plt.style.use('dark_background' if n % 2 else 'default')
    plt.figure(); meet()
    plt.plot([n, n]); meet()
    plt.title(f'of {n}'); meet()
    plt.savefig(io.BytesIO()); plt.subplots(); meet()
    plt.close(); meet()
    return [*seen(plt.gcf()), plt.rcParams['axes.facecolor']]

async def later(n):
    plt.figure(); await ameet()
    plt.plot([n, n]); await ameet()
    await asyncio.to_thread(plt.title, f'of {n}'); await ameet()
    return seen(plt.gcf())

def stream(n):
    for part in range(3):
        plt.plot([n, n]); meet()
        yield f'{len(plt.gca().lines)} '
    yield ' '.join(map(str, seen(plt.gcf())))

def left(n=0): return plt.get_fignums()
";

#[test]
fn each_call_has_its_own_current_figure() {
    let owt = Owt::start();
    let call = owt.code(&format!("{MEETING}{PYPLOT}"));
    let run = json_at_once(&call);
    for (n, seen) in run.iter().enumerate() {
        let face = if n % 2 == 0 { "white" } else { "black" };
        assert_eq!(*seen, json!([n as f64, format!("of {n}"), 1, face]));
    }
    let later = json_at_once(&call.clone().field("fn_name", "later"));
    for (n, seen) in later.iter().enumerate() {
        assert_eq!(*seen, json!([n as f64, format!("of {n}"), 1]));
    }
    let streams = at_once(&call.clone().field("fn_name", "stream"));
    for (n, seen) in streams.iter().enumerate() {
        assert_eq!(*seen, format!("1 2 3 {n}.0 {n}.0 {n}.0  1"));
    }
    assert_eq!(call.field("fn_name", "left").post("/").json(), json!([]));
}

#[test]
fn figures_that_a_call_leaves_open_are_closed_however_it_ends() {
    let owt = Owt::start();
    let folder = Folder::new();
    let code = "
import asyncio, time
import matplotlib.pyplot as plt
def opens():
    manager = plt.figure().canvas.manager
    manager.destroy = lambda: open(FILE, 'a').write('x')
def ends(): opens()
def raises(): opens(); 1/0
def sleeps(): opens(); time.sleep(600)
def streams():
    opens()
    while True: yield 'on'
async def later(): opens()
async def later_raises(): opens(); 1/0
async def later_sleeps(): opens(); await asyncio.sleep(600)
async def later_streams():
    opens()
    while True: yield 'on'
async def gives():
    def chunks():
        yield 'on'
    opens()
    return chunks()
";
    let file = folder.path("closed");
    let call = owt.code(&code.replace("FILE", &format!("{file:?}")));
    let whole = ["ends", "raises", "later", "later_raises", "gives"];
    for (n, fn_name) in whole.iter().enumerate() {
        call.clone().field("fn_name", *fn_name).post("/");
        becomes(&(n + 1), || folder.marks("closed"));
    }
    for (n, fn_name) in ["sleeps", "later_sleeps"].iter().enumerate() {
        call.clone().field("fn_name", *fn_name).field("timeout", 0.2).post("/").problem(504);
        becomes(&(whole.len() + n + 1), || folder.marks("closed"));
    }
    for (n, fn_name) in ["streams", "later_streams"].iter().enumerate() {
        let mut raw = Raw::get(&owt, &call.clone().field("fn_name", *fn_name), "/", &[]);
        assert_eq!(raw.head().0, 200);
        drop(raw);
        becomes(&(whole.len() + 2 + n + 1), || folder.marks("closed"));
    }
}

const PRINTS: &str = "
def run(n):
    kept = io.StringIO()
    with contextlib.redirect_stdout(kept):
        print('begin', n); meet()
        print('end', n); meet()
    print('printed', n)
    return kept.getvalue()

def assigns(n):
    sys.stdout = kept = io.StringIO()
    print('begin', n); meet()
    print('end', n); meet()
    return kept.getvalue()

async def later(n):
    kept = io.StringIO()
    with contextlib.redirect_stdout(kept):
        print('begin', n); await ameet()
        await asyncio.to_thread(print, 'end', n); await ameet()
    return kept.getvalue()

def stream(n):
    with contextlib.redirect_stdout(io.StringIO()) as kept:
        print('begin', n); meet()
        yield ''
        print('end', n); meet()
        yield kept.getvalue()
";

#[test]
fn each_call_redirects_only_what_it_prints_itself() {
    let owt = Owt::start();
    let call = owt.code(&format!("sys = __import__('sys'); sys.stdout = None{MEETING}{PRINTS}"));
    let wanted: Vec<_> = (0..MANY).map(|n| format!("begin {n}\nend {n}\n")).collect();
    for fn_name in ["run", "assigns", "later", "stream"] {
        assert_eq!(at_once(&call.clone().field("fn_name", fn_name)), wanted, "{fn_name}");
    }
    let code = "import sys\ndef run():\n    print('heard')\n    return type(sys.stdout).__name__";
    assert_eq!(owt.code(code).post("/").ok(), "LineStream");
    let log = owt.log_with("heard");
    assert!(!log.contains("begin") && !log.contains("end 0"), "{log}");
    for n in 0..MANY {
        owt.log_with(&format!("printed {n}"));
    }
}

#[test]
fn each_call_has_its_own_working_directory_and_umask() {
    let owt = Owt::start();
    let folder = Folder::new();
    for n in 0..MANY {
        std::fs::create_dir(folder.path(&n.to_string())).unwrap();
    }
    let code = format!(
        "{MEETING}
import subprocess, sys
here = os.getcwd()
def run(n):
    os.chdir({:?} + f'/{{n}}'); os.umask(n); meet()
    with open('file', 'w') as file: file.write(str(n))
    pwd = subprocess.run(['pwd'], capture_output=True, text=True).stdout.strip(); meet()
    return [os.path.basename(os.getcwd()), os.path.basename(pwd), os.stat('file').st_mode & 0o777]
def after(n=0):
    mask = os.umask(0)
    return [os.getcwd() == here, mask]
async def later(n):
    os.chdir({:?}); await ameet()
    return os.getcwd() != here
async def later_after(): return [os.getcwd() == here]
",
        folder.as_str(),
        folder.as_str(),
    );
    let call = owt.code(&code);
    let mask = call.clone().field("fn_name", "after").post("/").json()[1].clone();
    for (n, seen) in json_at_once(&call).iter().enumerate() {
        let mode = 0o666 & !n;
        assert_eq!(*seen, json!([n.to_string(), n.to_string(), mode]));
        assert_eq!(folder.read(&format!("{n}/file")), n.to_string());
    }
    for _ in 0..2 * MANY {
        let after = call.clone().field("fn_name", "after").post("/").json();
        assert_eq!(after, json!([true, mask]));
    }
    assert_eq!(at_once(&call.clone().field("fn_name", "later")), ["True"; MANY]);
    let look = || call.clone().field("fn_name", "later_after").post("/").json();
    becomes(&json!([true]), look);
}

#[test]
fn what_comes_of_a_second_thread_says_so() {
    let owt = Owt::start();
    let code = format!(
        "{MEETING}
import sqlite3
base = sqlite3.connect(':memory:')
def run(n):
    meet()
    return base.execute('select 1').fetchone()[0]
"
    );
    let call = owt.code(&code);
    let send = |n: usize| {
        let call = call.clone().kwargs(&format!("{{'n': {n}}}"));
        std::thread::spawn(move || call.post("/"))
    };
    let calls: Vec<_> = (0..MANY).map(send).collect();
    let answers: Vec<_> = calls.into_iter().map(|call| call.join().unwrap()).collect();
    let failed: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(failed.len() >= MANY - 1);
    for answer in failed {
        let problem = answer.refused(500, "adaptor-raised");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("The module body ran on "), "{detail}");
        assert!(detail.contains("__owt__ = {\"threads\": 1}"), "{detail}");
    }
}

/// What gevent, eventlet, uvloop and nest_asyncio exchange, made to fail.
const EXCHANGES: &str = "
import _thread, asyncio, os, queue, select, selectors, socket, threading, time
def broken(*args, **named): raise RuntimeError('exchanged')
class Policy(asyncio.DefaultEventLoopPolicy):
    new_event_loop = get_event_loop = broken
asyncio.set_event_loop_policy(Policy())
asyncio.new_event_loop = asyncio.to_thread = broken
for module, names in {
    _thread: 'start_new_thread allocate_lock',
    threading: '_start_new_thread Thread Lock RLock Event Condition Semaphore',
    select: 'epoll select', socket: 'socket socketpair', queue: 'SimpleQueue Queue',
    selectors: 'DefaultSelector EpollSelector',
}.items():
    for name in names.split(): setattr(module, name, broken)
def run(): return 'exchanged'
";

#[test]
fn what_an_adaptor_exchanges_breaks_no_other_async_call() {
    let mut owt = Owt::start();
    assert_eq!(owt.code(EXCHANGES).post("/").ok(), "exchanged");
    let code = "import asyncio
class Rich:
    def _repr_html_(self): return '<b>rich</b>'
async def run():
    await asyncio.sleep(0.001)
    return 'well'
async def rich(): return Rich()
async def stream():
    yield 'a'
    await asyncio.sleep(0.001)
    yield 'b'
async def waits(): await asyncio.sleep(600)
";
    let call = owt.code(code);
    assert_eq!(call.post("/").ok(), "well");
    assert_eq!(call.clone().field("fn_name", "rich").post("/").ok(), "<b>rich</b>");
    assert_eq!(call.clone().field("fn_name", "stream").post("/").ok(), "ab");
    call.clone().field("fn_name", "waits").field("timeout", 0.2).post("/").problem(504);
    assert_eq!(owt.code("def run(): print('said'); return 'sync'").post("/").ok(), "sync");
    owt.log_with("said");
    owt.signal("-TERM");
    assert_eq!(owt.wait().code(), Some(0));
}
