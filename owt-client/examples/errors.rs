//! Tells what an adaptor raised.

use owt_client::{POST, owt};

#[tokio::main]
async fn main() {
    let Err(error) = owt::<POST>("f(math.sqrt)", -1).text().await else { return };
    println!("{:?}", error.kind());
    if let Some(exception) = error.exception() {
        println!("{}", exception.r#type);
        eprintln!("{}", exception.traceback);
    }
}
