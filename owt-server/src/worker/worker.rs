//! The server's side of one worker process: its calls, and what is said to it.

mod answers;
mod asking;
mod burial;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use bytesize::ByteSize;
use lru::LruCache;
use owt_core::{Call, CodeId, Problem, ProblemKind};
use owt_engine::{Context, Event, Note, Sender, Task, Upstream, channel, soon};
use parking_lot::Mutex;
use slab::Slab;

use self::answers::Coming;
use self::asking::Asked;
use super::answers::Room;
use super::deaf::{Deaf, Kept, Left};
use super::mark::Mark;
use super::placement::Load;
use super::swelling::{Swelling, Verdict};
use owt_engine::link::Claims;
use owt_engine::link::Outbox;
use owt_engine::link::Slimmed;
use owt_engine::link::Taking;
use owt_engine::link::frame::{self, CallFrame, FromWorker, ToWorker};

/// A call that has not begun for this long, where it should have, makes its worker a stuck one.
const STUCK: Duration = Duration::from_millis(50);

/// How long it may take until a worker has told of a call that it loads.
const TOLD: Duration = Duration::from_secs(1);

pub use self::burial::Orphan;

/// One process.
#[derive(Debug)]
pub struct Worker {
    pub pid: u32,
    pub mark: Mark,
    outbox: Arc<Outbox>,
    claims: Claims,
    files: Taking,
    room: Arc<Room>,
    book: Mutex<Book>,
    swelling: Mutex<Swelling>,
    asked: Mutex<Asked>,
    /// Calls that have ended.
    served: AtomicU64,
    is_stuck: AtomicBool,
    /// The process is gone, or is not to have new calls. Set under the book's lock.
    is_closed: AtomicBool,
    me: Weak<Self>,
}

#[derive(Debug)]
struct Book {
    calls: Slab<Entry>,
    warm: LruCache<CodeId, ()>,
    /// How long calls took lately, from submission to end.
    latency: Duration,
    /// When a call last ended, or the first of those that are here came.
    progress: Instant,
}

