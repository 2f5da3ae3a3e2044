//! A URL opened in a browser shows what it would run, and runs it once its user agrees.

use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::redirect::Policy;

use owt_testing::{Folder, Owt, PATIENCE, Sent};

const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// As a browser's address bar sends it.
fn typed(request: RequestBuilder) -> RequestBuilder {
    request
        .header("user-agent", "Mozilla/5.0")
        .header("accept", HTML)
        .header("sec-fetch-site", "none")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document")
}

/// The page's form, sent by its button.
fn agreed<S: AsRef<str>>(owt: &Owt, fields: &[(S, S)]) -> RequestBuilder {
    let fields: Vec<_> =
        fields.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
    let client = Client::builder().redirect(Policy::none()).no_proxy().timeout(PATIENCE);
    client
        .build()
        .unwrap()
        .post(format!("{}/_owt/run", owt.url))
        .form(&fields)
        .header("user-agent", "Mozilla/5.0")
        .header("origin", &owt.url)
        .header("sec-fetch-site", "same-origin")
}

/// What the page that asks has in its form.
fn form(page: &str) -> Vec<(String, String)> {
    let value = |name: &str| {
        let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        let (value, _) = rest.split_once('"').unwrap();
        (name.to_owned(), value.replace("&amp;", "&"))
    };
    vec![value("url"), value("shown"), ("remember".into(), "yes".into())]
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// The path and query that a call is got by.
fn target(call: &Sent, path: &str) -> String {
    let request = call.getting(path).build().unwrap();
    format!("{}?{}", request.url().path(), request.url().query().unwrap())
}

#[test]
fn the_page_shows_what_would_run_and_runs_nothing() {
    let (owt, folder) = (Owt::start(), Folder::new());
    let code = format!("{}\ndef run(a): return '</script><b>' + a\n", folder.mark("ran"));
    let call = owt.code(&code).kwargs("{'a': '\u{202e}<img src=x>\"'}").field("extra", "<i>more");
    let page = typed(call.getting("/some/path")).send().unwrap();
    assert_eq!(page.status(), 200);
    assert!(header(&page, "content-type").starts_with("text/html"));
    assert_eq!(header(&page, "x-frame-options"), "DENY");
    assert_eq!(header(&page, "cache-control"), "no-store");
    assert_eq!(header(&page, "cross-origin-opener-policy"), "same-origin");
    let policy = header(&page, "content-security-policy").to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    let again = typed(call.getting("/some/path")).send().unwrap();
    assert_ne!(policy, header(&again, "content-security-policy"), "a nonce is used once");
    let text = page.text().unwrap();
    for shown in [
        "&lt;/script&gt;&lt;b&gt;",
        "<mark>U+202E</mark>&lt;img src=x&gt;&quot;",
        "&lt;i&gt;more",
        "/some/path",
        &owt.url,
    ] {
        assert!(text.contains(shown), "{shown:?} is not in {text}");
    }
    assert!(!text.contains("<img") && !text.contains("<i>more"), "{text}");
    // Ours: when a press counts, and colours.
    assert_eq!(text.matches("</script>").count(), 3, "{text}");
    assert_eq!(folder.marks("ran"), 0);
}

#[test]
fn a_malformed_call_is_told_at_once() {
    let owt = Owt::start();
    let request = typed(owt.request("GET", "/?code_b64=%21"));
    assert_eq!(request.send().unwrap().status(), 400);
}

#[test]
fn a_yes_leads_to_the_url_itself() {
    let (owt, folder) = (Owt::start(), Folder::new());
    let code =
        format!("{}\ndef run(): return request.method + request.args['n']\n", folder.mark("ran"));
    let call = owt.code(&code).field("n", "1");
    let url = target(&call, "/x");
    let yes = agreed(&owt, &[("url", &url)]).send().unwrap();
    assert_eq!(yes.status(), 303);
    assert_eq!(header(&yes, "location"), url);
    assert_eq!(header(&yes, "set-cookie"), "");
    assert_eq!(folder.marks("ran"), 0, "the yes itself runs nothing");
    // As the browser follows it.
    let followed = call.getting("/x").header("user-agent", "Mozilla/5.0").header("accept", HTML);
    let followed = followed.header("sec-fetch-site", "same-origin").send().unwrap();
    assert_eq!(followed.text().unwrap(), "GET1");
    assert_eq!(folder.marks("ran"), 1);
}

#[test]
fn a_remembered_yes_is_for_exactly_that() {
    let owt = Owt::start();
    let call = owt.code("lambda: 'ran'");
    let page = typed(call.getting("/x")).send().unwrap().text().unwrap();
    let yes = agreed(&owt, &form(&page)).send().unwrap();
    let cookie = header(&yes, "set-cookie").to_owned();
    let (pair, attributes) = cookie.split_once(';').unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(attributes.contains(attribute), "{cookie}");
    }
    let with = |request: RequestBuilder| {
        typed(request).header("cookie", pair).send().unwrap().text().unwrap()
    };
    assert_eq!(with(call.getting("/x")), "ran");
    assert_eq!(with(call.getting("/x")), "ran");
    for other in [
        call.getting("/y"),
        owt.code("lambda: 'RAN'").getting("/x"),
        call.clone().kwargs("{}").getting("/x"),
        call.clone().field("n", "1").getting("/x"),
        owt.code("lambda: 'ran' ").getting("/x"),
    ] {
        assert!(with(other).contains("Run this Python?"));
    }
    // Nor is what the browser fetches before its user opens it.
    for (name, value) in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("sec-purpose", "prefetch;anonymous-client-ip"),
        ("purpose", "prefetch"),
        ("x-purpose", "preview"),
        ("x-moz", "prefetch"),
        ("x-firefox-ai", "1"),
    ] {
        let request = typed(call.getting("/x")).header("cookie", pair).header(name, value);
        assert_eq!(request.send().unwrap().status(), 403, "{name}: {value}");
    }
    // Another page that has the browser send it gets nothing by it.
    for site in ["same-site", "cross-site"] {
        let request = call.getting("/x").header("cookie", pair).header("sec-fetch-site", site);
        assert_eq!(request.send().unwrap().status(), 403);
    }
    // Nor does it help on another server.
    let other = Owt::start();
    let request = typed(other.code("lambda: 'ran'").getting("/x")).header("cookie", pair);
    assert!(request.send().unwrap().text().unwrap().contains("Run this Python?"));
}

