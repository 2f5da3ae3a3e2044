//! The way from a call that a URL carries to the landing page, where it can be edited.

use actix_web::HttpRequest;
use owt_core::Call;
use url::form_urlencoded;

/// Fields of a call: what else a query holds is the adaptor's.
const FIELDS: [&str; 7] = [
    "code_b64",
    "kwargs_b64",
    "fn_name",
    "use_cache",
    "cache_kwargs",
    "cache_key_override",
    "timeout",
];

/// A link to the landing page with this call, as `page/call.js` writes it: behind `#`, which no
/// browser sends to a server.
pub(super) fn link(request: &HttpRequest, call: &Call) -> String {
    let mut told = form_urlencoded::Serializer::new(String::new());
    told.append_pair("code", call.code.source());
    if let Some(kwargs) = &call.kwargs {
        told.append_pair("kwargs", kwargs);
    }
    told.append_pair("path", &place(request));
    if let Some(fn_name) = &call.fn_name {
        told.append_pair("fnName", fn_name);
    }
    if let Some(timeout) = call.timeout {
        told.append_pair("timeout", &timeout.as_secs_f64().to_string());
    }
    for (name, is_set) in [("useCache", call.use_cache), ("cacheKwargs", call.cache_kwargs)] {
        if is_set {
            told.append_pair(name, "true");
        }
    }
    format!("/#{}", told.finish())
}

/// The path as it came, with what of the query is the adaptor's.
fn place(request: &HttpRequest) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let pairs = form_urlencoded::parse(request.query_string().as_bytes());
    query.extend_pairs(pairs.filter(|(name, _)| !FIELDS.contains(&&**name)));
    match query.finish() {
        query if query.is_empty() => request.uri().path().to_owned(),
        query => format!("{}?{query}", request.uri().path()),
    }
}
