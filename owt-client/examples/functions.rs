//! Calls functions of code that is sent once, by its hash.

use owt_client::Client;
use serde_json::json;

const TOOLS: &str = "
def add(x: int, y: int = 1) -> int:
    return x + y
";

#[tokio::main]
async fn main() -> Result<(), owt_client::Error> {
    let client = Client::from_env()?;
    let tools = client.published(TOOLS);
    let nine: i64 = tools.function("add").args((4, 5)).value().await?;
    let five: i64 = tools.function("add").named("x", 4).value().await?;
    println!("{nine} {five}");
    let wrong = tools.function("add").args(json!({"x": "a", "z": 1})).value::<i64>().await;
    if let Err(error) = wrong {
        for fault in error.faults() {
            println!("{}: {}", fault.name, fault.message);
        }
    }
    Ok(())
}
