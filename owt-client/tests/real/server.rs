//! A real server for a test, ended by the test that started it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use owt_client::Client;

pub struct Server {
    process: Child,
    pub url: String,
}

/// What cargo builds beside this test program.
pub fn built(name: &str) -> PathBuf {
    let folder = std::env::current_exe().unwrap().ancestors().nth(2).map(Path::to_owned);
    folder.unwrap().join(name)
}

impl Server {
    pub fn start() -> Self {
        Self::with(&[])
    }

    pub fn with(args: &[&str]) -> Self {
        let owt = std::env::var_os("OWT_BIN").map_or_else(|| built("owt"), PathBuf::from);
        let mut command = Command::new(&owt);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OWT_")) {
            command.env_remove(name);
        }
        let mut process = command
            .args(["serve", "--port", "0", "--quiet", "--workers", "1"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{}: {error}; `cargo build -p owt-cli` makes it", owt.display())
            });
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.unwrap_or_else(|| panic!("no URL in {line:?}")).to_owned();
        Self { process, url }
    }

    pub fn client(&self) -> Client {
        Client::new(&self.url).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already, or ended now; by its process id either way.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
