//! What is followed, what has to be read to be sure of it, and, when nothing has, the verdicts.
//!
//! Following costs little and judging much, so each is asked by itself what it wants to have read.

use std::sync::PoisonError;

use rayon::prelude::*;

use super::fate::{Fates, Waiting};
use super::workers::{Workers, workers};
use super::{Verdicts, joins, lives, merge, of_birth};
use crate::flow::{Known, Program, Solution, solve};
use crate::model::{Model, Wanted};

/// Everything that is born in a model, followed to a fixpoint and not judged yet.
#[derive(Debug)]
pub struct Followed {
    program: Program,
    solution: Solution,
    workers: Workers,
}

/// Follows every birth of a model, with the bodies that were lowered before where they still hold.
pub fn follow(model: &Model<'_>, known: &mut Known) -> Followed {
    let program = Program::lower(model, known);
    let (solution, workers) = rayon::join(|| solve(model, &program), || workers(model, &program));
    Followed { program, solution, workers }
}

impl Followed {
    /// What has to be read before it is worth while to judge: functions that were called with a handle or
    /// run by a thread, and whatever else could name what hands handles out or keeps them.
    pub fn wanted(&self, model: &Model<'_>) -> Wanted {
        let mut wanted = Fates::new(model, &self.program, &self.solution).wanted();
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
        let fates = Fates::new(model, &self.program, &self.solution);
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
    pub fn judge(self, model: &Model<'_>) -> Verdicts {
        let fates = Fates::new(model, &self.program, &self.solution);
        let (found, joins) = rayon::join(|| lives(&fates), || joins::joins(&fates));
        let mut wanted = fates.wanted_by_verdicts(&joins);
        let asked = fates.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        wanted.functions.extend(asked.functions);
        wanted.names.extend(asked.names);
        Verdicts {
            lives: merge(found),
            joins,
            endless: self.workers.endless,
            wanted,
            waiting: asked.waiting,
        }
    }
}
