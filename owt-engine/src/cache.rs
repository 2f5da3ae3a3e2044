//! Keeps results for `use_cache`: recorded once, replayed chunk for chunk, and shared with calls of
//! the same key that arrive while the first one runs.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use owt_core::{Call, CodeId, DEFAULT_FN_NAME};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use super::channel::Events;
use super::event::{Event, Head};
use super::opened::Opened;

/// What tells two results apart (§6 of `docs/wire.md`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// Whose result it is; nobody's, if whoever asks for the rest may have it.
    user: Option<Arc<str>>,
    /// What form it was wished for in.
    form: Option<Fingerprint>,
    result: Which,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Which {
    Override(String),
    Of {
        path: Box<str>,
        code: CodeId,
        fn_name: Option<Arc<str>>,
        kwargs: Option<Arc<str>>,
        own: Option<Fingerprint>,
    },
}

/// A digest (SHA-256) of what is in a key and may be long: what an adaptor is sent beside its call
/// (its query and its body), what form its result is wished for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of these parts; `None` when all of them are empty.
    pub fn of<const N: usize>(parts: [&[u8]; N]) -> Option<Self> {
        if parts.iter().all(|part| part.is_empty()) {
            return None;
        }
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        Some(Self(digest.finalize().into()))
    }
}

/// What the cache asks of a call's request. Whatever else an adaptor can ask about it
/// ([`Context`](crate::Context)) is made only for a call that runs.
#[derive(Clone, Copy, Debug)]
pub struct CacheInput<'a> {
    /// As it came, percent-encoded, beginning with `/`.
    pub path: &'a str,
    /// Who sent it, by name.
    pub user: Option<&'a Arc<str>>,
    /// What the adaptor is sent beside the call; told only of a call with `use_cache`.
    pub own: Option<Fingerprint>,
    /// What form the result is wished for in; `None` for whatever is natural, or of a call without
    /// `use_cache`.
    pub form: Option<Fingerprint>,
    /// How old a kept result may be.
    pub max_age: Option<Duration>,
}

impl CacheKey {
    pub fn of(call: &Call, input: CacheInput<'_>) -> Self {
        let user = input.user.filter(|_| !call.cache_shared).cloned();
        let result = match &call.cache_key_override {
            Some(key) => Which::Override(key.clone()),
            None => Which::Of {
                path: input.path.into(),
                code: call.code.id(),
                fn_name: call.fn_name.clone().filter(|name| **name != *DEFAULT_FN_NAME),
                kwargs: call.kwargs.clone().filter(|_| call.cache_kwargs),
                own: input.own,
            },
        };
        Self { user, form: input.form, result }
    }
}

/// What the cache did for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheOutcome {
    /// Its result was kept.
    Hit,
    /// It was not, and the call ran.
    Miss,
    /// Another call of the same key was running; this one follows it.
    Joined,
}

impl CacheOutcome {
    /// Every outcome, in the order of their declaration.
    pub const ALL: &[Self] = &[Self::Hit, Self::Miss, Self::Joined];

    /// One word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Joined => "collapsed",
        }
    }

    /// What it came to with this answer: one that is meant for its own client was not followed.
    #[must_use]
    pub fn with(self, head: Option<&Head>) -> Self {
        match self {
            Self::Joined if head.is_some_and(Head::is_private) => Self::Miss,
            outcome => outcome,
        }
    }

    /// The value of `Cache-Status` (RFC 9211); `kept` when the answer is one to keep.
    pub fn status(self, kept: bool) -> &'static str {
        match self {
            Self::Hit => "owt; hit",
            Self::Miss if kept => "owt; fwd=miss; stored",
            Self::Miss => "owt; fwd=miss",
            Self::Joined => "owt; fwd=miss; collapsed",
        }
    }
}

#[derive(Debug)]
pub(super) enum Lookup {
    Hit(Reader),
    Join(Reader),
    Miss(Reader, Recorder),
}

#[derive(Debug)]
pub(super) struct Cache(Arc<Shelves>);

#[derive(Debug)]
struct Shelves {
    kept: moka::sync::Cache<CacheKey, Arc<Recording>>,
    running: Mutex<HashMap<CacheKey, Arc<Recording>>>,
    /// Bytes of all recordings under way.
    recording: AtomicUsize,
    /// The bound of either shelf in bytes. A result that does not fit is passed on, not kept.
    capacity: usize,
}

