//! Programs written to fool the analysis: pairs that differ in a few tokens, one of which loses a
//! thread.
//!
//! Under `fixtures/pairs/`, a line with a birth ends with `//= ` and the truth: `joined`, `lost`, `partly`,
//! `handed-out` or `owned`. Where the analysis says something else today, that follows: `//= lost, today
//! unknown`. So every change of a verdict is seen, for better or worse; `UPDATE=1` writes it down.
//! What is joined and blamed all the same stands in the README there, most of it in `blamed-still/`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use thread_lint::source::{
    FileEntry, FileId, Files, Package, PackageId, Project, ReadError, Target, TargetKind,
};
use thread_lint::text::LineIndex;

use crate::support::{self, Update};

/// One of so many programs is judged where nobody asks for the slow suites.
const SAMPLE: usize = 50;
/// Marked lines that are judged rightly, at the least.
const RIGHT: usize = 5732;
/// Joined threads that are blamed, at most.
const BLAMED: usize = 127;

struct One(Arc<str>);

impl Files for One {
    fn read(&self, _: FileId) -> Result<Arc<str>, ReadError> {
        Ok(self.0.clone())
    }
}

/// The outcome of the births on each line.
pub(crate) fn outcomes(text: &str, edition: u16) -> BTreeMap<u32, &'static str> {
    let package = Package {
        name: "pair".to_owned(),
        version: "0.1.0".to_owned(),
        id: "path+file:///pair#0.1.0".to_owned(),
        dir: String::new(),
        manifest: "/pair/Cargo.toml".to_owned(),
        edition,
        dependencies: Vec::new(),
        publish: false,
        selected: true,
    };
    let project = Project {
        files: vec![FileEntry {
            path: Arc::from("src/main.rs"),
            package: Some(PackageId(0)),
            selected: true,
            ignored: false,
        }],
        packages: vec![package],
        targets: vec![Target {
            package: PackageId(0),
            kind: TargetKind::Bin,
            name: "pair".to_owned(),
            edition,
            root: FileId(0),
        }],
    };
    let files = One(Arc::from(text));
    let analysis = thread_lint::analyse(&project, &files, support::options());
    let lines = LineIndex::new(text);
    let births = analysis.verdicts.iter();
    births.map(|it| (lines.line_column(text, it.callee.start).line, it.outcome.word())).collect()
}

fn fits(truth: &str, outcome: &str) -> bool {
    match truth {
        "lost" => outcome == "detached",
        "joined" | "owned" => matches!(outcome, "joined" | "stored-and-joined" | "owned"),
        _ => truth == outcome,
    }
}

/// The text with each marker as it should be today, and how many were right and falsely blamed.
fn remarked(text: &str) -> (String, usize, usize) {
    let edition = text.lines().find_map(|line| line.strip_prefix("//= edition "));
    let edition = edition.map_or(2021, |edition| edition.trim().parse().unwrap());
    let found = outcomes(text, edition);
    let (mut right, mut blamed) = (0, 0);
    let lines = text.lines().zip(1..).map(|(line, number)| {
        let Some((code, mark)) = line.split_once(" //= ") else { return line.to_owned() };
        let truth = mark.split(',').next().unwrap_or(mark);
        let outcome = found.get(&number).copied().unwrap_or("no birth");
        if fits(truth, outcome) {
            right += 1;
            return format!("{code} //= {truth}");
        }
        let innocent = matches!(truth, "joined" | "owned" | "handed-out");
        blamed += usize::from(innocent && matches!(outcome, "detached" | "partly"));
        format!("{code} //= {truth}, today {outcome}")
    });
    let text: Vec<String> = lines.collect();
    (text.join("\n") + "\n", right, blamed)
}

#[test]
fn pairs_are_judged_as_they_are_marked() {
    let (mut right, mut blamed, mut changed) = (0, 0, Vec::new());
    let all = support::is_slow_run() || Update::from_env() != Update::No;
    let step = if all { 1 } else { SAMPLE };
    for path in support::files_below("fixtures/pairs", "rs").into_iter().step_by(step) {
        let path = Path::new(&path);
        let text = std::fs::read_to_string(support::root().join(path)).unwrap();
        let (now, own, falsely) = remarked(&text);
        (right, blamed) = (right + own, blamed + falsely);
        if now != text {
            if Update::from_env() != Update::No {
                std::fs::write(support::root().join(path), &now).unwrap();
            }
            changed.push(path.display().to_string());
        }
    }
    if Update::from_env() == Update::No {
        support::assert_none("pairs that are judged otherwise than marked", &changed);
    }
    if !all {
        return;
    }
    assert!(right >= RIGHT, "only {right} lines are judged rightly, {RIGHT} were");
    assert!(blamed <= BLAMED, "{blamed} joined threads are blamed, {BLAMED} were");
}
