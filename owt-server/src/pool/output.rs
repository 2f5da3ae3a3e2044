//! Reads what a worker writes: its log, and what native code and child processes write to its
//! standard output and error. Keeps the last lines of both, for the callers whose calls wrote them.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags};

use owt_engine::link::{Message, frame, log};

/// Lines that one caller is given of either kind, and bytes of one line.
const LINES: usize = 20;
const LONGEST: usize = 8 << 10;
/// Lines of calls that are kept, of all together.
const CALLS: usize = 100;
/// How reports of a crash begin, whose beginning matters most: of an exception in C++ that nobody
/// catches, or that comes to Rust (both of which Python's own follows), and Python's own.
const REPORTS: [&str; 4] =
    ["terminate called", "libc++abi:", "fatal runtime error", "Fatal Python error"];
/// How long the parts of one report follow each other at most.
const REPORTING: Duration = Duration::from_secs(2);
/// How long the end of a dead worker's output is waited for; a child that it left can keep
/// the pipe open.
const PATIENCE: Duration = Duration::from_millis(300);

/// A worker's output.
#[derive(Debug)]
pub struct Output {
    last: Arc<Mutex<LastLines>>,
    ended: Receiver<()>,
}

/// What a worker wrote last.
#[derive(Clone, Debug, Default)]
pub struct LastLines {
    /// What no call is known to have written: native code, child processes, the process itself
    /// at its death.
    process: VecDeque<Line>,
    calls: VecDeque<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    at: Instant,
    /// Of the call; empty for none.
    id: Box<str>,
    text: Box<str>,
}

impl Line {
    fn begins_report(&self) -> bool {
        REPORTS.iter().any(|begin| self.text.starts_with(begin))
    }
}

impl LastLines {
    fn push(&mut self, line: Line) {
        let (lines, most) = match &*line.id {
            "" => (&mut self.process, LINES),
            _ => (&mut self.calls, CALLS),
        };
        let report = lines.front().filter(|first| first.begins_report());
        let is_another = line.begins_report()
            && report.is_some_and(|first| line.at.duration_since(first.at) > REPORTING);
        if is_another {
            // What was told before was of a child process.
            lines.clear();
        } else if lines.len() == most && report.is_none() {
            lines.pop_front();
        }
        if lines.len() < most {
            lines.push_back(line);
        }
    }

    /// All that no call has written.
    pub fn of_process(&self) -> Vec<&str> {
        self.written_since(None).map(|line| &*line.text).collect()
    }

    /// What the call of that id wrote since it came; and what nobody did since that call was the
    /// only one, if it was.
    pub fn of_call(&self, call: Option<(&str, Instant)>, alone: Option<Instant>) -> Vec<&str> {
        let is_its =
            |line: &&Line| call.is_some_and(|(id, since)| &*line.id == id && line.at >= since);
        let own: Vec<_> = self.calls.iter().filter(is_its).collect();
        let own = own.into_iter().rev().take(LINES).rev();
        let nobodys = alone.map(|since| self.written_since(Some(since)));
        let mut all: Vec<_> = own.chain(nobodys.into_iter().flatten()).collect();
        all.sort_by_key(|line| line.at);
        all.into_iter().map(|line| &*line.text).collect()
    }

    fn written_since(&self, since: Option<Instant>) -> impl Iterator<Item = &Line> {
        let is_in_time = move |line: &&Line| since.is_none_or(|since| line.at >= since);
        let all = move || self.process.iter().filter(is_in_time);
        let report = all().position(Line::begins_report);
        all().skip(report.unwrap_or(0))
    }
}

impl Output {
    /// Reads and logs them on a thread of its own until the worker's ends are closed.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn listen(pid: u32, log: OwnedFd, output: OwnedFd) -> io::Result<Self> {
        let last = Arc::new(Mutex::new(LastLines::default()));
        let keeping = Arc::clone(&last);
        let (end, ended) = sync_channel(1);
        std::thread::Builder::new().name(format!("owt-log-{pid}")).spawn(move || {
            if let Err(error) = listen(pid, &log, &output, &keeping) {
                tracing::error!(%error, pid, "a worker's log cannot be read");
            }
            // Nobody may wait for it.
            let _ = end.send(());
        })?;
        Ok(Self { last, ended })
    }

    /// The last output of a worker that has ended.
    pub fn last(&self) -> LastLines {
        // Over already, over soon, or never: what is there by then is what there is.
        let _ = self.ended.recv_timeout(PATIENCE);
        self.last.lock().clone()
    }
}

