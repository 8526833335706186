//! Runs programs without their input: every way that `main` can take, as far as the source says all of it.
//!
//! Following a handle tells what can become of it on the ways of one function after the other; how often a list is
//! popped, who else owns an `Arc`, or which of two types a box holds is beyond that. But a program that starts in its own
//! `main` is closed: what is not known is its arguments, its environment, its input and the time that things take. So
//! it is run here, with a choice wherever something unknown decides (symbolic execution, after King 1976; choices by
//! running again, as in DART, Godefroid et al. 2005). Threads run when somebody waits for them, and in other runs as soon
//! as they are born; where one of them waits itself, they take turns.
//!
//! A run that comes to anything that is not followed says nothing; others may still have seen a thread lost or joined.

mod adaptor;
mod builtin;
mod call;
mod cell;
mod channel;
mod collect;
mod construct;
mod consume;
mod control;
mod default;
mod drops;
mod edit;
mod enter;
mod eval;
mod expansion;
mod float;
mod format;
mod iterate;
mod keyed;
mod library;
mod machine;
mod macros;
mod many;
mod maybe;
mod method;
mod number;
mod operator;
mod order;
mod pattern;
mod plain;
mod reduce;
mod relation;
mod same;
mod scalar;
mod seek;
mod slice;
mod stmt;
#[cfg(test)]
mod tests;
mod text;
mod turn;
mod typed;
mod unknown;
mod value;
mod width;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::facts::tree::ItemKind;
use crate::finding::CodeKind;
use crate::model::{Crate, CrateId, Def, ItemRef, Model, Namespace};
use crate::source::FileId;
use crate::text::TextRange;
use machine::{Fate, Meanings, Provides, Run, Stop};
use turn::{Turns, Wait};
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
    /// The same in a run that there may not be.
    doubted: Option<(FileId, TextRange, &'static str)>,
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
    /// The programs, by their `main`, that came to nothing that was not read: they are not run again.
    done: BTreeSet<ItemRef>,
    /// Why runs were given up, in their order.
    pub gave_up: Vec<String>,
}

/// How much is tried.
#[derive(Clone, Copy)]
struct Limits {
    /// Elements of what is unknown.
    elements: usize,
    runs: usize,
    /// Steps of all runs together; a quarter where not every way can be followed.
    steps: usize,
    /// Whether threads run as soon as they are born.
    is_eager: bool,
}

/// What every program is tried with.
const FIRST: Limits = Limits { elements: 3, runs: 400, steps: 100_000, is_eager: false };
/// What one is tried with that has too many ways with so many.
const FEW: Limits = Limits { elements: 1, runs: 300, steps: 60_000, is_eager: false };
/// What one is tried with again where all runs speak against a blame, or none joins.
const AGAIN: Limits = Limits { elements: 5, runs: 2_000, steps: 400_000, is_eager: false };
/// What every program is tried with at last, in the other order of things.
const EAGER: Limits = Limits { elements: 2, runs: 200, steps: 50_000, is_eager: true };
/// In how many parts of all steps it is asked how far they have come, and how many times all steps the rest may take at
/// the pace of the last part: beyond that, a program is not tried any more.
const PARTS: usize = 8;
/// Functions of a program; larger ones do more than can be tried.
const MAX_FUNCTIONS: usize = 120;
/// What the texts of one may seem to declare, also in comments and in code that is never compiled.
const MAX_DECLARED: usize = 4 * MAX_FUNCTIONS;
/// Runs of a program in which something was not read, before it is.
const MAX_BEFORE_READING: usize = 4;
/// Runs of a program that come to what is not followed, before no more are tried; fewer where nothing was born, or none
/// has come to its end.
const MAX_UNFOLLOWED: usize = 24;

