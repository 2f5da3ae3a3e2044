//! A server that misbehaves as a test tells it, for clients to meet.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// What a peer does once it has written its answer.
pub enum Then {
    /// Waits for the next request on the connection.
    Keep,
    /// Ends the connection, whatever its answer promised.
    Close,
    /// Says nothing more, until the client goes.
    Silence,
}

/// A request as it came: which connection it came on, counted from 0, its head and its body.
#[derive(Clone, Debug)]
pub struct Request {
    pub connection: usize,
    pub head: String,
    pub body: Vec<u8>,
}

/// A server on a free port of 127.0.0.1; its threads end with the test's process.
pub struct Peer {
    pub url: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    closed: usize,
}

/// What a request is answered: pieces, each sent by itself, and what happens then.
pub type Answer = (Vec<Vec<u8>>, Then);

impl Peer {
    /// A peer that answers each request so; it is told the request and how many came before it.
    pub fn answering(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let (theirs, answer) = (Arc::clone(&seen), Arc::new(answer));
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (stream, seen, answer) =
                    (stream.unwrap(), Arc::clone(&theirs), Arc::clone(&answer));
                std::thread::spawn(move || serve(&stream, connection, &seen, &*answer));
            }
        });
        Self { url, seen }
    }

    /// A peer that says these bytes to every request.
    pub fn saying(bytes: impl Into<Vec<u8>>, then: fn() -> Then) -> Self {
        let bytes = bytes.into();
        Self::answering(move |_, _| (vec![bytes.clone()], then()))
    }

    pub fn requests(&self) -> Vec<Request> {
        self.seen.state.lock().unwrap().requests.clone()
    }

    /// Waits until it has ended so many connections.
    pub fn has_closed(&self, count: usize) {
        let state = self.seen.state.lock().unwrap();
        drop(self.seen.changed.wait_while(state, |state| state.closed < count).unwrap());
    }
}

/// An answer that says its length.
pub fn whole(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let head = format!("HTTP/1.1 {status}\r\n{lines}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// An answer in these chunks, each a piece of its own.
pub fn chunked(headers: &[&str], chunks: &[&[u8]]) -> Vec<Vec<u8>> {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let head = format!("HTTP/1.1 200 OK\r\n{lines}Transfer-Encoding: chunked\r\n\r\n");
    let coded =
        |chunk: &&[u8]| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
    let chunks = chunks.iter().filter(|chunk| !chunk.is_empty()).map(coded);
    std::iter::once(head.into_bytes()).chain(chunks).chain([b"0\r\n\r\n".to_vec()]).collect()
}

fn serve(
    mut stream: &TcpStream,
    connection: usize,
    seen: &Seen,
    answer: &dyn Fn(&Request, usize) -> Answer,
) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader, connection) {
        let before = {
            let requests = &mut seen.state.lock().unwrap().requests;
            requests.push(request.clone());
            requests.len() - 1
        };
        let (pieces, then) = answer(&request, before);
        // A client that has gone has seen enough.
        let written = pieces.iter().try_for_each(|piece| stream.write_all(piece));
        match then {
            Then::Keep if written.is_ok() => continue,
            Then::Silence => drop(reader.read(&mut [0])),
            Then::Keep | Then::Close => {}
        }
        break;
    }
    // The client may have ended it before.
    let _ = stream.shutdown(Shutdown::Both);
    seen.state.lock().unwrap().closed += 1;
    seen.changed.notify_all();
}

/// The next request; None where the client has ended the connection.
fn read(reader: &mut BufReader<&TcpStream>, connection: usize) -> Option<Request> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.to_lowercase().lines().find_map(|line| {
        line.strip_prefix("content-length: ").map(|length| length.parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Request { connection, head, body })
}
