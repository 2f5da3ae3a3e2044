//! Recognises clients that people and their scripts call on purpose, by the name they give.
//!
//! Other programs fetch what a stranger names: git its submodules, a player its playlist, a
//! converter the pictures of a document, a chat the page behind a link. They send no mark of a
//! browser either, and must not run what such a URL carries.

use actix_web::http::header::{HeaderMap, USER_AGENT};

use super::browser::{One, one};

/// First products of `User-Agent` (RFC 9110, 10.1.5), in any case.
#[rustfmt::skip]
const CALLED: &[&str] = &[
    // Commands, and windows in which a person writes a request.
    "curl", "wget", "httpie", "xh",
    "postmanruntime", "insomnia", "bruno-runtime", "vscode-restclient",
    "apachebench", "hey", "oha",
    // Python
    "python", "python-requests", "python-httpx", "python-urllib", "python-urllib3",
    "python-httplib2", "niquests", "pycurl", "tornado",
    // JavaScript
    "node", "undici", "node-fetch", "axios", "got", "node-superagent", "needle", "deno", "bun",
    // Go
    "go-http-client", "go-resty", "fasthttp",
    // Rust
    "reqwest", "ureq", "attohttpc",
    // Java, Kotlin
    "java", "java-http-client", "apache-httpclient", "apache-httpasyncclient", "okhttp",
    "reactornetty", "ktor-client",
    // Ruby
    "ruby", "faraday", "http.rb", "httpx.rb", "rest-client", "excon", "typhoeus",
    // Haskell
    "haskell", "haskell-http",
    // R, Julia (which also says `curl/8 julia/1`)
    "r", "httr2", "http.jl",
];

/// True when the one `User-Agent` is such a client's. No name is nobody's: many libraries send
/// none, and so do programs that read what strangers wrote, as XML parsers do with a document's
/// DTD and pandoc with its pictures.
pub(super) fn is_called(headers: &HeaderMap) -> bool {
    let One::Value(agent) = one(headers, &USER_AGENT) else { return false };
    let first = product(agent);
    if first == "Mozilla" {
        return is_power_shell(agent);
    }
    CALLED.iter().any(|name| first.eq_ignore_ascii_case(name)) || is_httr(first, agent)
}

/// A product's name, without its version.
fn product(text: &str) -> &str {
    text.split(['/', ' ']).next().unwrap_or_default()
}

/// `Mozilla/5.0 (Windows NT 10.0; …) PowerShell/7.4.1`: no browser ends so.
fn is_power_shell(agent: &str) -> bool {
    let last = agent.rsplit(' ').next().unwrap_or_default();
    matches!(product(last), "WindowsPowerShell" | "PowerShell")
}

