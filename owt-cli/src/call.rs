//! `owt call`: sends a call and streams its answer.

use owt_client::{Body, CallRequest, Client, HeaderName, HeaderValue, Reply};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::CallArgs;
use crate::by_name;
use crate::called::Called;
use crate::failure::Failure;
use crate::output;
use crate::progress::{Progress, Sent};
use crate::saved::Saved;
use crate::source::Stdin;

pub(crate) fn run(args: CallArgs) -> Result<(), Failure> {
    let mut stdin = Stdin::default();
    if let Some(data) = &args.data {
        stdin.take(data, "the data")?;
    }
    for file in &args.files {
        stdin.take(&file.source, &format!("the file {}", file.name))?;
    }
    let headers = headers(&args.headers, args.json)?;
    let client = args.token.client(&args.server, args.limits.builder())?;
    let is_sent_once = args.limits.retries == 0;
    // Counts what is sent of it if that goes out once.
    let body =
        |bytes: Vec<u8>| if is_sent_once { Body::wrap(Sent::new(bytes)) } else { bytes.into() };
    let name = by_name::name(&args).map(str::to_owned);
    let file = args.output.clone().filter(|path| path != "-");
    let mut request = match &name {
        Some(name) => by_name::request(&client, name, &args, &mut stdin, body)?,
        None => of_code(&client, args, &mut stdin, body)?,
    };
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let saved = file.map(|path| Saved::begin(path.as_ref())).transpose()?;
    wait(async {
        let done = match saved {
            None => shown(request).await,
            Some(saved) => tokio::select! {
                done = save(request, saved) => done,
                interrupted = interrupted() => Err(interrupted),
            },
        };
        match (done, name) {
            (Err(failure), Some(name)) => Err(by_name::explained(&client, &name, failure).await),
            (done, _) => done,
        }
    })
}

/// The call of code that it brings.
fn of_code(
    client: &Client,
    args: CallArgs,
    stdin: &mut Stdin,
    body: impl Fn(Vec<u8>) -> Body,
) -> Result<CallRequest, Failure> {
    let method = args.method();
    let Called { mut call, code_name, .. } = Called::read(args.called, stdin)?;
    call.code_name = code_name.map(Into::into);
    let mut request = client.call(call).method(method);
    if let Some(data) = args.data {
        request = request.data(body(data.bytes()?));
    }
    for file in args.files {
        let content = body(file.source.bytes()?);
        request = request.file(file.name.clone(), file.file_name(), content);
    }
    Ok(request)
}

async fn shown(request: CallRequest) -> Result<(), Failure> {
    show(answer(request).await?).await
}

/// Runs it on this thread, to its end.
pub(crate) fn wait<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::Start {
            what: "no event loop could be made".to_owned(),
            source,
        })?
        .block_on(work)
}

/// The answer, unless it leads elsewhere: a proxy's page about that is no result.
async fn answer(request: CallRequest) -> Result<Reply, Failure> {
    let reply = request.send().await?;
    if reply.status().is_redirection() {
        return Ok(reply.success().await?);
    }
    Ok(reply)
}

/// Writes an answer to standard output, each piece as it comes.
async fn show(reply: Reply) -> Result<(), Failure> {
    let status = reply.status();
    let mut chunks = reply.stream();
    let mut mid_line = false;
    while let Some(chunk) = chunks.next().await {
        let written = chunk.map_err(Failure::from).and_then(|chunk| {
            mid_line = !chunk.ends_with(b"\n");
            output::write(&chunk)
        });
        if written.is_err() {
            output::finish_line(mid_line);
        }
        written?;
    }
    if status.as_u16() < 400 { Ok(()) } else { Err(Failure::Answered(status)) }
}

/// Writes an answer to a file. One that is an error is shown, and the file stays as it was.
async fn save(request: CallRequest, mut saved: Saved) -> Result<(), Failure> {
    let reply = answer(request).await?;
    if reply.status().as_u16() >= 400 {
        return show(reply).await;
    }
    let length = reply.headers().get("content-length");
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let progress = Progress::new("received", length);
    let mut chunks = reply.stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        saved.write(&chunk)?;
        progress.add(chunk.len());
    }
    saved.keep()
}

/// Waits until somebody ends this program: then what is half written is removed first.
async fn interrupted() -> Failure {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Then it ends as programs do.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Failure::Interrupted(SignalKind::interrupt()),
        _ = terminate.recv() => Failure::Interrupted(SignalKind::terminate()),
    }
}

/// The headers as they were typed. What is wrong is not repeated: it may be a secret.
fn headers(typed: &[String], json: bool) -> Result<Vec<(HeaderName, HeaderValue)>, Failure> {
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
    let accept = json.then_some("Accept: application/json");
    for text in typed.iter().map(String::as_str).chain(accept) {
        let header = text.split_once(':').and_then(|(name, value)| {
            Some((name.trim().parse().ok()?, value.trim().parse().ok()?))
        });
        let Some((name, value)) = header else {
            let mend = "-H wants 'NAME: VALUE', a header's name and one line of text";
            return Err(Failure::Usage(mend.to_owned()));
        };
        if headers.iter().any(|(other, _)| *other == name) {
            let by = if json && name == "accept" { ", by -H and --json" } else { "" };
            return Err(Failure::Usage(format!("the header {name} is given twice{by}")));
        }
        headers.push((name, value));
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_they_are_typed() {
        let read = |typed: &[&str], json| {
            let typed: Vec<_> = typed.iter().map(|&text| text.to_owned()).collect();
            headers(&typed, json).map_err(|failure| failure.to_string())
        };
        let made = read(&["X-One:1", "X-Two: two words "], true).unwrap();
        let made: Vec<_> = made.iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
        assert_eq!(made, [("x-one", "1"), ("x-two", "two words"), ("accept", "application/json")]);
        for wrong in ["secret", "a b: secret", ": secret", "a: sec\nret"] {
            let refusal = read(&[wrong], false).unwrap_err();
            assert!(refusal.contains("-H") && !refusal.contains("secret"), "{refusal}");
        }
        let twice = read(&["Accept: text/csv"], true).unwrap_err();
        assert_eq!(twice, "the header accept is given twice, by -H and --json");
    }
}
