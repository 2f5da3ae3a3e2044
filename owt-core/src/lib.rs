//! Defines what both ends of owt share: the [`Call`] that a request makes, and the [`Problem`] that
//! answers it when it cannot be done.
//!
//! Nothing here opens a socket, a file or a Python; what a text *means* is
//! decided here once, for the server, the Rust client and the command line.
//! Section numbers (§) in these pages are those of `docs/wire.md`.
//!
//! ```
//! use owt_core::{Call, to_kwargs};
//!
//! let mut call = Call::new("f(sota.hard_task)");
//! call.kwargs = to_kwargs("solve AGI")?.map(Into::into);
//! let url = call.to_url(&"http://127.0.0.1:9876/agi".parse()?)?;
//! assert_eq!(Call::from_query(url.query().unwrap_or_default())?, Some(call));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod call;
mod catalogue;
mod code;
mod description;
mod encoding;
mod function;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod identifier;
mod literal;
mod problem;
mod secrets;
mod trace;
mod warm;

pub use call::{
    CODE_FIELDS, Call, CallError, CallFields, DEFAULT_CODE_NAME, DEFAULT_FN_NAME, FieldNames,
    MAX_CODE_NAME, MAX_URL, MEANT, Others, PYTHON_TYPES, shell_word,
};
pub use catalogue::{Catalogue, FunctionInfo, ParameterInfo, ReturnInfo, SentCode, Unpublished};
pub use code::{Code, CodeId, Origin};
pub use description::MCP_PATH;
pub use function::{CODE_PATH, FUNCTIONS_PATH, FunctionName, SentFunction, is_module_name};
pub use literal::{LiteralError, PyBytes, PyExpr, to_kwargs, to_literal};
pub use problem::{Exception, Fault, Foreign, PROBLEM_JSON, Problem, ProblemKind};
pub use secrets::SECRETS;
pub use trace::Trace;
pub use warm::{WARM_PATH, Warm, WarmAdaptor, WarmWorker};
