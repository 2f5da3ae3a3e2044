//! The counts as OpenMetrics text, which Prometheus and its kin read.

use std::fmt;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use owt_core::ProblemKind;
use owt_engine::{CacheOutcome, HostStatus, WorkerStatus};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::{BOUNDS, CLASSES, Count, Metrics};

/// The media type of the text.
pub(crate) const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is told at one moment.
#[derive(Debug)]
pub(crate) struct Scrape {
    pub metrics: Arc<Metrics>,
    pub host: HostStatus,
    pub cache_bytes: u64,
    pub python_version: String,
}

impl Scrape {
    /// The text.
    ///
    /// # Errors
    /// Never, as far as one can see: it is written to memory.
    pub fn text(self) -> Result<String, fmt::Error> {
        let mut registry = Registry::with_prefix("owt");
        registry.register_collector(Box::new(self));
        let mut text = String::with_capacity(8 << 10);
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

/// A metric's label: its name and value.
type Label<'a> = (&'a str, &'a str);

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut page = Page(encoder);
        let metrics = &*self.metrics;
        let started = metrics.started.duration_since(UNIX_EPOCH).unwrap_or_default();
        page.gauge("start_time_seconds", "When the server started", started.as_secs_f64())?;
        let versions = [("version", env!("CARGO_PKG_VERSION")), ("python", &*self.python_version)];
        page.one("build", "What is running", MetricType::Info, |metric| {
            metric.encode_info(&versions)
        })?;
        requests(&mut page, metrics)?;
        let waiting = self.host.waiting as f64;
        page.gauge("calls_waiting", "Calls that wait, for a thread or for a load", waiting)?;
        page.gauge("cache_bytes", "Bytes of results that are kept", self.cache_bytes as f64)?;
        workers(&mut page, &self.host.workers)
    }
}

fn requests(page: &mut Page<'_>, metrics: &Metrics) -> fmt::Result {
    let classes = CLASSES.into_iter().zip(&metrics.requests);
    page.counters("requests", "Requests that are over, by their answer's status", "code", classes)?;
    let kinds = ProblemKind::ALL.iter().map(|kind| kind.slug()).zip(&metrics.problems);
    page.counters("problems", "Requests that failed, by the kind of problem", "kind", kinds)?;
    let bounds = BOUNDS.iter().map(|bound| *bound as f64 / 1e6).chain([f64::INFINITY]);
    let buckets: Vec<_> = bounds.zip(metrics.durations.iter().map(Count::get)).collect();
    let count = buckets.iter().map(|(_, count)| count).sum();
    let sum = metrics.duration.get() as f64 / 1e6;
    let help = "From a request's arrival to the end of its answer";
    page.one("request_duration_seconds", help, MetricType::Histogram, |metric| {
        metric.encode_histogram::<[Label<'_>; 0]>(sum, count, &buckets, None)
    })?;
    let calls = metrics.calls.get() as f64;
    page.gauge("calls_in_progress", "Calls whose answer is not over", calls)?;
    let outcomes = CacheOutcome::ALL.iter().map(|outcome| outcome.name()).zip(&metrics.lookups);
    page.counters("cache_lookups", "What the cache did for calls", "result", outcomes)?;
    page.counter("streamed_chunks", "Pieces of streams sent", &metrics.streamed_chunks)?;
    page.counter("streamed_bytes", "Bytes of streams sent", &metrics.streamed_bytes)
}

fn workers(page: &mut Page<'_>, workers: &[WorkerStatus]) -> fmt::Result {
    page.each("worker_up", "1 when it takes calls", workers, |one| f64::from(u8::from(one.up)))?;
    let help = "Calls that run";
    page.each("worker_running_calls", help, workers, |one| one.running as f64)?;
    let help = "Adaptors that are loaded";
    page.each("worker_warm_adaptors", help, workers, |one| one.warm_adaptors as f64)?;
    let help = "Memory of the process in RAM";
    page.each("worker_resident_bytes", help, workers, |one| one.resident_bytes as f64)?;
    let help = "How often another process took its place";
    page.one("worker_restarts", help, MetricType::Counter, |metric| {
        workers.iter().try_for_each(|one| {
            let labels = [("worker", one.index.to_string())];
            metric.encode_family(&labels)?.encode_counter(&one.restarts, NO_EXEMPLAR)
        })
    })?;
    let help = "Deaths of its processes, by what killed them";
    page.one("worker_deaths", help, MetricType::Counter, |metric| {
        workers.iter().try_for_each(|one| {
            one.deaths.iter().try_for_each(|(reason, count)| {
                let labels = [("worker", &*one.index.to_string()), ("reason", *reason)];
                metric.encode_family(&labels)?.encode_counter(count, NO_EXEMPLAR)
            })
        })
    })
}

/// No value here is explained by an example.
const NO_EXEMPLAR: Option<&prometheus_client::metrics::exemplar::Exemplar<[Label<'_>; 0], u64>> =
    None;

/// The text while it is written.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    fn one(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        // The format's help texts end with a full stop, as the registry's own do.
        let help = format!("{help}.");
        write(&mut self.0.encode_descriptor(name, &help, None, kind)?)
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        self.one(name, help, MetricType::Gauge, |metric| metric.encode_gauge(&value))
    }

    fn counter(&mut self, name: &str, help: &str, count: &Count) -> fmt::Result {
        self.one(name, help, MetricType::Counter, |metric| {
            metric.encode_counter(&count.get(), NO_EXEMPLAR)
        })
    }

    /// A counter for each value of a label.
    fn counters<'c>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        mut counts: impl Iterator<Item = (&'static str, &'c Count)>,
    ) -> fmt::Result {
        self.one(name, help, MetricType::Counter, |metric| {
            counts.try_for_each(|(value, count)| {
                let labels = [(label, value)];
                metric.encode_family(&labels)?.encode_counter(&count.get(), NO_EXEMPLAR)
            })
        })
    }

    /// A gauge for each worker.
    fn each(
        &mut self,
        name: &str,
        help: &str,
        workers: &[WorkerStatus],
        value: impl Fn(&WorkerStatus) -> f64,
    ) -> fmt::Result {
        self.one(name, help, MetricType::Gauge, |metric| {
            workers.iter().try_for_each(|one| {
                let labels = [("worker", one.index.to_string())];
                metric.encode_family(&labels)?.encode_gauge(&value(one))
            })
        })
    }
}
