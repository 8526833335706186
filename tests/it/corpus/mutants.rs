//! Threads that were joined until somebody edited the source.
//!
//! Each mutant changes one published crate so that one thread is lost, joined on some ways only, or
//! still joined in another manner (`fixtures/corpus/mutants.jsonl`). Truth is by construction, checked
//! by compiling. A mutant counts as found when its birth is blamed, either way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize;

use super::fetch::Source;
use super::figures::{Better, Figure, rate};
use crate::{support, tool};

#[derive(Deserialize)]
struct Mutant {
    id: String,
    half: String,
    #[serde(rename = "crate")]
    source: String,
    kind: String,
    truth: String,
    file: String,
    line: u32,
    edits: Vec<(String, usize, usize, String)>,
}

/// How many of a half were found, of how many; and how many of those still joined were blamed.
#[derive(Default)]
struct Half {
    lost: (u32, u32),
    partly: (u32, u32),
    blamed: u32,
}

/// The figures of both halves, and every mutant that was judged wrongly.
pub(crate) fn figures(sources: &[(Source, Result<PathBuf, String>)]) -> (Vec<Figure>, Vec<String>) {
    let text = support::read("fixtures/corpus/mutants.jsonl");
    let mut by_crate: BTreeMap<String, Vec<Mutant>> = BTreeMap::new();
    for line in text.lines() {
        let mutant: Mutant = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        by_crate.entry(mutant.source.clone()).or_default().push(mutant);
    }
    let all: Vec<(String, Vec<Mutant>)> = by_crate.into_iter().collect();
    let (next, halves) = (AtomicUsize::new(0), Mutex::new(BTreeMap::<String, Half>::new()));
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..super::WORKERS {
            scope.spawn(|| {
                while let Some((name, mutants)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let dir = copy_of(name, sources);
                    for mutant in mutants {
                        let outcome = judge(&dir, mutant);
                        let mut halves = halves.lock().unwrap();
                        let half = halves.entry(mutant.half.clone()).or_default();
                        if let Some(complaint) = half.count(mutant, &outcome) {
                            wrong.lock().unwrap().push(complaint);
                        }
                    }
                }
            });
        }
    });
    let halves = halves.into_inner().unwrap();
    let mut figures = Vec::new();
    for (name, half) in &halves {
        let name = |what: &str| format!("mutants-{name}-{what}");
        let found = half.lost.0 + half.partly.0;
        figures.push(rate(&name("lost-recall"), Better::More, half.lost.0, half.lost.1));
        figures.push(rate(&name("partly-recall"), Better::More, half.partly.0, half.partly.1));
        figures.push(rate(&name("precision"), Better::More, found, found + half.blamed));
    }
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    (figures, wrong)
}

impl Half {
    fn count(&mut self, mutant: &Mutant, outcome: &str) -> Option<String> {
        let blamed = matches!(outcome, "detached" | "partly");
        let tally = match mutant.truth.as_str() {
            "lost" => &mut self.lost,
            "partly" => &mut self.partly,
            _ => {
                self.blamed += u32::from(blamed);
                return blamed.then(|| format!("false: {} ({})", mutant.id, mutant.kind));
            }
        };
        tally.0 += u32::from(blamed);
        tally.1 += 1;
        let Mutant { id, kind, truth, .. } = mutant;
        (!blamed).then(|| format!("missed: {id} ({kind}, {truth}): {outcome}"))
    }
}

/// A copy of a crate that may be edited.
fn copy_of(name: &str, sources: &[(Source, Result<PathBuf, String>)]) -> PathBuf {
    let found = sources.iter().find(|(it, _)| format!("{}-{}", it.name, it.version) == name);
    let (_, dir) = found.unwrap_or_else(|| panic!("{name} is not in the corpus"));
    let from = dir.as_ref().unwrap_or_else(|error| panic!("{name}: {error}"));
    let to = support::scratch().join("mutants").join(name);
    if to.exists() {
        std::fs::remove_dir_all(&to).unwrap();
    }
    copy(from, &to);
    // A repository of its own, or the copy would lie in what git ignores.
    std::fs::create_dir_all(to.join(".git")).unwrap();
    to
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What the tool says of the birth that a mutant is about.
fn judge(dir: &Path, mutant: &Mutant) -> String {
    let mut before: BTreeMap<PathBuf, String> = BTreeMap::new();
    for (file, ..) in &mutant.edits {
        let path = dir.join(file);
        before.entry(path.clone()).or_insert_with(|| std::fs::read_to_string(&path).unwrap());
    }
    for (path, text) in &before {
        let mut lines: Vec<&str> = text.split('\n').collect();
        let mut edits: Vec<_> =
            mutant.edits.iter().filter(|(file, ..)| dir.join(file) == *path).collect();
        edits.sort_by_key(|(_, first, ..)| std::cmp::Reverse(*first));
        for (_, first, last, new) in edits {
            let new = (!new.is_empty()).then(|| new.strip_suffix('\n').unwrap_or(new));
            lines.splice(first - 1..*last, new.into_iter().flat_map(|it| it.split('\n')));
        }
        std::fs::write(path, lines.join("\n")).unwrap();
    }
    let printed = tool::run(&dir.join("Cargo.toml"), super::ARGS);
    for (path, text) in &before {
        std::fs::write(path, text).unwrap();
    }
    let printed = printed.unwrap_or_else(|error| panic!("{}: {error}", mutant.id));
    let here = |birth: &&tool::Birth| birth.file == mutant.file && birth.line == mutant.line;
    let outcome = printed.births.iter().find(here).map(|birth| birth.outcome.clone());
    outcome.unwrap_or_else(|| "no birth".to_owned())
}
