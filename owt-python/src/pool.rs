//! Runs calls on Python threads, of which one leads and the others stand by.
//!
//! The leader takes every task from the queue and stays attached to Python while
//! there is work, so quick calls cost no hand-over between threads. When a task
//! keeps the leader longer than [`PATIENCE`], a follower takes the lead, and the
//! old leader stands by when it is done. So quick calls stay on one warm thread
//! and slow ones overlap.
//!
//! Python's main thread leads whenever it is free, and runs the module bodies (`turn.rs`). A call
//! that is not known to be quick runs there only when nothing else does.

mod bodies;
mod lanes;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pyo3::prelude::*;

use super::lane::Lane;
use super::seat::{Role, Seat};
use super::turn::{LOST, Patience, Turn};
use owt_system::process::own_directory;

/// How long a task may keep the leader before another thread takes the lead.
pub const PATIENCE: Duration = Duration::from_millis(1);

/// Stack of a Python thread: native extensions recurse deeper than Python does.
const STACK: usize = 16 << 20;

/// What a pool runs. Tasks are dropped on threads that are attached.
pub trait Work: Send + 'static {
    /// Runs on a Python thread.
    fn run(self, py: Python<'_>, seat: &Arc<Seat>);
    /// The pool stops; this will not run.
    fn refuse(self, py: Python<'_>);
    /// For a module body: whether another thread than the main one may run it.
    fn may_run_anywhere(&self) -> bool;
    /// The same module body, to be run by whichever thread takes it.
    fn anywhere(self) -> Self;
}

/// Where tasks come from that nobody on this side submits: what the leader waits for when it
/// has nothing to do. What comes is submitted to the pool.
pub trait Source: Send + Sync {
    /// Sends what is to be sent, and returns when something has come, or after
    /// [`Source::wake`].
    fn wait(&self);
    /// Ends the wait, now or the next time. From any thread.
    fn wake(&self);
    /// Called before another thread waits, and every now and then while threads are busy: takes
    /// what has come without waiting for it, and sends what is to be sent.
    fn glance(&self);
}

/// The threads and their queue.
pub struct Pool<W> {
    source: Option<Arc<dyn Source>>,
    state: Mutex<State<W>>,
    born: Instant,
    most_seats: usize,
    /// Threads that calls keep which nobody waits for any more.
    lost: AtomicUsize,
    watch: Mutex<Option<Thread>>,
    watch_sleeps: AtomicBool,
}

struct State<W> {
    queue: VecDeque<W>,
    seats: Vec<Arc<Seat>>,
    followers: Vec<Arc<Seat>>,
    leader: Option<Arc<Seat>>,
    leader_waits: bool,
    /// Python's main thread, once it serves.
    main: Option<Arc<Seat>>,
    /// Module bodies.
    turn: Turn<W>,
    /// Threads of adaptors of their own.
    lanes: Vec<Arc<Lane<W>>>,
    stopping: bool,
}

enum Next<W> {
    Run(W),
    Wait {
        leads: bool,
    },
    /// The main thread is free, and is to be called to lead.
    HandBack(Arc<Seat>),
    Leave,
}

impl<W: Work> Pool<W> {
    /// A pool of at most `seats` threads, of which none runs yet.
    pub fn new(seats: usize, source: Option<Arc<dyn Source>>) -> Arc<Self> {
        Arc::new(Self {
            source,
            state: Mutex::new(State {
                queue: VecDeque::new(),
                seats: Vec::new(),
                followers: Vec::new(),
                leader: None,
                leader_waits: false,
                main: None,
                turn: Turn::default(),
                lanes: Vec::new(),
                stopping: false,
            }),
            born: Instant::now(),
            most_seats: seats.max(1),
            lost: AtomicUsize::new(0),
            watch: Mutex::new(None),
            watch_sleeps: AtomicBool::new(false),
        })
    }

    /// Queues a task.
    ///
    /// # Errors
    /// Gives it back when the pool stops.
    pub fn submit(self: &Arc<Self>, work: W) -> Result<(), W> {
        let mut state = self.state.lock();
        if state.stopping {
            return Err(work);
        }
        state.queue.push_back(work);
        let called = if state.leader_waits {
            state.leader_waits = false;
            state.leader.clone()
        } else {
            self.replace_stuck_leader(&mut state)
        };
        drop(state);
        if let Some(seat) = called {
            self.call(&seat);
        }
        self.wake_watch();
        Ok(())
    }

    fn wake_watch(&self) {
        if self.watch_sleeps.load(Ordering::SeqCst)
            && self.watch_sleeps.swap(false, Ordering::SeqCst)
            && let Some(watch) = &*self.watch.lock()
        {
            watch.unpark();
        }
    }

    /// Takes queued tasks out again.
    pub fn take_out(&self, which: impl Fn(&W) -> bool) -> Vec<W> {
        let mut state = self.state.lock();
        let (out, stay) =
            std::mem::take(&mut state.queue).into_iter().partition::<VecDeque<_>, _>(which);
        state.queue = stay;
        out.into()
    }

    /// Wakes a seat.
    fn call(&self, seat: &Seat) {
        if seat.call()
            && let Some(source) = &self.source
        {
            source.wake();
        }
    }

    /// Takes no more tasks; seats leave when they are idle, and what waits is refused.
    pub fn stop(&self) {
        let mut state = self.state.lock();
        state.stopping = true;
        for seat in &state.seats {
            seat.call();
        }
        for seat in state.lanes.iter().filter_map(|lane| lane.seat()) {
            seat.call();
        }
        drop(state);
        if let Some(source) = &self.source {
            source.wake();
        }
        self.watch_sleeps.store(false, Ordering::SeqCst);
        if let Some(watch) = &*self.watch.lock() {
            watch.unpark();
        }
    }

    /// Makes the calling thread the first seat, until the pool stops and every other
    /// seat has left or `patience` is over. True when all have left.
    pub fn lead(self: &Arc<Self>, patience: Duration) -> bool {
        let watching = Arc::clone(self);
        let watch = std::thread::Builder::new()
            .name("owt-watch".to_owned())
            .spawn(move || watching.watch());
        match watch {
            Ok(handle) => *self.watch.lock() = Some(handle.thread().clone()),
            // Without it calls still run, only slow ones are not overtaken.
            Err(error) => tracing::error!(%error, "the watch thread did not start"),
        }
        own_directory();
        let seat = Arc::new(Seat::new(std::thread::current(), Role::Main));
        {
            let mut state = self.state.lock();
            state.seats.push(Arc::clone(&seat));
            state.leader = Some(Arc::clone(&seat));
            state.main = Some(Arc::clone(&seat));
        }
        Python::attach(|py| {
            self.serve(py, &seat);
            let until = Instant::now() + patience;
            let mut left = false;
            while !left && Instant::now() < until {
                py.detach(|| std::thread::park_timeout(Duration::from_millis(5)));
                let state = self.state.lock();
                left = state.seats.is_empty() && state.lanes.is_empty();
            }
            left
        })
    }

    fn serve(self: &Arc<Self>, py: Python<'_>, seat: &Arc<Seat>) {
        loop {
            match self.next(seat) {
                Next::Run(work) => {
                    work.run(py, seat);
                    seat.set_idle();
                }
                Next::Wait { leads } => py.detach(|| match &self.source {
                    Some(source) if leads => source.wait(),
                    Some(source) => {
                        source.glance();
                        seat.wait();
                    }
                    None => seat.wait(),
                }),
                Next::HandBack(main) => self.call(&main),
                Next::Leave => break,
            }
        }
        if let Some(source) = &self.source {
            // What this thread has to send goes now: nobody may come by any more.
            source.glance();
        }
        let (queue, bodies) = {
            let mut state = self.state.lock();
            state.seats.retain(|other| !Arc::ptr_eq(other, seat));
            (std::mem::take(&mut state.queue), state.turn.clear())
        };
        for work in queue.into_iter().chain(bodies) {
            work.refuse(py);
        }
    }

    fn next(&self, seat: &Arc<Seat>) -> Next<W> {
        let mut state = self.state.lock();
        if state.stopping {
            return Next::Leave;
        }
        if seat.is_main()
            && let Some(body) = state.turn.next(seat)
        {
            state.followers.retain(|other| !Arc::ptr_eq(other, seat));
            if state.leads(seat) {
                state.leader_waits = false;
            }
            seat.set_busy(self.now());
            return Next::Run(body);
        }
        if !state.leads(seat) {
            if state.queue.is_empty() || !self.leader_is_stuck(&state) {
                state.follow(seat);
                return Next::Wait { leads: false };
            }
            state.leader = Some(Arc::clone(seat));
            state.followers.retain(|other| !Arc::ptr_eq(other, seat));
        } else if state.queue.is_empty()
            && let Some(main) = state.free_main(seat)
        {
            state.leader = Some(Arc::clone(&main));
            state.followers.retain(|other| !Arc::ptr_eq(other, &main));
            state.follow(seat);
            return Next::HandBack(main);
        }
        match state.queue.pop_front() {
            Some(work) => {
                // Under the lock: whoever looks sees the task in the queue or a busy seat.
                seat.set_busy(self.now());
                Next::Run(work)
            }
            None => {
                state.leader_waits = true;
                Next::Wait { leads: true }
            }
        }
    }

    fn leader_is_stuck(&self, state: &State<W>) -> bool {
        state.leader.as_ref().is_some_and(|leader| {
            let since = leader.busy_since();
            since != 0 && self.now().saturating_sub(since) > PATIENCE.as_micros() as u64
        })
    }

    /// When the leader is stuck and somebody can take its place, gives who shall be called.
    fn replace_stuck_leader(self: &Arc<Self>, state: &mut State<W>) -> Option<Arc<Seat>> {
        if self.leader_is_stuck(state) { self.replace_leader(state) } else { None }
    }

    /// Has another thread lead, if there is one, and gives who shall be called.
    fn replace_leader(self: &Arc<Self>, state: &mut State<W>) -> Option<Arc<Seat>> {
        // The main thread last: module bodies need it.
        let follower = state.followers.iter().rposition(|seat| !seat.is_main());
        if follower.is_none() && state.seats.len() < self.most_seats() {
            self.add_seat(state);
            return None;
        }
        let follower = follower.or(Some(0)).filter(|place| *place < state.followers.len())?;
        let seat = state.followers.remove(follower);
        state.leader = Some(Arc::clone(&seat));
        Some(seat)
    }

    /// How many threads there may be. What nobody waits for takes none from the others, up to the
    /// half of them: with more lost, the process is exchanged.
    fn most_seats(&self) -> usize {
        self.most_seats + self.lost.load(Ordering::Relaxed).min(self.most_seats / 2)
    }

    /// A new thread that leads from its birth.
    fn add_seat(self: &Arc<Self>, state: &mut State<W>) {
        let pool = Arc::clone(self);
        let (give, take) = std::sync::mpsc::sync_channel::<Arc<Seat>>(1);
        let spawned = std::thread::Builder::new()
            .name(format!("owt-python-{}", state.seats.len()))
            .stack_size(STACK)
            .spawn(move || {
                own_directory();
                if let Ok(seat) = take.recv() {
                    Python::attach(|py| pool.serve(py, &seat));
                }
            });
        match spawned {
            Ok(handle) => {
                let seat = Arc::new(Seat::new(handle.thread().clone(), Role::Shared));
                state.seats.push(Arc::clone(&seat));
                state.leader = Some(Arc::clone(&seat));
                // The thread waits for exactly this.
                let _ = give.send(seat);
            }
            Err(error) => tracing::error!(%error, "a Python thread did not start"),
        }
    }

    fn is_idle(&self) -> bool {
        let state = self.state.lock();
        let waits = !state.queue.is_empty() || state.turn.has_waiting();
        !waits && !state.stopping && state.busy().next().is_none()
    }

    /// How many threads run something.
    pub fn busy(&self) -> usize {
        self.state.lock().busy().count()
    }

    /// True from the first thread's beginning to the stop.
    pub fn is_open(&self) -> bool {
        let state = self.state.lock();
        state.leader.is_some() && !state.stopping
    }

    /// Microseconds since the pool's birth, never 0.
    fn now(&self) -> u64 {
        self.born.elapsed().as_micros() as u64 + 1
    }

    /// Replaces a leader that is stuck, and interrupts calls that nobody waits for.
    fn watch(self: Arc<Self>) {
        let mut idle_ticks = 0_u32;
        let mut patience = Patience::new();
        loop {
            std::thread::sleep(PATIENCE);
            self.release_body(&mut patience);
            let (called, busy, loads_wait) = {
                let mut state = self.state.lock();
                if state.stopping && state.seats.is_empty() && state.lanes.is_empty() {
                    return;
                }
                let called = if state.queue.is_empty() {
                    None
                } else {
                    self.replace_stuck_leader(&mut state)
                };
                let busy: Vec<_> = state.busy().cloned().collect();
                (called, busy, state.turn.has_waiting())
            };
            if let Some(seat) = called {
                self.call(&seat);
            }
            if let Some(source) = &self.source {
                source.glance();
            }
            super::interrupt::interrupt_deserted(&busy, loads_wait);
            let is_lost = |seat: &&Arc<Seat>| !seat.is_lane() && seat.is_deserted_since(LOST);
            self.lost.store(busy.iter().filter(is_lost).count(), Ordering::Relaxed);
            idle_ticks = if busy.is_empty() { idle_ticks + 1 } else { 0 };
            if idle_ticks > 20 {
                self.watch_sleeps.store(true, Ordering::SeqCst);
                // A task that came before the store has not woken this thread.
                if self.is_idle() {
                    while self.watch_sleeps.load(Ordering::SeqCst) {
                        std::thread::park();
                    }
                }
                self.watch_sleeps.store(false, Ordering::SeqCst);
                idle_ticks = 0;
            }
        }
    }
}

impl<W> State<W> {
    fn leads(&self, seat: &Arc<Seat>) -> bool {
        self.leader.as_ref().is_some_and(|leader| Arc::ptr_eq(leader, seat))
    }

    fn follow(&mut self, seat: &Arc<Seat>) {
        if !self.followers.iter().any(|other| Arc::ptr_eq(other, seat)) {
            self.followers.push(Arc::clone(seat));
        }
    }

    fn busy(&self) -> impl Iterator<Item = &Arc<Seat>> {
        let lanes = self.lanes.iter().filter_map(|lane| lane.seat());
        self.seats.iter().chain(lanes).filter(|seat| seat.is_busy())
    }

    /// True when nothing runs elsewhere, and nothing waits.
    fn is_alone(&self, seat: &Arc<Seat>) -> bool {
        let others = self.busy().any(|other| !Arc::ptr_eq(other, seat));
        self.queue.is_empty() && !self.turn.has_waiting() && !others
    }

    /// The main thread, if it stands by, for another to be called to lead.
    fn free_main(&self, leader: &Arc<Seat>) -> Option<Arc<Seat>> {
        let main = self.main.as_ref().filter(|main| !Arc::ptr_eq(main, leader))?;
        let stands_by = self.followers.iter().any(|other| Arc::ptr_eq(other, main));
        stands_by.then(|| Arc::clone(main))
    }

    /// The main thread, if it waits: for tasks, or standing by.
    fn idle_main(&self) -> Option<Arc<Seat>> {
        self.main.clone().filter(|main| !main.is_busy())
    }
}