impl Cache {
    pub fn new(bytes: u64) -> Self {
        let kept = moka::sync::Cache::builder()
            .max_capacity(bytes)
            // What is new is kept: people expect the call that they just made to be a hit.
            .eviction_policy(moka::policy::EvictionPolicy::lru())
            .weigher(|_: &CacheKey, recording: &Arc<Recording>| {
                u32::try_from(recording.tape.lock().bytes).unwrap_or(u32::MAX)
            })
            .build();
        Self(Arc::new(Shelves {
            kept,
            running: Mutex::default(),
            recording: AtomicUsize::new(0),
            capacity: usize::try_from(bytes).unwrap_or(usize::MAX),
        }))
    }

    /// Bytes that are kept.
    pub fn bytes(&self) -> u64 {
        self.0.kept.weighted_size()
    }

    /// Finds a result that is at most so old, or says who is to make one.
    pub fn lookup(&self, key: &CacheKey, max_age: Option<Duration>) -> Lookup {
        // Both shelves under one lock: a recording moves from one to the other under
        // it too, so that no call finds neither and runs again.
        let mut running = self.0.running.lock();
        if let Some(recording) = self.0.kept.get(key) {
            if recording.still_holds(max_age) {
                return Lookup::Hit(Reader::new(recording));
            }
            self.0.kept.invalidate(key);
        }
        if let Some(recording) = running.get(key) {
            return Lookup::Join(Reader::new(Arc::clone(recording)));
        }
        let recording = Arc::new(Recording::new());
        running.insert(key.clone(), Arc::clone(&recording));
        let recorder = Recorder {
            shelves: Arc::clone(&self.0),
            key: key.clone(),
            recording: Arc::clone(&recording),
        };
        Lookup::Miss(Reader::new(recording), recorder)
    }
}

/// The events of one run, in order.
#[derive(Debug)]
struct Recording {
    /// When the run began.
    since: Instant,
    tape: Mutex<Tape>,
    /// The file that is the answer, if it is one.
    file: OnceLock<Opened>,
    /// Where it came from, once it has ended: who gave a large answer counts it as long as it is
    /// here, or with somebody who reads it.
    source: OnceLock<Events>,
    /// Something was recorded, or a reader moved on or left.
    changed: Notify,
}

impl Recording {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            tape: Mutex::default(),
            file: OnceLock::new(),
            source: OnceLock::new(),
            changed: Notify::new(),
        }
    }

    /// False when it began longer ago than that, or the answer was a file that is another one now.
    fn still_holds(&self, max_age: Option<Duration>) -> bool {
        max_age.is_none_or(|most| self.since.elapsed() <= most)
            && self.file.get().is_none_or(Opened::is_there)
    }
}

#[derive(Debug, Default)]
struct Tape {
    events: VecDeque<Event>,
    /// How many events were dropped before the first: only of a tape too long to keep.
    dropped: usize,
    bytes: usize,
    /// Where each reader is, by its number.
    readers: HashMap<u64, usize>,
    next_reader: u64,
}

impl Tape {
    /// Forgets what every reader has passed.
    fn trim(&mut self) {
        let slowest = self.readers.values().copied().min().unwrap_or(usize::MAX);
        while self.dropped < slowest {
            let Some(event) = self.events.pop_front() else { break };
            self.bytes -= event.weight();
            self.dropped += 1;
        }
    }
}

/// Plays a recording from its beginning, at its own pace.
#[derive(Debug)]
pub(super) struct Reader {
    recording: Arc<Recording>,
    number: u64,
}

impl Reader {
    fn new(recording: Arc<Recording>) -> Self {
        let number = {
            let mut tape = recording.tape.lock();
            let number = tape.next_reader;
            tape.next_reader += 1;
            tape.readers.insert(number, 0);
            number
        };
        Self { recording, number }
    }

    pub async fn next(&mut self) -> Event {
        let recording = Arc::clone(&self.recording);
        loop {
            let changed = recording.changed.notified();
            if let Some(event) = self.ready() {
                return event;
            }
            changed.await;
        }
    }

    pub fn ready(&mut self) -> Option<Event> {
        let event = {
            let mut tape = self.recording.tape.lock();
            let at = *tape.readers.get(&self.number)?;
            let event = tape.events.get(at.checked_sub(tape.dropped)?)?.clone();
            tape.readers.insert(self.number, at + 1);
            event
        };
        self.recording.changed.notify_waiters();
        Some(event)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.recording.tape.lock().readers.remove(&self.number);
        self.recording.changed.notify_waiters();
    }
}

/// Fills a recording from a run.
#[derive(Debug)]
pub(super) struct Recorder {
    shelves: Arc<Shelves>,
    key: CacheKey,
    recording: Arc<Recording>,
}

