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
mod consume;
mod control;
mod eval;
mod iterate;
mod library;
mod machine;
mod many;
mod maybe;
mod plain;
mod unknown;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::CodeKind;
use crate::model::{CrateId, Def, ItemRef, Model, Namespace};
use crate::source::FileId;
use crate::text::TextRange;
use machine::{At, Fate, Run, Stop};
use unknown::Unknowns;

/// Runs of one program.
const MAX_RUNS: usize = 400;
/// Steps of all runs of one program together.
const MAX_STEPS: usize = 400_000;

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

/// Runs every program of a model that starts in a `main` of its own.
pub fn run(model: &Model<'_>, crates: &BTreeSet<CrateId>, is_last: bool) -> Runs {
    let mut found = Runs::default();
    for krate in &model.crates {
        let is_program = matches!(krate.code, CodeKind::Main | CodeKind::Example);
        if !is_program || !crates.contains(&model.module(krate.root).krate) {
            continue;
        }
        let mains = model.resolve(krate.root, false, &["main".into()], Namespace::Value);
        if let [Def::Item(main)] = mains.as_slice()
            && model.module(krate.root).parent.is_none()
            && let Some(function) = model.function(*main)
        {
            match function.body {
                Some(_) => explore(model, *main, is_last, &mut found),
                None => {
                    found.unread.insert(*main);
                }
            }
        }
    }
    found
}

/// Runs one program until all its ways were tried.
fn explore(model: &Model<'_>, main: ItemRef, is_last: bool, found: &mut Runs) {
    let mut births: BTreeMap<At, Tried> = BTreeMap::new();
    let (mut runs, mut steps, mut capped, mut sure) = (0, 0, false, true);
    let mut choices = Some(Vec::new());
    while let Some(next) = choices {
        runs += 1;
        let at = (main.file, model.item(main).range);
        let mut run = Run::new(model, next, at, is_last);
        let result = run.call_function(main, None, Vec::new(), None).map(|_| ());
        let result = result.and_then(|()| run.ends());
        steps += run.steps;
        found.unread.extend(run.unread.iter().copied());
        match result {
            Ok(()) | Err(Stop::Exit) => {
                let is_over = result.is_ok();
                capped |= run.unknown.capped;
                for thread in run.threads.iter().filter(|it| it.scope.is_none()) {
                    let tried = births.entry(thread.born).or_default();
                    match &thread.fate {
                        Fate::Joined((file, range)) => tried.joined = Some((*file, *range)),
                        Fate::Lost((file, range), how) if !run.unknown.doubtful => {
                            tried.lost = Some((*file, *range, how));
                        }
                        Fate::Held if !is_over => {}
                        Fate::Lost(..) | Fate::Held => {
                            found.gave_up.push(format!("doubt {} {:?}", run.unknown.doubtful, thread.fate));
                            sure = false;
                        }
                    }
                }
            }
            Err(Stop::Unknown(why)) => {
                found.gave_up.push(why);
                sure = false;
                if !is_last && !run.unread.is_empty() {
                    break;
                }
            }
            Err(_) => capped |= run.unknown.capped,
        }
        if runs >= MAX_RUNS || steps >= MAX_STEPS {
            found.gave_up.push(format!("budget {runs} {steps}"));
            sure = false;
            break;
        }
        choices = Unknowns::next_choices(run.unknown.choices);
    }
    for (at, mut tried) in births {
        (tried.all, tried.capped) = (sure, capped);
        found.births.insert(at, tried);
    }
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
