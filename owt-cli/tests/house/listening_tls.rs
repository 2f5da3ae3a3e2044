//! HTTPS: certificates from files, which can change, and one that the server makes and keeps.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use owt_testing::{Answer, Folder, Owt, PATIENCE, Start, b64};
use reqwest::blocking::{Client, Response};
use reqwest::{Certificate, tls::TlsInfo};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::listening::refused;

/// A client that trusts this certificate and no other; each request has a connection of its own.
fn trusting(certificate: &Path) -> Client {
    let certificate = Certificate::from_pem(&std::fs::read(certificate).unwrap()).unwrap();
    let builder = Client::builder().timeout(PATIENCE).no_proxy().pool_max_idle_per_host(0);
    builder.tls_info(true).tls_certs_only([certificate]).build().unwrap()
}

fn call(client: &Client, url: &str, code: &str) -> Response {
    client.post(url).json(&json!({ "code_b64": b64(code) })).send().unwrap()
}

/// The SHA-256 of the certificate that the server showed, as browsers write it.
fn shown(response: &Response) -> String {
    let info = response.extensions().get::<TlsInfo>().unwrap();
    let digest = Sha256::digest(info.peer_certificate().unwrap());
    digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

fn self_signed(state: &Folder, args: &[&str]) -> Owt {
    let start = Start::new().env("XDG_STATE_HOME", state.path(""));
    start.args(["--tls", "self-signed"]).args(args.iter().copied()).start()
}

/// What the server says its certificate's SHA-256 is.
fn told(owt: &Owt) -> String {
    let printed = owt.printed_with("try it");
    let line = printed.lines().find_map(|line| line.strip_prefix("SHA-256 "));
    line.expect("a fingerprint").to_owned()
}

/// A certificate for `localhost` that is valid for some days, and its key, in PEM.
fn made(days: u64) -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut about = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    about.not_before = (SystemTime::now() - Duration::from_secs(3600)).into();
    about.not_after = (SystemTime::now() + Duration::from_secs(days * 24 * 3600)).into();
    (about.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_self_signed_certificate_is_for_this_machine_and_stays() {
    let state = Folder::new();
    let owt = self_signed(&state, &[]);
    assert!(owt.greeting().starts_with("owt serving on https://127.0.0.1:"), "{}", owt.greeting());
    let certificate = state.path("owt/tls/cert.pem");
    assert_eq!(mode(&state.path("owt/tls")), 0o700);
    assert_eq!(mode(&state.path("owt/tls/key.pem")), 0o600);
    let client = trusting(&certificate);
    let code = "def run(): return [request.scheme, request.url]";
    let response = call(&client, &owt.url, code);
    let fingerprint = told(&owt);
    assert_eq!(shown(&response), fingerprint);
    let answer = Answer::of(response).json();
    assert_eq!(answer, json!(["https", format!("{}/", owt.url)]));
    let port = owt.url.rsplit_once(':').unwrap().1;
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{port}/");
        assert_eq!(Answer::of(call(&client, &url, "def run(): return 1")).ok(), "1");
    }
    drop(owt);
    assert_eq!(told(&self_signed(&state, &[])), fingerprint);
}

#[test]
fn the_lines_to_try_work() {
    let state = Folder::new();
    let owt = self_signed(&state, &[]);
    let printed = owt.printed_with("try it: ");
    let line = printed.lines().find_map(|line| line.strip_prefix("try it: ")).unwrap();
    let tried = Command::new("sh").args(["-c", line]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&tried.stdout), "Hello, world!\n", "{line}");
    let call = |trusted: Option<&Path>| {
        let mut command = Command::new(owt_testing::binary());
        command.args(["call", "--code", "def run(): return 1", "--address", &owt.url]);
        command.envs(trusted.map(|path| ("SSL_CERT_FILE", path)));
        command.output().unwrap()
    };
    assert_eq!(call(Some(&state.path("owt/tls/cert.pem"))).stdout, b"1");
    let told = String::from_utf8(call(None).stderr).unwrap();
    assert!(told.contains("SSL_CERT_FILE"), "{told}");
}

#[test]
fn a_self_signed_certificate_is_made_anew_when_it_does_not_do() {
    let state = Folder::new();
    let certificate = state.path("owt/tls/cert.pem");
    let first = told(&self_signed(&state, &[]));
    // For another address.
    let owt = self_signed(&state, &["--address", "127.0.0.3"]);
    let second = told(&owt);
    assert_ne!(second, first);
    let code = "def run(): return 1";
    assert_eq!(shown(&call(&trusting(&certificate), &owt.url, code)), second);
    drop(owt);
    // That one is good for the usual address too.
    assert_eq!(told(&self_signed(&state, &[])), second);
    // One that ends within a week.
    let (soon, key) = made(3);
    state.write("owt/tls/cert.pem", soon);
    state.write("owt/tls/key.pem", key);
    let owt = self_signed(&state, &[]);
    assert_eq!(shown(&call(&trusting(&certificate), &owt.url, code)), told(&owt));
    drop(owt);
    // One that is broken.
    state.write("owt/tls/key.pem", "half a k");
    let owt = self_signed(&state, &[]);
    owt.log_with("made anew");
    assert_eq!(shown(&call(&trusting(&certificate), &owt.url, code)), told(&owt));
}

