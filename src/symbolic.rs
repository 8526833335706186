//! Runs programs without their input: every way that `main` can take, as far as the source says all of it.
//!
//! Following a handle tells what can become of it on the ways of one function after the other; how often a list is
//! popped, who else owns an `Arc`, or which of two types a box holds is beyond that. But a program that starts in its own
//! `main` is closed: what is not known is its arguments, its environment, its input and the time that things take. So
//! it is run here, with a choice wherever something unknown decides (symbolic execution, after King 1976; choices by
//! running again, as in DART, Godefroid et al. 2005). Threads run when somebody waits for them, and in other runs as soon
//! as they are born.
//!
//! A run that comes to anything that is not followed says nothing; others may still have seen a thread lost or joined.

mod builtin;
mod call;
mod cell;
mod channel;
mod consume;
mod control;
mod drops;
mod enter;
mod eval;
mod iterate;
mod keyed;
mod library;
mod machine;
mod many;
mod maybe;
mod method;
mod operator;
mod order;
mod pattern;
mod plain;
mod stmt;
#[cfg(test)]
mod tests;
mod unknown;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::tree::ItemKind;
use crate::finding::CodeKind;
use crate::model::{Crate, CrateId, Def, ItemRef, Model, Namespace};
use crate::source::FileId;
use crate::text::TextRange;
use machine::{Fate, Provides, Run, Stop};
use unknown::Unknowns;

/// A place in the source.
pub type At = (FileId, TextRange);

/// What runs say of all threads that are born at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Where one was joined.
    pub joined: Option<At>,
    /// Where one was lost in a run that there is, and how.
    pub lost: Option<(FileId, TextRange, &'static str)>,
    /// Whether every way was tried and followed to its end, with no more than a few elements of what is unknown.
    pub all: bool,
    /// Whether more elements than were tried make no difference, as far as can be told.
    pub is_enough: bool,
    /// Whether something counts up to more elements than were tried.
    pub counts_on: bool,
}

/// What was found out by running.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    /// By the place of the birth: the file, and the called path or method.
    pub births: BTreeMap<At, Tried>,
    /// Functions and constants that were come to and not read.
    pub unread: BTreeSet<ItemRef>,
    /// Why runs were given up, in their order.
    pub gave_up: Vec<String>,
}

/// How much is tried.
#[derive(Clone, Copy)]
struct Limits {
    /// Elements of what is unknown.
    elements: usize,
    runs: usize,
    steps: usize,
    /// Whether threads run as soon as they are born.
    is_eager: bool,
}

/// What every program is tried with.
const FIRST: Limits = Limits { elements: 3, runs: 400, steps: 300_000, is_eager: false };
/// What one is tried with again where all runs speak against a blame, or none joins.
const AGAIN: Limits = Limits { elements: 5, runs: 2_000, steps: 1_000_000, is_eager: false };
/// What every program is tried with at last, in the other order of things.
const EAGER: Limits = Limits { elements: 2, runs: 200, steps: 100_000, is_eager: true };
/// Functions of a program; larger ones do more than can be tried.
const MAX_FUNCTIONS: usize = 120;
/// Runs of a program that come to what is not followed, before no more are tried; fewer where nothing was born.
const MAX_UNFOLLOWED: usize = 24;

/// Runs every program of some crates that starts in a `main` of its own. Where all runs join what is `blamed`, more are
/// tried; and with `is_last` what was not read is not asked for.
pub fn run(
    model: &Model<'_>,
    crates: &BTreeSet<CrateId>,
    blamed: &BTreeSet<At>,
    is_last: bool,
) -> Runs {
    let mut found = Runs::default();
    let programs = programs(model, crates);
    if programs.is_empty() {
        return found;
    }
    let provides = provides(model);
    for main in programs {
        let mut program = Program { model, provides: &provides, main, is_last, found: &mut found };
        program.tried(blamed);
    }
    found
}

/// The `main` of every program of some crates that is small enough.
fn programs(model: &Model<'_>, crates: &BTreeSet<CrateId>) -> Vec<ItemRef> {
    let mut sizes: BTreeMap<CrateId, usize> = BTreeMap::new();
    for function in &model.functions {
        *sizes.entry(model.module(function.item.module).krate).or_default() += 1;
    }
    let is_program = |krate: &&Crate| {
        let id = model.module(krate.root).krate;
        matches!(krate.code, CodeKind::Main | CodeKind::Example)
            && crates.contains(&id)
            && sizes.get(&id).is_some_and(|size| *size <= MAX_FUNCTIONS)
    };
    let mains = model.crates.iter().filter(is_program).filter_map(|krate| {
        let named = model.resolve(krate.root, false, &["main".into()], Namespace::Value);
        match named.as_slice() {
            [Def::Item(main)] => model.function(*main).map(|_| *main),
            _ => None,
        }
    });
    mains.collect()
}

/// Traits of the project by the names of their functions.
fn provides(model: &Model<'_>) -> Provides {
    let mut provides = Provides::new();
    for function in &model.functions {
        let of = function.container.filter(|of| matches!(model.item(*of).kind, ItemKind::Trait(_)));
        if let Some(of) = of {
            provides.entry(model.item(function.item).name.clone()).or_default().push(of);
        }
    }
    provides
}

