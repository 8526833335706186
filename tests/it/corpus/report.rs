//! The report in plain text: figures first, then where to look.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::figures::Figure;
use super::tally::{Comparison, Results, Tally, Topic};
use super::truth::{Loss, Truth};

/// Columns of the confusion table.
const FATES: [&str; 8] = [
    "joined",
    "detached",
    "partly",
    "left:joined",
    "left:never",
    "left:partly",
    "left:caller",
    "other",
];

/// Rows of the confusion table.
const OUTCOMES: [&str; 8] =
    ["joined", "owned", "stored-and-joined", "handed-out", "partly", "detached", "unknown", "none"];

/// The whole report.
pub(crate) fn render(
    truth: &Truth,
    results: &Results,
    comparison: &Comparison,
    figures: &[Figure],
) -> String {
    let mut text = String::from("# Corpus report\n\n");
    overall(&mut text, figures);
    confusion(&mut text, comparison);
    per_crate(&mut text, truth, comparison);
    failures(&mut text, results);
    disagreements(&mut text, comparison);
    text
}

fn overall(text: &mut String, figures: &[Figure]) {
    for figure in figures {
        let (part, whole) = figure.counts;
        writeln!(text, "{:<30} {:>7.4}   {part:>4} of {whole}", figure.name, figure.value).unwrap();
    }
}

/// Outcome by fate, for the raw sites outside macro bodies. `left:` are handles that leave their
/// function, by what a person read.
fn confusion(text: &mut String, comparison: &Comparison) {
    write!(text, "\n## Verdict (rows) by fate (columns), raw sites outside macros\n\n{:<18}", "")
        .unwrap();
    for fate in FATES {
        write!(text, "{fate:>13}").unwrap();
    }
    text.push('\n');
    let known = |outcome: &str| OUTCOMES.contains(&outcome);
    let strange: BTreeSet<&str> = comparison
        .confusion
        .keys()
        .map(|(own, _)| own.as_str())
        .filter(|own| !known(own))
        .collect();
    for outcome in OUTCOMES.into_iter().chain(strange) {
        write!(text, "{outcome:<18}").unwrap();
        for fate in FATES {
            let count = comparison.confusion.get(&(outcome.to_owned(), fate)).copied().unwrap_or(0);
            write!(text, "{:>13}", if count == 0 { ".".to_owned() } else { count.to_string() })
                .unwrap();
        }
        text.push('\n');
    }
}

fn per_crate(text: &mut String, truth: &Truth, comparison: &Comparison) {
    text.push_str("\n## By crate: found/sites, then false claims after `!`; unknown/births\n\n");
    let heads =
        ["raw", "at birth", "bound", "elsewhere", "in macros", "unknown main", "unknown all"];
    write!(text, "{:<24}", "crate").unwrap();
    heads.iter().for_each(|head| write!(text, "{head:>14}").unwrap());
    text.push('\n');
    let topics = [
        Topic::Raw,
        Topic::Lost(Loss::AtBirth),
        Topic::Lost(Loss::Bound),
        Topic::Lost(Loss::Elsewhere),
        Topic::LostInMacro,
    ];
    for package in truth.compiled.keys() {
        write!(text, "{package:<24}").unwrap();
        for topic in topics {
            write!(text, "{:>14}", cell(comparison.of(topic, package))).unwrap();
        }
        let own = comparison.followed.get(package).copied().unwrap_or_default();
        let share = |part: u32, whole: u32| {
            if whole == 0 { ".".to_owned() } else { format!("{part}/{whole}") }
        };
        let (main, all) = (share(own.main_unknown, own.main), share(own.all_unknown, own.all));
        writeln!(text, "{main:>14}{all:>14}").unwrap();
    }
}

fn cell(tally: Tally) -> String {
    let Tally { found, missed, wrong, .. } = tally;
    match (found + missed, wrong) {
        (0, 0) => ".".to_owned(),
        (sites, 0) => format!("{found}/{sites}"),
        (sites, wrong) => format!("{found}/{sites} !{wrong}"),
    }
}

fn failures(text: &mut String, results: &Results) {
    let failed: Vec<_> = results
        .iter()
        .filter_map(|(package, result)| Some((package, result.as_ref().err()?)))
        .collect();
    if failed.is_empty() {
        return;
    }
    writeln!(text, "\n## Not analysed: {}\n", failed.len()).unwrap();
    for (package, error) in failed {
        writeln!(text, "{package}: {error}").unwrap();
    }
}

fn disagreements(text: &mut String, comparison: &Comparison) {
    let kinds: BTreeSet<&str> =
        comparison.disagreements.iter().map(|own| own.kind.as_str()).collect();
    for kind in kinds {
        let of_kind = comparison.disagreements.iter().filter(|own| own.kind == kind);
        writeln!(text, "\n## {kind}: {}\n", of_kind.clone().count()).unwrap();
        of_kind.for_each(|own| writeln!(text, "{}", own.text).unwrap());
    }
}
