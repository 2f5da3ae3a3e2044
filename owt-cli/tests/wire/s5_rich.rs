//! §5: what has a rich display, and what libraries make: the representation that `Accept` prefers.

use serde_json::{Value, json};

use owt_testing::{Answer, Owt, Sent};

fn accepting(call: &Sent, accept: &str) -> Answer {
    let request = call.getting("/");
    let request = if accept.is_empty() { request } else { request.header("accept", accept) };
    let answer = Answer::of(request.send().unwrap());
    assert_eq!(answer.status, 200, "{accept}: {}", String::from_utf8_lossy(&answer.body));
    answer
}

/// Each `Accept`, and the type that it gets.
fn negotiated(call: &Sent, rows: &[(&str, &str)]) {
    for (accept, wanted) in rows {
        let answer = accepting(call, accept);
        let essence = answer.header("content-type").split(';').next().unwrap();
        assert_eq!(essence, *wanted, "Accept: {accept}");
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

#[test]
fn display_methods() {
    let owt = Owt::start();
    let code = "
class Rich:
    def _repr_html_(self): return '<b>rich</b>'
    def _repr_png_(self): return b'\\x89PNG\\r\\n\\x1a\\n'
    def _repr_svg_(self): return '<svg/>'
    def _repr_markdown_(self): return '**rich**'
    def _repr_json_(self): return {'rich': True}
    def _repr_latex_(self): return None

def run(): return Rich()
";
    let call = owt.code(code);
    negotiated(
        &call,
        &[
            ("", "text/html"),
            ("*/*", "text/html"),
            ("text/html", "text/html"),
            ("image/png", "image/png"),
            ("image/*", "image/png"),
            ("image/svg+xml", "image/svg+xml"),
            ("text/markdown, text/html;q=0.5", "text/markdown"),
            ("application/json", "application/json"),
            ("image/png;q=0.2, image/svg+xml;q=0.9", "image/svg+xml"),
            ("text/latex, image/png;q=0.1", "image/png"),
        ],
    );
    assert_eq!(accepting(&call, "text/html").text(), "<b>rich</b>");
    assert_eq!(accepting(&call, "image/png").body, PNG);
    assert_eq!(accepting(&call, "application/json").json(), json!({"rich": true}));
}

#[test]
fn mime_bundles() {
    let owt = Owt::start();
    let code = "
class Rich:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {'text/plain': 'plain', 'text/html': '<b>bundle</b>', 'image/png': 'iVBORw0KGgo=',
                'application/vnd.mine+json': {'a': 1}}

class WithMetadata(Rich):
    def _repr_mimebundle_(self, **kwargs):
        return super()._repr_mimebundle_(), {'image/png': {'width': 5}}

def run(): return Rich()
def more(): return WithMetadata()
";
    for fn_name in ["run", "more"] {
        let call = owt.code(code).field("fn_name", fn_name);
        negotiated(
            &call,
            &[
                ("", "text/html"),
                ("text/plain", "text/plain"),
                ("image/png", "image/png"),
                ("application/vnd.mine+json", "application/vnd.mine+json"),
            ],
        );
        assert_eq!(accepting(&call, "image/png").body, PNG, "base64, as in a notebook");
        assert_eq!(accepting(&call, "application/vnd.mine+json").json(), json!({"a": 1}));
    }
}

#[test]
fn pil_images() {
    let owt = Owt::start();
    for mode in ["RGB", "RGBA", "L", "P", "1", "CMYK"] {
        let call = owt.code(&format!(
            "from PIL import Image\ndef run(): return Image.new('{mode}', (3, 2))\n"
        ));
        negotiated(
            &call,
            &[
                ("", "image/png"),
                ("image/png", "image/png"),
                ("image/jpeg", "image/jpeg"),
                ("image/webp", "image/webp"),
                ("image/*", "image/png"),
                ("text/html, image/jpeg;q=0.5", "image/jpeg"),
            ],
        );
        let image = accepting(&call, "image/png").body;
        assert!(image.starts_with(PNG), "{mode}");
        assert_eq!(image[16..24], [0, 0, 0, 3, 0, 0, 0, 2], "{mode}: three by two");
        assert!(accepting(&call, "image/jpeg").body.starts_with(b"\xff\xd8\xff"), "{mode}");
    }
}

#[test]
fn matplotlib_figures() {
    let owt = Owt::start();
    let code = "
import matplotlib
matplotlib.use('Agg')
from matplotlib import pyplot

def run():
    figure, axes = pyplot.subplots()
    axes.plot([1, 2, 3])
    return figure

def axes():
    return run().axes[0]

def open_figures():
    return len(pyplot.get_fignums())
";
    for fn_name in ["run", "axes"] {
        let call = owt.code(code).field("fn_name", fn_name);
        negotiated(
            &call,
            &[
                ("", "image/png"),
                ("image/png", "image/png"),
                ("image/svg+xml", "image/svg+xml"),
                ("application/pdf", "application/pdf"),
                ("text/html,image/svg+xml;q=0.9,*/*;q=0.1", "image/svg+xml"),
            ],
        );
        assert!(accepting(&call, "image/png").body.starts_with(PNG));
        assert!(accepting(&call, "image/svg+xml").text().contains("<svg"));
        assert!(accepting(&call, "application/pdf").body.starts_with(b"%PDF"));
    }
    // Nothing is left behind of what was sent.
    assert_eq!(owt.code(code).field("fn_name", "open_figures").post("/").ok(), "0");
}

#[test]
fn numpy_arrays() {
    let owt = Owt::start();
    for (array, wanted) in [
        ("numpy.arange(6).reshape(2, 3)", json!([[0, 1, 2], [3, 4, 5]])),
        ("numpy.array([1.5, numpy.nan])", json!([1.5, null])),
        ("numpy.array([])", json!([])),
        ("numpy.array(['a', 'ü'])", json!(["a", "ü"])),
        ("numpy.array([True, False])", json!([true, false])),
    ] {
        let call = owt.code(&format!("lambda: {array}"));
        negotiated(
            &call,
            &[
                ("", "application/json"),
                ("application/json", "application/json"),
                ("application/x-npy", "application/x-npy"),
            ],
        );
        assert_eq!(accepting(&call, "").json(), wanted, "{array}");
        assert!(accepting(&call, "application/x-npy").body.starts_with(b"\x93NUMPY"));
    }
    // One number is a number.
    assert_eq!(owt.code("lambda: numpy.float64(1.5)").post("/").ok(), "1.5");
    assert_eq!(owt.code("lambda: numpy.arange(3).sum()").post("/").ok(), "3");
    let inside =
        "lambda: {'array': numpy.arange(2), 'n': numpy.int64(5), 'x': numpy.float32('nan')}";
    let inside = owt.code(inside);
    assert_eq!(inside.post("/").json(), json!({"array": [0, 1], "n": 5, "x": null}));
}

fn frame(call: &Sent, records: &Value) {
    negotiated(
        call,
        &[
            // Who says nothing is a program.
            ("", "application/json"),
            ("*/*", "application/json"),
            ("text/html,*/*;q=0.1", "text/html"),
            ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
            ("text/csv", "text/csv"),
            ("application/json", "application/json"),
            ("application/json;q=0.5, text/csv", "text/csv"),
        ],
    );
    assert_eq!(&accepting(call, "application/json").json(), records);
    let csv = accepting(call, "text/csv");
    let lines: Vec<_> = csv.text().lines().collect();
    assert_eq!(lines, ["name,n", "ü,1", "b,"]);
    assert!(accepting(call, "text/html").text().contains("<table"));
}

#[test]
fn pandas_frames() {
    let owt = Owt::start();
    let records = json!([{"name": "ü", "n": 1}, {"name": "b", "n": null}]);
    let code = "import pandas
def run(): return pandas.DataFrame({'name': ['ü', 'b'], 'n': pandas.array([1, None], dtype='Int64')})
def series(): return run()['name']
def inside(): return {'frame': run()}
";
    frame(&owt.code(code), &records);
    let series = owt.code(code).field("fn_name", "series");
    assert!(accepting(&series, "text/csv").text().contains('ü'));
    let inside = owt.code(code).field("fn_name", "inside").post("/").json();
    assert_eq!(inside["frame"].as_array().unwrap().len(), 2, "{inside}");
}

#[test]
fn a_frame_is_the_same_json_alone_and_in_another_value() {
    let owt = Owt::start();
    let code = "import pandas, polars, uuid, enum, datetime
class E(enum.Enum):
    A = 'x'
class Secret:
    def __init__(self): self.password = 'p'
def run(column): return pandas.DataFrame({'c': eval(column)})
def inside(column): return {'d': run(column)}
def by_polars(column): return polars.DataFrame({'c': eval(column)})
";
    let call = |fn_name: &str, column: &str| {
        let call = owt.code(code).field("fn_name", fn_name);
        let call = call.kwargs(&format!("{{'column': {column:?}}}"));
        Answer::of(call.getting("/").header("accept", "application/json").send().unwrap())
    };
    for (column, rows) in [
        ("[0.12345678901234568, 1e-15]", json!([{"c": 0.12345678901234568}, {"c": 1e-15}])),
        (
            "pandas.to_datetime(['2024-01-01T00:00:00.123456'])",
            json!([{"c": "2024-01-01T00:00:00.123456"}]),
        ),
        ("[uuid.UUID(int=1)]", json!([{"c": "00000000-0000-0000-0000-000000000001"}])),
        ("[E.A]", json!([{"c": "x"}])),
        ("[datetime.date(2024, 1, 1)]", json!([{"c": "2024-01-01"}])),
        ("pandas.to_timedelta(['1.5s'])", json!([{"c": 1.5}])),
    ] {
        assert_eq!(call("run", column).json(), rows, "{column}");
        assert_eq!(call("inside", column).json(), json!({"d": rows}), "{column}");
    }
    for fn_name in ["run", "inside", "by_polars"] {
        let problem = call(fn_name, "[b'ab']").refused(500, "unrenderable");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("bytes") && detail.ends_with("[0].c"), "{detail}");
    }
    let problem = call("run", "[Secret()]").refused(500, "unrenderable");
    assert!(problem["detail"].as_str().unwrap().ends_with("a Secret at [0].c"), "{problem}");
}

#[test]
fn an_index_that_says_something_is_kept() {
    let owt = Owt::start();
    let code = "import pandas
def run():
    frame = pandas.DataFrame({'city': ['Ulm', 'Bonn', 'Ulm'], 'n': [1, 2, 3]})
    return frame.groupby('city').sum()
def series(): return run()['n']
def filtered(): return run().reset_index().iloc[1:]
def twice():
    frame = run()
    frame.columns = pandas.Index(['city'])
    return frame
";
    let call = |fn_name: &str| owt.code(code).field("fn_name", fn_name);
    let csv = accepting(&call("run"), "text/csv");
    assert_eq!(csv.text().lines().collect::<Vec<_>>(), ["city,n", "Bonn,2", "Ulm,4"]);
    let rows = json!([{"city": "Bonn", "n": 2}, {"city": "Ulm", "n": 4}]);
    assert_eq!(accepting(&call("run"), "application/json").json(), rows);
    assert!(accepting(&call("run"), "text/html").text().contains("Bonn"));
    let series = accepting(&call("series"), "application/json");
    assert_eq!(series.json(), json!({"Bonn": 2, "Ulm": 4}));
    let csv = accepting(&call("filtered"), "text/csv");
    assert_eq!(csv.text().lines().collect::<Vec<_>>(), ["index,city,n", "1,Ulm,4"]);
    let rows = json!([{"index": 1, "city": "Ulm", "n": 4}]);
    assert_eq!(accepting(&call("filtered"), "application/json").json(), rows);
    // What would be lost is refused by its name.
    let twice = call("twice").getting("/").header("accept", "application/json");
    let problem = Answer::of(twice.send().unwrap()).refused(500, "unrenderable");
    assert!(problem["detail"].as_str().unwrap().contains("\"city\""), "{problem}");
}

#[test]
fn polars_frames() {
    let owt = Owt::start();
    let records = json!([{"name": "ü", "n": 1}, {"name": "b", "n": null}]);
    let code = "import polars\ndef run(): return polars.DataFrame({'name': ['ü', 'b'], 'n': [1, None]})\n\
                def lazy(): return run().lazy()\ndef inside(): return {'frame': run()}\n";
    frame(&owt.code(code), &records);
    frame(&owt.code(code).field("fn_name", "lazy"), &records);
    assert_eq!(
        owt.code(code).field("fn_name", "inside").post("/").json(),
        json!({"frame": records})
    );
}

#[test]
fn async_adaptors_give_rich_results_too() {
    let owt = Owt::start();
    let code = "from PIL import Image\nasync def run(): return Image.new('RGB', (1, 1))\n";
    negotiated(&owt.code(code), &[("", "image/png"), ("image/jpeg", "image/jpeg")]);
    let answer = owt.code("lambda: (numpy.arange(2), 201, {'X-Mine': 'yes'})").post("/");
    assert_eq!((answer.status, answer.text(), answer.header("x-mine")), (201, "[0,1]", "yes"));
}

#[test]
fn what_nothing_fits_is_a_406_with_what_there_is() {
    let owt = Owt::start();
    for (code, query, accept, there) in [
        ("lambda: numpy.arange(3)", "/", "image/png", "application/x-npy"),
        ("lambda: {'a': 1}", "/", "text/csv", "application/json"),
        ("lambda: 1", "/", "image/*", "text/plain"),
        ("lambda: {'a': 1}", "/?format=csv", "*/*", "application/json"),
    ] {
        let request = owt.code(code).getting(query).header("accept", accept);
        let problem = Answer::of(request.send().unwrap()).refused(406, "not-acceptable");
        assert!(problem["detail"].as_str().unwrap().contains(there), "{code}: {problem}");
    }
}

#[test]
fn plain_values_are_json_where_json_is_asked_for() {
    let owt = Owt::start();
    for (code, plain, as_json) in [
        ("lambda: None", "", "null"),
        ("lambda: True", "True", "true"),
        ("lambda: False", "False", "false"),
        ("lambda: 7", "7", "7"),
        ("lambda: float('nan')", "nan", "null"),
    ] {
        let call = owt.code(code);
        assert_eq!(accepting(&call, "").text(), plain, "{code}");
        assert_eq!(accepting(&call, "*/*").text(), plain, "{code}");
        let answer = accepting(&call, "application/json");
        assert_eq!((answer.text(), answer.header("content-type")), (as_json, "application/json"));
        // Several lines of a header are one list.
        let two = call.getting("/").header("accept", "text/plain;q=0.1");
        let answer = Answer::of(two.header("accept", "application/json").send().unwrap());
        assert_eq!(answer.text(), as_json, "{code}");
        let asked = Answer::of(call.getting("/?format=json").send().unwrap());
        assert_eq!(asked.text(), as_json, "{code}");
    }
}

#[test]
fn a_form_may_be_asked_for_in_the_query() {
    let owt = Owt::start();
    let call = owt.code("import numpy\ndef run(_): return numpy.eye(2) * len(_.args['format'])");
    let answer = Answer::of(call.getting("/?format=csv").send().unwrap());
    assert_eq!(answer.text(), "3.0,0.0\n0.0,3.0\n");
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
}

#[test]
fn what_an_adaptor_registers_is_that_adaptors() {
    let owt = Owt::start();
    let code = |word: &str| {
        format!(
            "import fractions\n@form(fractions.Fraction, 'text/plain')\n\
             def said(value): return '{word} ' + str(value)\n\
             def run(): return fractions.Fraction(1, 2)"
        )
    };
    let (one, other) = (owt.code(&code("one")), owt.code(&code("other")));
    let none = owt.code("import fractions\ndef run(): return fractions.Fraction(1, 2)");
    for _ in 0..2 {
        assert_eq!(accepting(&one, "").text(), "one 1/2");
        assert_eq!(accepting(&other, "").text(), "other 1/2");
        assert_eq!(accepting(&none, "").text(), "\"1/2\"");
    }
}

#[test]
fn a_stream_is_what_its_first_value_is() {
    let owt = Owt::start();
    let code = "import numpy, pandas
from PIL import Image
def frames():
    for start in (0, 2):
        yield pandas.DataFrame({'a': [start, start + 1]})
def images():
    for _ in range(2):
        yield Image.new('RGB', (2, 2))
async def later():
    for start in (0, 2):
        yield pandas.DataFrame({'a': [start, start + 1]})
def opaque():
    yield object()
def rows():
    yield {'a': 1}
    yield 'text'
";
    let lines = "{\"a\":0}\n{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n";
    for fn_name in ["frames", "later"] {
        let answer = accepting(&owt.code(code).field("fn_name", fn_name), "");
        assert_eq!(answer.header("content-type"), "application/x-ndjson", "{fn_name}");
        assert_eq!(answer.text(), lines, "{fn_name}");
    }
    let answer = accepting(&owt.code(code).field("fn_name", "images"), "");
    assert!(answer.header("content-type").starts_with("multipart/x-mixed-replace; boundary="));
    assert_eq!(answer.body.windows(PNG.len()).filter(|part| *part == PNG).count(), 2);
    let rows = owt.code(code).field("fn_name", "rows");
    assert_eq!(accepting(&rows, "text/event-stream").text(), "data: {\"a\":1}\n\ndata: text\n\n");
    let answer = accepting(&rows, "application/x-ndjson");
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let answer = accepting(&rows, "");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.text(), "{\"a\":1}\ntext");
    let opaque = owt.code(code).field("fn_name", "opaque").getting("/");
    Answer::of(opaque.send().unwrap()).refused(500, "unrenderable");
}
