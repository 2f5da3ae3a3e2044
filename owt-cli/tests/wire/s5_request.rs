//! §5: the request inside an adaptor, flask's and owt's own; flask's responses.

use serde_json::{Value, json};

use owt_testing::meeting::Meeting;
use owt_testing::raw::{expect, rest};
use owt_testing::{Answer, Owt};

/// What both requests say of the same request.
const BOTH: &str = "
import flask
from owt import request

def told(request):
    return {
        'method': request.method,
        'path': request.path,
        'args': request.args.to_dict(flat=False),
        'first': request.args.get('a'),
        'number': request.args.get('n', 0, type=int),
        'headers': [request.headers['X-Mine'], request.headers.get('x-mine'), request.headers.get('none')],
        'data': request.get_data().decode('latin-1'),
        'json': request.get_json(silent=True),
        'form': request.form.to_dict(flat=False),
        'files': {name: [file.filename, file.read().decode()] for name, file in request.files.items()},
        'url': request.url,
        'base_url': request.base_url,
        'content_type': request.content_type,
        'is_json': request.is_json,
        'host': request.host,
    }

def run():
    return [told(request), told(flask.request)]
";

fn both(answer: reqwest::blocking::Response) -> Value {
    let answer = Answer::of(answer);
    answer.ok();
    let told = answer.json();
    for (name, value) in told[0].as_object().unwrap() {
        assert_eq!(value, &told[1][name], "owt's {name} and flask's");
    }
    told[0].clone()
}

#[test]
fn owts_request_and_flasks_say_the_same() {
    let owt = Owt::start();
    let call = owt.code(BOTH);
    let told = both(call.getting("/a%20b/c?a=1&a=2&n=7").header("x-mine", "yes").send().unwrap());
    assert_eq!(told["method"], "GET");
    assert_eq!(told["path"], "/a b/c");
    assert_eq!(told["args"]["a"], json!(["1", "2"]));
    assert_eq!(told["first"], "1");
    assert_eq!(told["number"], 7);
    assert_eq!(told["headers"], json!(["yes", "yes", null]));
    assert!(told["url"].as_str().unwrap().starts_with(&format!("{}/a%20b/c?a=1", owt.url)));
    assert_eq!(told["base_url"], format!("{}/a%20b/c", owt.url));

    let told = both(call.posting("/json").header("x-mine", "yes").send().unwrap());
    assert_eq!((&told["method"], &told["is_json"]), (&json!("POST"), &json!(true)));
    assert!(told["json"]["code_b64"].is_string());
    assert!(told["data"].as_str().unwrap().starts_with("{\"code_b64\""));

    let mut fields = call.text_fields();
    fields.push(("colour".to_owned(), "rot & blau".to_owned()));
    let form = owt.request("POST", "/form?a=1").form(&fields).header("x-mine", "yes");
    let told = both(form.send().unwrap());
    assert_eq!(told["form"]["colour"], json!(["rot & blau"]));
    assert_eq!(told["args"], json!({"a": ["1"]}));

    let part = reqwest::blocking::multipart::Part::bytes(b"content".as_slice()).file_name("a.txt");
    let multipart = call
        .text_fields()
        .into_iter()
        .fold(reqwest::blocking::multipart::Form::new(), |form, (name, value)| {
            form.text(name, value)
        })
        .text("colour", "grün")
        .part("upload", part);
    let told = both(
        owt.request("POST", "/up").multipart(multipart).header("x-mine", "yes").send().unwrap(),
    );
    assert_eq!(told["form"]["colour"], json!(["grün"]));
    assert_eq!(told["files"], json!({"upload": ["a.txt", "content"]}));

    let data = call.posting_data("/data", "image/png", vec![0, 255, 10]).header("x-mine", "yes");
    let told = both(data.send().unwrap());
    assert_eq!(told["data"], "\u{0}\u{ff}\n");
    assert_eq!(told["content_type"], "image/png");
}

