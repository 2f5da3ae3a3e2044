//! Counts as the adaptor does.

use owt_client::{Client, POST};
use serde_json::json;

const SQUARES: &str = "
def run(to):
    for n in range(to):
        yield n, n ** 2
";

#[tokio::main]
async fn main() -> Result<(), owt_client::Error> {
    let client = Client::from_env()?;
    let mut lines = client.owt::<POST>(SQUARES, json!({"to": 3})).lines::<(u32, u32)>().await?;
    while let Some(line) = lines.next().await {
        let (n, square) = line?;
        println!("{n} squared is {square}");
    }
    Ok(())
}
