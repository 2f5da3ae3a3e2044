//! §3: arguments that come as a body or as a file of a form, as the object that a hint names.

use reqwest::blocking::multipart::{Form, Part};
use serde_json::json;

use owt_testing::{Answer, Owt};

const NPY: &str = "application/x-npy";

/// `numpy.arange(4, dtype='u1')` in the format of `numpy.save`.
fn npy() -> Vec<u8> {
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }";
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend_from_slice(&118_u16.to_le_bytes());
    file.extend_from_slice(format!("{header:<117}\n").as_bytes());
    file.extend_from_slice(&[0, 1, 2, 3]);
    file
}

#[test]
fn a_body_is_the_array_that_the_hint_names() {
    let owt = Owt::start();
    let call = owt.code("import numpy as np\ndef run(a: np.ndarray, scale=1): return a * scale");
    let send =
        |call: &owt_testing::Sent| Answer::of(call.posting_data("/", NPY, npy()).send().unwrap());
    assert_eq!(send(&call).json(), json!([0, 1, 2, 3]));
    assert_eq!(send(&call.clone().kwargs("{'scale': 2}")).json(), json!([0, 2, 4, 6]));
    // What is given by name is not taken from the body.
    assert_eq!(send(&call.clone().kwargs("{'a': 3}")).ok(), "3");
    let code = "import numpy as np\nasync def run(request, a: 'np.ndarray | None' = None):
    return [request.mimetype, len(request.data), None if a is None else a.tolist()]";
    assert_eq!(send(&owt.code(code)).json(), json!([NPY, 132, [0, 1, 2, 3]]));
    assert_eq!(owt.code(code).post("/").json()[2], json!(null));
}

#[test]
fn files_of_a_form_go_to_the_parameters_of_their_names() {
    let owt = Owt::start();
    let code = "import numpy as np, pandas as pd, PIL.Image, io
def run(a: np.ndarray, table: pd.DataFrame, raw: bytes, n: int):
    return [a.tolist(), table.to_dict('list'), len(raw), n]";
    let form = Form::new()
        .text("code", code)
        .text("kwargs", "{'n': 7}")
        .part("a", Part::bytes(npy()).file_name("a.npy"))
        .part("table", Part::bytes(b"x,y\n1,a\n2,b\n").file_name("table.csv"))
        .part("raw", Part::bytes(vec![0; 1000]).file_name("raw"));
    let answer = Answer::of(owt.request("POST", "/").multipart(form).send().unwrap());
    let table = json!({"x": [1, 2], "y": ["a", "b"]});
    assert_eq!(answer.json(), json!([[0, 1, 2, 3], table, 1000, 7]));
}

#[test]
fn an_image_goes_in_and_out() {
    let owt = Owt::start();
    let made =
        owt.code("import PIL.Image\ndef run(): return PIL.Image.new('RGB', (5, 4), (9, 8, 7))");
    let picture = made.post("/");
    assert_eq!(picture.header("content-type"), "image/png");
    let code =
        "import PIL.Image\ndef run(p: PIL.Image.Image): return [*p.size, *p.getpixel((1, 1))]";
    let sent = owt.code(code).posting_data("/", "image/png", picture.body);
    assert_eq!(Answer::of(sent.send().unwrap()).json(), json!([5, 4, 9, 8, 7]));
}

#[test]
fn what_cannot_be_read_has_not_run() {
    let owt = Owt::start();
    let code = "import numpy as np\nran = []\ndef run(a: np.ndarray): ran.append(1)\ndef told(): return len(ran)";
    let call = owt.code(code);
    let send =
        |media, data: Vec<u8>| Answer::of(call.posting_data("/", media, data).send().unwrap());
    let problem = send("text/plain", b"hello".to_vec()).refused(415, "unsupported-type");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("'a'") && detail.contains("npy"), "{detail}");
    let problem = send(NPY, npy()[..100].to_vec()).refused(422, "unreadable-argument");
    assert!(problem["detail"].as_str().unwrap().contains("'a' takes a numpy array"), "{problem}");
    assert_eq!(problem["field"], "body");
    assert_eq!(call.clone().field("fn_name", "told").post("/").ok(), "0");
}

#[test]
fn long_bytes_and_long_ints_are_arguments() {
    let owt = Owt::start();
    let code = "import hashlib\ndef run(data, n=0): return [len(data), hashlib.sha256(data).hexdigest(), n % 1000]";
    let data: Vec<u8> =
        (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut literal = String::new();
    for byte in &data {
        literal.push_str(&format!("\\x{byte:02x}"));
    }
    let n = "123456789".repeat(700);
    let call = owt.code(code);
    let told = call.clone().kwargs(&format!("{{'data': b'{literal}', 'n': {n}}}")).post("/").json();
    let check = "import hashlib\ndef run(d: bytes): return hashlib.sha256(d).hexdigest()";
    let sent = owt.code(check).posting_data("/", "application/octet-stream", data).send().unwrap();
    assert_eq!(told, json!([3_000_000, Answer::of(sent).ok(), 789]));
    // What is no literal after all is told as ever, and two in a row are one.
    let long = "a".repeat(70_000);
    let two = call.clone().kwargs(&format!("{{'data': b'{long}' b'{long}'}}")).post("/").json();
    assert_eq!(two[0], 140_000);
    let problem = call.kwargs(&format!("{{'data': b'{long}', 'n': nowhere}}")).post("/");
    assert!(problem.refused(400, "malformed-call")["detail"].as_str().unwrap().contains("nowhere"));
    // Long ints in JSON, as data.
    let body = format!("{{\"code\": \"def run(n): return n\", \"kwargs\": {{\"n\": {n}}}}}");
    let sent = owt.request("POST", "/").header("content-type", "application/json").body(body);
    assert_eq!(Answer::of(sent.send().unwrap()).ok(), n);
}
