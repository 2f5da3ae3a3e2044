//! §1: base64 as people and their tools write it.

use owt_testing::{Answer, Owt, b64};

/// Code whose base64 holds what the two alphabets disagree about, and padding.
const CODE: &str = "def run(text='none'):  # ~~~>>>???ÿÿÿþþþ\n    return f'>{text}<'\n\n";
/// So does that of the argument.
const KWARGS: &str = "{'text': '~?>~?>ÿ~>~ÿþ?'}";
const ANSWER: &str = ">~?>~?>ÿ~>~ÿþ?<";

fn url_safe(encoded: &str) -> String {
    encoded.replace('+', "-").replace('/', "_")
}

fn lines(encoded: &str, end: &str) -> String {
    let lines: Vec<_> =
        encoded.as_bytes().chunks(20).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join(end) + end
}

/// Every way to write it that needs no URL.
fn writings(text: &str) -> Vec<(&'static str, String)> {
    let standard = b64(text);
    let bare = standard.trim_end_matches('=').to_owned();
    vec![
        ("standard", standard.clone()),
        ("URL-safe", url_safe(&standard)),
        ("no padding", bare.clone()),
        ("URL-safe, no padding", url_safe(&bare)),
        ("both alphabets", standard.replacen('+', "-", 1)),
        ("newlines, as from base64 without -w0", lines(&standard, "\n")),
        ("CRLF", lines(&standard, "\r\n")),
        ("URL-safe lines without padding", lines(&url_safe(&bare), "\n")),
        ("tabs", lines(&standard, "\t")),
        ("around it", format!("\n\t\r\n{standard}\n\n")),
    ]
}

#[test]
fn the_samples_hold_what_matters() {
    for sample in [b64(CODE), b64(KWARGS)] {
        for letter in ['+', '/', '='] {
            assert!(sample.contains(letter), "{letter} is not in {sample}");
        }
    }
}

#[test]
fn in_json() {
    let owt = Owt::start();
    let spaced = |text: &str| vec![("spaces", lines(&b64(text), " "))];
    for ((way, code), (_, kwargs)) in writings(CODE)
        .into_iter()
        .chain(spaced(CODE))
        .zip(writings(KWARGS).into_iter().chain(spaced(KWARGS)))
    {
        let call = owt.code("").field("code_b64", code).field("kwargs_b64", kwargs);
        assert_eq!(call.post("/").ok(), ANSWER, "{way}");
    }
}

#[test]
fn in_a_query_and_in_forms() {
    let owt = Owt::start();
    for ((way, code), (_, kwargs)) in writings(CODE).into_iter().zip(writings(KWARGS)) {
        let call = owt.code("").field("code_b64", code).field("kwargs_b64", kwargs);
        assert_eq!(call.get("/").ok(), ANSWER, "query: {way}");
        let form = owt.request("POST", "/").form(&call.text_fields());
        assert_eq!(Answer::of(form.send().unwrap()).ok(), ANSWER, "urlencoded: {way}");
        let multipart = call
            .text_fields()
            .into_iter()
            .fold(reqwest::blocking::multipart::Form::new(), |form, (name, value)| {
                form.text(name, value)
            });
        let multipart = owt.request("POST", "/").multipart(multipart);
        assert_eq!(Answer::of(multipart.send().unwrap()).ok(), ANSWER, "multipart: {way}");
    }
}

#[test]
fn a_plus_that_the_query_turned_into_a_space() {
    let owt = Owt::start();
    let (code, kwargs) = (b64(CODE), b64(KWARGS));
    for (way, query) in [
        ("as it is", format!("code_b64={code}&kwargs_b64={kwargs}")),
        ("no padding", format!("code_b64={}&kwargs_b64={kwargs}", code.trim_end_matches('='))),
        (
            "a space that was sent as one",
            format!("code_b64={code}&kwargs_b64={kwargs}").replace('+', "%20"),
        ),
        ("URL-safe", format!("code_b64={}&kwargs_b64={}", url_safe(&code), url_safe(&kwargs))),
    ] {
        let answer = Answer::of(owt.request("GET", &format!("/?{query}")).send().unwrap());
        assert_eq!(answer.ok(), ANSWER, "GET, {way}");
        let form = owt
            .request("POST", "/")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(query);
        assert_eq!(Answer::of(form.send().unwrap()).ok(), ANSWER, "form, {way}");
    }
}
