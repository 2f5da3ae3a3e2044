//! §5: generators are streams: each chunk is sent as soon as it is yielded.

use serde_json::{Value, json};

use owt_testing::Owt;
use owt_testing::meeting::Meeting;
use owt_testing::raw::{Raw, expect, rest};

#[test]
fn what_yields_is_a_stream() {
    let owt = Owt::start();
    for code in [
        "def run():\n    yield 'a'\n    yield b'b'\n    yield 'ü'\n",
        "lambda: iter(['a', b'b', 'ü'])",
        "lambda: (it for it in ['a', 'b', 'ü'])",
        "lambda: map(str, ['a', 'b', 'ü'])",
        "lambda: itertools.chain(['a'], ['b'], [bytearray('ü', 'utf-8')])",
        "async def run():\n    yield 'a'\n    yield b'b'\n    yield memoryview('ü'.encode())\n",
        "async def run():\n    return iter(['a', 'b', 'ü'])\n",
        "async def run():
    return flow()

async def flow():
    for it in ['a', 'b', 'ü']: yield it
",
        "def run():\n    return flow()\n\nasync def flow():\n    for it in ['a', 'b', 'ü']: yield it\n",
        "class Steps:
    def __init__(self): self.left = ['a', 'b', 'ü']
    def __iter__(self): return self
    def __next__(self):
        if not self.left: raise StopIteration
        return self.left.pop(0)

def run(): return Steps()
",
    ] {
        let answer = owt.code(code).post("/");
        assert_eq!(answer.ok(), "abü", "{code}");
        assert_eq!(answer.header("transfer-encoding"), "chunked", "{code}");
        assert!(!answer.header("content-type").is_empty(), "{code}");
        assert_eq!(owt.code(code).get("/").ok(), "abü", "GET {code}");
    }
}

#[test]
fn other_values_are_json_lines() {
    let owt = Owt::start();
    for head in ["def run():", "async def run():"] {
        let code = format!(
            "import datetime
{head}
    yield {{'a': 1}}
    yield [1, None]
    yield 5
    yield True
    yield datetime.date(2024, 1, 2)
    yield 1.5
    yield None
"
        );
        let answer = owt.code(&code).post("/");
        assert!(answer.ok().ends_with('\n'));
        let lines: Vec<Value> =
            answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let wanted = [
            json!({"a": 1}),
            json!([1, null]),
            json!(5),
            json!(true),
            json!("2024-01-02"),
            json!(1.5),
            json!(null),
        ];
        assert_eq!(lines, wanted);
    }
}

#[test]
fn a_chunk_is_sent_as_soon_as_it_is_yielded() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    for (head, listen) in [
        ("def run():\n    here = meet()", "here.listen()"),
        ("async def run():\n    here = await ameet()", "await here.listen()"),
    ] {
        let code = format!(
            "{}\n{head}\n    yield 'first'\n    assert {listen} == '1'\n    yield b'second'\n    \
             assert {listen} == '2'\n    yield {{'n': 3}}\n    assert {listen} == '3'\n",
            meeting.python()
        );
        let mut response = owt.code(&code).posting("/").send().unwrap();
        assert_eq!(response.status(), 200);
        let mut adaptor = meeting.guest();
        // The adaptor goes on only when its last chunk has been read here.
        expect(&mut response, "first");
        adaptor.tell("1");
        expect(&mut response, "second");
        adaptor.tell("2");
        expect(&mut response, "{\"n\":3}\n");
        adaptor.tell("3");
        assert_eq!(rest(response).unwrap(), "");
    }
}

#[test]
fn a_stream_has_the_status_and_headers_it_was_given() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    let code = format!(
        "{}\ndef run():\n    return flow(), 202, {{'X-Mine': 'yes', 'Content-Type': 'audio/mpeg'}}\n\n\
         def flow():\n    yield 'sound'\n    yield meet().listen()\n",
        meeting.python()
    );
    let mut response = owt.code(&code).posting("/").send().unwrap();
    assert_eq!(response.status(), 202);
    assert_eq!(response.headers()["x-mine"], "yes");
    assert_eq!(response.headers()["content-type"], "audio/mpeg");
    expect(&mut response, "sound");
    meeting.guest().tell(" and more");
    assert_eq!(rest(response).unwrap(), " and more");
}

