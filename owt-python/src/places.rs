//! Bounds how many may wait, or run, at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many places.
pub struct Places {
    taken: Arc<AtomicUsize>,
    most: usize,
}

/// One of them, free again when dropped.
pub struct Place(Arc<AtomicUsize>);

impl Places {
    pub fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    /// A place, if one is free.
    pub fn take(&self) -> Option<Place> {
        if self.taken.fetch_add(1, Ordering::Relaxed) < self.most {
            return Some(Place(Arc::clone(&self.taken)));
        }
        self.taken.fetch_sub(1, Ordering::Relaxed);
        None
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
