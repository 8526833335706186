//! What running a program says of its threads, beside what following their handles said.
//!
//! Following looks at all ways at once, and forgets what only one of them knows; running looks at one way after the
//! other, and only at so many. So a run in which a handle is lost counts against any doubt. That every run joins it counts
//! for it where all runs were tried, and against a blame only where more elements than were tried make no difference.

use std::collections::{BTreeMap, BTreeSet};

use super::{Life, Loss, Outcome, Site, Step, Verdicts};
use crate::flow::LossKind;
use crate::model::{CrateId, Model, Wanted};
use crate::source::FileId;
use crate::symbolic::{self, Asked, At, Runs, Tried};
use crate::text::TextRange;

/// What has to be read before programs are run: all of those in which threads are born, where that is not too much.
pub fn programs_to_read(model: &Model<'_>, found: &Verdicts) -> Wanted {
    let births = found.lives.iter().filter(|life| life.site == Site::Spawn);
    let files: BTreeSet<FileId> = births.map(|life| life.verdict.file).collect();
    let crates = crates_of(model, &files).into_values().collect();
    Wanted { crates: symbolic::to_read(model, &crates), to_run: true, ..Wanted::default() }
}

/// Runs the programs in which threads are born, and takes what comes of it into the verdicts; or says what has to be
/// read before they can be run. `runs` is what earlier calls have found out.
pub fn try_programs(
    model: &Model<'_>,
    found: &mut Verdicts,
    runs: &mut Runs,
    is_last: bool,
) -> Wanted {
    let births = found.lives.iter().filter(|life| life.site == Site::Spawn);
    let files: BTreeSet<FileId> = births.clone().map(|life| life.verdict.file).collect();
    let own = crates_of(model, &files);
    let mut crates: BTreeMap<CrateId, Asked> = BTreeMap::new();
    for life in births {
        let Some(krate) = own.get(&life.verdict.file) else { continue };
        let asked = crates.entry(*krate).or_default();
        let at = (life.verdict.file, life.verdict.callee);
        match life.verdict.outcome {
            Outcome::Partly | Outcome::Detached => asked.blamed.insert(at),
            _ => asked.unblamed.insert(at),
        };
    }
    symbolic::run(model, &crates, is_last, runs);
    if !is_last && !runs.unread.is_empty() {
        let functions = runs.unread.iter().map(|item| (item.file, item.item)).collect();
        return Wanted { functions, to_run: true, ..Wanted::default() };
    }
    let is_own =
        |life: &&mut Life| life.site == Site::Spawn && own.contains_key(&life.verdict.file);
    for life in found.lives.iter_mut().filter(is_own) {
        if let Some(tried) = runs.births.get(&(life.verdict.file, life.verdict.callee)) {
            settle(life, tried);
        }
    }
    Wanted::default()
}

/// The crate of each of some files that is in one only: what another crate has as well is called from there, too.
fn crates_of(model: &Model<'_>, files: &BTreeSet<FileId>) -> BTreeMap<FileId, CrateId> {
    let mut all: BTreeMap<FileId, BTreeSet<CrateId>> = BTreeMap::new();
    for module in model.modules.iter().filter(|module| files.contains(&module.file)) {
        all.entry(module.file).or_default().insert(module.krate);
    }
    let only = all.into_iter().filter(|(_, crates)| crates.len() == 1);
    only.filter_map(|(file, crates)| Some((file, crates.into_iter().next()?))).collect()
}

/// What all that is known of a birth comes to.
fn settle(life: &mut Life, tried: &Tried) {
    let before = life.verdict.outcome;
    if before == Outcome::HandedOut {
        return;
    }
    let blames = matches!(before, Outcome::Partly | Outcome::Detached);
    let joins = matches!(before, Outcome::Joined | Outcome::StoredAndJoined);
    match (&tried.joined, &tried.lost) {
        (Some(joined), None)
            if tried.all && (before == Outcome::Unknown || (blames && tried.is_enough)) =>
        {
            life.verdict.outcome = Outcome::Joined;
            life.verdict.steps = vec![step(*joined, "joined here, in every run of `main`")];
            life.loss = None;
            life.fix = None;
        }
        (None, Some(lost))
            if tried.all
                && before != Outcome::Detached
                && !(tried.counts_on && (joins || blames)) =>
        {
            life.verdict.outcome = Outcome::Detached;
            lose(life, *lost, None);
        }
        (None, Some(lost)) if joins => {
            life.verdict.outcome = Outcome::Partly;
            lose(life, *lost, None);
        }
        (Some(joined), Some(lost)) if before != Outcome::Partly => {
            life.verdict.outcome = Outcome::Partly;
            lose(life, *lost, Some(*joined));
        }
        _ => {}
    }
}

fn step((file, range): At, text: &str) -> Step {
    Step { file, range, text: text.to_owned() }
}

fn lose(
    life: &mut Life,
    (file, range, how): (FileId, TextRange, &'static str),
    joined: Option<At>,
) {
    let text = format!("{how}, in a run of `main`");
    let joined = joined.map(|at| step(at, "joined here, in another run or for another one"));
    life.verdict.steps = joined.into_iter().collect();
    life.verdict.steps.push(step((file, range), &text));
    life.loss = Some(Loss { kind: LossKind::ScopeEnd(None), file, range, text });
    (life.fix, life.forgettable) = (None, None);
}
