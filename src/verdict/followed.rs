//! What is followed, what has to be read to be sure of it, and, when nothing has, the verdicts.
//!
//! Following costs little and judging much, so each is asked by itself what it wants to have read.

use std::sync::PoisonError;

use rayon::prelude::*;

use super::fate::{Fates, Waiting};
use super::workers::{Workers, workers};
use super::{Verdicts, joins, lives, merge, of_birth};
use crate::flow::{Program, Reads, Solution, solve};
use crate::model::{Model, Wanted};

/// What earlier rounds of reading found out.
#[derive(Debug, Default)]
pub struct Known {
    program: Program,
    last: Last,
}

/// What was followed last, and what that asked of the program.
#[derive(Debug, Default)]
struct Last {
    solution: Solution,
    workers: Workers,
    reads: Reads,
}

impl Known {
    /// Gives it back, for which nobody has to wait.
    pub fn free(self) {
        self.program.free();
    }
}

/// Everything that is born in a model, followed to a fixpoint and not judged yet.
#[derive(Debug)]
pub struct Followed<'k> {
    program: &'k Program,
    solution: &'k Solution,
    workers: &'k Workers,
}

/// Follows every birth of a model, with what is known from before where that still holds: most of what is read for
/// verdicts alone is nothing that a handle comes to.
pub fn follow<'k>(model: &Model<'_>, known: &'k mut Known) -> Followed<'k> {
    let Known { program, last } = known;
    if program.update(model, &last.reads) {
        program.take_reads();
        (last.solution, last.workers) =
            rayon::join(|| solve(model, program), || workers(model, program));
        last.reads = program.take_reads();
    }
    Followed { program, solution: &last.solution, workers: &last.workers }
}

impl Followed<'_> {
    /// What has to be read before it is worth while to judge: functions that were called with a handle or
    /// run by a thread, and whatever else could name what hands handles out or keeps them.
    pub fn wanted(&self, model: &Model<'_>) -> Wanted {
        let mut wanted = Fates::new(model, self.program, self.solution).wanted();
        wanted.functions.clone_from(&self.workers.unread);
        wanted.unread.extend(self.workers.open.iter().cloned());
        wanted.methods.clone_from(&self.workers.methods);
        wanted
    }

    /// What is wanted by the births that waited for what was read last, and by the joins; nothing when no
    /// birth did.
    pub fn wanted_again(&self, model: &Model<'_>, waiting: &mut Waiting) -> Wanted {
        let births = std::mem::take(waiting);
        if births.is_empty() {
            return Wanted::default();
        }
        // What is concluded is left aside: it is asked for what it takes.
        let fates = Fates::new(model, self.program, self.solution);
        births.par_iter().for_each(|(function, place, number)| {
            if let Some(&body) = self.program.bodies_of(*function).get(*place)
                && let Some(birth) = self.program.body(body).flows.births.get(*number as usize)
            {
                of_birth(&fates, body, *number, birth);
            }
        });
        joins::joins(&fates);
        let asked = fates.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        *waiting = asked.waiting;
        Wanted { names: asked.names, functions: asked.functions, ..Wanted::default() }
    }

    /// Judges every birth.
    pub fn judge(&self, model: &Model<'_>) -> Verdicts {
        let fates = Fates::new(model, self.program, self.solution);
        let (found, joins) = rayon::join(|| lives(&fates), || joins::joins(&fates));
        let mut wanted = fates.wanted_by_verdicts(&joins);
        let asked = fates.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        wanted.functions.extend(asked.functions);
        wanted.names.extend(asked.names);
        Verdicts {
            lives: merge(found),
            joins,
            endless: self.workers.endless.clone(),
            wanted,
            waiting: asked.waiting,
        }
    }
}
