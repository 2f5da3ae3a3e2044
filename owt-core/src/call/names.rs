//! Names the fields of a call.

use crate::Problem;

/// The names by which a request sent its code and its arguments: its problems are told by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldNames {
    /// `code` or `code_b64`.
    pub code: &'static str,
    /// `kwargs` or `kwargs_b64`; where no arguments came, as the code's.
    pub kwargs: &'static str,
}

impl Default for FieldNames {
    fn default() -> Self {
        Self { code: "code_b64", kwargs: "kwargs_b64" }
    }
}

impl FieldNames {
    /// The problem of a call with these names.
    #[must_use]
    pub fn told(self, mut problem: Problem) -> Problem {
        problem.field = problem.field.map(|field| match field.as_str() {
            "code_b64" => self.code.to_owned(),
            "kwargs_b64" => self.kwargs.to_owned(),
            _ => field,
        });
        problem
    }
}
