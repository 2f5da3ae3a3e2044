//! The Rust column of docs/clients.md does what the others do.

use std::collections::BTreeMap;
use std::process::Command;

use owt_testing::Owt;

use crate::readme::built;

#[test]
fn each_row_prints_what_it_prints_in_every_language() {
    let same = include_str!("../../../clients/vectors/same.json");
    let same: BTreeMap<String, String> = serde_json::from_str(same).unwrap();
    let server = Owt::start();
    let output = Command::new(built("examples").join("same")).env("OWT_URL", &server.url).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    let told: BTreeMap<_, _> = told.lines().filter_map(|line| line.split_once(" : ")).collect();
    let same = same.iter().map(|(row, printed)| (row.as_str(), printed.as_str())).collect();
    assert_eq!(told, same);
}
