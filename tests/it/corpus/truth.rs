//! The compiler's verdicts, as they lie in `fixtures/corpus/` (its README says how they were made).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::support;

/// Calls that create a raw thread; all other labels are about something else.
const RAW: [&str; 3] =
    ["std::thread::spawn", "std::thread::Builder::spawn", "std::thread::Builder::spawn_unchecked"];

/// One call site and what became of the handle that it returned.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Label {
    /// Crate name.
    #[serde(rename = "crate")]
    pub(crate) package: String,
    /// Path relative to the crate's root.
    pub(crate) file: String,
    /// Line of the call's name.
    pub(crate) line: u32,
    /// Column of the call's name.
    pub(crate) col: u32,
    /// Canonical name; `returns-handle:F` for a call of the crate's own function `F`.
    pub(crate) api: String,
    /// The call stands in the body of a `macro_rules!` macro.
    pub(crate) in_macro: bool,
    /// `file:line` of each call of that macro.
    #[serde(default)]
    pub(crate) macro_calls: Vec<String>,
    /// `lib`, `bin`, `unit-test`, `test`, `example` or `bench`.
    pub(crate) target_kind: String,
    /// First and last line of the call expression.
    pub(crate) expr_lines: Option<(u32, u32)>,
    /// First line of the statement.
    pub(crate) stmt_line: u32,
    /// How the call is written; groups misses.
    pub(crate) spelling: String,
    /// What the compiler's paths do with the handle.
    pub(crate) fate: String,
    /// Lines where it is dropped; `path:line` when that is another file.
    #[serde(default)]
    pub(crate) drop_lines: Vec<String>,
    /// For a macro body: fates of its expansions.
    #[serde(default)]
    pub(crate) fates: BTreeMap<String, u32>,
    /// What a person found about a handle that leaves its function.
    pub(crate) hand_label: Option<String>,
    /// The enclosing function.
    #[serde(rename = "fn", default)]
    pub(crate) function: String,
}

/// Why a handle that is never joined is lost; each is a class of its own difficulty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loss {
    /// Dropped inside the expression or statement that creates it.
    AtBirth,
    /// Bound first, and dropped in the same function.
    Bound,
    /// It leaves the function and nobody joins it there either.
    Elsewhere,
}

/// What the truth says to a claim that this handle is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It is.
    Lost(Loss),
    /// It is not.
    Kept,
    /// The truth does not say.
    Open,
}

impl Label {
    /// Whether it creates a thread that somebody has to join.
    pub(crate) fn is_raw(&self) -> bool {
        RAW.contains(&self.api.as_str())
    }

    /// The last segment of `F` in `returns-handle:F`.
    pub(crate) fn wrapper(&self) -> Option<&str> {
        self.api.strip_prefix("returns-handle:").map(last_segment)
    }

    /// Whether it has a place in the comparison of losses: raw and scoped spawns and calls of
    /// functions that return a handle, no child processes.
    pub(crate) fn is_thread(&self) -> bool {
        self.api.starts_with("std::thread::") || self.wrapper().is_some()
    }

    /// What the truth says to a claim that the handle is lost.
    pub(crate) fn judgement(&self) -> Judgement {
        match (self.fate.as_str(), self.hand_label.as_deref()) {
            ("joined" | "scoped", _) => Judgement::Kept,
            // The birth inside the wrapper has its own label; a loss claimed at its caller is right
            // or at least not wrong.
            _ if !self.is_raw() => Judgement::Open,
            ("detached", _) if self.dropped_at_birth() => Judgement::Lost(Loss::AtBirth),
            ("detached", _) => Judgement::Lost(Loss::Bound),
            ("mixed", _) if !self.fates.contains_key("joined") => Judgement::Lost(Loss::AtBirth),
            (_, Some("joined somewhere")) => Judgement::Kept,
            (_, Some("never joined")) => Judgement::Lost(Loss::Elsewhere),
            _ => Judgement::Open,
        }
    }

    /// Whether every drop lies in the call expression or on the line after it, where the end of a
    /// statement that goes on (`.unwrap();`) stands.
    fn dropped_at_birth(&self) -> bool {
        let (first, last) = self.expr_lines.unwrap_or((0, 0));
        let inside =
            |line: &String| line.parse().is_ok_and(|line: u32| first <= line && line <= last + 1);
        !self.drop_lines.is_empty() && self.drop_lines.iter().all(inside)
    }

    /// The truth in one column of the confusion table.
    pub(crate) fn column(&self) -> &'static str {
        match (self.fate.as_str(), self.hand_label.as_deref()) {
            ("joined", _) => "joined",
            ("detached", _) => "detached",
            ("partly", _) => "partly",
            (_, Some("joined somewhere")) => "left:joined",
            (_, Some("never joined")) => "left:never",
            (_, Some("partly")) => "left:partly",
            (_, Some("caller decides")) => "left:caller",
            _ => "other",
        }
    }

    /// The end of a function path: what a `returns-handle` label and the birth inside have in common.
    pub(crate) fn function_name(&self) -> &str {
        last_segment(&self.function)
    }
}

fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// All labels, and the lines on which the compiler saw code begin.
pub(crate) struct Truth {
    /// One for each call site.
    pub(crate) labels: Vec<Label>,
    /// Crate to file to lines.
    pub(crate) compiled: BTreeMap<String, BTreeMap<String, BTreeSet<u32>>>,
}

impl Truth {
    /// Whether the compiler saw code beginning on this line. Where it did not (another platform, a
    /// feature that is off, a file of no target) nothing can be held against the tool.
    pub(crate) fn compiled(&self, package: &str, file: &str, line: u32) -> bool {
        let lines = self.compiled.get(package).and_then(|files| files.get(file));
        lines.is_some_and(|lines| lines.contains(&line))
    }
}

#[derive(Deserialize)]
struct Compiled {
    #[serde(rename = "crate")]
    package: String,
    lines: BTreeMap<String, String>,
}

/// Reads the committed data.
pub(crate) fn load() -> Truth {
    let labels: Vec<Label> =
        serde_json::from_str(&support::read("fixtures/corpus/labels-dev.json")).unwrap();
    let all: Vec<Compiled> =
        serde_json::from_str(&support::read("fixtures/corpus/compiled-dev.json")).unwrap();
    let files = |lines: BTreeMap<String, String>| {
        lines.into_iter().map(|(file, ranges)| (file, parse_ranges(&ranges))).collect()
    };
    let compiled = all.into_iter().map(|entry| (entry.package, files(entry.lines))).collect();
    Truth { labels, compiled }
}

/// `"6-7,9"` as a set.
fn parse_ranges(text: &str) -> BTreeSet<u32> {
    let mut lines = BTreeSet::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        lines.extend(first.parse::<u32>().unwrap()..=last.parse().unwrap());
    }
    lines
}

#[test]
fn the_committed_truth_is_what_its_readme_says() {
    let truth = load();
    let raw: Vec<&Label> = truth.labels.iter().filter(|label| label.is_raw()).collect();
    let lost = |loss| raw.iter().filter(|label| label.judgement() == Judgement::Lost(loss)).count();
    assert_eq!((truth.labels.len(), raw.len(), truth.compiled.len()), (845, 724, 85));
    assert_eq!((lost(Loss::AtBirth), lost(Loss::Bound), lost(Loss::Elsewhere)), (191, 38, 10));
    assert_eq!(parse_ranges("6-8,10"), BTreeSet::from([6, 7, 8, 10]));
}
