//! Answers with a file that an adaptor gave, opened as the adaptor would have.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use actix_files::NamedFile;
use actix_web::http::{StatusCode, header};
use actix_web::test::TestRequest;
use actix_web::{HttpRequest, HttpResponse};
use owt_core::{Problem, ProblemKind};
use rustix::fs::{CWD, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags};

use super::sniff::{self, OCTETS, sniff};
use super::visit::Visit;
use super::{range, respond};
use crate::engine::Head;

/// The file, or the range that is asked for, with the adaptor's status and headers.
pub fn answer(request: &HttpRequest, mut head: Head, path: &Path, visit: &Visit) -> HttpResponse {
    // Opening and reading a local file's beginning is short; the rest is read off this thread.
    let opened = open(path).and_then(|file| NamedFile::from_file(file, path));
    let file = match opened {
        Ok(file) => file.use_last_modified(true).disable_content_disposition(),
        Err(error) => {
            let detail = format!("the adaptor gave the file {}: {error}", path.display());
            let failure = Problem::new(ProblemKind::Unrenderable, detail);
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
    sniff(first.get(..length).unwrap_or_default())
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

/// Opens an ordinary file to be read.
///
/// What /proc shows depends on who looks: `/proc/self/environ`, or a link there to something
/// open, would give the server's own secrets instead of what the adaptor saw. Paths through it
/// are refused, and waiting for a pipe's writer would hold up other connections.
///
/// # Errors
/// When there is none, or none that may be read.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let resolve = ResolveFlags::NO_MAGICLINKS;
    let file = File::from(rustix::fs::openat2(CWD, path, flags, Mode::empty(), resolve)?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("this is no ordinary file"));
    }
    if rustix::fs::fstatfs(&file)?.f_type == PROC_SUPER_MAGIC {
        return Err(io::Error::other("what /proc shows is another's here; read it and give that"));
    }
    Ok(file)
}
