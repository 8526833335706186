//! Runs programs without their input: every way that `main` can take, as far as the source says all of it.
//!
//! Following a handle tells what can become of it on the ways of one function after the other; how often a list is
//! popped, who else owns an `Arc`, or which of two types a box holds is beyond that. But a program that starts in its own
//! `main` is closed: what is not known is its arguments, its environment, its input and the time that things take. So
//! it is run here, with a choice wherever something unknown decides (symbolic execution, after King 1976; choices by
//! running again, as in DART, Godefroid et al. 2005). Threads run when somebody waits for them.
//!
//! A run that comes to anything that is not followed says nothing, and then the program as a whole is not known.

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
mod unknown;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::tree::ItemKind;
use crate::finding::CodeKind;
use crate::model::{CrateId, Def, ItemRef, Model, Namespace};
use crate::source::FileId;
use crate::text::TextRange;
use machine::{At, Fate, Provides, Run, Stop};
use unknown::Unknowns;

/// What runs say of all threads that are born at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Where one was joined.
    pub joined: Option<(FileId, TextRange)>,
    /// Where one was lost in a run that there is, and how.
    pub lost: Option<(FileId, TextRange, &'static str)>,
    /// Whether every way was tried, with no more than a few elements of what is unknown.
    pub all: bool,
    /// Whether there can be more elements than were tried.
    pub capped: bool,
    /// Whether something is counted up to more elements than were tried.
    pub counts_on: bool,
    /// Whether more was tried than usual.
    pub deep: bool,
}

/// What was found out by running.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    /// By the place of the birth: the file, and the called path or method.
    pub births: BTreeMap<(FileId, TextRange), Tried>,
    /// Functions that were called and not read.
    pub unread: BTreeSet<ItemRef>,
    /// Why a program is not known.
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
/// The same where every run speaks against a blame.
const AGAIN: Limits = Limits { elements: 5, runs: 2_000, steps: 1_000_000, is_eager: false };
/// What one is tried with of which every thread is joined, or every thread is lost.
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
    let mut provides = Provides::new();
    let mut sizes: BTreeMap<CrateId, usize> = BTreeMap::new();
    for function in &model.functions {
        *sizes.entry(model.module(function.item.module).krate).or_default() += 1;
        if let Some(of) =
            function.container.filter(|of| matches!(model.item(*of).kind, ItemKind::Trait(_)))
        {
            provides.entry(model.item(function.item).name.clone()).or_default().push(of);
        }
    }
    for krate in &model.crates {
        let is_program = matches!(krate.code, CodeKind::Main | CodeKind::Example);
        let id = model.module(krate.root).krate;
        if !is_program
            || !crates.contains(&id)
            || sizes.get(&id).is_none_or(|size| *size > MAX_FUNCTIONS)
        {
            continue;
        }
        let mains = model.resolve(krate.root, false, &["main".into()], Namespace::Value);
        let [Def::Item(main)] = mains.as_slice() else { continue };
        match model.function(*main) {
            Some(function) if function.body.is_some() => {
                let births = explore(model, &provides, *main, FIRST, is_last, &mut found);
                let speaks = |(at, tried): (&At, &Tried)| {
                    let is_open =
                        (tried.lost.is_none() && blamed.contains(at)) || tried.joined.is_none();
                    tried.all && tried.capped && is_open
                };
                let is_contested = births.iter().any(speaks) && found.unread.is_empty();
                let more = if is_contested {
                    explore(model, &provides, *main, AGAIN, is_last, &mut found)
                } else {
                    BTreeMap::new()
                };
                found.births.extend(births);
                // A run of more elements that was not followed takes nothing from those of fewer.
                found.births.extend(
                    more.into_iter().filter(|(_, tried)| tried.all || tried.lost.is_some()),
                );
                // Another order of things may lose what this one joins; where it cannot go on, it is none.
                let eager = explore(model, &provides, *main, EAGER, true, &mut found);
                for (at, tried) in eager {
                    if let Some(known) = found.births.get_mut(&at) {
                        known.lost = known.lost.or(tried.lost);
                        known.joined = known.joined.or(tried.joined);
                    }
                }
            }
            Some(_) => {
                found.unread.insert(*main);
            }
            None => {}
        }
    }
    found
}

/// Runs one program until all its ways were tried.
fn explore(
    model: &Model<'_>,
    provides: &Provides,
    main: ItemRef,
    limits: Limits,
    is_last: bool,
    found: &mut Runs,
) -> BTreeMap<At, Tried> {
    let mut births: BTreeMap<At, Tried> = BTreeMap::new();
    let (mut runs, mut steps, mut capped, mut sure) = (0, 0, false, true);
    let (mut counts_on, mut unfollowed) = (false, 0);
    let mut choices = Some(Vec::new());
    while let Some(next) = choices {
        runs += 1;
        let at = (main.file, model.item(main).range);
        let mut run = Run::new(model, provides, next, at, limits.elements, is_last);
        run.is_eager = limits.is_eager;
        let result = run.call_function(main, None, Vec::new(), None).map(|_| ());
        let result = result.and_then(|()| run.ends());
        steps += run.steps;
        found.unread.extend(run.unread.iter().copied());
        capped |= run.unknown.capped;
        counts_on |= run.unknown.counts_on;
        match result {
            Ok(()) | Err(Stop::Exit) => sure &= count(&run, result.is_ok(), &mut births),
            Err(Stop::Unknown(why)) => {
                found.gave_up.push(why);
                sure = false;
                unfollowed += if births.is_empty() && run.threads.is_empty() {
                    MAX_UNFOLLOWED / 4
                } else {
                    1
                };
                if unfollowed > MAX_UNFOLLOWED || (!is_last && !run.unread.is_empty()) {
                    break;
                }
            }
            Err(_) => {}
        }
        if runs >= limits.runs || steps >= limits.steps {
            found.gave_up.push("it has too many ways".to_owned());
            sure = false;
            break;
        }
        choices = Unknowns::next_choices(run.unknown.choices);
    }
    for tried in births.values_mut() {
        tried.all = sure;
        tried.capped = capped;
        tried.counts_on = counts_on;
        tried.deep = limits.elements > FIRST.elements;
    }
    births
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
            let mut owned = Vec::new();
            if let Some(code) = &self.threads[thread].code {
                self.reached(code, &mut owned);
            }
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
