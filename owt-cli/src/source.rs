//! Reads code and data from a file, or from standard input as `-`.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;
use std::str::FromStr;

use owt_core::Call;

use crate::failure::Failure;

/// A file to read, or standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    File(PathBuf),
    Stdin,
}

impl Source {
    /// What is named by that text: a path, or `-`.
    pub(crate) fn of(text: &str) -> Self {
        match text {
            "-" => Self::Stdin,
            path => Self::File(path.into()),
        }
    }

    /// All of it.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, Failure> {
        let read = match self {
            Self::File(path) => std::fs::read(path),
            Self::Stdin => {
                let mut bytes = Vec::new();
                io::stdin().read_to_end(&mut bytes).map(|_| bytes)
            }
        };
        read.map_err(|error| Failure::Read(self.to_string(), error))
    }

    /// What tracebacks call the code in it: the file's name, if that is fit for one.
    pub(crate) fn code_name(&self) -> Option<&str> {
        let Self::File(path) = self else { return None };
        path.file_name()?.to_str().filter(|name| Call::is_code_name(name))
    }

    /// All of it, as Python source.
    pub(crate) fn code(&self) -> Result<String, Failure> {
        String::from_utf8(self.bytes()?).map_err(|_| {
            Failure::Usage(format!("{self} is not UTF-8 text, as Python source must be here"))
        })
    }
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::of(text))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

/// A file that goes with a call: under which name, and which. Typed as `NAME=PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedFile {
    pub(crate) name: String,
    pub(crate) source: Source,
}

impl NamedFile {
    /// What the server calls the file itself.
    pub(crate) fn file_name(&self) -> String {
        let Source::File(path) = &self.source else { return self.name.clone() };
        path.file_name().map_or_else(|| self.name.clone(), |name| name.to_string_lossy().into())
    }
}

impl FromStr for NamedFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, path)) if !name.is_empty() && !path.is_empty() => {
                Ok(Self { name: name.to_owned(), source: Source::of(path) })
            }
            _ => Err("give NAME=PATH, such as photo=a.png"),
        }
    }
}

/// What standard input is for, which can be read once.
#[derive(Debug, Default)]
pub(crate) struct Stdin(Option<String>);

impl Stdin {
    /// Takes it for that purpose, if it is the source.
    ///
    /// # Errors
    /// It is for something else already.
    pub(crate) fn take(&mut self, source: &Source, purpose: &str) -> Result<(), Failure> {
        match &self.0 {
            _ if *source != Source::Stdin => Ok(()),
            None => {
                self.0 = Some(purpose.to_owned());
                Ok(())
            }
            Some(before) => {
                Err(Failure::Usage(format!("standard input cannot be both {before} and {purpose}")))
            }
        }
    }
}
