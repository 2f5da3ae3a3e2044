//! Counts as the adaptor does.

use owt_client::{Client, POST};
use serde_json::{Value, json};

const COUNT: &str = "
def run(to):
    for n in range(to):
        yield {'n': n}
";

#[tokio::main]
async fn main() -> Result<(), owt_client::Error> {
    let client = Client::from_env()?;
    let mut lines = client.owt::<POST>(COUNT, json!({"to": 3})).lines::<Value>().await?;
    while let Some(line) = lines.next().await {
        println!("{}", line?["n"]);
    }
    Ok(())
}