#[test]
fn a_stream_ends_with_the_last_chunk_of_the_coding() {
    let owt = Owt::start();
    for code in [
        "lambda: iter(['a', '', 'b'])",
        "async def run():\n    yield 'a'\n    yield ''\n    yield 'b'\n",
        "lambda: iter([])",
    ] {
        let call = owt.code(code);
        let mut raw = Raw::get(&owt, &call, "/", &["Connection: close"]);
        let (status, headers) = raw.head();
        assert_eq!(status, 200);
        assert!(headers.contains("transfer-encoding: chunked"), "{headers}");
        let rest = raw.rest();
        assert!(rest.ends_with(b"0\r\n\r\n"), "{code}: {}", String::from_utf8_lossy(&rest));
        // An empty chunk would have been read as the end.
        assert_eq!(call.post("/").ok(), if code.contains("[]") { "" } else { "ab" }, "{code}");
    }
}

#[test]
fn two_streams_flow_side_by_side() {
    let owt = Owt::start();
    for (head, meet, listen) in
        [("def", "meet()", "here.listen()"), ("async def", "await ameet()", "await here.listen()")]
    {
        let meetings = [Meeting::new(), Meeting::new()];
        let mut streams: Vec<_> = meetings
            .iter()
            .map(|meeting| {
                let code = format!(
                    "{}
{head} run():
    here = {meet}
    yield 'begun'
    while words := {listen}:
        yield words
",
                    meeting.python()
                );
                let mut response = owt.code(&code).posting("/").send().unwrap();
                expect(&mut response, "begun");
                (response, meeting.guest())
            })
            .collect();
        for words in ["one", "two", "three"] {
            for (response, adaptor) in streams.iter_mut().rev() {
                adaptor.tell(words);
                expect(response, words);
            }
        }
    }
}

#[test]
fn a_large_stream_arrives_whole_and_in_order() {
    let owt = Owt::start();
    for head in ["def run():", "async def run():"] {
        let code = format!(
            "{head}
    for n in range(40000):
        yield f'{{n:07}}\\n'
    yield bytes(3_000_000)
    yield 'end'
"
        );
        let answer = owt.code(&code).post("/");
        assert_eq!(answer.status, 200);
        let numbers: String = (0..40000).map(|n| format!("{n:07}\n")).collect();
        assert_eq!(answer.body.len(), numbers.len() + 3_000_000 + 3, "{head}");
        assert!(
            answer.body.starts_with(numbers.as_bytes()) && answer.body.ends_with(b"\0end"),
            "{head}"
        );
    }
}

#[test]
fn the_generator_is_closed_when_its_reader_goes() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    for (head, meet) in [("def", "meet()"), ("async def", "await ameet()")] {
        let code = format!(
            "{}
{head} run():
    here = {meet}
    try:
        here.say('started')
        while True:
            yield b'x' * 10_000
    finally:
        here.say('closed')
",
            meeting.python()
        );
        let mut response = owt.code(&code).posting("/").send().unwrap();
        let mut adaptor = meeting.guest();
        assert_eq!(adaptor.says().unwrap(), "started");
        expect(&mut response, "xxxxxxxxxx");
        drop(response);
        assert_eq!(adaptor.says().as_deref(), Some("closed"), "its finally runs: {head}");
    }
    assert_eq!(owt.code("lambda: 'alive'").post("/").ok(), "alive");
}

#[test]
fn contextvars_and_the_request_stay_with_a_stream() {
    let owt = Owt::start();
    for head in ["def run():", "async def run():"] {
        let code = format!(
            "import contextvars
var = contextvars.ContextVar('var', default='unset')
{head}
    yield var.get()
    var.set(request.path)
    for _ in range(3):
        yield var.get()
"
        );
        for path in ["/one", "/two"] {
            let wanted = format!("unset{}", path.repeat(3));
            assert_eq!(owt.code(&code).post(path).ok(), wanted, "{head}");
        }
    }
}

