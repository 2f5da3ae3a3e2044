//! Shows a problem as a page, to whoever opened a URL in a browser. Programs get JSON or text.

use std::ops::Range;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};
use owt_core::{Call, Problem, ProblemKind};

use super::assets::{FRONT, LOOK};
use super::sealed::Seal;
use super::template::{escape, fill, readable};
use super::{ask, edit};
use crate::door::is_navigation;

/// Lines of the code that are shown before the one at fault, and after it.
const AROUND: usize = 12;

/// What a page can show of the call that failed, and offer.
pub(super) struct Opened {
    /// The path and query that were opened.
    target: String,
    /// The landing page with the same call.
    edit: String,
    source: Arc<str>,
}

impl Opened {
    /// There when a person opened a URL that is this call, and gets a problem as a page.
    pub fn of(request: &HttpRequest, call: &Call) -> Option<Self> {
        is_wanted(request.headers()).then(|| Self {
            target: ask::target(request).to_owned(),
            edit: edit::link(request, call),
            source: Arc::clone(call.code.source()),
        })
    }
}

/// True when a person is there to read a page, and no program that reads JSON.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let accepts_json = || {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        accept.is_some_and(|accept| accept.contains("json"))
    };
    is_navigation(headers) && !accepts_json()
}

/// The page, and what seals it.
///
/// # Errors
/// The system gives no random bytes.
pub(super) fn page(
    failure: &Problem,
    opened: Option<&Opened>,
) -> Result<(Seal, String), Box<Problem>> {
    let seal = Seal::new()?;
    let exception = failure.exception.as_ref();
    let page = fill(include_str!("problem.html"), |name| match name {
        "nonce" => seal.nonce.clone(),
        "look" => LOOK.to_owned(),
        "front" => FRONT.to_owned(),
        "status" => failure.status().to_string(),
        "heading" => readable(exception.map_or(failure.kind.title(), |raised| &raised.r#type)),
        "detail" => readable(exception.map_or(&failure.detail, |raised| &raised.message)),
        "explanation" => explanation(failure.kind, opened),
        "about" => about(failure),
        "code" => opened.map(|opened| listing(&opened.source, failure.line)).unwrap_or_default(),
        "traceback" => traceback(failure),
        "go" => opened.map_or_else(|| GO_ELSEWHERE.to_owned(), go),
        _ => String::new(),
    });
    Ok((seal, page))
}

const GO_ELSEWHERE: &str = r#"<p class="go"><a href="/">Write a call</a></p>"#;

/// What the catalogue says of it, and what this page is for.
fn explanation(kind: ProblemKind, opened: Option<&Opened>) -> String {
    let mut parts = kind.explanation().split('`');
    let mut text = escape(parts.next().unwrap_or_default());
    for (index, part) in parts.enumerate() {
        text.push_str(if index % 2 == 0 { "<code>" } else { "</code>" });
        text.push_str(&escape(part));
    }
    if opened.is_some() {
        text.push_str(" <b>Edit</b> opens this call where you can change and run it.");
    }
    text
}

/// Run again, by the way of the page that asks: a person's press, in a page that is in front.
fn go(opened: &Opened) -> String {
    format!(
        "<div class=\"go\"><form method=\"post\" action=\"{}\">\
         <input type=\"hidden\" name=\"url\" value=\"{}\">\
         <button id=\"run\" disabled>Run again</button></form>\
         <a href=\"{}\">Edit</a></div>",
        ask::PATH,
        escape(&opened.target),
        escape(&opened.edit)
    )
}

/// The code, or what of it is around the line at fault.
fn listing(source: &str, line: Option<u32>) -> String {
    let all = source.lines().count();
    let fault = line.and_then(|line| usize::try_from(line).ok()).filter(|line| *line <= all);
    let shown = around(fault, all);
    let lines: String = (1..)
        .zip(source.lines())
        .filter(|(number, _)| shown.contains(number))
        .map(|(number, text)| {
            let class = if Some(number) == fault { " class=\"fault\"" } else { "" };
            format!("<li{class}>{}</li>", readable(text))
        })
        .collect();
    let which = match fault {
        Some(fault) => format!("line {fault} of {all}"),
        None if shown.end <= all => format!("the first {} of {all} lines", shown.end - 1),
        None => String::new(),
    };
    format!(
        "<h2>Code <span class=\"soft\">{which}</span></h2>\n\
         <ol class=\"listing\" start=\"{}\">{lines}</ol>",
        shown.start
    )
}

/// The numbers of the lines that are shown, counted from 1.
fn around(fault: Option<usize>, all: usize) -> Range<usize> {
    let fault = fault.unwrap_or_default();
    let first = fault.saturating_sub(AROUND).max(1);
    let last = if fault == 0 { 2 * AROUND } else { fault + AROUND };
    first..last.min(all) + 1
}

fn traceback(failure: &Problem) -> String {
    let traceback = failure.exception.as_ref().map(|raised| raised.traceback.trim_end());
    match traceback.filter(|traceback| !traceback.is_empty()) {
        Some(traceback) => format!(
            "<h2>Traceback</h2>\n<pre class=\"python traceback\" tabindex=\"0\" role=\"region\" \
             aria-label=\"Traceback\">{}</pre>",
            readable(traceback)
        ),
        None => String::new(),
    }
}

fn about(failure: &Problem) -> String {
    let retry = failure.retry_after.map(|wait| format!("{} s", wait.as_secs().max(1)));
    let kind = failure.kind.uri();
    [
        ("field", failure.field.as_deref()),
        ("try again in", retry.as_deref()),
        ("problem", Some(&*kind)),
        ("request", failure.request_id.as_deref()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .map(|(name, value)| format!("<dt>{name}<dd><code>{}</code>\n", readable(value)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_around_the_fault_is_shown() {
        assert_eq!(around(None, 3), 1..4);
        assert_eq!(around(None, 100), 1..25);
        assert_eq!(around(Some(1), 3), 1..4);
        assert_eq!(around(Some(50), 100), 38..63);
        assert_eq!(around(Some(100), 100), 88..101);
        assert_eq!(around(None, 0), 1..1);
    }

    #[test]
    fn nothing_in_a_line_breaks_out() {
        let listing = listing("a\n</li></ol><script>\n\u{202e}", Some(2));
        assert!(listing.contains("<li>a</li><li class=\"fault\">&lt;/li&gt;"), "{listing}");
        assert!(listing.contains("<mark>U+202E</mark>"), "{listing}");
        assert!(!listing.contains("<script>"), "{listing}");
    }
}
