//! The figures at the end, shared by what people read.

use crate::finding::{CodeKind, Confidence};
use crate::report::{Births, Summary};
use crate::verdict::Outcome;

/// All figures, each on a line of its own; `share` adds how much could not be followed.
pub fn summary(summary: &Summary, share: bool) -> String {
    let mut out = births(summary, share);
    let found = [(summary.errors, "error"), (summary.warnings, "warning")];
    let found: Vec<_> =
        found.iter().filter(|(n, _)| *n > 0).map(|&(n, what)| count(n, what)).collect();
    out.push_str(&if found.is_empty() { "no findings".to_owned() } else { found.join(", ") });
    let below = match summary.confidence {
        Some(Confidence::Possible) => "below the confidence `possible`",
        Some(Confidence::Likely) => "below the confidence `likely`",
        Some(Confidence::Proved) | None => "not proved",
    };
    let hidden = [
        (summary.suppressed, "suppressed"),
        (summary.allowed, "allowed"),
        (summary.exempted, "exempted"),
        (summary.in_tests, "in test code"),
        (summary.below_confidence, below),
    ];
    let hidden: Vec<_> = hidden
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, why)| format!("{number} {why}"))
        .collect();
    if !hidden.is_empty() {
        out.push_str(&format!("; hidden: {}", hidden.join(", ")));
    }
    out.push('\n');
    let cures = [(summary.fixable, "--fix"), (summary.fixable_with_care, "--fix --unsafe-fixes")];
    for (number, flags) in cures.into_iter().filter(|(number, _)| *number > 0) {
        let what = if number == 1 { "it" } else { "them" };
        out.push_str(&format!(
            "{} with a cure: `{flags}` repairs {what}\n",
            count(number, "finding")
        ));
    }
    if summary.unreadable > 0 {
        let files = count(summary.unreadable, "file");
        out.push_str(&format!("{files} could not be analysed\n"));
    }
    out
}

/// Thread births and how they end, a line for each kind of code that has some.
fn births(summary: &Summary, share: bool) -> String {
    let none = Births::default();
    let main = summary.births.get(&CodeKind::Main).unwrap_or(&none);
    let mut out = format!("{}\n", line(main, share));
    for (code, births) in summary.births.iter().filter(|(code, _)| **code != CodeKind::Main) {
        let place = match code {
            CodeKind::Main => continue,
            CodeKind::Example => "examples",
            CodeKind::Bench => "benches",
            CodeKind::Test => "tests",
            CodeKind::Orphan => "files of no target",
        };
        out.push_str(&format!("in {place}: {}\n", line(births, share)));
    }
    out
}

fn line(births: &Births, share: bool) -> String {
    let total = births.total();
    let parts: Vec<_> = Outcome::ALL
        .iter()
        .filter(|outcome| births.of(**outcome) > 0)
        .map(|&outcome| {
            let what = if outcome == Outcome::Unknown { "not followed" } else { outcome.word() };
            format!("{} {what}", births.of(outcome))
        })
        .collect();
    let mut out = count(total, "thread");
    if !parts.is_empty() {
        out.push_str(": ");
        out.push_str(&parts.join(", "));
    }
    if share && total > 0 {
        let unknown = births.unknown_per_mille();
        out.push_str(&format!(" ({}.{} % not followed)", unknown / 10, unknown % 10));
    }
    out
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
