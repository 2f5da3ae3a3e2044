//! The Rust column of docs/clients.md: each row's lines, which print what they print in every language.

use std::collections::HashSet;
use std::time::Duration;

use owt_client::{Client, POST, PyBytes, PyExpr};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let client = Client::from_env()?;
    arguments(&client).await?;
    answers(&client).await?;
    streams(&client).await?;
    bodies(&client).await?;
    settings(&client).await?;
    errors(&client).await
}

async fn arguments(client: &Client) -> Result<(), Failure> {
    // named arguments
    let code = "def run(n, name): return f'{name} {n}'";
    let text = client.owt::<POST>(code, json!({"n": 2, "name": "a"})).text().await?;
    println!("named arguments : {text}");

    // one value
    let text = client.owt::<POST>("lambda x: f'{x + 1}'", 16).text().await?;
    println!("one value : {text}");

    // bytes
    let code = "lambda x: f'{type(x).__name__} {len(x)}'";
    let text = client.owt::<POST>(code, PyBytes(b"ab".to_vec())).text().await?;
    println!("bytes : {text}");

    // Python of your own
    let text = client.owt::<POST>("lambda x: f'{x:,}'", PyExpr("2**64")).text().await?;
    println!("Python of your own : {text}");
    Ok(())
}

async fn answers(client: &Client) -> Result<(), Failure> {
    // JSON
    let value = client.owt::<POST>("lambda: {'a': [1, None]}", ()).json::<Value>().await?;
    println!("JSON : {value}");

    // text
    let text = client.owt::<POST>("lambda: 'grüß'", ()).text().await?;
    println!("text : {text}");

    // raw bytes
    let raw = client.owt::<POST>("lambda: b'\\xff\\x00'", ()).bytes().await?;
    println!("raw bytes : {}", raw.len());

    // status and headers
    let code = "def run(): return 'made', 201, {'X-Mine': 'yes'}";
    let reply = client.owt::<POST>(code, ()).send().await?;
    let (status, mine) = (reply.status().as_u16(), reply.headers()["X-Mine"].clone());
    println!("status and headers : {status} {} {}", mine.to_str()?, reply.text().await?);
    Ok(())
}

async fn streams(client: &Client) -> Result<(), Failure> {
    // a stream
    let code = "def run():\n    yield 'a'\n    yield 'b'";
    let mut chunks = client.owt::<POST>(code, ()).stream().await?;
    let mut all = Vec::new();
    while let Some(chunk) = chunks.next().await {
        all.extend_from_slice(&chunk?);
    }
    println!("a stream : {}", String::from_utf8(all)?);

    // JSON lines
    let code = "def run():\n    for n in range(2):\n        yield {'n': n}";
    let mut lines = client.owt::<POST>(code, ()).lines::<Value>().await?;
    print!("JSON lines :");
    while let Some(line) = lines.next().await {
        print!(" {}", line?.pointer("/n").unwrap_or(&Value::Null));
    }
    println!();

    // events
    let mut events = client.owt::<POST>("lambda: sse(['a', 'b'])", ()).events().await?;
    print!("events :");
    while let Some(event) = events.next().await {
        print!(" {}", event?.data);
    }
    println!();
    Ok(())
}

async fn bodies(client: &Client) -> Result<(), Failure> {
    // a body
    let code = "lambda: f'{request.data!r} {request.content_type}'";
    let call = client.owt::<POST>(code, ()).data("ab").header("Content-Type", "text/plain");
    println!("a body : {}", call.text().await?);

    // files
    let code = "lambda: ' '.join(file.read().decode() for file in request.files.values())";
    let call = client.owt::<POST>(code, ());
    let call = call.file("a", "a.txt", "one").file("b", "b.txt", "two");
    println!("files : {}", call.text().await?);
    Ok(())
}

async fn settings(client: &Client) -> Result<(), Failure> {
    // another function
    let call = client.owt::<POST>("def go(): return 'gone'", ()).fn_name("go");
    println!("another function : {}", call.text().await?);

    // a kept result
    let code = "import uuid\ndef run(): return str(uuid.uuid4())";
    let mut kept = HashSet::new();
    for _ in 0..2 {
        kept.insert(client.owt::<POST>(code, ()).cache(true).text().await?);
    }
    println!("a kept result : {}", kept.len());

    // a deadline
    let call = client.owt::<POST>("import time\ndef run(): time.sleep(60)", ());
    if let Err(error) = call.timeout(Duration::from_millis(300)).text().await {
        println!("a deadline : {}", error.status().ok_or("no status")?.as_u16());
    }

    // a limit on connecting
    let limited = Client::builder().connect_timeout(Duration::from_secs(5)).build()?;
    let text = limited.owt::<POST>("lambda: 'in time'", ()).text().await?;
    println!("a limit on connecting : {text}");

    // a limit on silence
    let limited = Client::builder().idle_timeout(Duration::from_secs(60)).build()?;
    let text = limited.owt::<POST>("lambda: 'in time'", ()).text().await?;
    println!("a limit on silence : {text}");

    // retries
    let patient = Client::builder().retries(3).build()?;
    println!("retries : {}", patient.owt::<POST>("lambda: 'once'", ()).text().await?);

    // headers
    let named = Client::builder().header("X-Tenant", "a")?.build()?;
    let text = named.owt::<POST>("lambda: request.headers['X-Tenant']", ()).text().await?;
    println!("headers : {text}");

    // a token
    let keyed = client.clone().bearer("a-token");
    let text = keyed.owt::<POST>("lambda: request.headers['Authorization']", ()).text().await?;
    println!("a token : {text}");

    // the URL
    let url = client.owt::<POST>("f(abs)", -1).encode()?;
    println!("the URL : {}", url.query().unwrap_or_default());
    Ok(())
}

async fn errors(client: &Client) -> Result<(), Failure> {
    // what the adaptor raised
    if let Err(error) = client.owt::<POST>("lambda: 1 / 0", ()).text().await {
        let status = error.status().ok_or("no status")?.as_u16();
        let exception = error.exception().ok_or("no exception")?;
        println!("what the adaptor raised : {status} {}", exception.r#type);
    }

    // kinds of errors
    match client.owt::<POST>("def run(): return 'none', 404", ()).text().await {
        Err(error) if error.is_not_found() => println!("kinds of errors : 404"),
        other => return Err(format!("{other:?}").into()),
    }
    Ok(())
}
