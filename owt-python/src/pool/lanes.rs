//! Threads of adaptors of their own.

use std::sync::Arc;

use pyo3::prelude::*;

use super::{Pool, STACK, Work};
use crate::lane::{Lane, Next};
use crate::seat::{Role, Seat};
use owt_system::process::own_directory;

impl<W: Work> Pool<W> {
    /// A thread for one adaptor alone. `None` when the system gives no more, or the pool stops.
    pub fn open_lane(self: &Arc<Self>) -> Option<Arc<Lane<W>>> {
        let lane = Lane::new();
        let (pool, own) = (Arc::clone(self), Arc::clone(&lane));
        let mut state = self.state.lock();
        if state.stopping {
            return None;
        }
        let spawned = std::thread::Builder::new()
            .name(format!("owt-own-{}", state.lanes.len()))
            .stack_size(STACK)
            .spawn(move || {
                own_directory();
                let seat = Arc::new(Seat::new(std::thread::current(), Role::Lane));
                own.begin(Arc::clone(&seat));
                Python::attach(|py| pool.serve_lane(py, &own, &seat));
            });
        match spawned {
            Ok(_) => state.lanes.push(Arc::clone(&lane)),
            Err(error) => {
                tracing::error!(%error, "an adaptor's own thread did not start");
                return None;
            }
        }
        Some(lane)
    }

    fn serve_lane(&self, py: Python<'_>, lane: &Arc<Lane<W>>, seat: &Arc<Seat>) {
        while !self.state.lock().stopping {
            match lane.next(|| seat.set_busy(self.now())) {
                Next::Run(work) => {
                    work.run(py, seat);
                    seat.set_idle();
                }
                Next::Wait => py.detach(|| {
                    if let Some(source) = &self.source {
                        source.glance();
                    }
                    seat.wait();
                }),
                Next::Leave => break,
            }
        }
        if let Some(source) = &self.source {
            source.glance();
        }
        let queue = lane.clear();
        self.state.lock().lanes.retain(|other| !Arc::ptr_eq(other, lane));
        for work in queue {
            work.refuse(py);
        }
    }
}
