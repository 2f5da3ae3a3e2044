//! States what must hold of any bytes: the fuzzer calls these with bytes it makes up, an ordinary
//! test with those in `fuzz/seeds`.

#![allow(clippy::unwrap_used, reason = "a property that panics does not hold")]

pub use crate::door::fuzzing::host;

#[cfg(test)]
mod tests {
    /// Calls it with each seed of that target.
    fn hold(target: &str, property: fn(&[u8])) {
        let folder = format!("{}/../fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
        let mut count = 0;
        for seed in std::fs::read_dir(folder).unwrap() {
            let seed = seed.unwrap().path();
            println!("{}", seed.display());
            property(&std::fs::read(seed).unwrap());
            count += 1;
        }
        assert!(count > 0, "no seeds of {target}");
    }

    #[test]
    fn any_host() {
        hold("host", super::host);
    }
}
