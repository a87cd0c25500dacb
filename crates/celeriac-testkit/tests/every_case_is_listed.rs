//! A case that a macro does not list would never run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn cases_written(kind: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/conformance")
        .join(kind);
    let mut cases = BTreeSet::new();
    for file in fs::read_dir(folder).expect("the cases' folder") {
        let path = file.expect("a file").path();
        let group = path.file_stem().expect("a name").display().to_string();
        for line in fs::read_to_string(&path).expect("Rust source").lines() {
            if let Some((name, _)) = line
                .strip_prefix("pub async fn ")
                .and_then(|rest| rest.split_once('('))
            {
                cases.insert(format!("{group}::{name}"));
            }
        }
    }
    cases
}

fn cases_listed(list: &str) -> BTreeSet<String> {
    let mut cases = BTreeSet::new();
    for group in list.split('}') {
        let Some((name, members)) = group.split_once('{') else {
            continue;
        };
        let members = members
            .split(',')
            .map(str::trim)
            .filter(|member| !member.is_empty());
        cases.extend(members.map(|member| format!("{}::{member}", name.trim())));
    }
    cases
}

#[test]
fn every_case_of_the_suite_is_listed() {
    let source = include_str!("../src/conformance/mod.rs");
    for kind in ["broker", "store"] {
        let start = format!("run_{kind}_case, {kind}, $fixture;");
        let (_, list) = source.split_once(&start).expect("the macro's list");
        let (list, _) = list
            .split_once("        }\n    };")
            .expect("the list's end");
        let written = cases_written(kind);
        assert!(written.len() > 50, "{written:?}");
        assert_eq!(cases_listed(list), written);
    }
}
