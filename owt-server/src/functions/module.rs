//! Keeps what a module publishes, as its file was when it was last looked at.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use owt_core::{Code, Origin, Problem, ProblemKind};
use parking_lot::Mutex;

use super::asking::Asker;
use super::described::Described;

/// Bytes of a module's file at most.
const LONGEST: u64 = 16 << 20;

/// A module whose functions are published.
#[derive(Debug)]
pub(crate) struct Module {
    name: Box<str>,
    text: Text,
    /// What tracebacks call sent code.
    code_name: Option<Arc<str>>,
    known: Mutex<Known>,
    /// One looks at a time.
    turn: tokio::sync::Mutex<()>,
}

/// Where its text comes from.
#[derive(Debug)]
enum Text {
    /// A file, which may be edited.
    File(PathBuf),
    /// Code that stays as it is: it was sent, or the module has no file.
    Fixed { code: Code, is_sent: bool },
}

/// What was found when it was last looked at.
#[derive(Debug, Default)]
struct Known {
    /// How the file was then; `None` before it was ever looked at.
    stamp: Option<Stamp>,
    described: Option<Arc<Described>>,
    /// Why its text of then publishes nothing.
    problem: Option<Box<Problem>>,
}

/// What changes with a file: modified at (seconds and nanoseconds), length, inode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stamp(i64, i64, u64, u64);

impl Module {
    /// The module of a file; with an empty path the one of that name which has none.
    pub fn of_file(name: &str, path: PathBuf) -> Self {
        if path.as_os_str().is_empty() {
            let origin = Origin { module: name.into(), path: "".into() };
            let code = Code::of_module(format!("import {name}\n"), origin);
            return Self::new(name, Text::Fixed { code, is_sent: false }, None);
        }
        Self::new(name, Text::File(path), None)
    }

    /// Code that was sent, by that name.
    pub fn sent(name: &str, code: Code, code_name: Option<Arc<str>>) -> Self {
        Self::new(name, Text::Fixed { code, is_sent: true }, code_name)
    }

    fn new(name: &str, text: Text, code_name: Option<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            text,
            code_name,
            known: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// What tracebacks call its code, if it was sent and has a name.
    pub fn code_name(&self) -> Option<Arc<str>> {
        self.code_name.clone()
    }

    pub fn is_sent(&self) -> bool {
        matches!(self.text, Text::Fixed { is_sent: true, .. })
    }

    /// Bytes of its text, if that is kept here.
    pub fn weight(&self) -> usize {
        match &self.text {
            Text::File(_) => 0,
            Text::Fixed { code, .. } => code.source().len(),
        }
    }

    /// Whether it was ever looked at.
    pub fn is_looked_at(&self) -> bool {
        self.known.lock().stamp.is_some()
    }

    /// Why its text, as it was last looked at, publishes nothing.
    pub fn problem(&self) -> Option<Problem> {
        self.known.lock().problem.as_deref().cloned()
    }

    /// What it publishes as it is now. If that cannot be told, what it published before.
    ///
    /// # Errors
    /// It does not load and never did, or its file has gone.
    pub async fn current(&self, asker: &Asker<'_>) -> Result<Arc<Described>, Box<Problem>> {
        if let Some(known) = self.known_as(self.stamp()?) {
            return known;
        }
        let _turn = self.turn.lock().await;
        // Before it is read: what is written meanwhile is seen the next time.
        let stamp = self.stamp()?;
        if let Some(known) = self.known_as(stamp) {
            return known;
        }
        let described = match self.code().await {
            Ok(code) => asker.describe(&code, &self.name).await,
            Err(problem) => Err(problem),
        };
        match described {
            Ok(described) => {
                let described = Arc::new(described);
                let known = Arc::clone(&described);
                *self.known.lock() =
                    Known { stamp: Some(stamp), described: Some(known), problem: None };
                Ok(described)
            }
            // It says nothing of the module.
            Err(problem) if problem.kind.has_not_run() => {
                self.known.lock().described.clone().ok_or(problem)
            }
            Err(problem) => {
                let mut known = self.known.lock();
                let keeps =
                    if known.described.is_some() { "; what it was before stays" } else { "" };
                tracing::warn!(
                    "{} publishes nothing as it is{keeps}: {}",
                    self.name,
                    problem.detail
                );
                (known.stamp, known.problem) = (Some(stamp), Some(problem.clone()));
                known.described.clone().ok_or(problem)
            }
        }
    }

    /// What is known if the file is as it was.
    fn known_as(&self, stamp: Stamp) -> Option<Result<Arc<Described>, Box<Problem>>> {
        let known = self.known.lock();
        if known.stamp != Some(stamp) {
            return None;
        }
        match (&known.described, &known.problem) {
            (Some(described), _) => Some(Ok(Arc::clone(described))),
            (None, Some(problem)) => Some(Err(problem.clone())),
            (None, None) => None,
        }
    }

    /// How its file is.
    ///
    /// # Errors
    /// It has gone: 404.
    fn stamp(&self) -> Result<Stamp, Box<Problem>> {
        let Text::File(path) = &self.text else { return Ok(Stamp::default()) };
        match std::fs::metadata(path) {
            Ok(found) => Ok(Stamp(found.mtime(), found.mtime_nsec(), found.size(), found.ino())),
            Err(error) => {
                *self.known.lock() = Known::default();
                let detail = format!("the file of {} cannot be read: {error}", self.name);
                Err(Box::new(Problem::new(ProblemKind::NotFound, detail)))
            }
        }
    }

    /// The code that its text is.
    ///
    /// # Errors
    /// It cannot be read.
    async fn code(&self) -> Result<Code, Box<Problem>> {
        let path = match &self.text {
            Text::Fixed { code, .. } => return Ok(code.clone()),
            Text::File(path) => path.clone(),
        };
        let (name, shown) = (self.name.clone(), path.display().to_string());
        let origin = Origin { module: name.into(), path: path.to_string_lossy().into() };
        let read = tokio::task::spawn_blocking(move || read(&path)).await;
        let unreadable = |why: String| {
            Box::new(Problem::new(ProblemKind::NotRunnable, format!("{shown}: {why}")))
        };
        match read {
            Ok(Ok(text)) => Ok(Code::of_module(text, origin)),
            Ok(Err(why)) => Err(unreadable(why)),
            Err(error) => Err(unreadable(error.to_string())),
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > LONGEST {
        return Err(format!("it has {length} bytes, and {LONGEST} are the most for a module"));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is no UTF-8: save it as that".to_owned())
}
