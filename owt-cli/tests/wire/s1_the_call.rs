//! §1: what is a call, and how its fields may come.

use crate::support::{Answer, Owt, b64};

const HELLO: &str = "def run(name='nobody'):\n    return f'Hello, {name}!'\n";

#[test]
fn any_path_get_or_post() {
    let owt = Owt::start();
    let call = owt.code(HELLO).kwargs("{'name': 'owt'}");
    for path in ["/", "/hello", "/a/b/c.wav", "//double//slash", "/sp%20ace/%C3%A9", "/_owtish"] {
        assert_eq!(call.post(path).ok(), "Hello, owt!", "POST {path}");
        assert_eq!(call.get(path).ok(), "Hello, owt!", "GET {path}");
    }
}

#[test]
fn fields_come_from_a_form_too() {
    let owt = Owt::start();
    let call = owt.code(HELLO).kwargs("{'name': 'form'}");
    let urlencoded = owt.request("POST", "/").form(&call.text_fields());
    assert_eq!(Answer::of(urlencoded.send().unwrap()).ok(), "Hello, form!");
    let body = call
        .text_fields()
        .into_iter()
        .map(|(name, value)| {
            format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        })
        .collect::<String>()
        + "--xyz--\r\n";
    let multipart = owt
        .request("POST", "/")
        .header("content-type", "multipart/form-data; boundary=xyz")
        .body(body);
    assert_eq!(Answer::of(multipart.send().unwrap()).ok(), "Hello, form!");
}

#[test]
fn code_is_required_and_the_problem_names_it() {
    let owt = Owt::start();
    let kwargs = serde_json::json!({"kwargs_b64": b64("{}")});
    for answer in [
        Answer::of(owt.request("POST", "/x").json(&kwargs).send().unwrap()),
        Answer::of(owt.request("POST", "/x").json(&serde_json::json!({})).send().unwrap()),
        Answer::of(owt.request("GET", "/x").send().unwrap()),
        Answer::of(owt.request("POST", "/x").form(&[("a", "b")]).send().unwrap()),
    ] {
        let problem = answer.problem(400);
        assert_eq!(problem["field"], "code_b64", "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("code_b64"));
    }
}
