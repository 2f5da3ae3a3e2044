use crate::{Call, CallError, MAX_URL};

/// No bytes make the readers of calls panic, and a call that was read is the same call when it
/// is written and read again, as JSON or as a URL.
///
/// The first byte says how the others came.
///
/// # Panics
/// When that does not hold.
pub fn call(data: &[u8]) {
    let Some((form, body)) = data.split_first() else { return };
    let read = match form % 4 {
        0 => Call::from_json(body).map(Some),
        1 => Call::from_form(body),
        2 => Call::from_query(&String::from_utf8_lossy(body)),
        // Names and values by turns, as a multipart body's parts.
        _ => {
            let texts: Vec<_> = body.split(|byte| *byte == 0).collect();
            let parts = texts.chunks_exact(2);
            Call::from_fields(parts.map(|pair| (String::from_utf8_lossy(pair[0]), pair[1])))
        }
    };
    match read {
        Ok(Some(call)) => comes_back(&call),
        Ok(None) => {}
        // A client is told the field and the mend, in a few lines.
        Err(error) => assert!(!error.field().is_empty() && error.to_string().len() < 2000),
    }
}

fn comes_back(call: &Call) {
    let json = call.to_json().to_string();
    assert_eq!(&Call::from_json(json.as_bytes()).unwrap(), call, "{json}");
    match call.to_url(&"http://localhost/a?b=c".parse().unwrap()) {
        Ok(url) => {
            assert!(url.as_str().len() <= MAX_URL);
            let again = Call::from_query(url.query().unwrap()).unwrap();
            assert_eq!(again.as_ref(), Some(call), "{url}");
        }
        Err(CallError::UrlTooLong(length)) => assert!(length > MAX_URL),
        Err(error) => panic!("{error}"),
    }
}