/// Runs every program of some crates that starts in a `main` of its own, and adds to what was `found`; with `is_last`
/// what was not read is not asked for.
pub fn run(model: &Model<'_>, crates: &BTreeMap<CrateId, Asked>, is_last: bool, found: &mut Runs) {
    found.unread.clear();
    let mut programs = programs(model, crates);
    programs.retain(|main| !found.done.contains(main));
    if programs.is_empty() {
        return;
    }
    let provides = provides(model);
    let one = |main: ItemRef| {
        let asked = crates.get(&model.module(main.module).krate)?;
        let mut found = Runs::default();
        Program { asked, model, provides: &provides, main, is_last, found: &mut found }.tried();
        Some((main, found))
    };
    let all: Vec<(ItemRef, Runs)> = programs.into_par_iter().filter_map(one).collect();
    for (main, own) in all {
        if own.unread.is_empty() {
            found.done.insert(main);
        }
        found.births.extend(own.births);
        found.unread.extend(own.unread);
        found.gave_up.extend(own.gave_up);
    }
}

/// Programs among some crates, with the functions that their texts may declare at most where they are small enough to be
/// run. They are to be read before that: a run that comes to code which nobody has read would go on as if it did nothing.
pub fn to_read(model: &Model<'_>, crates: &BTreeSet<CrateId>) -> BTreeMap<CrateId, usize> {
    let mains = mains(model, |krate| crates.contains(&krate));
    mains.map(|main| (model.module(main.module).krate, MAX_DECLARED)).collect()
}

/// The `main` of every program of some crates that is small enough, and of which all is read.
fn programs(model: &Model<'_>, crates: &BTreeMap<CrateId, Asked>) -> Vec<ItemRef> {
    let mut sizes: BTreeMap<CrateId, usize> = BTreeMap::new();
    for function in &model.functions {
        *sizes.entry(model.module(function.item.module).krate).or_default() += 1;
    }
    let partly_read = model.partly_read();
    let is_small = |krate: CrateId| {
        crates.contains_key(&krate)
            && !partly_read.contains(&krate)
            && sizes.get(&krate).is_some_and(|size| *size <= MAX_FUNCTIONS)
    };
    mains(model, is_small).collect()
}

/// The `main` of every program of some crates.
fn mains<'m>(
    model: &'m Model<'_>,
    is_asked: impl Fn(CrateId) -> bool + 'm,
) -> impl Iterator<Item = ItemRef> + 'm {
    let is_program = move |krate: &&Crate| {
        matches!(krate.code, CodeKind::Main | CodeKind::Example)
            && is_asked(model.module(krate.root).krate)
    };
    model.crates.iter().filter(is_program).filter_map(|krate| {
        let named = model.resolve(krate.root, false, &["main".into()], Namespace::Value);
        match named.as_slice() {
            [Def::Item(main)] => model.function(*main).map(|_| *main),
            _ => None,
        }
    })
}

/// What traits of the project have.
fn provides(model: &Model<'_>) -> Provides {
    let mut provides = Provides::default();
    for function in &model.functions {
        let of =
            function.container.filter(|of| matches!(model.item(*of).kind, ItemKind::Trait(..)));
        if let Some(of) = of {
            let name = model.item(function.item).name.clone();
            provides.functions.entry(name).or_default().push(of);
        }
    }
    for of in &model.providing {
        let ItemKind::Trait(_, constants) = &model.item(*of).kind else { continue };
        for &id in constants {
            let constant = ItemRef { item: id, ..*of };
            let name = model.item(constant).name.clone();
            provides.constants.entry(name).or_default().insert(constant);
        }
    }
    provides
}

/// What is asked of the threads of a program.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Those that are blamed: where all runs join one, more are tried.
    pub blamed: BTreeSet<At>,
    /// Those that are not: a run may lose one.
    pub unblamed: BTreeSet<At>,
}

/// A program, and where what is found out of it goes.
struct Program<'m, 'f> {
    asked: &'f Asked,
    model: &'m Model<'m>,
    provides: &'m Provides,
    main: ItemRef,
    is_last: bool,
    found: &'f mut Runs,
}