/// `libcurl/8.4.0 r-curl/5.2.0 httr/1.4.7` is R's. libcurl alone is in too much else.
fn is_httr(first: &str, agent: &str) -> bool {
    first == "libcurl" && agent.split(' ').nth(1).is_some_and(|second| product(second) == "r-curl")
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn is_called_by(agent: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_str(agent).unwrap());
        is_called(&headers)
    }

    /// As these programs write it.
    const YES: &[&str] = &[
        "curl/8.5.0",
        "curl/8.4.0 julia/1.10.2",
        "curl/8.5.0 isahc/1.7.2",
        "Wget/1.21.4",
        "Wget/1.21.3 (linux-gnu)",
        "Wget",
        "HTTPie/3.2.2",
        "xh/0.22.2",
        "Mozilla/5.0 (Windows NT; Windows NT 10.0; de-DE) WindowsPowerShell/5.1.22621.963",
        "Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.22631; en-US) PowerShell/7.4.1",
        "Mozilla/5.0 (Linux; Debian GNU/Linux 12 (bookworm); en-US) PowerShell/7.4.6",
        "PostmanRuntime/7.36.3",
        "python-requests/2.31.0",
        "python-httpx/0.27.0",
        "Python-urllib/3.12",
        "python-urllib3/2.2.1",
        "Python/3.11 aiohttp/3.9.3",
        "Python-httplib2/0.22.0 (gzip)",
        "PycURL/7.45.3 libcurl/8.6.0 OpenSSL/3.2.1",
        "node",
        "undici",
        "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
        "node-fetch",
        "axios/1.6.8",
        "got (https://github.com/sindresorhus/got)",
        "Deno/1.42.1",
        "Bun/1.1.3",
        "Go-http-client/1.1",
        "Go-http-client/2.0",
        "go-resty/2.12.0 (https://github.com/go-resty/resty)",
        "ureq/2.9.6",
        "Java-http-client/21.0.2",
        "Java/17.0.10",
        "Apache-HttpClient/4.5.14 (Java/17.0.10)",
        "okhttp/4.12.0",
        "Ruby",
        "Faraday v2.9.0",
        "http.rb/5.2.0",
        "rest-client/2.1.0 (linux x86_64) ruby/3.2.3p157",
        "haskell wreq-0.5.4.2",
        "haskell-HTTP/4000.4.1",
        "R (4.3.3 x86_64-pc-linux-gnu x86_64 linux-gnu)",
        "libcurl/8.5.0 r-curl/5.2.1 httr/1.4.7",
        "httr2/1.0.0 r-curl/5.2.1 libcurl/8.5.0",
        "HTTP.jl/1.10.5",
    ];

    const NO: &[&str] = &[
        "git/2.47.3",
        "git/2.0 (libgit2 1.7.2)",
        "git-lfs/3.4.1 (GitHub; linux amd64; go 1.21)",
        "JGit/6.9.0",
        "mercurial/proto-1.0 (Mercurial 6.6)",
        "SVN/1.14.3 (x86_64-pc-linux-gnu) serf/1.3.10",
        "pip/24.0 {\"python\":\"3.12\"}",
        "uv/0.4.0",
        "npm/10.5.0 node/v20.12.0 linux x64 workspaces/false",
        "yarn/1.22.22 npm/? node/v20.12.0 linux x64",
        "cargo 1.77.0",
        "Ruby, RubyGems/3.5.3 x86_64-linux Ruby/3.3.0 (2023-12-25 patchlevel 0)",
        "bundler/2.5.3",
        "Composer/2.7.2 (Linux; 6.1; PHP 8.2.7; cURL 8.5.0)",
        "Apache-Maven/3.9.6 (Java 17.0.10; Linux 6.1)",
        "Debian APT-HTTP/1.3 (2.6.1)",
        "docker/26.0.0 go/go1.21.8",
        "VLC/3.0.20 LibVLC/3.0.20",
        "Lavf/60.16.100",
        "mpv 0.37.0",
        "GStreamer souphttpsrc 1.22.0 libsoup/3.2.2",
        "stagefright/1.2 (Linux;Android 13)",
        "AppleCoreMedia/1.0.0.21E236 (Macintosh; U; Intel Mac OS X 14_4; en_us)",
        "NSPlayer/12.00",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "facebookexternalhit/1.1",
        "WhatsApp/2.24",
        "TelegramBot (like TwitterBot)",
        "Twitterbot/1.0",
        "Discordbot/2.0",
        "GitHub-Hookshot/044aadd",
        "GitLab/16.10.0",
        "lychee/0.14.3",
        "LinkChecker/10.4",
        "W3C-checklink/5.0",
        "Prometheus/2.51.0",
        "Blackbox-Exporter/0.24.0",
        "UptimeRobot/2.0",
        "WeasyPrint 61.2",
        "Hugo Static Site Generator",
        "URL/Emacs Emacs/29.2",
        "Lynx/2.9.0 libwww-FM/2.14",
        "Liferea/1.15.6 (Linux; https://lzone.de/liferea/)",
        "CFNetwork/1494 Darwin/23.4.0",
        "libcurl/8.5.0",
        "libcurl-agent/1.0",
        "libcurl/8.5.0 httr/1.4.7",
        "Opera/9.80 (X11; Linux x86_64) Presto/2.12",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0 Safari/537.36",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (Windows NT 10.0) PowerShell/7.4.1 Firefox/124.0",
        "Mozilla/5.0",
        "mozilla/5.0 PowerShell/7.4.1",
        "",
        " curl/8.5.0",
        "/curl",
        "curl-impersonate/1",
        "not-curl/8",
        "nodejs",
        "R-core",
        "(curl)",
    ];

    #[test]
    fn who_is_called_is_known_by_name() {
        for agent in YES {
            assert!(is_called_by(agent), "{agent}");
        }
        for agent in NO {
            assert!(!is_called_by(agent), "{agent}");
        }
        assert!(!is_called(&HeaderMap::new()));
        let mut two = HeaderMap::new();
        two.append(USER_AGENT, HeaderValue::from_static("curl/8.5.0"));
        two.append(USER_AGENT, HeaderValue::from_static("curl/8.5.0"));
        assert!(!is_called(&two));
    }
}
