//! Formats a request's line in the audit log.

use std::fmt::Display;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use owt_core::CodeId;
use serde::{Serialize, Serializer};

/// One request, when it is over.
#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    /// When it came.
    #[serde(serialize_with = "rfc_3339")]
    pub time: SystemTime,
    pub request_id: &'a str,
    /// Where it came from; nowhere is a Unix socket.
    #[serde(serialize_with = "peer")]
    pub peer: Option<IpAddr>,
    /// Whose key it showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<&'a str>,
    pub method: &'a str,
    /// Without the query, which carries code.
    pub path: &'a str,
    #[serde(serialize_with = "code", skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<CodeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fn_name: Option<&'a str>,
    /// Whether it was handed over to be run, or answered from the cache.
    pub called: bool,
    /// Of the answer, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `answered`, `gone`, or the last part of a problem's type.
    pub outcome: &'a str,
    pub duration_ms: f64,
}

fn rfc_3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    text(humantime::format_rfc3339_micros(UNIX_EPOCH.max(*time)), serializer)
}

fn peer<S: Serializer>(peer: &Option<IpAddr>, serializer: S) -> Result<S::Ok, S::Error> {
    match peer {
        Some(address) => address.serialize(serializer),
        None => serializer.serialize_str("unix"),
    }
}

fn code<S: Serializer>(code: &Option<CodeId>, serializer: S) -> Result<S::Ok, S::Error> {
    match code {
        Some(code) => text(code, serializer),
        None => serializer.serialize_none(),
    }
}

fn text<S: Serializer>(value: impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&value)
}
