//! The server's side of one worker process: its calls, and what is said to it.

mod answers;
mod asking;
mod calls;
mod orphans;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use bytesize::ByteSize;
use owt_core::{Call, CodeId, Problem, ProblemKind};
use owt_engine::link::frame::{self, CallFrame, FromWorker, ToWorker};
use owt_engine::link::{Claims, Outbox, Slimmed, Taking};
use owt_engine::{Context, Event, Note, Sender, Task, Upstream, channel, soon};
use parking_lot::Mutex;

use self::asking::Asked;
pub use self::calls::Count;
use self::calls::{CallTable, Entered, Entry};
pub use self::orphans::Orphan;
use super::budget::Budget;
use super::mark::Mark;
use super::memory::{MemoryWatch, Verdict};
use super::placement::Load;
use super::runaway::{Left, Runaway};

/// One process.
#[derive(Debug)]
pub struct Worker {
    pub pid: u32,
    pub mark: Mark,
    outbox: Arc<Outbox>,
    files: Taking,
    budget: Arc<Budget>,
    calls: Mutex<CallTable>,
    memory: Mutex<MemoryWatch>,
    asked: Mutex<Asked>,
    /// Calls that have ended.
    served: AtomicU64,
    is_stuck: AtomicBool,
    /// The process is gone, or is not to have new calls. Set under the lock of `calls`.
    is_closed: AtomicBool,
    me: Weak<Self>,
}

/// What a worker said, for others to act upon.
#[derive(Debug)]
pub enum Heard {
    /// Nothing of that.
    Nothing,
    /// A call of that adaptor has ended.
    Ended(CodeId),
    /// This call wants a fresh worker; without one this is its answer.
    Outgrown(Box<Task>, Box<Problem>),
}

