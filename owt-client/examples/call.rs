//! Calls functions of two libraries.

use owt_client::{POST, owt};

#[tokio::main]
async fn main() -> Result<(), owt_client::Error> {
    let root: f64 = owt::<POST>("f(math.sqrt)", 2).json().await?;
    let mean: f64 = owt::<POST>("f(statistics.mean)", vec![1, 2, 6]).json().await?;
    let shout = owt::<POST>("f(str.upper)", "größe").text().await?;
    println!("{root:.3} {mean} {shout}");
    Ok(())
}
