//! Accuracy on published crates, judged by what the compiler knows about them.
//!
//! Sources come through cargo at pinned versions, the truth lies in `fixtures/corpus/`, and the
//! figures may only rise: they are held in `fixtures/corpus/ratchet.toml`. The report with every
//! disagreement is printed and kept in `target/corpus/report.txt`, because the figures alone never
//! say what to do next.

mod compare;
mod fetch;
mod figures;
mod loops;
mod mutants;
mod ratchet;
mod report;
mod sites;
mod tally;
mod truth;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support;
use crate::tool::{self, Printed};
use fetch::Source;
use tally::Results;

/// What is asked of the tool for each crate, besides everything in JSON. The configuration that a
/// crate may bring is not part of the question.
const ARGS: &[&str] = &["--no-config", "--include-tests", "--verdicts"];

/// As many at a time as the smallest machine that we test on has cores.
const WORKERS: usize = 2;

#[test]
fn figures_on_the_corpus_do_not_fall() {
    if !support::slow("corpus") {
        return;
    }
    let truth = truth::load();
    let list = fetch::read_list(&support::read("fixtures/corpus/corpus-dev.txt"));
    assert_eq!(
        list.len(),
        truth.compiled.len(),
        "the list and the verdicts are about the same crates"
    );

    let cache = fetch::cache_dir();
    let sources = fetch::all(&cache, &list);
    let results = run_all(&sources, ARGS);
    // The people who read the handles that escape asked whether anything in the crate joins them.
    let inside = support::scratch().join("corpus").join("inside.toml");
    std::fs::write(&inside, "outside-callers = false\n").unwrap();
    let mut args = vec!["--config", inside.to_str().unwrap()];
    args.extend(&ARGS[1..]);
    let closed = compare::compare(&truth, &run_all(&sources, &args));
    let comparison = compare::compare(&truth, &results);
    let (mutants, wrong_mutants) = mutants::figures(&sources);
    let (loops, wrong_loops) = loops::figures(&results);
    let mut figures = figures::figures(&results, &comparison);
    figures.extend(figures::closed(&closed));
    figures.extend(mutants);
    figures.extend(loops);
    let mut text = report::render(&truth, &results, &comparison, &figures);
    text.push_str("\n## Mutants and loops\n\n");
    wrong_mutants.iter().chain(&wrong_loops).for_each(|it| text.push_str(&format!("{it}\n")));
    let kept = support::scratch().join("corpus").join("report.txt");
    std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
    std::fs::write(&kept, &text).unwrap();
    support::say(&text);
    ratchet::hold(&figures);
}

/// Runs the tool on each crate as a package of its own.
fn run_all(sources: &[(Source, Result<std::path::PathBuf, String>)], args: &[&str]) -> Results {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Results::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((source, dir)) = sources.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let printed = run_one(dir, args);
                    results.lock().unwrap().insert(source.name.clone(), printed);
                }
            });
        }
    });
    results.into_inner().unwrap()
}

fn run_one(dir: &Result<std::path::PathBuf, String>, args: &[&str]) -> Result<Printed, String> {
    let dir = dir.as_ref().map_err(Clone::clone)?;
    tool::run(&dir.join("Cargo.toml"), args)
}
