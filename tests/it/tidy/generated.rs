//! Text that follows from the pages is generated from them, and pages, queries and the list of rules
//! are the same set.

use std::collections::BTreeSet;
use std::fmt::Write;

use thread_lint::rules::{self, Kind, Level};

use crate::support;

const OPEN: &str = "<!-- rules -->";
const CLOSE: &str = "<!-- /rules -->";

#[test]
fn the_readme_table_follows_the_pages() {
    support::assert_generated("README.md", |readme| {
        let new = support::between(readme, OPEN, CLOSE, &rule_table());
        new.unwrap_or_else(|| panic!("README.md has no `{OPEN}` … `{CLOSE}`"))
    });
    assert!(support::read("README.md").contains("| [`"), "the table of README.md has no row");
}

#[test]
fn the_readme_shows_what_the_tool_prints() {
    support::assert_generated("README.md", |readme| {
        let (program, rest) = fenced(readme, "```rust\n").unwrap();
        let (old, _) = fenced(rest, "```text\n").unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let manifest = "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
        std::fs::create_dir(scratch.path().join("src")).unwrap();
        std::fs::write(scratch.path().join("Cargo.toml"), manifest).unwrap();
        std::fs::write(scratch.path().join("src/main.rs"), program).unwrap();
        let mut tool = std::process::Command::new(crate::tool::BIN);
        let output = tool.current_dir(scratch.path()).args(["--color", "never"]).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains("error["), "{printed}");
        readme.replacen(old, &format!("$ cargo thread-lint\n{printed}"), 1)
    });
}

/// What stands in the first fence that opens like this, and the text after it.
fn fenced<'a>(text: &'a str, open: &str) -> Option<(&'a str, &'a str)> {
    let start = text.find(open)? + open.len();
    let end = start + text[start..].find("```")?;
    Some((&text[start..end], &text[end..]))
}

fn rule_table() -> String {
    let mut text = String::new();
    for group in rules::groups() {
        writeln!(text, "\n| {group} | level | finds |\n|---|---|---|").unwrap();
        for page in rules::pages().iter().filter(|page| page.group == group) {
            let level = match page.level {
                Level::Off => "off",
                Level::Warn => "warn",
                Level::Error => "error",
            };
            writeln!(text, "| [`{0}`](rules/{0}.md) | {level} | {1} |", page.id, page.summary)
                .unwrap();
        }
    }
    text.trim_start().to_owned()
}

#[test]
fn pages_queries_and_the_list_are_one_set() {
    let listed: Vec<&str> = rules::pages().iter().map(|page| page.id).collect();
    let all: BTreeSet<String> = listed.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(all.len(), listed.len(), "a rule is listed twice");
    assert_eq!(stems("rules", "md"), all, "files under rules/ and the list of rules");
    let queries =
        rules::pages().iter().filter(|page| page.kind == Kind::Rule).map(|page| page.id.to_owned());
    let modules = stems("src/rules", "rs").into_iter().map(|name| name.replace('_', "-"));
    assert_eq!(
        modules.collect::<BTreeSet<_>>(),
        queries.collect(),
        "modules under src/rules/ and pages of kind rule"
    );
}

fn stems(dir: &str, extension: &str) -> BTreeSet<String> {
    let files = support::files_below(dir, extension);
    let stem = |path: &String| {
        Some(path.rsplit('/').next()?.strip_suffix(extension)?.trim_end_matches('.').to_owned())
    };
    files.iter().filter_map(stem).collect()
}

#[test]
fn hooks_select_groups_that_exist() {
    let manifest = support::read(".pre-commit-hooks.yaml");
    let groups = rules::groups();
    let selected: Vec<&str> = manifest
        .lines()
        .filter(|line| line.trim_start().starts_with("entry:"))
        .filter_map(|line| line.split_once("--only ").map(|(_, group)| group.trim()))
        .collect();
    assert_eq!(selected, ["no-detached-threads", "require-thread-registry"]);
    assert!(selected.iter().all(|group| groups.contains(group)), "{selected:?} among {groups:?}");
}

#[test]
fn summaries_are_one_plain_line() {
    for page in rules::pages() {
        let summary = page.summary.as_str();
        let plain =
            !summary.ends_with('.') && !summary.contains(['\n', '|']) && !summary.is_empty();
        assert!(plain, "rules/{}.md: summary `{summary}`", page.id);
        assert!(page.since.split('.').count() == 3, "rules/{}.md: since `{}`", page.id, page.since);
    }
}
