//! The report: what is shown, in one total order, and the figures that say how much was seen.
//!
//! Formats draw it and decide nothing: they all see the same findings in the same order.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::finding::{CodeKind, Confidence};
use crate::policy::{Hidden, Judged, Judgement, Origin, Why};
use crate::rules::Level;
use crate::source::Project;
use crate::text::TextRange;
use crate::verdict::{Outcome, Verdict};

/// All that a format may show.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Findings, by path, place and rule.
    pub shown: Vec<Judged>,
    /// Findings that something hides, in the same order.
    pub hidden: Vec<Hidden>,
    /// One verdict for each thread birth, by file and place.
    pub verdicts: Vec<Verdict>,
    /// The figures.
    pub summary: Summary,
}

/// The figures of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Thread births and how they end, apart for each kind of code.
    pub births: BTreeMap<CodeKind, Births>,
    /// Findings that `--fix` repairs.
    pub fixable: usize,
    /// Further ones that it repairs with `--unsafe-fixes`.
    pub fixable_with_care: usize,
    /// Findings that fail the run.
    pub errors: usize,
    /// Findings that do not.
    pub warnings: usize,
    /// Hidden by a comment in the source.
    pub suppressed: usize,
    /// Hidden by an `allow` entry.
    pub allowed: usize,
    /// Hidden by an `exempt` entry.
    pub exempted: usize,
    /// Hidden because they are not sure enough.
    pub below_confidence: usize,
    /// The confidence that was asked for.
    pub confidence: Option<Confidence>,
    /// Hidden because they are in test code.
    pub in_tests: usize,
    /// Files that could not be read or parsed, or of which a part could not.
    pub unreadable: usize,
}

/// Thread births by how they end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Births {
    by_outcome: BTreeMap<Outcome, usize>,
}

impl Births {
    /// All of them.
    pub fn total(&self) -> usize {
        self.by_outcome.values().sum()
    }

    /// Those that end one way.
    pub fn of(&self, outcome: Outcome) -> usize {
        self.by_outcome.get(&outcome).copied().unwrap_or_default()
    }

    /// How many in a thousand could not be followed, rounded; 0 when there are none at all.
    pub fn unknown_per_mille(&self) -> usize {
        let total = self.total();
        (self.of(Outcome::Unknown) * 2000 + total).checked_div(2 * total).unwrap_or_default()
    }
}

impl Report {
    /// Orders and counts what policy decided.
    pub fn new(project: &Project, judgement: Judgement) -> Self {
        let Judgement { mut shown, mut hidden, mut verdicts, unreadable, confidence } = judgement;
        shown.sort_by(|a, b| {
            place(project, &a.origin).cmp(&place(project, &b.origin)).then(a.origin.cmp(&b.origin))
        });
        hidden.sort_by(|a, b| a.finding.order().cmp(&b.finding.order()));
        verdicts.sort();
        let mut summary = Summary { unreadable, confidence, ..Summary::default() };
        for verdict in &verdicts {
            let births = summary.births.entry(verdict.code).or_default();
            *births.by_outcome.entry(verdict.outcome).or_default() += 1;
        }
        for judged in &shown {
            if let Origin::Source(finding) = &judged.origin {
                let certain = finding.fix.as_ref().map(|fix| fix.certain);
                summary.fixable += usize::from(certain == Some(true));
                summary.fixable_with_care += usize::from(certain == Some(false));
            }
            match judged.level {
                Level::Error => summary.errors += 1,
                Level::Warn | Level::Off => summary.warnings += 1,
            }
        }
        for hidden in &hidden {
            *match hidden.why {
                Why::Suppressed(_) => &mut summary.suppressed,
                Why::Allowed(_) => &mut summary.allowed,
                Why::Exempted(_) => &mut summary.exempted,
                Why::BelowConfidence => &mut summary.below_confidence,
                Why::TestCode => &mut summary.in_tests,
            } += 1;
        }
        Self { shown, hidden, verdicts, summary }
    }

    /// Whether a finding at error level is shown: exit code 1.
    pub fn failed(&self) -> bool {
        self.summary.errors > 0
    }
}

/// The order of findings: files of the project and others are one list, by path.
fn place<'a>(project: &'a Project, origin: &'a Origin) -> (&'a str, TextRange, &'static str) {
    match origin {
        Origin::Source(finding) => {
            (&project.file(finding.primary.file).path, finding.primary.range, finding.rule)
        }
        Origin::Outside(outside) => {
            (&outside.path, outside.range.unwrap_or_default(), outside.rule)
        }
    }
}
