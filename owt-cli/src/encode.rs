//! `owt encode`: prints a call as a URL, JSON or a shell command.

use crate::args::{EncodeArgs, Form};
use crate::called::Called;
use crate::failure::Failure;
use crate::output;
use crate::source::Stdin;

pub(crate) fn run(args: EncodeArgs) -> Result<(), Failure> {
    let Called { call, .. } = Called::read(args.called, &mut Stdin::default())?.checked()?;
    let base = &args.server.url()?;
    output::line(&match args.form {
        Form::Url => call.to_url(base)?.into(),
        Form::Curl => call.to_curl(base),
        Form::Json => call.to_plain_json(),
    })
}