#[test]
fn a_generator_waits_for_a_slow_reader() {
    let owt = Owt::start();
    for head in ["def", "async def"] {
        let code = format!(
            "sent = 0\n{head} run():\n    global sent\n    while sent < 2000:\n        sent += 1\n        \
             yield bytes(64_000)\n\ndef far(): return sent\n"
        );
        let call = owt.code(&code);
        let mut response = call.posting("/").send().unwrap();
        expect(&mut response, "\0\0\0");
        // 128 MB would have been made by now if nothing held the generator back; others run.
        let far = call.clone().field("fn_name", "far");
        let mut last = 0;
        loop {
            let now: usize = far.post("/").ok().parse().unwrap();
            assert!(now < 2000, "it did not wait for its reader");
            if now == last {
                break;
            }
            last = now;
        }
        assert_eq!(rest(response).unwrap().len() + 3, 2000 * 64_000);
        assert_eq!(far.post("/").ok(), "2000");
    }
}

#[test]
fn proxies_pass_a_stream_on_as_it_comes() {
    let owt = Owt::start();
    let events = "no-cache, no-transform";
    for (code, buffering, caching) in [
        ("lambda: sse(['a'])", "no", events),
        ("async def run():\n    return sse(iter(['a']))\n", "no", events),
        ("lambda: stream(['data: a\\n\\n'], 'Text/Event-Stream; charset=utf-8')", "no", events),
        (
            "import flask
def run(): return flask.Response(iter(['data: a\\n\\n']), mimetype='text/event-stream')
",
            "no",
            events,
        ),
        ("def run():\n    yield 'a'\n", "no", ""),
        ("async def run():\n    yield 'a'\n", "no", ""),
        // The adaptor's own word stands.
        ("lambda: (sse(['a']), {'x-accel-buffering': 'yes'})", "yes", events),
        ("lambda: (sse(['a']), {'cache-control': 'no-store'})", "no", "no-store"),
        ("lambda: (iter(['a']), {'Cache-Control': 'max-age=9'})", "no", "max-age=9"),
        ("lambda: 'whole'", "", ""),
    ] {
        let answer = owt.code(code).post("/");
        answer.ok();
        let all = |name: &str| answer.headers.get_all(name).iter().count();
        assert!(all("x-accel-buffering") <= 1 && all("cache-control") <= 1, "{:?}", answer.headers);
        assert_eq!(answer.header("x-accel-buffering"), buffering, "{code}");
        assert_eq!(answer.header("cache-control"), caching, "{code}");
    }
    let replayed = owt.code("lambda: sse(['a'])").field("use_cache", true);
    for _ in 0..2 {
        assert_eq!(replayed.post("/").header("x-accel-buffering"), "no");
    }
}

#[test]
fn any_text_is_an_event_and_a_line() {
    let owt = Owt::start();
    let texts = include_str!("../../../clients/vectors/texts.json");
    let wanted: Vec<String> = serde_json::from_str(texts).unwrap();
    // Letters as they are: Python does not read JSON's pairs of surrogates.
    let texts = serde_json::to_string(&wanted).unwrap();
    // Read as the HTML standard says (9.2.6); the server writes no CR.
    let events = owt.code("lambda texts: sse(texts)").kwargs(&format!("{{'texts': {texts}}}"));
    let body = events.post("/").ok().to_owned();
    let data = body.strip_suffix("\n\n").unwrap().split("\n\n").map(|event| {
        let lines = event.split('\n').map(|line| line.strip_prefix("data: ").unwrap());
        lines.collect::<Vec<_>>().join("\n")
    });
    for (data, text) in data.zip(&wanted) {
        assert_eq!(data, text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    assert!(!body.contains('\r'));
    let lines = owt
        .code("lambda texts: ({'text': text} for text in texts)")
        .kwargs(&format!("{{'texts': {texts}}}"));
    let body = lines.post("/").ok().to_owned();
    let lines: Vec<Value> =
        body.split_terminator('\n').map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, wanted.iter().map(|text| json!({"text": text})).collect::<Vec<_>>());
}
