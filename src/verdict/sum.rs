//! The first end of each kind that a handle has, with the steps that led there.

use super::kept::Forgettable;
use super::{Loss, Step};
use crate::facts::tree::Name;
use crate::flow::TraceStep;
use crate::source::FileId;
use crate::text::TextRange;

/// What was found so far on the ways of one handle.
#[derive(Default)]
pub(super) struct Sum {
    pub(super) joined: Option<Vec<Step>>,
    pub(super) kept: Option<Vec<Step>>,
    pub(super) handed_out: Option<Vec<Step>>,
    pub(super) unknown: Option<Vec<Step>>,
    /// A function that hands it on and that nobody is seen to call.
    pub(super) uncalled: Option<Vec<Step>>,
    /// Where the process ends while the handle is held.
    pub(super) exits: Option<(FileId, TextRange)>,
    /// The collection that gathers it for ever.
    pub(super) held: Option<Name>,
    /// What keeps it, if only a call that can be forgotten joins it.
    pub(super) forgettable: Option<Forgettable>,
    /// Whether one of the losses is of something that was taken out of a cell, whichever value that is in.
    pub(super) lost_from_cell: bool,
    /// The first loss in a caller.
    pub(super) lost_elsewhere: Option<(Loss, Vec<Step>)>,
    /// Losses in the function that is judged, or in what it calls.
    pub(super) lost: Vec<(Loss, Vec<Step>)>,
    /// The first of all these losses of which nothing says that it may be none.
    pub(super) sure: Option<(Loss, Vec<Step>)>,
}

impl Sum {
    /// Puts steps before all that were found.
    pub(super) fn before(&mut self, path: &[Step]) {
        let ways = [
            &mut self.joined,
            &mut self.kept,
            &mut self.handed_out,
            &mut self.unknown,
            &mut self.uncalled,
        ];
        let lost = self.lost.iter_mut().chain(&mut self.lost_elsewhere).chain(&mut self.sure);
        let lost = lost.map(|(_, steps)| steps);
        for steps in ways.into_iter().flatten().chain(lost) {
            steps.splice(0..0, path.iter().cloned());
        }
    }

    /// Adds what a caller does: its losses are its own.
    pub(super) fn take_elsewhere(&mut self, caller: Self) {
        let Self {
            joined,
            kept,
            handed_out,
            unknown,
            uncalled,
            lost_elsewhere,
            lost,
            forgettable,
            lost_from_cell,
            sure,
            ..
        } = caller;
        self.sure = self.sure.take().or(sure);
        self.forgettable = self.forgettable.take().or(forgettable);
        self.lost_from_cell |= lost_from_cell;
        let lost = lost_elsewhere.or(lost.into_iter().next());
        self.lost_elsewhere = self.lost_elsewhere.take().or(lost);
        for (own, other) in [
            (&mut self.joined, joined),
            (&mut self.kept, kept),
            (&mut self.handed_out, handed_out),
            (&mut self.unknown, unknown),
            (&mut self.uncalled, uncalled),
        ] {
            if own.is_none() {
                *own = other;
            }
        }
    }
}

/// Keeps the first of several ways to the same end.
pub(super) fn keep_first(slot: &mut Option<Vec<Step>>, steps: Vec<Step>) {
    slot.get_or_insert(steps);
}

/// A trace as steps, each once.
pub(super) fn steps(trace: &[TraceStep]) -> Vec<Step> {
    let mut all: Vec<Step> = Vec::new();
    for step in trace {
        let step = Step { file: step.file, range: step.range, text: step.text.clone() };
        if !all.contains(&step) {
            all.push(step);
        }
    }
    all
}
