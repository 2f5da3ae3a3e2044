//! Where a test and the code of its calls meet, so that neither has to guess
//! what the other has done: the code connects, and each waits for the other's words.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use crate::PATIENCE;

/// A place that adaptors come to.
pub struct Meeting {
    port: u16,
    guests: Receiver<TcpStream>,
}

impl Meeting {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (give, guests) = channel();
        std::thread::spawn(move || {
            for guest in listener.incoming().map_while(Result::ok) {
                if give.send(guest).is_err() {
                    break;
                }
            }
        });
        Self { port, guests }
    }

    /// Python that comes here: `here = meet()`, then `here.say('…')`, `here.listen()`. For
    /// code on the event loop `here = await ameet()`, and its `listen` is awaited.
    pub fn python(&self) -> String {
        PYTHON.replace("PORT", &self.port.to_string())
    }

    /// The next adaptor that comes.
    #[track_caller]
    pub fn guest(&self) -> Guest {
        Guest::new(self.guests.recv_timeout(PATIENCE).expect("no adaptor came"))
    }

    /// An adaptor that has come and was not met, if there is one now.
    pub fn another(&self) -> Option<Guest> {
        self.guests.try_recv().ok().map(Guest::new)
    }
}

const PYTHON: &str = "
import asyncio, socket

class Here:
    def __init__(self):
        self.file = socket.create_connection(('127.0.0.1', PORT)).makefile('rwb', buffering=0)

    def say(self, words):
        self.file.write(f'{words}\\n'.encode())

    def listen(self):
        return self.file.readline().decode().rstrip('\\n')

class AsyncHere:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def say(self, words):
        self.writer.write(f'{words}\\n'.encode())

    async def listen(self):
        return (await self.reader.readline()).decode().rstrip('\\n')

def meet():
    return Here()

async def ameet():
    return AsyncHere(*await asyncio.open_connection('127.0.0.1', PORT))

";

/// An adaptor that has come.
pub struct Guest(BufReader<TcpStream>);

impl Guest {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// What it says next; `None` when it has left.
    #[track_caller]
    pub fn says(&mut self) -> Option<String> {
        let mut words = String::new();
        match self.0.read_line(&mut words).expect("the adaptor neither speaks nor leaves") {
            0 => None,
            _ => Some(words.trim_end().to_owned()),
        }
    }

    /// Says something to it; what has left does not hear.
    pub fn tell(&mut self, words: &str) {
        let _ = self.0.get_mut().write_all(format!("{words}\n").as_bytes());
    }
}
