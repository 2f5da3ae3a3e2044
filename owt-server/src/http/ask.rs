//! Asks a person whether to run what a URL carries, and acts on their yes.

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{StatusCode, Uri};
use actix_web::{HttpRequest, HttpResponse, web};
use owt_core::{Call, Problem, ProblemKind};
use url::form_urlencoded;

use super::assets::{FRONT, LOOK};
use super::sealed::Seal;
use super::template::{escape, fill, readable};
use super::{edit, read};
use crate::door::{Door, Origin, is_navigation};

/// Where the page's form goes.
pub(super) const PATH: &str = "/_owt/run";

/// A URL that came in a request fits in a form.
const MOST: usize = 256 << 10;

/// Fields of a call that the page shows decoded.
const SHOWN: [&str; 4] = ["code", "code_b64", "kwargs", "kwargs_b64"];

/// The page, where a person is there to read it.
///
/// # Errors
/// The system gives no random bytes.
pub(super) fn page(
    request: &HttpRequest,
    call: &Call,
    own: &Origin,
    door: &Door,
) -> Option<Result<HttpResponse, Box<Problem>>> {
    is_navigation(request.headers()).then(|| write(request, call, own, door))
}

fn write(
    request: &HttpRequest,
    call: &Call,
    own: &Origin,
    door: &Door,
) -> Result<HttpResponse, Box<Problem>> {
    let seal = Seal::new()?;
    let target = target(request);
    let rows: String = form_urlencoded::parse(request.query_string().as_bytes())
        .filter(|(name, _)| !SHOWN.contains(&&**name))
        .map(|(name, value)| {
            format!("<dt>{}<dd><code>{}</code>\n", readable(&name), readable(&value))
        })
        .collect();
    let kwargs = call.kwargs.as_deref();
    let page = fill(include_str!("ask.html"), |name| match name {
        "nonce" => seal.nonce.clone(),
        "look" => LOOK.to_owned(),
        "front" => FRONT.to_owned(),
        "server" => escape(&own.to_string()),
        "path" => readable(request.path()),
        "others" => rows.clone(),
        "arguments" => match kwargs {
            Some(kwargs) => format!("<pre class=\"python\">{}</pre>", readable(kwargs)),
            None => "<p>None.".to_owned(),
        },
        // What is far down shall not go unnoticed.
        "argument_lines" => kwargs.map(lines).unwrap_or_default(),
        "lines" => lines(call.code.source()),
        "code" => readable(call.code.source()),
        "action" => PATH.to_owned(),
        "url" => escape(target),
        "shown" => door.shown(target),
        "edit" => escape(&edit::link(request, call)),
        _ => String::new(),
    });
    Ok(seal.answer(HttpResponse::Ok(), page))
}

/// How many there are, for a heading.
fn lines(text: &str) -> String {
    match text.lines().count() {
        1 => "<span class=\"soft\">(1 line)</span>".to_owned(),
        many => format!("<span class=\"soft\">({many} lines)</span>"),
    }
}

/// What the form sends back: the path and query of the request.
pub(super) fn target(request: &HttpRequest) -> &str {
    request.uri().path_and_query().map_or("/", |target| target.as_str())
}

/// A person's yes.
pub(super) struct Yes {
    /// The path and query to run.
    pub target: String,
    /// Whether not to ask again for exactly that, and then what the page held.
    pub remember: Option<String>,
}

/// Reads what the page's form sends: `url`, `shown`, and `remember` if that is checked.
///
/// # Errors
/// It is not that, or it points somewhere else than to a call here.
pub(super) async fn yes(
    request: &HttpRequest,
    payload: &mut web::Payload,
    patience: std::time::Duration,
) -> Result<Yes, Box<Problem>> {
    let body = read::body(request.headers(), payload, MOST, patience).await?;
    let field = |wanted: &str| {
        let mut all = form_urlencoded::parse(&body);
        all.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    let target = field("url").filter(|target| is_here(target)).ok_or_else(|| {
        let detail = "`url` must be a path on this server with a query, such as /x?code_b64=...";
        Box::new(Problem::new(ProblemKind::MalformedCall, detail).with_field("url"))
    })?;
    let remember = field("remember").map(|_| field("shown").unwrap_or_default());
    Ok(Yes { target, remember })
}

/// True for a path and query of ours. Browsers read `//x` and `/\x` as another host.
fn is_here(target: &str) -> bool {
    let is_path = target.starts_with('/') && !target[1..].starts_with(['/', '\\']);
    let is_plain = target.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    let uri = target.parse::<Uri>();
    is_path && is_plain && uri.is_ok_and(|uri| uri.authority().is_none())
}

/// On to what was agreed to, with what remembers it.
pub(super) fn go(target: &str, cookie: Option<String>) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::SEE_OTHER);
    response.insert_header((header::LOCATION, target));
    response.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    if let Some(cookie) = cookie {
        response.insert_header((header::SET_COOKIE, cookie));
    }
    response.finish()
}

#[cfg(test)]
mod tests {
    use super::is_here;

    #[test]
    fn only_paths_of_ours_are_gone_to() {
        for target in ["/", "/x?code_b64=eA%3D%3D&a=b", "/a//b", "/%5C"] {
            assert!(is_here(target), "{target}");
        }
        for target in
            ["", "x", "//evil", "/\\evil", "http://evil/", "/\t/evil", "/a b", "/\r\nX: y", "/é"]
        {
            assert!(!is_here(target), "{target}");
        }
    }
}
