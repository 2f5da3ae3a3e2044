//! Writes the `Server-Timing` header (W3C): where the time of a call went.

use std::time::Duration;

use actix_web::http::header::{HeaderName, HeaderValue};

use owt_engine::{CacheOutcome, Timing};

pub(super) const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Of an answer that came that long after its call was submitted.
pub(super) fn answered(
    timing: Timing,
    after: Duration,
    cache: Option<CacheOutcome>,
) -> HeaderValue {
    let mut line = Line::new();
    if let Some(cache) = cache {
        line.entry("cache;desc=");
        line.text(cache.name());
    }
    match cache {
        // The head is of the run that was kept; nothing ran now.
        Some(CacheOutcome::Hit) => {}
        Some(CacheOutcome::Joined) => line.span("queue;dur=", after),
        Some(CacheOutcome::Miss) | None => {
            let Timing { load, run } = timing;
            line.span("queue;dur=", after.saturating_sub(load + run));
            if !load.is_zero() {
                line.span("load;dur=", load);
            }
            line.span("run;dur=", run);
        }
    }
    line.value()
}

/// Of a problem.
pub(super) fn failed(total: Duration) -> HeaderValue {
    let mut line = Line::new();
    line.span("total;dur=", total);
    line.value()
}

/// The header's value while it is written, without an allocation: it is on every answer.
struct Line {
    bytes: [u8; 160],
    length: usize,
}

impl Line {
    fn new() -> Self {
        Self { bytes: [0; 160], length: 0 }
    }

    fn text(&mut self, text: &str) {
        let end = self.length + text.len();
        // Names and numbers of known length: there is room for the longest.
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            place.copy_from_slice(text.as_bytes());
            self.length = end;
        }
    }

    fn entry(&mut self, name: &str) {
        if self.length > 0 {
            self.text(", ");
        }
        self.text(name);
    }

    /// Milliseconds to the microsecond.
    fn span(&mut self, name: &str, span: Duration) {
        self.entry(name);
        let micros = span.as_micros() as u64;
        let mut digits = itoa::Buffer::new();
        self.text(digits.format(micros / 1000));
        // A leading 1 keeps the zeros of the fraction.
        let fraction = digits.format(1000 + micros % 1000);
        self.text(".");
        self.text(fraction.get(1..).unwrap_or_default());
    }

    fn value(&self) -> HeaderValue {
        let written = self.bytes.get(..self.length).unwrap_or_default();
        HeaderValue::from_bytes(written).unwrap_or_else(|_| HeaderValue::from_static("total"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(load: u64, run: u64, after: u64, cache: Option<CacheOutcome>) -> String {
        let timing = Timing { load: Duration::from_micros(load), run: Duration::from_micros(run) };
        let value = answered(timing, Duration::from_micros(after), cache);
        value.to_str().unwrap().to_owned()
    }

    #[test]
    fn what_did_not_happen_is_not_told() {
        assert_eq!(line(0, 5_600, 6_834, None), "queue;dur=1.234, run;dur=5.600");
        assert_eq!(line(20, 7, 27, None), "queue;dur=0.000, load;dur=0.020, run;dur=0.007");
        assert_eq!(line(9, 9, 9, Some(CacheOutcome::Hit)), "cache;desc=hit");
        assert_eq!(
            line(9, 9, 1_001, Some(CacheOutcome::Joined)),
            "cache;desc=collapsed, queue;dur=1.001"
        );
        assert_eq!(
            line(0, 1, 2, Some(CacheOutcome::Miss)),
            "cache;desc=miss, queue;dur=0.001, run;dur=0.001"
        );
    }

    #[test]
    fn the_longest_has_room() {
        let most = u64::MAX / 4;
        let text = line(most, most, u64::MAX, Some(CacheOutcome::Miss));
        assert!(text.ends_with(&format!("run;dur={}.{:03}", most / 1000, most % 1000)), "{text}");
    }
}