/// A server with a certificate from files, and what the files hold.
fn from_files(folder: &Folder) -> Owt {
    let (certificate, key) = made(30);
    let certificate = folder.write("cert.pem", certificate);
    let key = folder.write("key.pem", key);
    let args = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    Start::new().args(args).start()
}

fn localhost(owt: &Owt) -> String {
    owt.url.replace("127.0.0.1", "localhost")
}

#[test]
fn new_files_are_shown_after_sighup_and_connections_go_on() {
    let folder = Folder::new();
    let owt = from_files(&folder);
    let go = folder.path("go");
    let stream = format!(
        "import os, time\ndef run():\n    yield 'first '\n    \
         while not os.path.exists({go:?}): time.sleep(0.005)\n    yield 'last'"
    );
    let client = trusting(&folder.path("cert.pem"));
    let mut streaming = call(&client, &localhost(&owt), &stream);
    let old = shown(&streaming);
    let mut first = [0; 6];
    streaming.read_exact(&mut first).unwrap();

    let (certificate, key) = made(30);
    folder.write("cert.pem", certificate);
    folder.write("key.pem", key);
    owt.signal("-HUP");
    owt.log_with("read the certificate again");
    let fresh = trusting(&folder.path("cert.pem"));
    let response = call(&fresh, &localhost(&owt), "def run(): return 1");
    assert_ne!(shown(&response), old);
    assert_eq!(Answer::of(response).ok(), "1");
    folder.write("go", "");
    let mut rest = String::new();
    streaming.read_to_string(&mut rest).expect("the old connection goes on");
    assert_eq!(rest, "last");
}

#[test]
fn broken_new_files_change_nothing() {
    let folder = Folder::new();
    let owt = from_files(&folder);
    let client = trusting(&folder.path("cert.pem"));
    let code = "def run(): return 1";
    let old = shown(&call(&client, &localhost(&owt), code));
    // Another's key: half of an exchange.
    folder.write("key.pem", made(30).1);
    owt.signal("-HUP");
    let log = owt.log_with("the certificate stays as it was");
    assert!(log.contains("ERROR") && log.contains("key.pem"), "{log}");
    assert_eq!(shown(&call(&client, &localhost(&owt), code)), old);
    folder.write("cert.pem", "");
    owt.signal("-HUP");
    owt.log_with("cert.pem holds no certificate");
    assert_eq!(shown(&call(&client, &localhost(&owt), code)), old);
}

/// Calls are cancelled by the client's going, which actix notices with HTTP/1.1 only.
#[test]
fn streams_are_cancelled_and_clients_of_http_2_speak_http_1() {
    let folder = Folder::new();
    let owt = from_files(&folder);
    let ended = folder.mark("ended");
    let stream = format!(
        "import time\ndef run():\n    try:\n        yield 'first '\n        \
         while True: time.sleep(0.005)\n    finally:\n        {ended}"
    );
    let client = trusting(&folder.path("cert.pem"));
    let mut streaming = call(&client, &localhost(&owt), &stream);
    let mut first = [0; 6];
    streaming.read_exact(&mut first).unwrap();
    drop(streaming);
    while folder.marks("ended") == 0 {
        std::thread::yield_now();
    }
    let certificate = folder.path("cert.pem");
    let curl = Command::new("curl")
        .args(["-sS", "--http2", "-o", "/dev/null", "-w", "%{http_version} %{http_code}"])
        .args(["--noproxy", "*", "--cacert", certificate.to_str().unwrap(), &localhost(&owt)])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&curl.stdout), "1.1 200");
}

/// Neither hangs.
#[test]
fn what_is_no_tls_is_hung_up_on() {
    let folder = Folder::new();
    let owt = from_files(&folder);
    let connect = || {
        let address = owt.url.strip_prefix("https://").unwrap();
        let stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    let mut plain = connect();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    plain.read_to_end(&mut answer).unwrap();
    assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
    // One that says nothing is waited for, for some seconds.
    assert_eq!(connect().read_to_end(&mut Vec::new()).unwrap(), 0);
}

#[test]
fn what_cannot_be_used_is_told() {
    let folder = Folder::new();
    let (certificate, key) = made(30);
    let certificate = folder.write("cert.pem", certificate);
    let certificate = certificate.to_str().unwrap();
    let key = folder.write("key.pem", key);
    let key = key.to_str().unwrap();
    let other = folder.write("other.pem", made(30).1);
    let other = other.to_str().unwrap();
    for (args, wanted) in [
        (&["--tls-cert", certificate][..], "--tls-key <FILE>"),
        (&["--tls-key", key], "--tls-cert <FILE>"),
        (&["--tls", "self-signed", "--tls-cert", certificate, "--tls-key", key], "cannot be used"),
        (&["--tls", "somehow"], "self-signed"),
        (&["--tls-cert", "/no/such.pem", "--tls-key", key], "cannot read /no/such.pem"),
        (&["--tls-cert", key, "--tls-key", key], "key.pem holds no certificate"),
        (&["--tls-cert", certificate, "--tls-key", certificate], "holds no private key"),
        (&["--tls-cert", certificate, "--tls-key", other], "cannot be used together"),
    ] {
        let (status, told) = refused(args);
        assert!(matches!(status, Some(1 | 2)), "{args:?}: {told}");
        assert!(told.contains("--tls") && told.contains(wanted), "{args:?}: {told}");
    }
}
