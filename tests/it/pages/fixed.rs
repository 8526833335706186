//! What a fix promises, for every finding on every page that has one: the finding is gone, no other
//! has come, a second look finds nothing to do, and what compiled before compiles.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use thread_lint::Analysis;
use thread_lint::finding::Fix;
use thread_lint::fix::apply;
use thread_lint::rules;

use super::example::Example;
use super::{examples, judge};
use crate::support;

/// Every fix of every example, with the example as it is after that fix alone.
fn fixed() -> Vec<(Example, Fix, Example)> {
    let mut found = Vec::new();
    for example in rules::pages().iter().flat_map(examples) {
        let paths: Vec<String> = example.rust_files().map(|(path, _)| path.clone()).collect();
        for finding in judge::analysis(&example).findings {
            let Some(fix) = finding.fix else { continue };
            let path = &paths[finding.primary.file.0 as usize];
            let text = apply(&example.files[path], &fix.edits)
                .unwrap_or_else(|| panic!("{example}: {} does not fit the text", fix.title));
            let mut after = example.clone();
            after.files.insert(path.clone(), text);
            found.push((example.clone(), fix, after));
        }
    }
    assert!(found.len() > 40, "only {} fixes on all pages", found.len());
    found
}

fn counts(analysis: &Analysis) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for finding in &analysis.findings {
        *counts.entry(finding.rule).or_default() += 1;
    }
    counts
}

#[test]
fn a_fix_takes_one_finding_away_and_brings_none() {
    let mut complaints = Vec::new();
    for (before, fix, after) in fixed() {
        let (had, analysis) = (counts(&judge::analysis(&before)), judge::analysis(&after));
        let has = counts(&analysis);
        let rose = has.iter().any(|(rule, number)| had.get(rule).is_none_or(|had| number > had));
        let fewer = has.values().sum::<usize>() < had.values().sum();
        let again = analysis.findings.iter().any(|finding| finding.fix.as_ref() == Some(&fix));
        if rose || !fewer || again || !analysis.notes.is_empty() {
            complaints.push(format!("{before}: {}: {had:?} became {has:?}", fix.title));
        }
    }
    support::assert_none("fixes that do not repair", &complaints);
}

#[test]
fn fixed_examples_compile() {
    if !support::slow("pages") {
        return;
    }
    let dir = support::scratch().join("fixed-examples");
    let packages = dir.join("packages");
    if packages.exists() {
        std::fs::remove_dir_all(&packages).unwrap();
    }
    let fixes = fixed();
    for ((before, _, after), number) in fixes.iter().zip(0..) {
        if before.files.contains_key("Cargo.toml") {
            continue;
        }
        for (example, name) in
            [(before, format!("before-{number}")), (after, format!("after-{number}"))]
        {
            judge::write_package(example, &packages.join(&name), &name).unwrap();
        }
    }
    let manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"packages/*\"]\n";
    std::fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["check", "--workspace", "--all-targets", "--offline", "--keep-going"])
        .current_dir(&dir)
        .env("CARGO_TARGET_DIR", dir.join("target"))
        .env("RUSTFLAGS", "-Awarnings")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let failed = text.lines().filter_map(|line| {
        let rest = line.strip_prefix("error: could not compile `")?;
        rest.split_once('`').map(|(name, _)| name)
    });
    let failed: BTreeSet<&str> = failed.collect();
    let broken = failed.iter().filter_map(|name| name.strip_prefix("after-"));
    let broken: Vec<String> = broken
        .filter(|number| !failed.contains(format!("before-{number}").as_str()))
        .map(|number| {
            let (before, fix, _) = &fixes[number.parse::<usize>().unwrap()];
            format!("{before}: {}\n{text}", fix.title)
        })
        .collect();
    support::assert_none("fixes that break what compiled", &broken);
    let compiled = fixes.len() * 2 - failed.len();
    assert!(compiled > fixes.len(), "hardly anything compiles:\n{text}");
}
