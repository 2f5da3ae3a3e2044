//! The walls between crates are where ARCHITECTURE.md says that they are.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot read a manifest fails"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The crates of the table: what of ours each stands on, and what is nowhere beneath it.
fn table() -> BTreeMap<String, [BTreeSet<String>; 2]> {
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ARCHITECTURE.md");
    let map = std::fs::read_to_string(map).unwrap();
    let (_, table) = map.split_once("| crate | of ours it stands on |").expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').collect();
        (cells[1].trim().trim_matches('`').to_owned(), [names(cells[2]), names(cells[3])])
    })
    .collect()
}

struct Crates(Value);

impl Crates {
    fn ask() -> Self {
        let cargo = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
        Self(serde_json::from_slice(&cargo.stdout).unwrap())
    }

    fn package(&self, id: &Value) -> &Value {
        let packages = self.0["packages"].as_array().unwrap();
        packages.iter().find(|package| package["id"] == *id).unwrap()
    }

    fn name(&self, id: &Value) -> &str {
        self.package(id)["name"].as_str().unwrap()
    }

    /// Those of the workspace that are published.
    fn ours(&self) -> BTreeMap<&str, &Value> {
        let ids = self.0["workspace_members"].as_array().unwrap();
        let is_published = |id: &&Value| self.package(id)["publish"].is_null();
        ids.iter().filter(is_published).map(|id| (self.name(id), id)).collect()
    }

    /// What that crate is built of, as its own manifest says; not for its tests or its build.
    fn beneath(&self, id: &Value) -> Vec<&Value> {
        let nodes = self.0["resolve"]["nodes"].as_array().unwrap();
        let node = nodes.iter().find(|node| node["id"] == *id).unwrap();
        let is_built_in = |dependency: &&Value| {
            dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null())
        };
        let dependencies = node["deps"].as_array().unwrap().iter().filter(is_built_in);
        dependencies.map(|dependency| &dependency["pkg"]).collect()
    }

    /// All names beneath it.
    fn all_beneath(&self, id: &Value) -> BTreeSet<&str> {
        let (mut seen, mut left) = (BTreeSet::new(), vec![id]);
        while let Some(id) = left.pop() {
            for below in self.beneath(id) {
                if seen.insert(self.name(below)) {
                    left.push(below);
                }
            }
        }
        seen
    }
}

#[test]
fn each_crate_stands_on_what_the_map_says() {
    let (crates, table) = (Crates::ask(), table());
    let ours = crates.ours();
    assert_eq!(
        table.keys().map(String::as_str).collect::<Vec<_>>(),
        ours.keys().copied().collect::<Vec<_>>(),
        "the crates of the workspace, and those of the table"
    );
    for (name, [stands_on, never]) in &table {
        let id = ours[&**name];
        let direct: BTreeSet<_> = crates.beneath(id).iter().map(|id| crates.name(id)).collect();
        let own: BTreeSet<_> = direct.iter().filter(|name| ours.contains_key(*name)).collect();
        let told: BTreeSet<_> = stands_on.iter().map(String::as_str).collect();
        assert_eq!(own, told.iter().collect(), "{name} stands on");
        let beneath = crates.all_beneath(id);
        assert!(beneath.contains("serde"), "{name}: serde is beneath all of them");
        for wall in never {
            assert!(!beneath.contains(&**wall), "{wall} is beneath {name}");
        }
    }
}
