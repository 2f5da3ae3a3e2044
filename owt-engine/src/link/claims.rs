//! Tells who has a call: one byte for each, in memory that server and worker share.
//!
//! It outlives the worker, so the server knows for certain which calls of a dead worker
//! had begun, and can take back one that waits without asking.

use std::ffi::c_void;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::fs::MemfdFlags;
use rustix::mm::{MapFlags, ProtFlags};

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const WITHDRAWN: u8 = 2;

/// The table, mapped.
#[derive(Debug)]
pub struct Claims {
    start: NonNull<AtomicU8>,
    length: usize,
}

// SAFETY: the memory is only reached as atomics, and stays mapped as long as this lives.
unsafe impl Send for Claims {}
// SAFETY: as above.
unsafe impl Sync for Claims {}

impl Claims {
    /// A new table of that many calls, and what another process maps it from.
    ///
    /// # Errors
    /// When there is no memory or no descriptor.
    pub fn create(length: usize) -> io::Result<(Self, OwnedFd)> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = rustix::fs::memfd_create("owt-claims", flags)?;
        rustix::fs::ftruncate(&file, length as u64)?;
        // A worker that cut it short would end this process with a SIGBUS.
        let seals = rustix::fs::SealFlags::SHRINK | rustix::fs::SealFlags::GROW;
        rustix::fs::fcntl_add_seals(&file, seals | rustix::fs::SealFlags::SEAL)?;
        Ok((Self::map(&file, length)?, file))
    }

    /// The table that another process made.
    ///
    /// # Errors
    /// When it cannot be mapped.
    pub fn open(file: &OwnedFd) -> io::Result<Self> {
        let length = usize::try_from(rustix::fs::fstat(file)?.st_size).unwrap_or_default();
        Self::map(file, length)
    }

    fn map(file: &impl AsFd, length: usize) -> io::Result<Self> {
        // SAFETY: a new mapping wherever the system likes, of a file that cannot shrink.
        let start = unsafe {
            rustix::mm::mmap(
                std::ptr::null_mut(),
                length,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                file,
                0,
            )
        }?;
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, length })
    }

    fn of(&self, number: u32) -> Option<&AtomicU8> {
        let index = number as usize;
        // SAFETY: within the mapping; any byte is an atomic byte.
        (index < self.length).then(|| unsafe { self.start.add(index).as_ref() })
    }

    /// How many calls fit.
    pub fn most(&self) -> usize {
        self.length
    }

    /// The server's: this number is a new call's.
    pub fn reset(&self, number: u32) {
        if let Some(claim) = self.of(number) {
            claim.store(WAITING, Ordering::SeqCst);
        }
    }

    /// The worker's: something of the call is about to run. False when the server took it back.
    pub fn begin(&self, number: u32) -> bool {
        self.of(number).is_some_and(|claim| {
            let was = claim.compare_exchange(WAITING, BEGUN, Ordering::SeqCst, Ordering::SeqCst);
            was.is_ok() || was == Err(BEGUN)
        })
    }

    /// The server's: takes the call back. False when something of it has run.
    pub fn withdraw(&self, number: u32) -> bool {
        self.of(number).is_some_and(|claim| {
            let was =
                claim.compare_exchange(WAITING, WITHDRAWN, Ordering::SeqCst, Ordering::SeqCst);
            was.is_ok() || was == Err(WITHDRAWN)
        })
    }

    /// The server took it back.
    pub fn is_withdrawn(&self, number: u32) -> bool {
        self.of(number).is_none_or(|claim| claim.load(Ordering::SeqCst) == WITHDRAWN)
    }

    /// Something of it has run.
    pub fn has_begun(&self, number: u32) -> bool {
        self.of(number).is_some_and(|claim| claim.load(Ordering::SeqCst) == BEGUN)
    }
}

impl Drop for Claims {
    fn drop(&mut self) {
        // SAFETY: mapped by `map` with this length, and nothing refers to it any more.
        let unmapped =
            unsafe { rustix::mm::munmap(self.start.as_ptr().cast::<c_void>(), self.length) };
        if let Err(error) = unmapped {
            tracing::debug!(%error, "a table of claims stays mapped");
        }
    }
}
