//! Connections are kept, with a client and without one. Then the server is at `$OWT_URL`, so this
//! file's programs run in processes of their own.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use owt_client::{Client, ErrorKind, GET, POST, owt};
use owt_testing::Owt;
use tokio::runtime::{Builder, Runtime};

/// Hands connections on to a server and counts them, until the test's process ends.
fn relay(server: &Owt) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let address = server.url.trim_start_matches("http://").to_owned();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    std::thread::spawn(move || {
        for near in listener.incoming() {
            let (near, far) = (near.unwrap(), TcpStream::connect(&address).unwrap());
            counter.fetch_add(1, Ordering::SeqCst);
            let back = (far.try_clone().unwrap(), near.try_clone().unwrap());
            for (from, to) in [(near, far), back] {
                std::thread::spawn(move || pump(from, to));
            }
        }
    });
    (url, count)
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        if to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    // Either end may have gone before.
    let _ = to.shutdown(Shutdown::Write);
}

fn run(mut program: Command, url: &str) -> String {
    let ran = program.env("OWT_URL", url).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    said
}

#[test]
fn calls_share_the_connections_of_their_runtime() {
    let server = Owt::start();
    let (url, count) = relay(&server);
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "oneliner::in_several_runtimes", "--include-ignored"]);
    let said = run(program, &url);
    assert!(said.contains("1 passed"), "{said}");
    // One for each of the four runtimes. A call that sets out before the connection of the one
    // before has come to rest opens another, which is rare.
    let count = count.load(Ordering::SeqCst);
    assert!((4..CALLS / 2).contains(&count), "{count} connections");
}

/// Made by the following, one after the other.
const CALLS: usize = 7 * 20;

#[test]
#[ignore = "run by calls_share_the_connections_of_their_runtime, with $OWT_URL"]
fn in_several_runtimes() {
    let client = Client::from_env().unwrap();
    let ask = async |n: u32| {
        for n in n..n + 10 {
            let next = owt::<POST>("lambda n: n + 1", n).text().await.unwrap();
            assert_eq!(next, (n + 1).to_string());
            let before = client.owt::<GET>("lambda n: n - 1", n).json::<i64>().await.unwrap();
            assert_eq!(before, i64::from(n) - 1);
        }
    };
    let alone = || Builder::new_current_thread().enable_all().build().unwrap();
    let many = Runtime::new().unwrap();
    many.block_on(ask(1));
    many.block_on(ask(2));
    drop(many);
    // This one stands still while the next one runs.
    let still = alone();
    still.block_on(ask(3));
    let next = alone();
    next.block_on(ask(4));
    still.block_on(ask(5));
    next.block_on(ask(6));
    // Waited for, calls run in the client's own runtime.
    for n in 0..20 {
        assert_eq!(owt::<POST>("lambda n: n", n).blocking().json::<i32>().unwrap(), n);
    }
}

#[test]
fn outside_of_a_runtime_the_error_says_so() {
    let answer = owt::<POST>("lambda: 1", ()).text().now_or_never().unwrap();
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}
