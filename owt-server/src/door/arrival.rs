//! Finds out whom a request was meant for and who sent it, whatever lies on its way.

use std::net::IpAddr;

use actix_web::dev::RequestHead;
use actix_web::http::Uri;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

use super::authority::{Authority, Host, Origin};
use super::{Refusal, malformed, refused};
use crate::listener::Connection;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Proxies that a request's client is looked for behind.
const MOST_PROXIES: usize = 16;

/// What a request turns out to be addressed to, and its client.
#[derive(Debug)]
pub(super) struct Arrival {
    /// Our own origin, as the client sees it.
    pub own: Origin,
    /// The client's address, where it has one.
    pub from: Option<IpAddr>,
}

impl Arrival {
    /// Reads a request that came over TCP.
    ///
    /// # Errors
    /// It is not addressed to us (403), or one cannot tell (400).
    pub fn read(
        request: &RequestHead,
        connection: &Connection,
        allowed: &[Host],
        proxies: &[IpNet],
    ) -> Result<Self, Refusal> {
        let headers = request.headers();
        let scheme = if connection.is_tls { "https" } else { "http" };
        let authority = addressed(headers, &request.uri, scheme)?;
        let local = connection.local.map(|local| local.ip());
        check(&authority.host, allowed, local)?;
        let peer = connection.peer.map(|peer| peer.ip());
        let trusts = |address: &IpAddr| proxies.iter().any(|proxy| proxy.contains(address));
        if !peer.is_some_and(|peer| trusts(&peer)) {
            return Ok(Self { own: Origin::of(scheme, authority), from: peer });
        }
        // What it forwards is checked beside the request's own name, not instead of it: a page
        // may reach a trusted address too, and can send these headers.
        let authority = match forwarded(headers, &FORWARDED_HOST)? {
            None => authority,
            Some(value) => {
                let forwarded = Authority::parse(value.as_bytes())
                    .ok_or_else(|| malformed("`X-Forwarded-Host` is not one host"))?;
                check(&forwarded.host, allowed, local)?;
                forwarded
            }
        };
        let scheme = match forwarded(headers, &FORWARDED_PROTO)?.map(HeaderValue::as_bytes) {
            None => scheme,
            Some(b"http") => "http",
            Some(b"https") => "https",
            Some(_) => return Err(malformed("`X-Forwarded-Proto` is neither http nor https")),
        };
        let from = client(headers, trusts).or(peer);
        Ok(Self { own: Origin::of(scheme, authority), from })
    }
}

/// What `Host`, or the target's authority (HTTP/2, absolute-form), says; where there are both
/// they agree.
fn addressed(headers: &HeaderMap, uri: &Uri, scheme: &str) -> Result<Authority, Refusal> {
    let mut hosts = headers.get_all(header::HOST);
    let (host, other) = (hosts.next(), hosts.next());
    if other.is_some() {
        return Err(malformed("`Host` came more than once"));
    }
    let read = |text: &[u8]| {
        if text.is_empty() {
            return Err(malformed("`Host` is empty; say which server is meant"));
        }
        Authority::parse(text).ok_or_else(|| stranger(&String::from_utf8_lossy(text)))
    };
    let host = host.map(|host| read(host.as_bytes())).transpose()?;
    let target = uri.authority().map(|target| read(target.as_str().as_bytes())).transpose()?;
    match (host, target) {
        (Some(host), Some(target)) => {
            let full = |authority: &Authority| authority.clone().with_port_of(scheme);
            if full(&host) == full(&target) {
                Ok(host)
            } else {
                Err(malformed("`Host` and the request's target name different servers"))
            }
        }
        (Some(one), None) | (None, Some(one)) => Ok(one),
        (None, None) => Err(malformed("`Host` is missing; say which server is meant")),
    }
}

fn check(host: &Host, allowed: &[Host], local: Option<IpAddr>) -> Result<(), Refusal> {
    let is_ours = match host {
        Host::Address(address) => local == Some(*address),
        Host::Name(_) => false,
    };
    if host.is_local() || is_ours || allowed.contains(host) {
        return Ok(());
    }
    Err(stranger(&host.to_string()))
}

fn stranger(host: &str) -> Refusal {
    refused(format!(
        "this server does not answer to the name `{host}`, which anybody's DNS could point here; \
         if it is yours, start the server with --allow-host"
    ))
}

/// A header that a proxy sets, once.
fn forwarded<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, Refusal> {
    let mut all = headers.get_all(name);
    let first = all.next();
    match all.next() {
        None => Ok(first),
        Some(_) => Err(malformed(format!("`{name}` came more than once"))),
    }
}

/// The last address in `X-Forwarded-For` that is no trusted proxy's: what stands before it, the
/// client may have written.
fn client(headers: &HeaderMap, trusts: impl Fn(&IpAddr) -> bool) -> Option<IpAddr> {
    let values: Vec<&HeaderValue> = headers.get_all(FORWARDED_FOR).collect();
    let all = values.iter().rev().flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
    let mut last = None;
    for entry in all.take(MOST_PROXIES) {
        let Ok(address) = entry.trim().parse::<IpAddr>() else { break };
        let address = address.to_canonical();
        last = Some(address);
        if !trusts(&address) {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_that_was_connected_to_is_one_of_our_names() {
        let host = |text: &str| text.parse::<Host>().unwrap();
        let local = "10.0.0.7".parse().ok();
        assert!(check(&host("10.0.0.7"), &[], local).is_ok());
        assert!(check(&host("10.0.0.8"), &[], local).is_err());
        assert!(check(&host("10.0.0.7"), &[], None).is_err());
        assert!(check(&host("owt.lan"), &[], local).is_err());
        assert!(check(&host("owt.lan"), &[host("OWT.lan")], local).is_ok());
        assert!(check(&host("[fd00::7]"), &[], "fd00::7".parse().ok()).is_ok());
    }
}
