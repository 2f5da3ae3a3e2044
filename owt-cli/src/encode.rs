//! `owt encode`: a call as text.

use owt_core::Call;

use crate::args::{EncodeArgs, EndpointArgs, Form};
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(args: EncodeArgs) -> Result<(), Failure> {
    if let Some(kwargs) = &args.kwargs {
        check("KWARGS (text wants quotes of its own)", kwargs)?;
    }
    let call = call_of(args.file.code()?, args.kwargs, &args.endpoint)?;
    let base = &args.endpoint.url()?;
    output::line(&match args.form {
        Form::Url => call.to_url(base)?.into(),
        Form::Curl => call.to_curl(base),
        Form::Json => call.to_plain_json(),
    })
}

/// A call that the server can read: it is read here first, by the same rules.
pub(crate) fn call_of(
    code: String,
    kwargs: Option<String>,
    endpoint: &EndpointArgs,
) -> Result<Call, Failure> {
    if code.trim().is_empty() {
        return Err(Failure::Usage("the code is empty".to_owned()));
    }
    let mut call = Call::new(code);
    call.kwargs = kwargs.map(Into::into);
    call.fn_name = endpoint.fn_name.as_deref().map(Into::into);
    call.use_cache = endpoint.use_cache;
    call.cache_kwargs = endpoint.cache_kwargs;
    Ok(Call::from_json(call.to_json().to_string().as_bytes())?)
}

/// Refuses what Python's own parser does not take for an expression.
pub(crate) fn check(name: &str, expression: &str) -> Result<(), Failure> {
    owt_server::check_expression(expression).map_err(|why| {
        Failure::Usage(format!("{name} cannot be read as a Python expression:\n{why}"))
    })
}