/// A program, and where what is found out of it goes.
struct Program<'m, 'f> {
    model: &'m Model<'m>,
    provides: &'m Provides,
    main: ItemRef,
    is_last: bool,
    found: &'f mut Runs,
}

impl Program<'_, '_> {
    /// Runs the program as often as it takes.
    fn tried(&mut self, blamed: &BTreeSet<At>) {
        if self.model.function(self.main).is_some_and(|function| function.body.is_none()) {
            self.found.unread.insert(self.main);
            return;
        }
        let mut births = self.explore(FIRST);
        if !self.found.unread.is_empty() && !self.is_last {
            // All is run again once that is read.
            return;
        }
        let is_open = |(at, tried): (&At, &Tried)| {
            let speaks = (tried.lost.is_none() && blamed.contains(at)) || tried.joined.is_none();
            tried.all && !tried.is_enough && speaks
        };
        if births.iter().any(is_open) {
            // A run of more elements that was not followed takes nothing from those of fewer.
            let more = self.explore(AGAIN);
            births.extend(more.into_iter().filter(|(_, it)| it.all || it.lost.is_some()));
        }
        // Another order of things may lose what this one joins; where it cannot go on, it is none.
        for (at, tried) in self.explore(EAGER) {
            if let Some(known) = births.get_mut(&at) {
                known.lost = known.lost.or(tried.lost);
                known.joined = known.joined.or(tried.joined);
            }
        }
        self.found.births.extend(births);
    }

    /// Runs it until all its ways were tried, within limits.
    fn explore(&mut self, limits: Limits) -> BTreeMap<At, Tried> {
        let mut births: BTreeMap<At, Tried> = BTreeMap::new();
        let (mut runs, mut steps, mut unfollowed) = (0, 0, 0);
        let (mut all, mut capped, mut counts_on) = (true, false, false);
        let mut choices = Some(Vec::new());
        let is_last = self.is_last || limits.is_eager;
        while let Some(next) = choices {
            runs += 1;
            let at = (self.main.file, self.model.item(self.main).range);
            let mut run = Run::new(self.model, self.provides, next, at, limits.elements);
            (run.is_eager, run.is_last) = (limits.is_eager, is_last);
            let result = run.call_function(self.main, None, Vec::new(), None);
            let result = result.and_then(|_| run.ends());
            steps += run.steps;
            self.found.unread.extend(run.unread.iter().copied());
            capped |= run.unknown.capped;
            counts_on |= run.unknown.counts_on;
            match result {
                Ok(()) | Err(Stop::Exit) => all &= count(&run, result.is_ok(), &mut births),
                Err(Stop::Unknown(why)) => {
                    self.found.gave_up.push(why);
                    all = false;
                    let is_early = births.is_empty() && run.threads.is_empty();
                    unfollowed += if is_early { MAX_UNFOLLOWED / 4 } else { 1 };
                    if unfollowed > MAX_UNFOLLOWED || (!is_last && !run.unread.is_empty()) {
                        break;
                    }
                }
                Err(_) => {}
            }
            if runs >= limits.runs || steps >= limits.steps {
                self.found.gave_up.push("it has too many ways".to_owned());
                all = false;
                break;
            }
            choices = Unknowns::next_choices(run.unknown.choices);
        }
        let is_deep = limits.elements > FIRST.elements;
        for tried in births.values_mut() {
            tried.all = all;
            tried.is_enough = !capped || (is_deep && !counts_on);
            tried.counts_on = capped && counts_on;
        }
        births
    }
}

/// Notes what became of the threads of a run; whether that is known of all.
fn count(run: &Run<'_>, is_over: bool, births: &mut BTreeMap<At, Tried>) -> bool {
    let mut sure = true;
    for thread in run.threads.iter().filter(|it| it.scope.is_none()) {
        let tried = births.entry(thread.born).or_default();
        match &thread.fate {
            Fate::Joined((file, range)) => tried.joined = Some((*file, *range)),
            Fate::Lost((file, range), how) if !run.unknown.doubtful => {
                tried.lost = Some((*file, *range, how));
            }
            Fate::Held if !is_over => {}
            Fate::Lost(..) | Fate::Held => sure = false,
        }
    }
    sure
}

impl Run<'_> {
    /// The end of the program: threads that nobody has waited for, and what nobody has dropped.
    fn ends(&mut self) -> machine::Result<()> {
        let depth = self.frames.len();
        let mut held = Vec::new();
        while let Some(thread) = self.threads.iter().position(|it| it.code.is_some()) {
            let owned = self.reach(&self.threads[thread].code).handles;
            let before = self.threads.len();
            match self.run_thread(thread) {
                Ok(()) | Err(Stop::Exit | Stop::Ended) => {}
                // The process ends before the thread does.
                Err(_) => {
                    held.extend(owned);
                    held.extend(before..self.threads.len());
                }
            }
            self.frames.truncate(depth);
            self.running.clear();
        }
        let end = self.at;
        for (number, thread) in self.threads.iter_mut().enumerate() {
            if thread.fate == Fate::Held && !held.contains(&number) {
                thread.fate = Fate::Lost(end, "kept until the process ends");
            }
        }
        Ok(())
    }
}
