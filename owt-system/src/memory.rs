//! Gives freed memory back to the system, which allocators would keep for a long time.

use std::sync::OnceLock;

static COLLECT: OnceLock<fn()> = OnceLock::new();

/// Names what has the program's own allocator give back what it holds in vain, where that is not
/// the system's. It is called on threads of every kind, and seldom.
pub fn collect_by(collect: fn()) {
    // Set once, at start: a program has one allocator.
    let _ = COLLECT.set(collect);
}

/// Gives back what both allocators hold in vain. It takes some milliseconds.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: may be called at any time, from any thread.
    unsafe {
        libc::malloc_trim(0)
    };
    if let Some(collect) = COLLECT.get() {
        collect();
    }
}
