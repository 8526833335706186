//! Loops: their blocks, how often those run, and what comes after what.

use std::collections::BTreeSet;

use super::{
    BlockId, Call, Callee, Components, Condition, Flow, FlowId, LocalId, Many, Often, Proj,
    Terminator, methods,
};

/// The blocks of a loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// The first one, with which each round begins.
    pub head: BlockId,
    /// The one after the last one.
    pub end: BlockId,
    /// Those in between that come after the loop.
    pub after: [BlockId; 2],
    /// How many rounds there are, as far as that is written out.
    pub often: Often,
    /// The first block of what is done in a round, if the loop goes over something.
    pub body: Option<BlockId>,
    /// What must be so for there to be a round.
    pub entered: Option<Condition>,
}

impl Round {
    fn contains(&self, block: BlockId) -> bool {
        (self.head..self.end).contains(&block) && !self.after.contains(&block)
    }
}

impl Flow {
    /// Whether a block may run more than once.
    pub fn is_repeated(&self, block: BlockId) -> bool {
        self.parent.is_some() || self.rounds.iter().any(|round| round.contains(block))
    }

    /// Whether a block may run more than once, and is not the first of its loop: what a loop starts with says whether
    /// there is another round, so that only a jump leaves something behind.
    pub fn is_repeated_inside(&self, block: BlockId) -> bool {
        let is_head = self.parent.is_none() && self.rounds.iter().any(|round| round.head == block);
        self.is_repeated(block) && !is_head
    }

    /// How many a block makes that makes one: as many as something says that nobody knows, or one for each of
    /// several. `own` is this body.
    pub(crate) fn how_many(&self, own: FlowId, block: BlockId) -> Many {
        let counts = |often: &Often, of: FlowId, is_in_each: &dyn Fn() -> bool| match often {
            Often::Unknown(Some(place)) if is_in_each() => Many::Each(of, place.clone()),
            Often::Unknown(_) => Many::Unknown,
            Often::Several(number) if is_in_each() => Many::Several(*number),
            Often::Several(_) | Often::Few => Many::One,
        };
        let around = self.parent.unwrap_or(own);
        let of_runs = counts(&self.repeats, around, &|| self.is_always_passed(block));
        if !self.reachable(block).contains(&block) {
            return of_runs;
        }
        let rounds = self.rounds.iter().filter(|round| round.contains(block));
        let of_rounds = rounds.map(|round| {
            counts(&round.often, own, &|| {
                self.is_in_each(block, round) && !self.is_left_early(round)
            })
        });
        of_rounds.fold(of_runs, Many::times)
    }

    /// Whether a block is passed in each round of a loop that goes over something.
    pub(crate) fn is_in_each(&self, block: BlockId, round: &Round) -> bool {
        let around = |body| self.leads_around(block, body, |at| at == round.head);
        round.contains(block) && round.body.is_some_and(|body| !around(body))
    }

    /// Whether a step from one block to another enters a loop that takes elements out of a local, but for what its head
    /// takes.
    pub(crate) fn takes_in_rounds(&self, from: BlockId, to: BlockId, local: LocalId) -> bool {
        let takes = |call: &Call| match &call.callee {
            Callee::Method(place, name, own) => {
                let indexed = place.proj.iter().any(|it| {
                    matches!(it, Proj::Index(_) | Proj::Unnumbered | Proj::Elem | Proj::Turn)
                });
                place.local == local && (indexed || (own.is_empty() && methods::takes_one(name)))
            }
            _ => false,
        };
        self.rounds.iter().any(|round| {
            let inside = (round.head.0 + 1..round.end.0).map(BlockId);
            round.head == to
                && !round.contains(from)
                && inside
                    .filter(|&block| round.contains(block))
                    .any(|block| self.blocks[block.0 as usize].calls().any(takes))
        })
    }

    /// Whether a jump leaves a loop before its last round.
    fn is_left_early(&self, round: &Round) -> bool {
        let mut inside = (round.head.0..round.end.0)
            .map(BlockId)
            .filter(|&at| at != round.head && round.contains(at));
        inside.any(|at| self.successors(at).into_iter().any(|to| !round.contains(to)))
    }

    /// Whether no way through the body goes around a block.
    pub(crate) fn is_always_passed(&self, block: BlockId) -> bool {
        let returns = |at: BlockId| matches!(self.blocks[at.0 as usize].end, Terminator::Return);
        !self.leads_around(block, BlockId(0), returns)
    }

    /// Whether some way from one block to one that is wanted does not pass another.
    fn leads_around(
        &self,
        passed: BlockId,
        from: BlockId,
        wanted: impl Fn(BlockId) -> bool,
    ) -> bool {
        let mut seen = BTreeSet::from([passed]);
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            if seen.insert(at) {
                if wanted(at) {
                    return true;
                }
                open.extend(self.successors(at));
            }
        }
        false
    }

    /// Every block that may come after one, however far; itself only if it lies in a loop.
    pub fn reachable(&self, block: BlockId) -> BTreeSet<BlockId> {
        let mut seen = BTreeSet::new();
        let mut open = self.successors(block);
        while let Some(at) = open.pop() {
            if seen.insert(at) {
                open.extend(self.successors(at));
            }
        }
        seen
    }

    /// The blocks that the body can get to.
    pub fn entered(&self) -> BTreeSet<BlockId> {
        let mut entered = self.reachable(BlockId(0));
        entered.insert(BlockId(0));
        entered
    }

    /// The blocks that lie on a way from a block back to it; none if there is no such way.
    pub fn round(&self, head: BlockId) -> BTreeSet<BlockId> {
        let components = Components::new(self);
        let Some(own) = components.of(head) else { return BTreeSet::new() };
        let blocks = (0..).map(BlockId).take(self.blocks.len());
        blocks.filter(|&block| components.of(block) == Some(own)).collect()
    }
}
