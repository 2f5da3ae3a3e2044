//! Answers with a file that an adaptor gave.

use std::fs::File;
use std::os::unix::fs::FileExt;

use actix_files::NamedFile;
use actix_web::http::{StatusCode, header};
use actix_web::test::TestRequest;
use actix_web::{HttpRequest, HttpResponse};
use owt_engine::{Head, Opened};

use super::sniff::{self, OCTETS, sniff, sniff_whole};
use super::visit::Visit;
use super::{range, respond};

/// The file, or the range that is asked for, with the adaptor's status and headers.
pub fn answer(request: &HttpRequest, mut head: Head, file: Opened, visit: &Visit) -> HttpResponse {
    let path = file.path().to_owned();
    // Reading a local file's beginning is short; the rest is read off this thread.
    let opened = file.into_file().and_then(|file| NamedFile::from_file(file, &path));
    let file = match opened {
        Ok(file) => file.use_last_modified(true).disable_content_disposition(),
        Err(error) => {
            let failure = Opened::unreadable(&path, &error);
            return respond::problem(request.headers(), failure, visit);
        }
    };
    if head.content_type.is_none() && file.content_type().essence_str() == OCTETS {
        head.content_type = Some(sniff_file(file.file()).into());
    }
    let status = head.status;
    let given = match respond::begin(head, None) {
        Err(failure) => return respond::problem(request.headers(), *failure, visit),
        Ok(mut given) if respond::is_bodiless(status) => return given.finish(),
        Ok(mut given) => given.finish(),
    };
    let is_plain = status == 200;
    let mut response = if is_plain && range::is_one(request.headers(), file.metadata().len()) {
        file.into_response(request)
    } else {
        file.into_response(&without_range(request, is_plain))
    };
    // The adaptor's own status and headers stand above what the file suggests. A range or a
    // condition that was met keeps its status; one that was not is no answer of the adaptor's.
    match response.status() {
        StatusCode::OK => *response.status_mut() = given.status(),
        StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED => {}
        _ => return response,
    }
    for name in given.headers().keys() {
        response.headers_mut().remove(name);
    }
    for (name, value) in given.headers() {
        response.headers_mut().append(name.clone(), value.clone());
    }
    response
}

/// The media type by the file's first bytes.
fn sniff_file(file: &File) -> &'static str {
    let mut first = vec![0; sniff::ENOUGH];
    // What cannot be read is found out when it is sent.
    let length = file.read_at(&mut first, 0).unwrap_or_default();
    let first = first.get(..length).unwrap_or_default();
    if length < sniff::ENOUGH { sniff_whole(first) } else { sniff(first) }
}

/// The request without its `Range`, for actix-files, which reads it there. Without conditions
/// too when the answer is no 200, which knows none (RFC 9110, 13.2.1).
fn without_range(request: &HttpRequest, has_conditions: bool) -> HttpRequest {
    let mut other = TestRequest::default().method(request.method().clone());
    if has_conditions {
        for (name, value) in request.headers().iter().filter(|(name, _)| *name != header::RANGE) {
            other = other.append_header((name.clone(), value.clone()));
        }
    }
    other.to_http_request()
}
