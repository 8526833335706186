//! What people said of findings when they read the code: the reason for a rule's level.

use std::collections::BTreeSet;

use serde::Deserialize;
use thread_lint::rules::{self, Level};

use crate::support;

#[derive(Deserialize)]
struct Finding {
    #[serde(rename = "crate")]
    source: String,
    version: String,
    file: String,
    line: u32,
    column: u32,
    rule: String,
    first: String,
    second: String,
}

#[test]
fn rules_at_error_level_were_read_and_found_true() {
    let all: Vec<Finding> =
        serde_json::from_str(&support::read("fixtures/readings/errors.json")).unwrap();
    let places: BTreeSet<_> =
        all.iter().map(|it| (&it.source, &it.version, &it.file, it.line, it.column)).collect();
    assert_eq!((all.len(), places.len()), (100, 100), "a hundred different places");
    let both = all.iter().filter(|it| it.first == "true" && it.second == "true").count();
    assert!(both >= 97, "only {both} of 100 are true to both readers");
    for it in &all {
        let level = rules::page(&it.rule).map(|page| page.level);
        assert_eq!(level, Some(Level::Error), "{} is not at error level", it.rule);
    }
}
