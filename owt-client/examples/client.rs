//! A client with limits of its own, that tries again where nothing has run.

use std::time::Duration;

use owt_client::{Client, POST};

#[tokio::main]
async fn main() -> Result<(), owt_client::Error> {
    let client = Client::builder()
        .connect_timeout(Duration::from_secs(2))
        .idle_timeout(Duration::from_secs(60))
        .header("X-Tenant", "a")?
        .retries(3)
        .build()?;
    let call = client.owt::<POST>("f(lambda: [request.headers['X-Tenant']])", ());
    let reply = call.send().await?;
    println!("{} {}", reply.status(), reply.request_id().is_some());
    println!("{:?}", reply.json::<[String; 1]>().await?);
    Ok(())
}