impl Worker {
    pub fn new(
        pid: u32,
        mark: Mark,
        outbox: Arc<Outbox>,
        claims: Claims,
        files: Taking,
        budget: Arc<Budget>,
        most_adaptors: usize,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            pid,
            mark,
            outbox,
            files,
            budget,
            calls: Mutex::new(CallTable::new(claims, most_adaptors)),
            memory: Mutex::default(),
            asked: Mutex::default(),
            served: AtomicU64::new(0),
            is_stuck: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            me: Weak::clone(me),
        })
    }

    /// What placement needs to know.
    pub fn load(&self, adaptor: CodeId) -> Load {
        let is_stuck = self.is_stuck.load(Ordering::Relaxed);
        Load { is_stuck, ..self.calls.lock().load(adaptor) }
    }

    /// Calls that it has.
    pub fn calls(&self) -> usize {
        self.calls.lock().len()
    }

    /// Calls that it has and that are not answered.
    pub fn unanswered(&self) -> usize {
        self.calls.lock().unanswered()
    }

    /// Calls that have ended here.
    pub fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    pub fn count(&self) -> Count {
        self.calls.lock().count()
    }

    /// Sends it a call.
    ///
    /// # Errors
    /// Gives it back when the worker takes no more.
    pub fn put(&self, task: Task) -> Result<(), Box<Task>> {
        let Task { call, context, events } = task;
        let given = Arc::new((call, context));
        let entered = {
            let mut calls = self.calls.lock();
            match self.me.upgrade().filter(|_| self.is_open()) {
                Some(me) => calls.enter(&given, events, me),
                None => Entered::Full(events),
            }
        };
        let number = match entered {
            Entered::As(number) => number,
            Entered::Gone => return Ok(()),
            Entered::Full(events) => return Err(Box::new(rebuilt(given, events))),
        };
        let (call, context) = &*given;
        let (first, rest) = frame::pieces(&context.body);
        self.outbox.push(&ToWorker::Call(CallFrame::new(number, call, context)), &first);
        self.outbox.push_pieces(&ToWorker::Body { number }, rest);
        soon(&self.outbox);
        Ok(())
    }

    /// Takes what the process says of a call.
    ///
    /// # Errors
    /// When it is nothing that a worker says.
    pub fn hear(&self, message: FromWorker<'_>, payload: &[u8]) -> io::Result<Heard> {
        match message {
            FromWorker::Ready | FromWorker::Failed(_) => {}
            FromWorker::Answer { number, head, length } if payload.len() == length => {
                self.give(number, Event::Answer(head, Bytes::copy_from_slice(payload)));
            }
            FromWorker::Answer { number, head, length } => {
                self.begin_answer(number, head, length, payload)?;
            }
            FromWorker::Rest { number } => self.go_on_with_answer(number, payload),
            FromWorker::File { number, head } => {
                self.give_file(number, head, payload)?;
            }
            FromWorker::Head { number, head } => self.give(number, Event::Head(head)),
            FromWorker::Chunk { number } => {
                self.give(number, Event::Chunk(Bytes::copy_from_slice(payload)));
            }
            FromWorker::End { number } => self.give(number, Event::End),
            FromWorker::Problem { number } => {
                self.give(number, Event::Problem(Box::new(problem(payload))));
            }
            FromWorker::Outgrown { number } => return Ok(self.outgrown(number, problem(payload))),
            FromWorker::Note { number, note } => self.note(number, note),
            FromWorker::Done { number } => {
                return Ok(self.done(number).map_or(Heard::Nothing, Heard::Ended));
            }
            FromWorker::Unloaded { codes } => {
                let mut calls = self.calls.lock();
                for code in codes {
                    calls.unloaded(CodeId::from_bytes(code));
                }
            }
            FromWorker::Slimmed { unloaded, bytes } => self.slimmed(Slimmed { unloaded, bytes }),
            FromWorker::Adaptors { loaded } => self.asked.lock().answer(&loaded),
        }
        Ok(Heard::Nothing)
    }

    /// Takes a call out that this process cannot run.
    fn outgrown(&self, number: u32, problem: Problem) -> Heard {
        let mut calls = self.calls.lock();
        let Some(entry) = calls.get(number).filter(|entry| entry.left.is_none()) else {
            return Heard::Nothing;
        };
        // What still comes of it here is nobody's.
        let (nobodys, _) = channel();
        let events = std::mem::replace(&mut entry.events, nobodys);
        entry.left = Some(Left::new(true));
        let (call, context) = (*entry.given).clone();
        Heard::Outgrown(Box::new(Task { call, context, events }), Box::new(problem))
    }

    /// It holds so many bytes, of so many that it may: asks it to hold less, perhaps. False when
    /// it is to be ended.
    pub fn may_hold(&self, bytes: u64, most: u64) -> bool {
        let verdict = self.memory.lock().look(bytes, most, Instant::now());
        if verdict == Verdict::Ask {
            // Less than it may hold: the next adaptor shall have budget.
            self.outbox.push_urgent(&ToWorker::Slim { most: most - most / 10 });
            self.outbox.flush();
        }
        verdict != Verdict::End
    }

    fn slimmed(&self, slimmed: Slimmed) {
        let before = self.memory.lock().answered(slimmed, Instant::now());
        let Some(before) = before else { return };
        let [before, bytes] = [before, slimmed.bytes].map(|bytes| ByteSize(bytes).display().si());
        tracing::warn!(
            "the worker (process {}) held {before} of memory, more than it may (--max-memory); it \
             unloaded {} idle adaptors and holds {bytes}",
            self.pid,
            slimmed.unloaded,
        );
    }

    fn with(&self, number: u32, hand: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.calls.lock().get(number) {
            hand(entry);
        }
    }

    fn give(&self, number: u32, event: Event) {
        self.with(number, |entry| entry.events.send(event));
    }

    fn note(&self, number: u32, note: Note) {
        self.with(number, |entry| match (note, &mut entry.left) {
            (Note::GoesOn { standing, has_lane }, Some(left)) => left.goes_on(standing, has_lane),
            _ => {
                entry.loads(note == Note::Loading);
                entry.events.note(note);
            }
        });
    }

    fn done(&self, number: u32) -> Option<CodeId> {
        let adaptor = self.calls.lock().done(number)?;
        self.served.fetch_add(1, Ordering::Relaxed);
        Some(adaptor)
    }

    /// Takes calls that came before that moment and have not begun away from it, so that others
    /// can have them.
    pub fn take_back(&self, before: Instant) -> Vec<Task> {
        self.calls.lock().take_back(before)
    }

    /// Notes whether calls wait that should have begun, and lets go of what is only kept for
    /// calls that have not.
    pub fn look(&self) -> bool {
        let is_stuck = self.calls.lock().look();
        self.is_stuck.store(is_stuck, Ordering::Relaxed);
        is_stuck
    }

    /// Whether calls that nobody waits for keep it from the others; and whether calls that
    /// somebody waits for run in it.
    pub fn runaway(&self, threads: usize) -> (Option<Runaway>, bool) {
        self.calls.lock().runaway(threads)
    }

    /// True while calls run whose end is worth waiting for.
    pub fn is_running(&self) -> bool {
        self.calls.lock().is_running()
    }

    /// No new calls from now on.
    pub fn close(&self) {
        let _calls = self.calls.lock();
        self.is_closed.store(true, Ordering::Release);
    }

    /// True while it takes new calls.
    pub fn is_open(&self) -> bool {
        !self.is_closed.load(Ordering::Acquire)
    }

    /// Asks it to end what runs, and to end.
    /// What is left to do then may take that long.
    pub fn ask_to_stop(&self, patience: Duration) {
        self.outbox.push_urgent(&ToWorker::Stop { patience });
        self.outbox.flush();
    }
}

/// The problem that a worker gives.
fn problem(json: &[u8]) -> Problem {
    serde_json::from_slice(json).unwrap_or_else(|error| {
        Problem::new(
            ProblemKind::Internal,
            format!("the worker gave a problem that cannot be read: {error}"),
        )
    })
}

fn rebuilt(given: Arc<(Call, Context)>, events: Sender) -> Task {
    let (call, context) = Arc::unwrap_or_clone(given);
    Task { call, context, events }
}

impl Upstream for Worker {
    fn credit(&self, number: u32, bytes: usize) {
        self.outbox.push_urgent(&ToWorker::Credit { number, bytes });
        self.outbox.flush();
    }

    fn cancel(&self, number: u32, overdue: bool) {
        let has_begun = self.calls.lock().leave(number, Left::new(overdue));
        if !has_begun {
            return;
        }
        // It has begun, so the worker has heard of it: this cannot come before the call.
        self.outbox.push_urgent(&ToWorker::Cancel { number });
        self.outbox.flush();
    }
}
