//! Makes a call in one line: `owt::<POST>("f(sota.hard_task)", "solve AGI")`.

use std::sync::Arc;

use owt_core::{Call, to_kwargs};
use serde::Serialize;
use url::Url;

use crate::address::{server_url, take_login};
use crate::client::Client;
use crate::error::Error;
use crate::request::{CallRequest, Verb};

/// A call of this code with these arguments on the server at `$OWT_URL`, else the one on this
/// machine: see [`Client::owt`].
pub fn owt<M: Verb>(code: impl Into<Arc<str>>, args: impl Serialize) -> CallRequest {
    match Client::from_env() {
        Ok(client) => client.owt::<M>(code, args),
        Err(error) => CallRequest::mistaken(error),
    }
}

/// The URL that makes a call when it is opened: of this code, with these arguments, on the
/// server at this URL. Name and password of the latter are left out.
///
/// [`CallRequest::encode`] writes a call with more to say.
///
/// ```
/// let url = owt_client::encode("localhost:9876/root", "f(math.sqrt)", 2)?;
/// assert_eq!(url.as_str(), "http://localhost:9876/root?code_b64=ZihtYXRoLnNxcnQp&kwargs_b64=Mg");
/// # Ok::<(), owt_client::Error>(())
/// ```
///
/// # Errors
/// No URL, arguments that cannot be written as Python, or a call too long for a URL.
pub fn encode(
    url: impl AsRef<str>,
    code: impl Into<Arc<str>>,
    args: impl Serialize,
) -> Result<Url, Error> {
    let mut base = server_url(url.as_ref())?;
    take_login(&mut base);
    let mut call = Call::new(code);
    call.kwargs = to_kwargs(&args).map_err(Error::arguments)?.map(Into::into);
    call.to_url(&base).map_err(Error::call)
}
