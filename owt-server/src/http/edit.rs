//! Leads from a URL that carries a call to the landing page, where it can be edited.

use actix_web::HttpRequest;
use owt_core::{Call, CallFields, Others};
use url::form_urlencoded;

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
    let mut fields = CallFields::of_parts(Others::Passed);
    let pairs = form_urlencoded::parse(request.query_string().as_bytes());
    query.extend_pairs(pairs.filter(|(name, _)| !fields.wants(name)));
    match query.finish() {
        query if query.is_empty() => request.uri().path().to_owned(),
        query => format!("{}?{query}", request.uri().path()),
    }
}
