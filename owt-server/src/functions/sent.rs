//! Keeps code that was sent to be called by its hash, within a bound: the least recently used goes.

use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use owt_core::CodeId;
use parking_lot::Mutex;

use super::module::Module;

/// Codes at most.
const MOST: NonZeroUsize = NonZeroUsize::new(4096).unwrap();
/// Bytes of all their texts at most, unless it is one alone.
pub(super) const MOST_BYTES: usize = 64 << 20;

/// Code that was sent, by its hash.
pub(super) struct Sent(Mutex<Shelf>);

struct Shelf {
    modules: LruCache<CodeId, Arc<Module>>,
    bytes: usize,
}

impl Default for Sent {
    fn default() -> Self {
        Self(Mutex::new(Shelf { modules: LruCache::new(MOST), bytes: 0 }))
    }
}

impl Sent {
    pub fn get(&self, id: CodeId) -> Option<Arc<Module>> {
        self.0.lock().modules.get(&id).map(Arc::clone)
    }

    pub fn put(&self, id: CodeId, module: Arc<Module>) {
        let mut shelf = self.0.lock();
        shelf.bytes += module.weight();
        if let Some((_, old)) = shelf.modules.push(id, module) {
            shelf.bytes -= old.weight();
        }
        while shelf.bytes > MOST_BYTES && shelf.modules.len() > 1 {
            let Some((_, old)) = shelf.modules.pop_lru() else { break };
            shelf.bytes -= old.weight();
        }
    }
}

#[cfg(test)]
mod tests {
    use owt_core::Code;

    use super::*;

    fn module(text: &str) -> (CodeId, Arc<Module>) {
        let code = Code::new(text);
        (code.id(), Arc::new(Module::sent("m", code, None)))
    }

    #[test]
    fn the_least_recently_used_makes_way() {
        let sent = Sent::default();
        let half = " ".repeat(MOST_BYTES / 2);
        let codes = ["a", "b", "c"].map(|one| module(&format!("{one}{half}")));
        for (id, one) in &codes[..2] {
            sent.put(*id, Arc::clone(one));
        }
        assert!(sent.get(codes[0].0).is_none(), "two halves and two letters are too much");
        assert!(sent.get(codes[1].0).is_some(), "one alone may be as large as it is");
        sent.put(codes[1].0, Arc::clone(&codes[1].1));
        assert_eq!(sent.0.lock().bytes, MOST_BYTES / 2 + 1, "put twice it counts once");
        for number in 0..MOST.get() + 5 {
            let (id, one) = module(&number.to_string());
            sent.put(id, one);
        }
        assert_eq!(sent.0.lock().modules.len(), MOST.get());
        assert!(sent.get(codes[1].0).is_none());
    }
}