#[test]
fn owts_request_works_without_flask() {
    let owt = Owt::start();
    for code in [
        "from owt import request\ndef run(): return [request.method, request.path]\n",
        "import owt\ndef run(): return [owt.request.method, owt.request.path]\n",
        "def run(): return [request.method, request.path]\n",
        "def run(_): return [_.method, _.path]\n",
        "async def run(): return [request.method, request.path]\n",
        "import threading, contextvars
def run():
    seen = []
    ask = lambda: seen.extend([request.method, request.path])
    thread = threading.Thread(target=contextvars.copy_context().run, args=(ask,))
    thread.start(); thread.join()
    return seen
",
    ] {
        assert_eq!(owt.code(code).post("/here").json(), json!(["POST", "/here"]), "{code}");
        assert_eq!(owt.code(code).get("/there").json(), json!(["GET", "/there"]), "{code}");
    }
    let seen =
        owt.code("lambda: [request.data, request.json, request.form, request.files].count(None)");
    assert_eq!(seen.get("/").ok(), "1", "only json is None without a body");
}

#[test]
fn flask_works_inside_an_adaptor() {
    let owt = Owt::start();
    for (code, wanted) in [
        ("from flask import request\ndef run(): return request.path\n", "/here"),
        ("def run():\n    from flask import request\n    return request.path\n", "/here"),
        ("import flask\ndef run(): return flask.request.path\n", "/here"),
        ("import flask\nasync def run(): return flask.request.path\n", "/here"),
        ("import flask\ndef run():\n    yield flask.request.path\n", "/here"),
        (
            "from flask import render_template_string
def run(name='<owt>'): return render_template_string('{{ name }} at {{ request.path }}', name=name)
",
            "&lt;owt&gt; at /here",
        ),
        ("from flask import url_for, g\ndef run():\n    g.mine = 'x'\n    return g.mine\n", "x"),
    ] {
        assert_eq!(owt.code(code).post("/here").ok(), wanted, "{code}");
    }
}

#[test]
fn a_flask_response_is_itself() {
    let owt = Owt::start();
    for (code, status, body, content_type) in [
        ("flask.Response('text')", 200, "text", "text/html; charset=utf-8"),
        (
            "flask.Response('no', status=404, mimetype='text/plain')",
            404,
            "no",
            "text/plain; charset=utf-8",
        ),
        ("flask.jsonify(a=1)", 200, "{\"a\":1}\n", "application/json"),
        ("flask.Response(b'\\x00', content_type='image/x-mine')", 200, "\0", "image/x-mine"),
        ("flask.Response(iter(['a', b'b']), mimetype='audio/mpeg')", 200, "ab", "audio/mpeg"),
        ("flask.make_response('made', 201)", 201, "made", "text/html; charset=utf-8"),
        (
            "werkzeug.wrappers.Response('plain werkzeug')",
            200,
            "plain werkzeug",
            "text/plain; charset=utf-8",
        ),
    ] {
        let code = format!("import flask, werkzeug.wrappers\ndef run(): return {code}\n");
        let answer = owt.code(&code).post("/");
        assert_eq!((answer.status, answer.text()), (status, body), "{code}");
        assert_eq!(answer.header("content-type"), content_type, "{code}");
    }
    let redirect = "import flask
def run():
    answer = flask.redirect('/there')
    answer.set_cookie('a', '1')
    answer.headers['X-Mine'] = 'yes'
    return answer
";
    let client = reqwest::blocking::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    let answer =
        Answer::of(client.execute(owt.code(redirect).posting("/").build().unwrap()).unwrap());
    assert_eq!((answer.status, answer.header("location")), (302, "/there"));
    assert!(answer.header("set-cookie").starts_with("a=1"));
    assert_eq!(answer.header("x-mine"), "yes");
}

#[test]
fn a_flask_stream_flows_as_it_is_made() {
    let owt = Owt::start();
    let meeting = Meeting::new();
    let code = format!(
        "{}
from flask import Response, request, stream_with_context

def flow():
    here = meet()
    yield request.path
    yield here.listen()

def run():
    return Response(stream_with_context(flow()), mimetype='text/event-stream')
",
        meeting.python()
    );
    let mut response = owt.code(&code).posting("/here").send().unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    let mut guest = meeting.guest();
    expect(&mut response, "/here");
    guest.tell("the rest");
    assert_eq!(rest(response).unwrap(), "the rest");
}
