//! Shows the progress of a long transfer on standard error, if that is a terminal.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A transfer that takes less long shows nothing.
const LONG: Duration = Duration::from_millis(500);

/// Bytes of a body that are counted as sent together.
const PIECE: usize = 64 << 10;

/// A line about one transfer. Dropped, it is cleared.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    since: Instant,
}

impl Progress {
    /// Of a transfer of so many bytes, if that is known.
    pub(crate) fn new(what: &'static str, length: Option<u64>) -> Self {
        let (bar, template) = match length {
            Some(length) => (
                ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden()),
                "{msg} {binary_bytes} of {binary_total_bytes} [{wide_bar}] \
                 {binary_bytes_per_sec}, {eta} left",
            ),
            None => (
                ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()),
                "{msg} {binary_bytes}, {binary_bytes_per_sec}",
            ),
        };
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        Self { bar: bar.with_style(style).with_message(what), since: Instant::now() }
    }

    /// So many more bytes have gone.
    pub(crate) fn add(&self, bytes: usize) {
        if self.bar.is_hidden() && self.since.elapsed() >= LONG {
            // Shows nothing where standard error is no terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(bytes as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A body that tells how much of it has been sent.
#[derive(Debug)]
pub(crate) struct Sent {
    rest: Bytes,
    progress: Option<Progress>,
}

impl Sent {
    pub(crate) fn new(body: Vec<u8>) -> Self {
        let progress = Progress::new("sent", Some(body.len() as u64));
        Self { rest: body.into(), progress: Some(progress) }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.rest.len().min(PIECE);
        if length == 0 {
            self.progress = None;
            return Poll::Ready(None);
        }
        if let Some(progress) = &self.progress {
            progress.add(length);
        }
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
