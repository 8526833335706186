//! Documents: what they name exists.

use std::collections::BTreeSet;

use syn::visit::Visit;

use crate::support;

/// Directories of this repository that documents name files of.
const PLACES: [&str; 8] =
    ["src/", "tests/", "rules/", "fixtures/", "schema/", "crates/", "benches/", ".ci/"];

/// Named in documents and not there yet.
const NOT_YET: [&str; 0] = [];

#[test]
fn documents_name_files_that_exist() {
    let mut complaints = Vec::new();
    for document in documents() {
        for (line, name) in quoted_paths(&support::read(&document)) {
            if !support::root().join(&name).exists() && !NOT_YET.contains(&name.as_str()) {
                complaints.push(format!("{document}:{line}: `{name}`"));
            }
        }
    }
    let arrived = NOT_YET.iter().filter(|name| support::root().join(name).exists());
    complaints
        .extend(arrived.map(|name| format!("`{name}` exists now: remove it from the exceptions")));
    support::assert_none("documents that name files which do not exist", &complaints);
}

#[test]
fn every_invariant_names_the_test_that_holds_it() {
    let tests = test_functions();
    let text = support::read("ARCHITECTURE.md");
    let items = invariants(&text);
    assert!(!items.is_empty(), "ARCHITECTURE.md has no list under a heading `Invariants`");
    let held = |item: &String| {
        back_quoted(item).iter().any(|name| tests.contains(name.rsplit("::").next().unwrap_or("")))
    };
    let complaints: Vec<String> = items.into_iter().filter(|item| !held(item)).collect();
    support::assert_none("invariants of ARCHITECTURE.md that name no test function", &complaints);
}

#[test]
fn the_repository_has_its_documents() {
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ] {
        assert!(support::read(name).trim().len() > 40, "{name} is empty");
    }
    let manifest: toml::Table = support::read("Cargo.toml").parse().unwrap();
    let version = manifest["package"]["version"].as_str().unwrap();
    let changes = support::read("CHANGELOG.md");
    let has =
        |name: &str| changes.lines().any(|line| line.starts_with("## ") && line.contains(name));
    assert!(
        has(version) || has("Unreleased"),
        "CHANGELOG.md has neither `## {version}` nor `## Unreleased`"
    );
}

/// Documents at the root, in directories of documents, and those of fixtures. Rule pages name files
/// of their examples and are left out.
fn documents() -> Vec<String> {
    let mut found: Vec<String> = std::fs::read_dir(support::root())
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".md"))
        .collect();
    for dir in ["docs", "crates"] {
        found.extend(support::files_below(dir, "md"));
    }
    found.extend(
        support::files_below("fixtures", "md")
            .into_iter()
            .filter(|path| path.ends_with("README.md")),
    );
    found.sort();
    found
}

/// Back-quoted names outside of fences that look like paths of this repository, with their lines.
/// Patterns (`rules/<id>.md`, `src/*.rs`) are none.
fn quoted_paths(text: &str) -> Vec<(usize, String)> {
    let mut inside = false;
    let mut found = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        inside ^= line.trim_start().starts_with("```");
        if inside {
            continue;
        }
        for name in back_quoted(line) {
            let plain = !name.contains(['<', '*', '…', '{', ' ', '$']);
            if plain && PLACES.iter().any(|place| name.starts_with(place)) {
                found.push((number, name.split(':').next().unwrap_or(&name).to_owned()));
            }
        }
    }
    found
}

fn back_quoted(line: &str) -> Vec<String> {
    line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// List items under the heading `Invariants`, each with its continuation lines.
fn invariants(text: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with('#') {
            inside = line.trim_start_matches('#').trim() == "Invariants";
        } else if inside && (line.starts_with("- ") || line.starts_with("* ") || numbered(line)) {
            items.push(line.to_owned());
        } else if inside && line.starts_with(' ') {
            items.iter_mut().last().into_iter().for_each(|item| item.push_str(line));
        }
    }
    items
}

fn numbered(line: &str) -> bool {
    line.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

/// Names of all functions with `#[test]`.
fn test_functions() -> BTreeSet<String> {
    #[derive(Default)]
    struct Tests(BTreeSet<String>);
    impl<'ast> Visit<'ast> for Tests {
        fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
            if item.attrs.iter().any(|attribute| attribute.path().is_ident("test")) {
                self.0.insert(item.sig.ident.to_string());
            }
        }
    }
    let mut tests = Tests::default();
    for path in support::own_rust_files() {
        tests.visit_file(&syn::parse_file(&support::read(&path)).unwrap());
    }
    tests.0
}

#[test]
fn paths_and_invariants_are_read_from_prose() {
    let text = "See `src/a.rs:9`, `src/<id>.rs` and `other/b.rs`.\n```\n`src/c.rs`\n```\n";
    assert_eq!(quoted_paths(text), [(1, "src/a.rs".to_owned())]);
    let text = "# A\n- no\n## Invariants\n- one `x`\n  more `y`\n2. two\n## B\n- no\n";
    assert_eq!(invariants(text), ["- one `x`  more `y`", "2. two"]);
}