#[derive(Debug)]
struct Entry {
    /// As it was given, for another worker if this one dies before the call has begun.
    given: Arc<(Call, Context)>,
    events: Sender,
    since: Instant,
    answer: Option<Coming>,
    left: Option<Left>,
    /// Its module body runs, or waits to.
    is_loading: bool,
    /// Since when it could begin if a thread were free, or waits for its load.
    waits_since: Instant,
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
        room: Arc<Room>,
        most_adaptors: usize,
    ) -> Arc<Self> {
        let most = most_adaptors.try_into().unwrap_or(std::num::NonZeroUsize::MIN);
        Arc::new_cyclic(|me| Self {
            pid,
            mark,
            outbox,
            claims,
            files,
            room,
            book: Mutex::new(Book {
                calls: Slab::new(),
                warm: LruCache::new(most),
                latency: Duration::ZERO,
                progress: Instant::now(),
            }),
            swelling: Mutex::default(),
            asked: Mutex::default(),
            served: AtomicU64::new(0),
            is_stuck: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            me: Weak::clone(me),
        })
    }

    /// What placement needs to know.
    pub fn load(&self, adaptor: CodeId) -> Load {
        let book = self.book.lock();
        let calls = book.calls.len();
        let latency = match calls {
            0 => Duration::ZERO,
            _ => book.latency.max(book.progress.elapsed()),
        };
        Load {
            is_warm: book.warm.contains(&adaptor),
            calls,
            latency,
            adaptors: book.warm.len(),
            is_stuck: self.is_stuck.load(Ordering::Relaxed),
        }
    }

    /// Calls that it has.
    pub fn calls(&self) -> usize {
        self.book.lock().calls.len()
    }

    /// Calls that it has and that are not answered: one whose deadline has passed is, though it
    /// may go on, and one that was taken back is another's to answer.
    pub fn unanswered(&self) -> usize {
        let is_answered = |number: usize, entry: &Entry| {
            entry.left.is_some_and(|left| left.is_overdue())
                || self.claims.is_withdrawn(number as u32)
        };
        let book = self.book.lock();
        book.calls.iter().filter(|(number, entry)| !is_answered(*number, entry)).count()
    }

    /// Calls that have ended here.
    pub fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    /// Calls that wait, calls that run, and adaptors that are warm.
    pub fn count(&self) -> (usize, usize, usize) {
        let book = self.book.lock();
        let begun =
            book.calls.iter().filter(|(number, _)| self.claims.has_begun(*number as u32)).count();
        let withdrawn = book
            .calls
            .iter()
            .filter(|(number, _)| self.claims.is_withdrawn(*number as u32))
            .count();
        (book.calls.len() - begun - withdrawn, begun, book.warm.len())
    }

    /// Sends it a call.
    ///
    /// # Errors
    /// Gives it back when the worker takes no more.
    pub fn put(&self, task: Task) -> Result<(), Box<Task>> {
        let Task { call, context, events } = task;
        let adaptor = call.code.id();
        let given = Arc::new((call, context));
        let number = {
            let mut book = self.book.lock();
            let number = book.calls.vacant_key();
            if !self.is_open() || number >= self.claims.most() {
                drop(book);
                return Err(Box::new(rebuilt(given, events)));
            }
            let number = number as u32;
            let Some(me) = self.me.upgrade() else {
                drop(book);
                return Err(Box::new(rebuilt(given, events)));
            };
            self.claims.reset(number);
            if events.follow(me, number) {
                // The client has gone; nothing has run.
                return Ok(());
            }
            let now = Instant::now();
            if book.calls.is_empty() {
                book.progress = now;
            }
            book.warm.put(adaptor, ());
            let given = Arc::clone(&given);
            book.calls.insert(Entry {
                given,
                events,
                since: now,
                answer: None,
                left: None,
                is_loading: false,
                waits_since: now,
            });
            number
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
                let mut book = self.book.lock();
                for code in codes {
                    book.warm.pop(&CodeId::from_bytes(code));
                }
            }
            FromWorker::Slimmed { unloaded, bytes } => self.slimmed(Slimmed { unloaded, bytes }),
            FromWorker::Adaptors { loaded } => self.asked.lock().answer(&loaded),
        }
        Ok(Heard::Nothing)
    }

    /// Takes a call out that this process cannot run.
    fn outgrown(&self, number: u32, problem: Problem) -> Heard {
        let mut book = self.book.lock();
        let Some(entry) = book.calls.get_mut(number as usize) else { return Heard::Nothing };
        if self.claims.is_withdrawn(number) || entry.left.is_some() {
            return Heard::Nothing;
        }
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
        let verdict = self.swelling.lock().look(bytes, most, Instant::now());
        if verdict == Verdict::Ask {
            // Less than it may hold: the next adaptor shall have room.
            self.outbox.push_urgent(&ToWorker::Slim { most: most - most / 10 });
            self.outbox.flush();
        }
        verdict != Verdict::End
    }

    fn slimmed(&self, slimmed: Slimmed) {
        let before = self.swelling.lock().answered(slimmed, Instant::now());
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
        if let Some(entry) = self.book.lock().calls.get_mut(number as usize)
            // What was taken back is another's to answer: a worker that stops refuses it too.
            && !self.claims.is_withdrawn(number)
        {
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
                let loads = note == Note::Loading;
                if entry.is_loading && !loads {
                    entry.waits_since = Instant::now();
                }
                entry.is_loading = loads;
                entry.events.note(note);
            }
        });
    }

    fn done(&self, number: u32) -> Option<CodeId> {
        let entry = {
            let mut book = self.book.lock();
            let entry = book.calls.try_remove(number as usize)?;
            let took = entry.since.elapsed();
            book.latency = (book.latency * 7 + took) / 8;
            book.progress = Instant::now();
            entry
        };
        self.served.fetch_add(1, Ordering::Relaxed);
        Some(entry.given.0.code.id())
    }

    /// Takes calls that came before that moment and have not begun away from it, so that others
    /// can have them.
    pub fn take_back(&self, before: Instant) -> Vec<Task> {
        let mut book = self.book.lock();
        let mut taken = Vec::new();
        for (number, entry) in &mut book.calls {
            let due = entry.left.is_none()
                && entry.since <= before
                && !self.claims.is_withdrawn(number as u32);
            if due && self.claims.withdraw(number as u32) {
                let (call, context) = &*entry.given;
                taken.push(Task {
                    call: call.clone(),
                    context: context.clone(),
                    events: entry.events.clone(),
                });
            }
        }
        taken
    }

    /// Notes whether calls wait that should have begun, and lets go of what is only kept for
    /// calls that have not.
    pub fn look(&self) -> bool {
        let mut book = self.book.lock();
        let mut is_stuck = false;
        for (number, entry) in &mut book.calls {
            let number = number as u32;
            if self.claims.has_begun(number) {
                // One that loads may need another worker; whether it does is told at once.
                let runs = !entry.is_loading && entry.since.elapsed() > TOLD;
                if runs && !entry.given.1.body.is_empty() {
                    let (call, context) = &*entry.given;
                    let context = Context { body: Bytes::new(), ..context.clone() };
                    entry.given = Arc::new((call.clone(), context));
                }
            } else if !self.claims.is_withdrawn(number) {
                is_stuck |= entry.since.elapsed() > STUCK;
            }
        }
        self.is_stuck.store(is_stuck, Ordering::Relaxed);
        is_stuck
    }

    /// Whether calls that nobody waits for keep it from the others; and whether calls that
    /// somebody waits for run in it.
    pub fn deaf(&self, threads: usize) -> (Option<Deaf>, bool) {
        let book = self.book.lock();
        let (mut harmful, mut kept, mut has_neighbours) = (None, Vec::new(), false);
        let (mut keeps_the_turn, mut lanes) = (false, Vec::new());
        // For a thread, and for the turn to load or the end of a load.
        let (mut waits, mut waits_to_load) = (Duration::ZERO, Duration::ZERO);
        for (number, entry) in &book.calls {
            match (self.claims.has_begun(number as u32), entry.left) {
                (true, None) => has_neighbours = true,
                (true, Some(left)) if left.is_harmful() => harmful = harmful.or(Some(left.deaf())),
                (true, Some(left)) => {
                    let Some(thread) = left.keeps_a_thread() else { continue };
                    keeps_the_turn |= thread == Kept::Lost && entry.is_loading;
                    if left.has_lane() {
                        lanes.push((entry.given.0.code.id(), thread));
                    }
                    kept.push(thread);
                }
                (false, None) if entry.is_loading => {
                    waits_to_load = waits_to_load.max(entry.waits_since.elapsed());
                }
                (false, None) => waits = waits.max(entry.waits_since.elapsed()),
                (false, Some(_)) => {}
            }
        }
        // Others take the place of threads that are kept, up to the half of all. That calls wait
        // longer, or loads take their time, says nothing of threads.
        let lost = kept.iter().filter(|kept| **kept == Kept::Lost).count();
        let is_short = 2 * lost > threads
            || 2 * kept.len() > threads && waits > Kept::Loading.patience()
            || keeps_the_turn && waits_to_load > Kept::Loading.patience()
            || lanes.iter().any(|(code, kept)| self.waits_for(&book, *code) > kept.patience());
        (harmful.or(is_short.then_some(Deaf::KeepsThreads)), has_neighbours)
    }

    /// How long calls of that code wait for its one thread.
    fn waits_for(&self, book: &Book, code: CodeId) -> Duration {
        let waits = book.calls.iter().filter(|(number, entry)| {
            let has_begun = self.claims.has_begun(*number as u32);
            entry.given.0.code.id() == code && entry.left.is_none() && !has_begun
        });
        waits.map(|(_, entry)| entry.waits_since.elapsed()).max().unwrap_or_default()
    }

    /// True while calls run whose end is worth waiting for.
    pub fn is_running(&self) -> bool {
        let book = self.book.lock();
        let may_end = |entry: &Entry| entry.left.and_then(Left::keeps_a_thread).is_none();
        let mut calls = book.calls.iter();
        calls.any(|(number, entry)| may_end(entry) && self.claims.has_begun(number as u32))
    }

    /// No new calls from now on.
    pub fn close(&self) {
        let _book = self.book.lock();
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
        Problem::new(ProblemKind::Internal, format!("a problem that is none: {error}"))
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
        {
            let mut book = self.book.lock();
            let Some(entry) = book.calls.get_mut(number as usize) else { return };
            entry.left = Some(Left::new(overdue));
            if self.claims.withdraw(number) {
                return;
            }
        }
        // It has begun, so the worker has heard of it: this cannot come before the call.
        self.outbox.push_urgent(&ToWorker::Cancel { number });
        self.outbox.flush();
    }
}
