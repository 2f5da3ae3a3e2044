//! Writes what comes as it comes.

use owt_client::{POST, owt};

fn main() -> Result<(), owt_client::Error> {
    let call = owt::<POST>("def run(): yield from 'owt'", ());
    for chunk in call.blocking().stream()? {
        print!("{}", String::from_utf8_lossy(&chunk?));
    }
    println!();
    Ok(())
}
