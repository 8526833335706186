//! Who may use whom: layers of our own, and other people's crates.
//!
//! Directions rot silently, one convenient `use` at a time, and a crate that is used everywhere can
//! never be replaced.

use std::collections::BTreeSet;

use super::lexer::{self, PathUse};
use crate::support;

/// Modules from left to right; one may use those of its own row and those before it.
const LAYERS: [&[&str]; 14] = [
    &["text"],
    &["source"],
    &["finding"],
    &["catalog"],
    &["facts"],
    &["scan"],
    &["model"],
    &["flow"],
    &["symbolic"],
    &["verdict"],
    &["rules"],
    &["policy"],
    &["report"],
    &["emit", "fix", "inventory"],
];

/// The rim and the two roots use everything, and no layer uses the rim.
const RIM: [&str; 1] = ["cli"];
const ROOTS: [&str; 2] = ["src/lib.rs", "src/main.rs"];

/// Where a crate may be named: files, and directories that end with `/`.
const CRATES: [(&str, &[&str]); 19] = [
    ("tempfile", &["src/cli/"]),
    ("unicode_normalization", &["src/facts/lower.rs"]),
    ("syn", &["src/facts/lower.rs", "src/facts/lower/"]),
    ("proc_macro2", &["src/facts/lower.rs", "src/facts/lower/"]),
    ("walkdir", &["src/cli.rs", "src/cli/"]),
    ("globset", &["src/policy.rs", "src/policy/", "src/cli/"]),
    ("ignore", &["src/cli.rs", "src/cli/"]),
    ("clap", &["src/cli.rs", "src/cli/"]),
    ("annotate_snippets", &["src/emit.rs", "src/emit/"]),
    ("anstream", &["src/cli.rs", "src/cli/", "src/main.rs"]),
    ("toml", &["src/catalog.rs", "src/rules.rs", "src/policy.rs", "src/policy/", "src/cli/"]),
    (
        "serde",
        &[
            "src/catalog.rs",
            "src/finding.rs",
            "src/rules.rs",
            "src/policy.rs",
            "src/policy/",
            "src/emit/",
            "src/cli/",
        ],
    ),
    ("serde_json", &["src/emit.rs", "src/emit/", "src/cli/"]),
    ("cargo_metadata", &["src/cli.rs", "src/cli/"]),
    (
        "rayon",
        &[
            "src/model/load.rs",
            "src/model/load/",
            "src/flow/program/update.rs",
            "src/flow/solve.rs",
            "src/symbolic.rs",
            "src/verdict/followed.rs",
            "src/verdict.rs",
            "src/cli.rs",
            "src/cli/",
        ],
    ),
    ("aho_corasick", &["src/scan.rs"]),
    ("memchr", &["src/scan/declared.rs"]),
    (
        "rustc_hash",
        &[
            "src/facts/lower.rs",
            "src/scan/declared.rs",
            "src/model.rs",
            "src/model/",
            "src/flow/",
            "src/symbolic/",
        ],
    ),
    ("mimalloc", &["src/main.rs"]),
];

#[test]
fn layers_use_only_what_is_left_of_them() {
    let mut complaints = Vec::new();
    for path in
        support::files_below("src", "rs").iter().filter(|path| !ROOTS.contains(&path.as_str()))
    {
        let own = module_of(path);
        let Some(own_rank) = rank(&own[0]) else {
            complaints.push(format!("{path}: `{}` has no place among the layers", own[0]));
            continue;
        };
        for used in lexer::paths(lexer::tokens(path)) {
            let Some(target) = root_module(&own, &used) else {
                continue;
            };
            if rank(&target).is_some_and(|rank| rank > own_rank) {
                complaints.push(format!("{path}:{}: `{}` uses `{target}`", used.line, own[0]));
            }
        }
    }
    support::assert_none("edges against the direction of the layers", &complaints);
}

#[test]
fn other_crates_stay_where_they_belong() {
    let mut complaints = Vec::new();
    for path in support::production_files() {
        for used in lexer::paths(lexer::tokens(&path)) {
            let name = used.segments[0].as_str();
            let Some((_, allowed)) = CRATES.iter().find(|(own, _)| *own == name) else {
                continue;
            };
            let fits =
                |place: &str| path == place || place.ends_with('/') && path.starts_with(place);
            if !allowed.iter().any(|place| fits(place)) && !is_local(&path, name) {
                complaints.push(format!(
                    "{path}:{}: `{name}` is for {}",
                    used.line,
                    allowed.join(", ")
                ));
            }
        }
    }
    support::assert_none("crates named outside of their files", &complaints);
}

#[test]
fn every_dependency_has_its_files() {
    let manifest: toml::Table = support::read("Cargo.toml").parse().unwrap();
    let declared: BTreeSet<String> = manifest["dependencies"]
        .as_table()
        .unwrap()
        .keys()
        .map(|name| name.replace('-', "_"))
        .collect();
    let listed: BTreeSet<String> = CRATES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(
        declared, listed,
        "the dependencies of Cargo.toml and the list of where each may be used"
    );
}

/// `src/flow/lower.rs` is `[flow, lower]`.
fn module_of(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    inner.split('/').map(str::to_owned).collect()
}

fn rank(module: &str) -> Option<usize> {
    if RIM.contains(&module) {
        return Some(LAYERS.len());
    }
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The top module that a path written in `own` leads to.
fn root_module(own: &[String], used: &PathUse) -> Option<String> {
    let ups = used.segments.iter().take_while(|segment| *segment == "super").count();
    let target = match used.segments[0].as_str() {
        "crate" => used.segments.get(1),
        "super" if ups == own.len() + used.depth => used.segments.get(ups),
        _ => None,
    };
    target.filter(|name| **name != own[0]).cloned()
}

/// Whether a file has a module of that name, as `emit` may have one for each format.
fn is_local(path: &str, name: &str) -> bool {
    let text = support::read(path);
    [format!("mod {name};"), format!("mod {name} {{")].iter().any(|line| text.contains(line))
}

#[test]
fn modules_and_paths_resolve() {
    let used = |text: &str, depth| PathUse {
        segments: text.split("::").map(str::to_owned).collect(),
        line: 1,
        depth,
    };
    let own = module_of("src/flow/lower.rs");
    assert_eq!(own, ["flow", "lower"]);
    assert_eq!(root_module(&own, &used("crate::model::X", 0)).as_deref(), Some("model"));
    assert_eq!(root_module(&own, &used("super::super::rules::X", 0)).as_deref(), Some("rules"));
    assert_eq!(root_module(&own, &used("super::super::rules::X", 1)), None);
    assert!(rank("cli") > rank("emit") && rank("text") < rank("facts"));
}
