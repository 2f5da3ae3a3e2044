//! Asks a worker what a module publishes, by a call of the server's own.

use owt_core::{Call, Code, Problem, ProblemKind};
use owt_engine::{CacheInput, Context, Engine, Event};

use super::described::Described;
use crate::door::Door;

/// The name that is called to be told of all functions; Python's package has the same.
const DESCRIBE: &str = "__owt_describe__";

/// Who may call what describes a module.
pub(crate) struct Asker<'a> {
    pub engine: &'a Engine,
    pub door: &'a Door,
}

impl Asker<'_> {
    /// What the code of a module of that name publishes. It is loaded for that, and stays warm.
    ///
    /// # Errors
    /// It does not load.
    pub async fn describe(&self, code: &Code, module: &str) -> Result<Described, Box<Problem>> {
        let mut call = Call::of(code.clone());
        call.fn_name = Some(DESCRIBE.into());
        // Edits of one module are told from other modules by it.
        let path = format!("/_owt/functions/{module}");
        let input = CacheInput { path: &path, user: None, own: None, form: None, max_age: None };
        let context = |_: &Call| Context {
            id: format!("describe:{module}"),
            method: "GET",
            path: path.clone(),
            scheme: "http",
            ..Context::default()
        };
        let permit = self.door.own_permit();
        let (mut events, _) = self.engine.submit(permit, call, input, context);
        let json = match events.next().await {
            Some(Event::Answer(_, json)) => json,
            Some(Event::Problem(problem)) => return Err(problem),
            _ => return Err(odd("it answered no description")),
        };
        Described::read(code.clone(), module, &json).map_err(|error| odd(&error.to_string()))
    }
}

fn odd(why: &str) -> Box<Problem> {
    let detail = format!("what a module publishes could not be read: {why}");
    Box::new(Problem::new(ProblemKind::Internal, detail))
}
