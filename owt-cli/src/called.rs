//! Turns what was typed into a call, for `owt call` and `owt encode` alike.

use std::path::Path;

use owt_core::Call;

use crate::args::CalledArgs;
use crate::arguments::{self, check};
use crate::failure::Failure;
use crate::source::{Source, Stdin};

/// A call, and what tracebacks should call its code.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) call: Call,
    pub(crate) code_name: Option<String>,
    /// What only Python can tell an expression from something else: what it is called in messages,
    /// and the text.
    unread: Vec<(&'static str, String)>,
}

impl Called {
    /// Reads the code and the arguments; `stdin` says what standard input is for already.
    ///
    /// # Errors
    /// Something cannot be read, or the server would refuse it. Of expressions it is the server
    /// that says so.
    pub(crate) fn read(args: CalledArgs, stdin: &mut Stdin) -> Result<Self, Failure> {
        let mut unread: Vec<_> = args.run.iter().map(|run| ("--run", run.clone())).collect();
        let code = Code::of(args.file, args.code, args.run, stdin)?;
        let words: Vec<_> = code.argument().into_iter().chain(args.words).collect();
        let kwargs = arguments::kwargs(&words, &args.args, args.kwargs.as_deref(), stdin)?;
        let (code, code_name) = code.read()?;
        let mut call = Call::new(code);
        if let Some(arguments) = kwargs {
            unread.extend(arguments.unread.map(|name| (name, arguments.text.clone())));
            call.kwargs = Some(arguments.text.into());
        }
        call.fn_name = args.fn_name.map(Into::into);
        call.use_cache = args.use_cache;
        call.cache_kwargs = args.cache_kwargs;
        call.cache_shared = args.cache_shared;
        call.timeout = args.timeout.map(|span| span.0);
        // Read here first, by the server's rules.
        let call = Call::from_json(call.to_json_text().as_bytes())?;
        Ok(Self { call, code_name, unread })
    }

    /// Refuses what Python does not take for an expression. Starts a Python, if there is anything
    /// to ask: for calls that no server reads now.
    ///
    /// # Errors
    /// There is such a text.
    pub(crate) fn checked(self) -> Result<Self, Failure> {
        self.unread.iter().try_for_each(|(name, text)| check(name, text))?;
        Ok(self)
    }
}

/// Where the code is.
enum Code {
    In(Source),
    /// In an option; then the first word is an argument, if it is there.
    Given(String, Option<String>),
}

impl Code {
    fn of(
        word: Option<String>,
        code: Option<String>,
        run: Option<String>,
        stdin: &mut Stdin,
    ) -> Result<Self, Failure> {
        let (option, text) = match (code, run) {
            (Some(code), _) => ("--code", code),
            (None, Some(expression)) => ("--run", expression),
            // clap has seen to it that there is one of the three.
            (None, None) => {
                let source = Source::of(&word.unwrap_or_default());
                stdin.take(&source, "the code")?;
                return Ok(Self::In(source));
            }
        };
        if let Some(word) = &word {
            no_file(option, word)?;
        }
        Ok(Self::Given(text, word))
    }

    fn argument(&self) -> Option<String> {
        match self {
            Self::In(_) => None,
            Self::Given(_, word) => word.clone(),
        }
    }

    /// The code, and what tracebacks call it.
    fn read(self) -> Result<(String, Option<String>), Failure> {
        let (code, name) = match self {
            Self::In(source) => (source.code()?, source.code_name().map(str::to_owned)),
            Self::Given(text, _) => (text, None),
        };
        if code.trim().is_empty() {
            return Err(Failure::Usage("the code is empty".to_owned()));
        }
        Ok((code, name))
    }
}

/// Refuses what was meant to be the code, where an option gives that already.
fn no_file(option: &str, word: &str) -> Result<(), Failure> {
    let path = Path::new(word);
    if path.is_file() || path.extension().is_some_and(|it| it == "py") {
        return Err(Failure::Usage(format!(
            "{word} is a file, but {option} gives the code already: leave one of them out"
        )));
    }
    Ok(())
}
