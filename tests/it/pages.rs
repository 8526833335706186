//! The rule pages are the specification, and this runs them.
//!
//! Every fenced example of every page is analysed as a package of its own, by all rules. A marker
//! `//~ rule-id` at the end of a line (`#~ rule-id` in configuration) stands for a finding that
//! begins on that line, and both directions are compared: no finding without a marker, no marker
//! without a finding. CONTRIBUTING.md describes the format for authors.

mod compile;
mod example;
mod fixed;
mod judge;
mod parse;
mod retold;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use rayon::prelude::*;
use thread_lint::rules::{self, Kind, Page};

use crate::support;
use crate::tool::Shown;
use example::{Example, Mark, Today};

/// Sections of a page, in their order.
pub(crate) const SECTIONS: [&str; 6] =
    ["What it finds", "Why it matters", "How to fix", "Limits", "Bad", "Good"];

/// An example, and what is found in it.
pub(crate) type Run = (Example, Result<Vec<Shown>, String>);

/// All examples of all pages with their findings; run once for all tests.
pub(crate) fn runs() -> &'static [Run] {
    static RUNS: OnceLock<Vec<Run>> = OnceLock::new();
    RUNS.get_or_init(|| {
        let examples: Vec<Example> = all_examples().collect();
        examples.into_par_iter().map(|it| (it.clone(), judge::findings(&it))).collect()
    })
}

/// All examples of all pages.
pub(crate) fn all_examples() -> impl Iterator<Item = Example> {
    rules::pages().iter().flat_map(examples)
}

fn examples(page: &Page) -> Vec<Example> {
    parse::examples(page.id, page.body)
        .unwrap_or_else(|error| panic!("rules/{}.md: {error}", page.id))
}

#[test]
fn every_page_has_all_sections_in_order() {
    let mut complaints = Vec::new();
    for page in rules::pages() {
        let found = parse::headings(page.body);
        let known: Vec<&str> =
            found.iter().map(String::as_str).filter(|own| SECTIONS.contains(own)).collect();
        if known != SECTIONS {
            complaints.push(format!("rules/{}.md has {known:?}", page.id));
        }
    }
    support::assert_none(&format!("pages whose sections are not {SECTIONS:?}"), &complaints);
}

#[test]
fn every_page_shows_what_it_means() {
    let mut complaints = Vec::new();
    for page in rules::pages() {
        let all = examples(page);
        let in_section = |section: &str| {
            all.iter().filter(move |own| own.section == section).collect::<Vec<_>>()
        };
        let (bad, good) = (in_section("Bad"), in_section("Good"));
        let own = |example: &&&Example| example.marks.iter().any(|mark| mark.rule == page.id);
        // A file that cannot be read as text cannot be shown on a page that is text.
        if page.kind == Kind::Rule
            && bad.iter().filter(|e| e.today == Today::Right).find(own).is_none()
        {
            complaints.push(format!("rules/{}.md: no Bad example has its own marker", page.id));
        }
        if page.kind == Kind::Rule && !good.iter().any(|example| example.marks.is_empty()) {
            complaints.push(format!("rules/{}.md: no Good example is free of markers", page.id));
        }
        for example in good.iter().filter(own).filter(|e| e.today != Today::KnownFalse) {
            complaints.push(format!("{example}: a Good example is marked as bad"));
        }
        for example in all.iter().filter(|e| e.today != Today::Right && !own(&e)) {
            complaints
                .push(format!("{example}: tagged as known, without a marker of its own rule"));
        }
    }
    support::assert_none("pages that do not show their rule", &complaints);
}

#[test]
fn markers_and_findings_are_the_same() {
    let mut complaints = Vec::new();
    for (example, found) in runs() {
        match found {
            Ok(found) => complaints.extend(differences(example, found)),
            Err(error) => complaints.push(format!("{example}: {error}")),
        }
    }
    support::assert_none("examples where markers and findings differ", &complaints);
}

