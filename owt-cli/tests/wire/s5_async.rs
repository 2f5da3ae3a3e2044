//! §5: `async def` adaptors and async generators run on the worker's event loop.

use owt_testing::Owt;
use owt_testing::meeting::Meeting;
use owt_testing::raw::Raw;

#[test]
fn async_adaptors_share_one_running_loop() {
    let owt = Owt::start();
    let code = "
import asyncio, threading
loops = set()

async def run():
    loops.add(id(asyncio.get_running_loop()))
    await asyncio.sleep(0)
    return str(len(loops))

async def flow():
    loops.add(id(asyncio.get_running_loop()))
    yield str(len(loops))
";
    for fn_name in ["run", "flow", "run", "flow"] {
        assert_eq!(owt.code(code).field("fn_name", fn_name).post("/").ok(), "1");
    }
    let other =
        owt.code("import asyncio\nasync def run(): return str(id(asyncio.get_running_loop()))\n");
    assert_eq!(other.post("/").ok(), other.get("/x").ok());
}

#[test]
fn async_calls_wait_for_each_other() {
    let owt = Owt::start();
    let code = "
import asyncio
arrived = asyncio.Event()

async def run():
    await arrived.wait()
    return 'was waited for'

async def arrive():
    arrived.set()
    return 'arrived'
";
    let call = owt.code(code);
    let mut waiting = Raw::get(&owt, &call, "/", &[]);
    let arrive = call.field("fn_name", "arrive");
    assert_eq!(arrive.post("/").ok(), "arrived");
    assert_eq!(waiting.answer().2, "was waited for");
}

#[test]
fn a_waiting_async_call_holds_no_thread() {
    let owt = owt_testing::Start::new().args(["--threads", "1"]).start();
    let meeting = Meeting::new();
    let code = format!(
        "{}\nasync def run(n):\n    here = await ameet()\n    return f'{{n}} {{await here.listen()}}'\n",
        meeting.python()
    );
    let mut calls: Vec<_> = (0..20)
        .map(|n| Raw::get(&owt, &owt.code(&code).kwargs(&format!("{{'n': {n}}}")), "/", &[]))
        .collect();
    let mut guests: Vec<_> = (0..20).map(|_| meeting.guest()).collect();
    // All twenty wait, and the only thread is free.
    assert_eq!(owt.code("lambda: 'quick'").post("/").ok(), "quick");
    for guest in &mut guests {
        guest.tell("go");
    }
    for (n, call) in calls.iter_mut().enumerate() {
        assert_eq!(call.answer().2, format!("{n} go"));
    }
}

#[test]
fn a_long_blocking_call_does_not_hold_up_the_loop() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    let code = format!("{}\ndef run(): return meet().listen()\n", meeting.python());
    let mut blocked = Raw::get(&owt, &owt.code(&code), "/", &[]);
    let mut guest = meeting.guest();
    assert_eq!(owt.code("async def run(): return 'async'").post("/").ok(), "async");
    assert_eq!(owt.code("def run(): return 'sync'").post("/").ok(), "sync");
    guest.tell("released");
    assert_eq!(blocked.answer().2, "released");
}

#[test]
fn awaitables_of_any_kind_are_awaited() {
    let owt = Owt::start();
    for code in [
        "async def inner(): return 'x'\ndef run(): return inner()\n",
        "import asyncio
async def run(): return await asyncio.gather(one(), one())
async def one(): return 'x'
",
        "import asyncio\nasync def run(): return await asyncio.to_thread(lambda: request.path)\n",
        "import asyncio\nasync def run():\n    async with asyncio.timeout(30):\n        return 'x'\n",
        "import asyncio
async def run():
    task = asyncio.create_task(one())
    return await task
async def one(): return request.path
",
        "async def inner(): return 'x'\nasync def run(): return inner()\n",
        "f(asyncio.sleep).const('x')",
        "async def run(_): return _.path\n",
    ] {
        let call = owt.code(code);
        let call = if code.starts_with("f(") { call.kwargs("0") } else { call };
        let answer = call.post("/x");
        assert!(["x", "/x", "[\"x\",\"x\"]"].contains(&answer.ok()), "{code}: {}", answer.text());
    }
}

#[test]
fn an_async_call_is_cancelled_when_its_reader_goes() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    let code = format!(
        "{}
async def run():
    here = await ameet()
    try:
        here.say('waiting')
        await asyncio.Event().wait()
    finally:
        here.say('cancelled')
        await here.writer.drain()
",
        meeting.python()
    );
    let raw = Raw::get(&owt, &owt.code(&code), "/", &[]);
    let mut guest = meeting.guest();
    assert_eq!(guest.says().unwrap(), "waiting");
    drop(raw);
    assert_eq!(guest.says().as_deref(), Some("cancelled"), "its finally runs");
}
