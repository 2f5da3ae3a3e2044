//! Gathers a payload that comes in pieces. A large one has memory pages of its own, which go back
//! to the system when its last owner drops it; an allocator would keep them, in each thread's
//! share.

use bytes::{Bytes, BytesMut};
use memmap2::{Advice, MmapMut};

/// From here on a payload has pages of its own.
const LARGE: usize = 1 << 20;

/// What has come so far.
#[derive(Debug, Default)]
pub struct Gathering(Store);

#[derive(Debug)]
enum Store {
    Small(BytesMut),
    Large(Pages),
}

impl Default for Store {
    fn default() -> Self {
        Self::Small(BytesMut::new())
    }
}

/// Pages, of which so many bytes are filled. Those that are not touched take no memory.
#[derive(Debug)]
struct Pages {
    map: MmapMut,
    filled: usize,
}

impl AsRef<[u8]> for Pages {
    fn as_ref(&self) -> &[u8] {
        self.map.get(..self.filled).unwrap_or_default()
    }
}

impl Pages {
    /// Pages for that many bytes, where the system has them.
    fn of(length: usize, filled_with: &[u8]) -> Option<Self> {
        let map = MmapMut::map_anon(length.max(filled_with.len())).ok()?;
        // One page fault for 2 MiB in place of 512; where the system has no huge pages, small ones.
        let _ = map.advise(Advice::HugePage);
        let mut pages = Self { map, filled: 0 };
        pages.push(filled_with).then_some(pages)
    }

    /// False when it does not fit.
    fn push(&mut self, piece: &[u8]) -> bool {
        let end = self.filled + piece.len();
        let Some(room) = self.map.get_mut(self.filled..end) else { return false };
        room.copy_from_slice(piece);
        self.filled = end;
        true
    }
}

impl Gathering {
    /// Room for that many bytes; more may come.
    pub fn with_capacity(length: usize) -> Self {
        let pages = if length >= LARGE { Pages::of(length, &[]) } else { None };
        let small = || Store::Small(BytesMut::with_capacity(length.min(LARGE)));
        Self(pages.map_or_else(small, Store::Large))
    }

    /// That many bytes at once.
    pub fn whole(bytes: &[u8]) -> Bytes {
        let mut one = Self::with_capacity(bytes.len());
        one.push(bytes);
        one.freeze()
    }

    /// How many bytes have come.
    pub fn len(&self) -> usize {
        match &self.0 {
            Store::Small(bytes) => bytes.len(),
            Store::Large(pages) => pages.filled,
        }
    }

    /// True when nothing has come yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next piece.
    pub fn push(&mut self, piece: &[u8]) {
        let needed = self.len() + piece.len();
        match &mut self.0 {
            Store::Small(bytes) if needed <= bytes.capacity() || needed < LARGE => {
                return bytes.extend_from_slice(piece);
            }
            Store::Large(pages) => {
                if pages.push(piece) {
                    return;
                }
            }
            Store::Small(_) => {}
        }
        // Twice as much, so that what has come is copied a few times at most.
        let grown = Pages::of(needed.saturating_mul(2), self.as_ref());
        match (&mut self.0, grown) {
            (store, Some(mut pages)) => {
                pages.push(piece);
                *store = Store::Large(pages);
            }
            // The system has no pages to give; the allocator may.
            (Store::Small(bytes), None) => bytes.extend_from_slice(piece),
            (Store::Large(pages), None) => {
                let mut bytes = BytesMut::with_capacity(needed);
                bytes.extend_from_slice(pages.as_ref());
                bytes.extend_from_slice(piece);
                self.0 = Store::Small(bytes);
            }
        }
    }

    /// All that has come.
    pub fn freeze(self) -> Bytes {
        match self.0 {
            Store::Small(bytes) => bytes.freeze(),
            Store::Large(pages) => Bytes::from_owner(pages),
        }
    }
}

impl AsRef<[u8]> for Gathering {
    fn as_ref(&self) -> &[u8] {
        match &self.0 {
            Store::Small(bytes) => bytes,
            Store::Large(pages) => pages.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces of that size, all different, and all of them at once.
    fn gathered(capacity: usize, piece: usize, count: usize) -> (Bytes, Vec<u8>) {
        let mut gathering = Gathering::with_capacity(capacity);
        let mut whole = Vec::new();
        for number in 0..count {
            let piece = vec![number as u8; piece];
            whole.extend_from_slice(&piece);
            gathering.push(&piece);
            assert_eq!(gathering.len(), whole.len());
        }
        (gathering.freeze(), whole)
    }

    #[test]
    fn it_gives_what_came() {
        for capacity in [0, 10, LARGE, 3 * LARGE] {
            for (piece, count) in [(0, 1), (1, 9), (70_000, 90), (LARGE, 5), (5 * LARGE, 1)] {
                let (bytes, whole) = gathered(capacity, piece, count);
                assert!(bytes == whole, "{count} pieces of {piece} into {capacity}");
            }
        }
    }

    #[test]
    fn a_large_one_outlives_its_parts() {
        let bytes = Gathering::whole(&vec![7; 2 * LARGE]);
        let part = bytes.slice(LARGE..LARGE + 3);
        drop(bytes);
        assert_eq!(&*part, [7, 7, 7]);
    }
}