/// What is found and unmarked, and what is marked and not found. The own rule of a `known-miss`
/// example is expected to find nothing; once it does, the page has to say so.
fn differences(example: &Example, found: &[Shown]) -> Vec<String> {
    let found: BTreeSet<Mark> = found.iter().map(Mark::of).collect();
    let missed_today = |mark: &Mark| example.today == Today::KnownMiss && mark.rule == example.page;
    let mut complaints = Vec::new();
    for mark in found.difference(&example.marks) {
        complaints.push(format!("{} has an unmarked {}", example.place(mark), mark.rule));
    }
    for mark in &example.marks {
        let place = example.place(mark);
        match (found.contains(mark), missed_today(mark)) {
            (false, false) => complaints.push(format!("{place} has no {}", mark.rule)),
            (true, true) => complaints
                .push(format!("{place} is found now: remove `known-miss` and lower its count")),
            _ => {}
        }
    }
    complaints
}

#[test]
fn known_wrong_verdicts_are_counted_in_the_readme() {
    let count = |today| runs().iter().filter(|(example, _)| example.today == today).count();
    let counts = format!(
        "known-miss: {}, known-false: {}",
        count(Today::KnownMiss),
        count(Today::KnownFalse)
    );
    support::assert_generated("README.md", |readme| {
        let stated =
            stated_counts(readme).expect("README.md states `known-miss: N, known-false: M`");
        readme.replacen(stated, &counts, 1)
    });
    assert!(support::read("README.md").contains(&counts), "README.md states `{counts}`");
}

fn stated_counts(readme: &str) -> Option<&str> {
    let rest = &readme[readme.find("known-miss: ")?..];
    let second = ", known-false: ";
    let digits = rest.find(second)? + second.len();
    let end = digits + rest[digits..].bytes().take_while(u8::is_ascii_digit).count();
    Some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: u32, rule: &str) -> Shown {
        Shown {
            file: "src/lib.rs".into(),
            line,
            column: 1,
            rule: rule.into(),
            message: String::new(),
            labels: Vec::new(),
            help: Vec::new(),
        }
    }

    fn example(info: &str) -> Example {
        let body = format!(
            "## Bad\n\n```rust {info}\nfn f() {{}} //~ detached-thread unnamed-thread\n```\n"
        );
        parse::examples("detached-thread", &body).unwrap().remove(0)
    }

    #[test]
    fn both_directions_are_compared() {
        let own = example("");
        assert!(
            differences(&own, &[shown(1, "detached-thread"), shown(1, "unnamed-thread")])
                .is_empty()
        );
        let missing = format!("rules/detached-thread.md:{} has no detached-thread", own.line + 1);
        assert_eq!(differences(&own, &[shown(1, "unnamed-thread")]), [missing]);
        assert_eq!(differences(&own, &[shown(2, "unnamed-thread")]).len(), 3);
    }

    #[test]
    fn a_known_miss_that_is_found_is_a_complaint() {
        let own = example("known-miss");
        assert!(differences(&own, &[shown(1, "unnamed-thread")]).is_empty());
        let both = [shown(1, "detached-thread"), shown(1, "unnamed-thread")];
        assert!(differences(&own, &both)[0].contains("is found now"));
    }
}

#[test]
fn retelling_changes_no_verdict() {
    let mut complaints = Vec::new();
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for example in rules::pages().iter().flat_map(examples) {
        let Some((path, text)) = retold::only_file(&example) else { continue };
        let before = retold::said(&example);
        for (name, retell) in retold::RETELLINGS {
            let Some(text) = retell(text) else { continue };
            *told.entry(name).or_default() += 1;
            let after = retold::said(&retold::with_text(&example, path, text));
            if before != after {
                complaints.push(format!(
                    "rules/{}.md:{} {name}: {before:?} became {after:?}",
                    example.page, example.line
                ));
            }
        }
    }
    let seldom: Vec<_> = told.iter().filter(|&(_, &times)| times < 40).collect();
    assert!(seldom.is_empty(), "hardly ever applied: {seldom:?}");
    support::assert_none(
        "examples that get other verdicts when they are told differently",
        &complaints,
    );
}
