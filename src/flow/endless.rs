//! Loops that nothing in a body ends.
//!
//! What lies on a round is the strongly connected component of a loop's head: whatever comes after the
//! head and before it. A loop ends when an edge leads out of that, wherever to, so a `break` of an
//! inner loop ends nothing and one with the outer label does. What may leave without an edge, such as
//! a macro that nobody expanded, counts as a way out.

use std::collections::{BTreeMap, BTreeSet};

use super::components::Components;
use super::{BlockId, Flow, Loop, Terminator};
use crate::catalog::Role;
use crate::model::Model;

/// Loops that a body can get to and that nothing in it ends, with the blocks of a round; of loops in
/// each other the outer one.
pub fn endless_loops(model: &Model<'_>, flow: &Flow) -> Vec<(Loop, BTreeSet<BlockId>)> {
    if flow.loops.is_empty() {
        return Vec::new();
    }
    let components = Components::new(flow);
    let entered = flow.entered();
    let mut heads: BTreeMap<u32, Loop> = BTreeMap::new();
    for &it in flow.loops.iter().filter(|it| entered.contains(&it.head)) {
        if let Some(component) = components.of(it.head) {
            heads.entry(component).or_insert(it);
        }
    }
    let mut rounds: BTreeMap<u32, BTreeSet<BlockId>> = BTreeMap::new();
    for &block in &entered {
        if let Some(component) = components.of(block).filter(|it| heads.contains_key(it)) {
            rounds.entry(component).or_default().insert(block);
        }
    }
    let stops: BTreeSet<BlockId> = flow.left_unseen.iter().chain(&flow.unwraps).copied().collect();
    let mut found: Vec<(Loop, BTreeSet<BlockId>)> = rounds
        .into_iter()
        .filter(|(_, round)| {
            round.is_disjoint(&stops)
                && !is_left(flow, round)
                && !flow.calls_in(round).any(|call| {
                    // What becomes another program never comes back.
                    &*call.name == "exec" || call.role(model) == Some(Role::StopCheck)
                })
        })
        .map(|(component, round)| (heads[&component], round))
        .collect();
    found.sort_by_key(|(it, _)| it.keyword);
    found
}

/// Whether an edge leads out of a round. Where no arm of a `match` fits nothing goes on.
fn is_left(flow: &Flow, round: &BTreeSet<BlockId>) -> bool {
    let mut out = round.iter().flat_map(|&at| flow.successors(at)).filter(|at| !round.contains(at));
    out.any(|at| {
        let block = &flow.blocks[at.0 as usize];
        !matches!(block.end, Terminator::Stop) || !block.stmts.is_empty()
    })
}