#[test]
fn only_our_own_page_says_yes() {
    let owt = Owt::start();
    let url = target(&owt.code("lambda: 'ran'"), "/x");
    let fields = [("url", url.as_str()), ("remember", "yes")];
    let form = |headers: &[(&str, &str)]| {
        let mut request = owt.request("POST", "/_owt/run").form(&fields);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().unwrap();
        (answer.status().as_u16(), header(&answer, "set-cookie").to_owned())
    };
    for headers in [
        [("user-agent", "Mozilla/5.0"), ("accept", HTML)].as_slice(),
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:1")],
        &[("sec-fetch-site", "none"), ("user-agent", "Mozilla/5.0")],
        &[("referer", "http://evil.example/"), ("user-agent", "Mozilla/5.0")],
        &[("content-type", "application/json"), ("user-agent", "Mozilla/5.0")],
    ] {
        assert_eq!(form(headers), (403, String::new()), "{headers:?}");
    }
}

#[test]
fn a_yes_leads_nowhere_else() {
    let owt = Owt::start();
    for url in ["//evil.example/", "/\\evil.example/", "http://evil.example/", "", "x", "/\r\nA: b"]
    {
        let answer = agreed(&owt, &[("url", url), ("remember", "yes")]).send().unwrap();
        assert_eq!(answer.status(), 400, "{url:?}");
        assert_eq!(header(&answer, "location"), "");
        assert_eq!(header(&answer, "set-cookie"), "");
    }
    assert_eq!(agreed(&owt, &[("", ""); 0]).send().unwrap().status(), 400);
}

/// A page of an adaptor may call as long as it is open. It does not say yes for later.
#[test]
fn only_the_page_that_asks_remembers() {
    let owt = Owt::start();
    let call = owt.code("lambda: 'ran'");
    let page = typed(call.getting("/x")).send().unwrap().text().unwrap();
    let [url, shown, remember] = form(&page).try_into().unwrap();
    let other = typed(call.getting("/y")).send().unwrap().text().unwrap();
    let other = form(&other).remove(0);
    for fields in [
        vec![url.clone(), remember.clone()],
        vec![url.clone(), ("shown".into(), String::new()), remember.clone()],
        vec![url.clone(), ("shown".into(), "x".into()), remember.clone()],
        vec![other, shown.clone(), remember.clone()],
    ] {
        let answer = agreed(&owt, &fields).send().unwrap();
        assert_eq!(answer.status(), 403, "{fields:?}");
        assert_eq!(header(&answer, "set-cookie"), "");
    }
    let yes = agreed(&owt, &[url, shown, remember]).send().unwrap();
    assert!(header(&yes, "set-cookie").starts_with("owt_run_"));
}
