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
    workers: Kept<Workers>,
    solution: Kept<Solution>,
}

/// Something that was found out of a program, and what that was asked for it.
#[derive(Debug, Default)]
struct Kept<T> {
    found: T,
    reads: Reads,
    /// Whether it may be another one by now.
    is_stale: bool,
}

impl<T> Kept<T> {
    /// Finds it out once more, where it may be another one.
    fn renew(&mut self, program: &mut Program, find: impl FnOnce(&Program) -> T) {
        if self.is_stale {
            program.take_reads();
            let found = find(program);
            *self = Self { found, reads: program.take_reads(), is_stale: false };
        }
    }
}

/// Everything that is born in a model, followed to a fixpoint and not judged yet.
#[derive(Debug)]
pub struct Followed<'k> {
    program: &'k Program,
    solution: &'k Solution,
}

impl Known {
    /// What has to be read before it is known what has to be lowered. Each thing is asked for once.
    pub fn wanted_first(&mut self, model: &Model<'_>) -> Wanted {
        Wanted { unread: self.program.wanted_first(model), ..Wanted::default() }
    }

    /// Lowers what is new in a model, and looks through what threads run. Gives what has to be read before it is worth
    /// while to follow handles: functions that a thread runs, and what those call. Most of what is read for verdicts
    /// alone is nothing that a thread comes to, or a handle.
    pub fn look(&mut self, model: &Model<'_>) -> Wanted {
        let change = self.program.update(model);
        self.workers.is_stale |= change.concerns(&self.workers.reads);
        self.solution.is_stale |= change.concerns(&self.solution.reads);
        self.workers.renew(&mut self.program, |program| workers(model, program));
        let Workers { unread, open, methods, .. } = &self.workers.found;
        Wanted {
            functions: unread.clone(),
            unread: open.clone(),
            methods: methods.clone(),
            ..Wanted::default()
        }
    }

    /// Follows every birth of a model.
    pub fn follow(&mut self, model: &Model<'_>) -> Followed<'_> {
        self.solution.renew(&mut self.program, |program| solve(model, program));
        Followed { program: &self.program, solution: &self.solution.found }
    }

    /// Judges every birth of a model that was looked through and followed.
    pub fn judge(&self, model: &Model<'_>) -> Verdicts {
        let fates = Fates::new(model, &self.program, &self.solution.found);
        let (found, joins) = rayon::join(|| lives(&fates), || joins::joins(&fates));
        let mut wanted = self.program.wanted_to_decide(model);
        wanted.names.extend(fates.ways_out());
        let asked = fates.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        wanted.extend(asked.wanted);
        Verdicts {
            lives: merge(found),
            joins,
            endless: self.workers.found.endless.clone(),
            wanted,
            waiting: asked.waiting,
        }
    }

    /// Gives it back, for which nobody has to wait.
    pub fn free(self) {
        self.program.free();
    }
}

impl Followed<'_> {
    /// What has to be read before it is worth while to judge: functions that were called with a handle, and whatever
    /// else could name what hands handles out or keeps them.
    pub fn wanted(&self, model: &Model<'_>) -> Wanted {
        let mut wanted = Fates::new(model, self.program, self.solution).wanted();
        wanted.extend(self.program.wanted_to_decide(model));
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
        asked.wanted
    }
}
