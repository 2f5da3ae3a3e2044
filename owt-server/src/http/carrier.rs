//! Tells which bodies can carry a call, by their media type.

use actix_web::http::header::{self, HeaderMap};
use bytes::Bytes;
use futures_util::FutureExt;
use owt_core::{CallFields, Others, PYTHON_TYPES, Problem, ProblemKind};

use super::read::{malformed, missing};

/// How a body carries a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// A JSON object of fields.
    Json,
    /// A form, URL-encoded.
    Form,
    /// A form in parts, between lines of this boundary.
    Parts(String),
    /// The code itself; the other fields are in the query.
    Python,
}

impl Carrier {
    /// What the body is by its `Content-Type`; `None` for what carries no call.
    ///
    /// # Errors
    /// It is a form in parts and does not say how they are told apart.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, Box<Problem>> {
        let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(None) };
        let content_type = value.to_str().unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let essence = essence.to_ascii_lowercase();
        Ok(Some(match essence.as_str() {
            "application/x-www-form-urlencoded" => Self::Form,
            "multipart/form-data" => {
                Self::Parts(multer::parse_boundary(content_type).map_err(bad)?)
            }
            json if json == "application/json" || json.ends_with("+json") => Self::Json,
            python if PYTHON_TYPES.contains(&python) => Self::Python,
            _ => return Ok(None),
        }))
    }

    /// The call fields of a request with such a body and this query.
    ///
    /// # Errors
    /// The body is not what it should be, or there is not one call field.
    pub fn fields<'a>(
        &self,
        query: &'a str,
        body: &'a Bytes,
        others: Others,
    ) -> Result<CallFields<'a>, Box<Problem>> {
        let fields = match self {
            Self::Json => return CallFields::from_json(body, others).map_err(malformed),
            Self::Python => {
                return Ok(CallFields::from_form(query.as_bytes(), others).with_code(body));
            }
            Self::Form => CallFields::from_form(body, others),
            Self::Parts(boundary) => in_parts(boundary, body, others)?,
        };
        if fields.is_empty() { Err(missing()) } else { Ok(fields) }
    }

    /// The field of such a body that holds code, if one does. What cannot be read holds none.
    pub fn code_field(&self, body: &Bytes) -> Option<&'static str> {
        match self {
            Self::Json => CallFields::from_json(body, Others::Passed).ok()?.code_field(),
            Self::Form => CallFields::from_form(body, Others::Passed).code_field(),
            Self::Parts(boundary) => in_parts(boundary, body, Others::Passed).ok()?.code_field(),
            Self::Python => Some("code"),
        }
    }
}

fn bad(error: multer::Error) -> Box<Problem> {
    let detail = format!("the multipart body cannot be read: {error}");
    Box::new(Problem::new(ProblemKind::MalformedCall, detail))
}

/// The fields of a form in parts.
fn in_parts(
    boundary: &str,
    body: &Bytes,
    others: Others,
) -> Result<CallFields<'static>, Box<Problem>> {
    // Nothing is waited for: the body is there.
    let read = read_parts(boundary, body.clone(), others).now_or_never();
    read.unwrap_or_else(|| {
        let detail = "the multipart body could not be read";
        Err(Box::new(Problem::new(ProblemKind::Internal, detail)))
    })
}

async fn read_parts(
    boundary: &str,
    body: Bytes,
    others: Others,
) -> Result<CallFields<'static>, Box<Problem>> {
    // What is not wanted is read over, not kept.
    let whole = futures_util::stream::once(async move { Ok::<_, std::io::Error>(body) });
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut fields = CallFields::of_parts(others);
    while let Some(part) = parts.next_field().await.map_err(bad)? {
        let name = part.name().unwrap_or_default().to_owned();
        if fields.wants(&name) {
            let file = part.file_name().map(str::to_owned);
            fields.part(&name, file.as_deref(), &part.bytes().await.map_err(bad)?);
        }
    }
    Ok(fields)
}
