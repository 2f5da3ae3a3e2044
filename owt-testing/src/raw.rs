//! HTTP as it is on the wire, where a client library would hide it.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::blocking::Response;

use crate::{CURL, Owt, Sent};

/// Reads exactly this text of a response that goes on.
#[track_caller]
pub fn expect(response: &mut Response, wanted: &str) {
    let mut got = vec![0; wanted.len()];
    response.read_exact(&mut got).expect("the stream goes on");
    assert_eq!(String::from_utf8_lossy(&got), wanted);
}

/// The rest of a response of which some was read; an error when it is cut.
pub fn rest(mut response: Response) -> std::io::Result<String> {
    let mut rest = String::new();
    response.read_to_string(&mut rest).map(|_| rest)
}

/// A connection whose bytes nobody interprets.
pub struct Raw(BufReader<TcpStream>);

impl Raw {
    /// Sends these bytes on a new connection.
    pub fn send(owt: &Owt, bytes: impl AsRef<[u8]>) -> Self {
        Self::send_on(owt.connect(), bytes)
    }

    /// Sends these bytes on that connection.
    pub fn send_on(mut stream: TcpStream, bytes: impl AsRef<[u8]>) -> Self {
        stream.write_all(bytes.as_ref()).unwrap();
        Self(BufReader::new(stream))
    }

    /// What is said on that connection.
    pub fn from(stream: TcpStream) -> Self {
        Self(BufReader::new(stream))
    }

    /// The connection itself, of which everything that came has been read.
    pub fn into_stream(self) -> TcpStream {
        self.0.into_inner()
    }

    /// GETs a call, with more header lines if there are any.
    pub fn get(owt: &Owt, call: &Sent, path: &str, headers: &[&str]) -> Self {
        Self::send(owt, Self::request(owt, call, path, "HTTP/1.1", headers))
    }

    /// The bytes of a GET of a call, by that version of HTTP and with its path as it is written.
    pub fn request(owt: &Owt, call: &Sent, path: &str, version: &str, headers: &[&str]) -> String {
        let request = call.getting("/").build().unwrap();
        let query = request.url().query().unwrap();
        let host = owt.address();
        let mut text =
            format!("GET {path}?{query} {version}\r\nHost: {host}\r\nUser-Agent: {CURL}\r\n");
        for header in headers {
            text += &format!("{header}\r\n");
        }
        text + "\r\n"
    }

    /// More bytes of the request.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// True when something of the answer is there to be read.
    pub fn is_answered(&self) -> bool {
        if !self.0.buffer().is_empty() {
            return true;
        }
        let stream = self.0.get_ref();
        stream.set_nonblocking(true).unwrap();
        let there = stream.peek(&mut [0]).is_ok();
        stream.set_nonblocking(false).unwrap();
        there
    }

    /// Waits this long for each piece of the answer.
    pub fn patience(&mut self, patience: Duration) {
        self.0.get_ref().set_read_timeout(Some(patience)).unwrap();
    }

    /// A line, without its end.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line");
        line.trim_end_matches("\r\n").to_owned()
    }

    /// The status, and the header lines in lower case.
    pub fn head(&mut self) -> (u16, String) {
        let first = self.line();
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: {first:?}"));
        let mut headers = String::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                return (status, headers);
            }
            headers += &format!("{}\n", line.to_lowercase());
        }
    }

    /// A whole answer that says its length: status, header lines, body.
    pub fn answer(&mut self) -> (u16, String, String) {
        let (status, headers) = self.head();
        let length = headers.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.expect("a length").parse().unwrap()];
        self.0.read_exact(&mut body).expect("the body");
        (status, headers, String::from_utf8(body).unwrap())
    }

    /// A chunk of the chunked coding (RFC 9112, 7.1); the last one is empty. `None` when
    /// the connection is cut instead.
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = self.line();
        if size.is_empty() {
            return None;
        }
        let size = usize::from_str_radix(size.split(';').next().unwrap(), 16)
            .unwrap_or_else(|_| panic!("no chunk size: {size:?}"));
        let mut chunk = vec![0; size];
        self.0.read_exact(&mut chunk).ok()?;
        assert_eq!(self.line(), "", "a chunk ends with a line end");
        Some(chunk)
    }

    /// Chunks until at least so many bytes are there.
    #[track_caller]
    pub fn bytes(&mut self, least: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < least {
            let chunk = self.chunk().expect("the connection was cut");
            assert!(
                !chunk.is_empty(),
                "the response ended after {}",
                String::from_utf8_lossy(&all)
            );
            all.extend(chunk);
        }
        all
    }

    /// Everything until the connection ends.
    pub fn rest(self) -> Vec<u8> {
        self.rest_and_end().0
    }

    /// Everything until the connection ends, and whether that is a reset.
    pub fn rest_and_end(mut self) -> (Vec<u8>, bool) {
        let mut rest = Vec::new();
        let end = self.0.read_to_end(&mut rest);
        if let Err(error) = &end {
            let kind = error.kind();
            let late = matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut);
            assert!(!late, "no end came after {:?}", String::from_utf8_lossy(&rest));
        }
        (rest, end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset))
    }
}
