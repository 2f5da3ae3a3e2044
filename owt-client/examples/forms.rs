//! Takes an image, numbers and rows in the forms that a program can use.

use std::collections::{BTreeMap, HashMap};

use owt_client::{POST, owt};

const IMAGE: &str = "import numpy as np\ndef run(n): return np.full((n, n, 3), 200, 'u1')";
const TABLE: &str =
    "import pandas as pd\ndef run(): return pd.DataFrame({'x': [1, 2], 'y': [3, 4]})";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sizes = HashMap::from([("n", 8)]);
    let png = owt::<POST>(IMAGE, sizes).header("Accept", "image/png").bytes().await?;
    std::fs::write(std::env::temp_dir().join("grey.png"), &png)?;
    let numbers: [[f32; 2]; 2] = owt::<POST>("f(numpy.eye)", 2).json().await?;
    let rows: Vec<BTreeMap<String, i64>> = owt::<POST>(TABLE, ()).json().await?;
    println!("{:?} {numbers:?} {rows:?}", png.get(1..4));
    Ok(())
}