impl Recorder {
    /// Records until the run ends, or until nobody reads it any more: then the run's
    /// events are dropped, which cancels it.
    pub async fn record(self, mut events: Events) {
        let mut succeeded = false;
        // It is too long to keep, or meant for one client.
        let mut passing = false;
        let mut recorded = 0;
        while let Some(mut event) = tokio::select! {
            event = events.next() => event,
            () = self.deserted() => None,
        } {
            if let Event::File(head, file) = event {
                event = Event::File(head, file.closed());
            }
            match &event {
                Event::Answer(head, _) | Event::Head(head) => succeeded = head.is_kept(),
                Event::File(head, file) => {
                    succeeded = head.is_kept();
                    self.recording.file.get_or_init(|| file.clone());
                }
                Event::Problem(_) => succeeded = false,
                Event::Chunk(_) | Event::End => {}
            }
            passing |= event.is_private();
            if !passing {
                recorded += event.weight();
                let all = self.shelves.recording.fetch_add(event.weight(), Ordering::Relaxed);
                passing = all + event.weight() > self.shelves.capacity;
            }
            let is_last = event.is_last();
            if is_last {
                // Before anybody knows of the end: who calls again then finds it on its shelf.
                let mut running = self.shelves.running.lock();
                self.put(event);
                if succeeded && !passing {
                    self.shelves.kept.insert(self.key.clone(), Arc::clone(&self.recording));
                    // The bound holds now, not when the library next tidies up.
                    self.shelves.kept.run_pending_tasks();
                }
                self.take_off(&mut running);
            } else {
                self.put(event);
            }
            self.recording.changed.notify_waiters();
            if is_last {
                // There is none yet.
                let _ = self.recording.source.set(events);
                break;
            }
            if passing {
                // No newcomer can have the whole any more; let later calls run anew.
                self.take_off(&mut self.shelves.running.lock());
                self.keep_pace().await;
            }
        }
        self.shelves.recording.fetch_sub(recorded, Ordering::Relaxed);
        self.take_off(&mut self.shelves.running.lock());
    }

    fn put(&self, event: Event) {
        let mut tape = self.recording.tape.lock();
        tape.bytes += event.weight();
        tape.events.push_back(event);
    }

    /// Takes the recording off the shelf where newcomers find it, if it still stands there.
    fn take_off(&self, running: &mut HashMap<CacheKey, Arc<Recording>>) {
        if running.get(&self.key).is_some_and(|other| Arc::ptr_eq(other, &self.recording)) {
            running.remove(&self.key);
        }
    }

    /// Resolves when no reader is left, with newcomers kept out from then on.
    async fn deserted(&self) {
        loop {
            let changed = self.recording.changed.notified();
            {
                // Under the shelf's lock, so that nobody joins between look and leave.
                let mut running = self.shelves.running.lock();
                if self.recording.tape.lock().readers.is_empty() {
                    self.take_off(&mut running);
                    return;
                }
            }
            changed.await;
        }
    }

    /// Waits until the readers of a tape too long to keep have caught up with it.
    async fn keep_pace(&self) {
        loop {
            let changed = self.recording.changed.notified();
            {
                let mut tape = self.recording.tape.lock();
                tape.trim();
                if tape.bytes <= self.shelves.capacity.min(WINDOW) || tape.readers.is_empty() {
                    return;
                }
            }
            changed.await;
        }
    }
}

/// Bytes kept between the fastest and the slowest reader of a result too long to keep.
const WINDOW: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{Head, channel};

    #[tokio::test]
    async fn an_answer_has_a_reader_as_long_as_it_is_kept_or_read() {
        for capacity in [10, 10_000] {
            let cache = Cache::new(capacity);
            let key =
                CacheKey { user: None, form: None, result: Which::Override("key".to_owned()) };
            let Lookup::Miss(mut reader, recorder) = cache.lookup(&key, None) else {
                panic!("it is new")
            };
            let (sender, events) = channel();
            let watch = sender.watch();
            sender.send(Event::Answer(Head::ok("text/plain"), Bytes::from(vec![0; 1000])));
            drop(sender);
            recorder.record(events).await;
            assert!(matches!(reader.next().await, Event::Answer(..)));
            assert!(!watch.has_gone(), "it is read");
            drop(reader);
            assert_eq!(watch.has_gone(), capacity < 1000, "it is kept");
            drop(cache);
            assert!(watch.has_gone());
        }
    }
}