impl<'m> Program<'m, '_> {
    /// Runs the program as often as it takes.
    fn tried(&mut self) {
        if self.model.function(self.main).is_some_and(|function| function.body.is_none()) {
            self.found.unread.insert(self.main);
            return;
        }
        let mut births = self.explore(FIRST);
        if births.values().any(|it| !it.all) && self.found.unread.is_empty() {
            // All ways of fewer elements say more than some of more.
            for (at, few) in self.explore(FEW) {
                let known = births.entry(at).or_default();
                known.lost = known.lost.or(few.lost);
                known.joined = known.joined.or(few.joined);
                if few.all && !known.all && known.doubted.is_none() {
                    (known.all, known.is_enough, known.counts_on) =
                        (true, few.is_enough, few.counts_on);
                }
            }
        }
        if !self.found.unread.is_empty() && !self.is_last {
            // All is run again once that is read.
            return;
        }
        let is_open = |(at, tried): (&At, &Tried)| {
            let is_blamed = self.asked.blamed.contains(at);
            let speaks =
                (tried.lost.is_none() && (is_blamed || tried.counts_on)) || tried.joined.is_none();
            tried.all && !tried.is_enough && speaks
        };
        if births.iter().any(is_open) {
            // A run of more elements that was not followed takes nothing from those of fewer.
            for (at, more) in self.explore(AGAIN) {
                match births.get_mut(&at) {
                    Some(known) if !more.all => {
                        known.lost = known.lost.or(more.lost);
                        known.joined = known.joined.or(more.joined);
                        known.all &= more.doubted.is_none() || known.lost.is_some();
                    }
                    _ => drop(births.insert(at, more)),
                }
            }
        }
        if births.is_empty() {
            return;
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

    /// Runs it until all its ways were tried, within limits; with threads that take turns where one has to.
    fn explore(&mut self, limits: Limits) -> BTreeMap<At, Tried> {
        let mut walk = Walk::new(limits);
        if self.walk(&mut walk, None) {
            return walk.births();
        }
        let mut walk = Walk::new(limits);
        std::thread::scope(|scope| match Turns::new(scope) {
            Ok(turns) => walk.all &= self.walk(&mut walk, Some(Box::new(turns))),
            Err(error) => {
                walk.all = false;
                self.found.gave_up.push(error.to_string());
            }
        });
        walk.births()
    }

    /// Runs it again and again; `false` as soon as threads would have to take turns, and do not.
    fn walk(&mut self, walk: &mut Walk, mut turns: Option<Box<Turns<'m>>>) -> bool {
        let limits = walk.limits;
        let is_last = self.is_last || limits.is_eager;
        let takes_turns = turns.is_some();
        let mut choices = Some(Vec::new());
        let mut meanings = Meanings::default();
        while let Some(next) = choices {
            walk.runs += 1;
            let at = (self.main.file, self.model.item(self.main).range);
            let mut run = Run::new(self.model, self.provides, next, at, limits.elements);
            (run.is_eager, run.is_last) = (limits.is_eager, is_last);
            run.turns = turns.take();
            run.meanings = std::mem::take(&mut meanings);
            let result = run.call_function(self.main, None, Vec::new(), None);
            let result = result.and_then(|_| run.ends());
            let result = if run.panics { Err(Stop::Panic) } else { result };
            self.found.unread.extend(run.unread.iter().copied());
            if run.is_stuck && !takes_turns {
                return false;
            }
            walk.steps += run.steps;
            walk.capped |= run.unknown.capped;
            walk.counts_on |= run.unknown.counts_on;
            walk.assumed |= run.unknown.assumed;
            match result {
                Ok(()) | Err(Stop::Exit) => {
                    walk.followed += 1;
                    walk.all &= count(&run, result.is_ok(), &mut walk.births);
                }
                Err(Stop::Unknown(why)) => {
                    self.found.gave_up.push(why);
                    walk.all = false;
                    let is_early = walk.births.is_empty() && run.threads.is_empty();
                    // Where none has got through, the next one will not either.
                    let weight = if walk.followed == 0 { 3 } else { 1 };
                    walk.unfollowed += if is_early { MAX_UNFOLLOWED / 4 } else { weight };
                    if walk.unfollowed > MAX_UNFOLLOWED || (!is_last && !run.unread.is_empty()) {
                        run.end_turns();
                        break;
                    }
                }
                Err(_) => {}
            }
            turns = run.end_turns();
            meanings = std::mem::take(&mut run.meanings);
            if takes_turns && turns.is_none() {
                walk.all = false;
                break;
            }
            if !is_last && walk.runs >= MAX_BEFORE_READING && !self.found.unread.is_empty() {
                walk.all = false;
                break;
            }
            // Where not every way is followed, a loss is all that there is to be found.
            let gains = |at: &At| walk.births.get(at).is_none_or(|it| it.lost.is_none());
            if !walk.all && !self.asked.unblamed.iter().any(gains) {
                break;
            }
            let steps = if walk.all { limits.steps } else { limits.steps / 4 };
            choices = Unknowns::next_choices(run.unknown.choices);
            let is_much = walk.runs >= limits.runs || walk.steps >= steps;
            if choices.as_deref().is_some_and(|next| is_much || walk.is_hopeless(steps, next)) {
                self.found.gave_up.push("it has too many ways".to_owned());
                walk.all = false;
                break;
            }
        }
        true
    }
}

/// Runs of a program with some limits, and what they came to.
struct Walk {
    limits: Limits,
    births: BTreeMap<At, Tried>,
    runs: usize,
    steps: usize,
    /// The steps and the share of all ways at which it was last asked how far they have come.
    asked: (usize, f64),
    followed: usize,
    unfollowed: usize,
    all: bool,
    capped: bool,
    counts_on: bool,
    assumed: bool,
}

impl Walk {
    fn new(limits: Limits) -> Self {
        Self {
            limits,
            births: BTreeMap::new(),
            runs: 0,
            steps: 0,
            asked: (0, 0.0),
            followed: 0,
            unfollowed: 0,
            all: true,
            capped: false,
            counts_on: false,
            assumed: false,
        }
    }

    /// Whether the ways that are left will take too many steps, by what the last ones have come to.
    fn is_hopeless(&mut self, steps: usize, next: &[(usize, usize)]) -> bool {
        let (before, share) = self.asked;
        if self.steps < before + steps / PARTS {
            return false;
        }
        let seen = Unknowns::share(next);
        self.asked = (self.steps, seen);
        1.0 - seen > (seen - share) * (PARTS * PARTS) as f64
    }

    /// What all runs together say.
    fn births(mut self) -> BTreeMap<At, Tried> {
        let is_deep = self.limits.elements > FIRST.elements;
        for tried in self.births.values_mut() {
            // That it is lost in each of them needs no run of which it is certain that there is one.
            let is_lost = self.all && !self.capped && !self.assumed && tried.joined.is_none();
            tried.lost = tried.lost.or(tried.doubted.filter(|_| is_lost));
            tried.all = self.all && (tried.doubted.is_none() || tried.lost.is_some());
            tried.is_enough = !self.capped || (is_deep && !self.counts_on);
            tried.counts_on = self.capped && self.counts_on;
        }
        self.births
    }
}

/// Notes what became of the threads of a run; whether that is known of all.
fn count(run: &Run<'_>, is_over: bool, births: &mut BTreeMap<At, Tried>) -> bool {
    let mut sure = true;
    for thread in run.threads.iter().filter(|it| it.scope.is_none()) {
        let place = |at: &At| run.meanings.written.place(*at);
        let tried = births.entry(place(&thread.born)).or_default();
        match &thread.fate {
            Fate::Joined(at) => tried.joined = Some(place(at)),
            Fate::Lost(at, how) => {
                let (file, range) = place(at);
                let is_sure = !run.unknown.doubtful && !run.unknown.assumed;
                let to = if is_sure { &mut tried.lost } else { &mut tried.doubted };
                *to = Some((file, range, how));
            }
            Fate::Held if !is_over => {}
            Fate::Held => sure = false,
        }
    }
    sure
}

impl Run<'_> {
    /// The end of the program: threads that nobody has waited for, and what nobody has dropped.
    fn ends(&mut self) -> machine::Result<()> {
        if self.turns.is_some() {
            // The process ends before those that wait for ever, and before one that comes to what is not followed.
            let is_cut = self.wait_for(Wait::Last).is_err();
            if is_cut {
                return Ok(());
            }
        }
        let depth = self.frames.len();
        let mut held = Vec::new();
        while let Some(thread) = self.threads.iter().position(|it| it.code.is_some()) {
            let owned = self.reach(&self.threads[thread].code).handles;
            let before = self.threads.len();
            match self.run_thread(thread) {
                Ok(()) | Err(Stop::Exit | Stop::Ended | Stop::Panic) => {}
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
