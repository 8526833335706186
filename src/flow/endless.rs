//! Loops that nothing in a body ends.
//!
//! What lies on a round is the strongly connected component of a loop's head: whatever comes after the
//! head and before it. A loop ends when an edge leads out of that, wherever to, so a `break` of an
//! inner loop ends nothing and one with the outer label does. What may leave without an edge, such as
//! a macro that nobody expanded, counts as a way out.

use std::collections::BTreeSet;

use super::{BlockId, Flow, Loop, Terminator};
use crate::catalog::Role;
use crate::model::Model;

/// Loops that a body can get to and that nothing in it ends, with the blocks of a round; of loops in
/// each other the outer one.
pub fn endless_loops(model: &Model<'_>, flow: &Flow) -> Vec<(Loop, BTreeSet<BlockId>)> {
    if flow.loops.is_empty() {
        return Vec::new();
    }
    let entered = flow.entered();
    let mut found: Vec<(Loop, BTreeSet<BlockId>)> = Vec::new();
    for &it in &flow.loops {
        let known = found.iter().any(|(_, round)| round.contains(&it.head));
        if known || !entered.contains(&it.head) {
            continue;
        }
        let round = flow.round(it.head);
        let stops = |block| flow.left_unseen.contains(block) || flow.unwraps.contains(block);
        if !round.is_empty()
            && !is_left(flow, &round)
            && !round.iter().any(stops)
            && !flow.calls_in(&round).any(|call| call.role(model) == Some(Role::StopCheck))
        {
            found.push((it, round));
        }
    }
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
