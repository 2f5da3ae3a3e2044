//! Where code and data come from: a file, or standard input as `-`.

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
        Ok(match text {
            "-" => Self::Stdin,
            path => Self::File(path.into()),
        })
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
