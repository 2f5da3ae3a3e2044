//! Reads a problem that anybody may have written.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Exception, Foreign, Problem, ProblemKind};

/// What the `type` of owt's own problems has before their slug, whatever server stands before it.
const OWN: &str = "/_owt/problems/";

/// A member of the wrong type counts as missing (RFC 9457, 3.1).
impl From<Map<String, Value>> for Problem {
    fn from(mut members: Map<String, Value>) -> Self {
        let r#type = taken(&mut members, "type").unwrap_or_else(|| "about:blank".to_owned());
        let title = taken(&mut members, "title").unwrap_or_default();
        let status = taken(&mut members, "status").unwrap_or_default();
        let detail: Option<String> = taken(&mut members, "detail");
        let mut problem = Self::new(ProblemKind::Internal, detail.unwrap_or_default());
        problem.field = taken(&mut members, "field");
        problem.line = taken(&mut members, "line");
        problem.request_id = taken(&mut members, "request_id");
        problem.exception = taken::<Map<String, Value>>(&mut members, "exception").map(exception);
        problem.retry_after = taken(&mut members, "retry_after")
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        problem.errors = taken(&mut members, "errors").unwrap_or_default();
        match own_kind(&r#type) {
            Some(kind) => problem.kind = kind,
            None => {
                problem.kind = ProblemKind::nearest_to_status(status);
                problem.foreign = Some(Box::new(Foreign { r#type, title, status, members }));
            }
        }
        problem
    }
}

fn own_kind(uri: &str) -> Option<ProblemKind> {
    let (_, slug) = uri.rsplit_once(OWN)?;
    ProblemKind::from_slug(slug)
}

fn exception(mut members: Map<String, Value>) -> Exception {
    let mut text = |name| taken(&mut members, name).unwrap_or_default();
    Exception { r#type: text("type"), message: text("message"), traceback: text("traceback") }
}

/// The member, if it is there and of that type; one of another type stays.
fn taken<T: DeserializeOwned>(members: &mut Map<String, Value>, name: &str) -> Option<T> {
    let value = T::deserialize(members.get(name)?).ok()?;
    members.remove(name);
    Some(value)
}