fn listen(pid: u32, log: &OwnedFd, output: &OwnedFd, last: &Mutex<LastLines>) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    let (mut frames, mut line) = (Vec::new(), Vec::new());
    let (mut log, mut output) = (Some(log), Some(output));
    while log.is_some() || output.is_some() {
        let fds = [log, output].map(|fd| fd.map(AsFd::as_fd));
        let mut polled: Vec<_> =
            fds.iter().flatten().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
        match rustix::event::poll(&mut polled, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = polled.iter().map(|fd| !fd.revents().is_empty()).collect::<VecDeque<_>>();
        let is_ready = |fd: &Option<&OwnedFd>, ready: &mut VecDeque<bool>| {
            fd.is_some() && ready.pop_front().unwrap_or(false)
        };
        if is_ready(&log, &mut ready)
            && let Some(fd) = log
        {
            match rustix::io::read(fd, &mut buffer)? {
                0 => log = None,
                length => {
                    frames.extend_from_slice(buffer.get(..length).unwrap_or_default());
                    pass_on(pid, &mut frames, last);
                }
            }
        }
        if is_ready(&output, &mut ready)
            && let Some(fd) = output
        {
            match rustix::io::read(fd, &mut buffer)? {
                0 => output = None,
                length => {
                    for byte in buffer.get(..length).unwrap_or_default() {
                        if *byte == b'\n' || line.len() >= LONGEST {
                            keep(pid, &mut line, last);
                        }
                        if *byte != b'\n' {
                            line.push(*byte);
                        }
                    }
                }
            }
        }
    }
    if !line.is_empty() {
        keep(pid, &mut line, last);
    }
    Ok(())
}

fn keep(pid: u32, line: &mut Vec<u8>, last: &Mutex<LastLines>) {
    let text = String::from_utf8_lossy(line).into_owned();
    line.clear();
    let line = Line { at: Instant::now(), id: "".into(), text: text.as_str().into() };
    last.lock().push(line);
    tracing::warn!(target: "adaptor", logger = "process", pid, "{text}");
}

/// As much of a line as is kept.
fn beginning(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn pass_on(pid: u32, frames: &mut Vec<u8>, last: &Mutex<LastLines>) {
    let mut start = 0;
    while let Some((one, length)) = frames.get(start..).and_then(frame::first) {
        start += length;
        match frame::read(one) {
            Ok((Message::Line(line), _)) => {
                let (id, text) = (line.id.into(), beginning(line.text).into());
                last.lock().push(Line { at: Instant::now(), id, text });
                log(&line);
            }
            Ok((Message::Own { level, text }, _)) => match level {
                40.. => tracing::error!(pid, "{text}"),
                30.. => tracing::warn!(pid, "{text}"),
                20.. => tracing::info!(pid, "{text}"),
                _ => tracing::debug!(pid, "{text}"),
            },
            // An adaptor wrote into the worker's descriptors; the rest may be readable again.
            Err(error) => tracing::warn!(%error, pid, "a line of a worker's log is garbled"),
        }
    }
    frames.drain(..start.min(frames.len()));
    if frames.len() > (1 << 20) {
        tracing::warn!(pid, "a worker's log is garbled");
        frames.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_what_its_call_wrote_and_nobodys_words_when_it_was_alone() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut last = LastLines::default();
        for (seconds, id, text) in [
            (0, "", "of somebody before"),
            (1, "a", "of an earlier a"),
            (2, "a", "of a"),
            (3, "b", "of b"),
            (4, "", "native"),
            (5, "a", "of a again"),
        ] {
            last.push(Line { at: at(seconds), id: id.into(), text: text.into() });
        }
        assert_eq!(last.of_call(Some(("a", at(2))), None), ["of a", "of a again"]);
        assert_eq!(last.of_call(Some(("b", at(0))), None), ["of b"]);
        assert_eq!(last.of_call(Some(("a", at(2))), Some(at(2))), ["of a", "native", "of a again"]);
        assert_eq!(last.of_call(None, Some(at(5))), [""; 0]);
        assert_eq!(last.of_process(), ["of somebody before", "native"]);
    }

    #[test]
    fn the_beginning_of_a_crash_is_kept_and_the_end_of_all_else() {
        let mut last = LastLines::default();
        let mut say = |id: &str, text: &str| {
            last.push(Line { at: Instant::now(), id: id.into(), text: text.into() });
        };
        for number in 0..2 * CALLS {
            say("a", &number.to_string());
            say("", &number.to_string());
        }
        say("", REPORTS[0]);
        say("", "  what():  no such tensor");
        say("", REPORTS[3]);
        for _ in 0..2 * LINES {
            say("", "frame");
        }
        let output = last.of_process();
        let report = [REPORTS[0], "  what():  no such tensor", REPORTS[3], "frame"];
        assert_eq!((output.len(), &output[..4]), (LINES, &report[..]));
        let first = last.calls.front().unwrap().at;
        let of_call = last.of_call(Some(("a", first)), None);
        assert_eq!((of_call.len(), of_call[LINES - 1]), (LINES, "199"));
    }

    #[test]
    fn a_childs_crash_is_not_told_in_the_place_of_the_workers() {
        let (start, mut last) = (Instant::now(), LastLines::default());
        let mut say = |seconds, text: &str| {
            let at = start + Duration::from_secs(seconds);
            last.push(Line { at, id: "".into(), text: text.into() });
        };
        for second in [0, 60] {
            say(second, REPORTS[0]);
            say(second, &format!("of second {second}"));
            (0..2 * LINES).for_each(|_| say(second, "frame"));
        }
        assert_eq!(last.of_process()[..2], [REPORTS[0], "of second 60"]);
    }
}
