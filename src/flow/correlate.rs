//! Conditions that are tested twice: `if verbose { spawn }` and later `if verbose { join }`.
//!
//! The graph alone would combine the first branch with the second one's `else`. A place that nothing
//! changes gives the same answer each time, so a token remembers what such tests said.

use std::collections::HashSet;

use super::{
    Block, BlockId, Callee, Condition, Flow, LocalId, LocalKind, Operand, Place, Stmt, StmtKind,
    Terminator, Test,
};

/// Facts that one token remembers.
const MAX_FACTS: usize = 6;
/// Blocks looked back over for what was tested before.
const MAX_BACK: usize = 64;

/// The places of a body that are tested more than once and that nothing changes.
pub(super) fn stable(flow: &Flow) -> Vec<Place> {
    let mut tested: Vec<&Place> = flow
        .blocks
        .iter()
        .flat_map(|block| match &block.end {
            Terminator::Branch(edges) => edges.first().map_or(&[][..], |(_, all)| all.as_slice()),
            _ => &[],
        })
        .filter(|condition| condition.test == Test::True)
        .map(|condition| &condition.place)
        .collect();
    tested.sort();
    let twice = tested.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
    let mut found: Vec<Place> = twice.filter(|place| !changes(flow, place)).cloned().collect();
    found.dedup();
    found
}

/// The variables of a body that are set to a known `bool`, are tested, and that nothing else can get at.
pub(super) fn flags(flow: &Flow) -> Vec<LocalId> {
    let stmts = || flow.blocks.iter().flat_map(|block| &block.stmts);
    let mut found: Vec<LocalId> = stmts()
        .filter_map(|stmt| match stmt.kind {
            StmtKind::Flag(local, _) => Some(local),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.retain(|&local| {
        let lent = |stmt: &Stmt| match &stmt.kind {
            StmtKind::Closure(_, _, captures) => captures.iter().any(|it| it.outer.local == local),
            StmtKind::Mention(places, _) => places.iter().any(|place| place.local == local),
            StmtKind::Build(_, parts) => parts.iter().any(|(_, part)| borrows(part, local)),
            StmtKind::Call(call) => call.args.iter().any(|arg| borrows(arg, local)),
            _ => false,
        };
        flow.locals[local.0 as usize].kind == LocalKind::Variable && !stmts().any(lent)
    });
    found
}

fn borrows(operand: &Operand, local: LocalId) -> bool {
    matches!(operand, Operand::Borrow(place) if place.local == local)
}

/// What is known after a statement.
pub(super) fn facts_over(flow: &Flow, facts: &mut Vec<(Place, bool)>, stmt: &Stmt) {
    let (local, flag) = match &stmt.kind {
        StmtKind::Flag(local, flag) => (*local, Some(*flag)),
        StmtKind::Clear(place) | StmtKind::Assign(place, _) => (place.local, None),
        _ => return,
    };
    if !flow.flags.contains(&local) {
        return;
    }
    facts.retain(|(place, _)| place.local != local);
    if let Some(flag) = flag.filter(|_| facts.len() < MAX_FACTS) {
        facts.push((Place::local(local), flag));
    }
}

/// Whether anything in a body may change what is in a place.
fn changes(flow: &Flow, place: &Place) -> bool {
    let local = &flow.locals[place.local.0 as usize];
    // What is behind a reference or shared with another body may change at any time.
    let own = matches!(local.kind, LocalKind::Variable | LocalKind::Parameter)
        || (local.kind == LocalKind::Reference && !place.proj.is_empty());
    if !own {
        return true;
    }
    let overlaps = |other: &Place| {
        let shared = other.proj.len().min(place.proj.len());
        other.local == place.local && other.proj[..shared] == place.proj[..shared]
    };
    let mut stores = 0;
    for stmt in flow.blocks.iter().flat_map(|block| &block.stmts) {
        match &stmt.kind {
            StmtKind::Assign(to, _) if overlaps(to) => stores += 1,
            StmtKind::Clear(to) if overlaps(to) => return true,
            StmtKind::Closure(_, _, captures) => {
                // A closure may write to what it borrows.
                let writes =
                    |capture: &super::Capture| capture.moves.is_empty() && overlaps(&capture.outer);
                if captures.iter().any(writes) {
                    return true;
                }
            }
            StmtKind::Mention(places, _) if places.iter().any(overlaps) => return true,
            StmtKind::Call(call) => {
                let borrows = |arg: &Operand| matches!(arg, Operand::Borrow(at) if overlaps(at));
                // A method may change what it is called on, but not the very flag.
                let inside = matches!(&call.callee, Callee::Method(at, ..)
                    if overlaps(at) && at.proj.len() < place.proj.len());
                if inside || call.args.iter().any(borrows) {
                    return true;
                }
            }
            _ => {}
        }
    }
    // The one store is where it is bound.
    let bound = place.proj.is_empty() || local.kind == LocalKind::Variable;
    stores > usize::from(bound) || is_bound_again(flow, place.local)
}

/// Whether a local dies in a loop, so that the next round binds it to something else.
fn is_bound_again(flow: &Flow, local: LocalId) -> bool {
    let dies = |block: &Block| {
        let drop = |stmt: &Stmt| matches!(stmt.kind, StmtKind::Drop(it, _) if it == local);
        block.stmts.iter().any(drop)
    };
    let mut blocks = (0..).map(BlockId).zip(&flow.blocks).filter(|(_, block)| dies(block));
    blocks.any(|(from, block)| {
        let mut seen = HashSet::new();
        let mut open: Vec<BlockId> = successors(&block.end).iter().map(|(to, _)| *to).collect();
        while let Some(at) = open.pop() {
            if at == from {
                return true;
            }
            if seen.insert(at) {
                open.extend(successors(&flow.blocks[at.0 as usize].end).iter().map(|(to, _)| *to));
            }
        }
        false
    })
}

/// What a body knows at its start of parameters that are a known `bool`, as far as nothing changes them.
pub(super) fn facts_at_start(flow: &Flow, flags: &[(usize, bool)]) -> Vec<(Place, bool)> {
    let named = |param: LocalId| {
        flow.blocks.first()?.stmts.iter().find_map(|stmt| match &stmt.kind {
            StmtKind::Assign(to, from) if *from == Place::local(param) => Some(to.clone()),
            _ => None,
        })
    };
    let fact = |&(index, holds): &(usize, bool)| {
        let place = named(*flow.params.get(index)?)?;
        (!changes(flow, &place)).then_some((place, holds))
    };
    flags.iter().filter_map(fact).collect()
}

/// What must have been tested or set before a statement is reached, as far as there is one way to it.
pub(super) fn facts_before(flow: &Flow, block: BlockId, index: usize) -> Vec<(Place, bool)> {
    let mut facts = Vec::new();
    if flow.stable.is_empty() && flow.flags.is_empty() {
        return facts;
    }
    let mut way: Vec<(BlockId, &[Condition])> = Vec::new();
    let mut at = block;
    for _ in 0..MAX_BACK {
        let mut ways = (0..).zip(&flow.blocks).flat_map(|(from, block)| {
            successors(&block.end).into_iter().map(move |(to, conditions)| (from, to, conditions))
        });
        let mut into = ways.by_ref().filter(|(_, to, _)| *to == at);
        let (Some((from, _, conditions)), None) = (into.next(), into.next()) else { break };
        at = BlockId(from);
        way.push((at, conditions));
    }
    for (from, conditions) in way.into_iter().rev() {
        let stmts = flow.blocks[from.0 as usize].stmts.iter();
        stmts.for_each(|stmt| facts_over(flow, &mut facts, stmt));
        match facts_after(flow, &facts, conditions) {
            Some(more) => facts = more,
            None => return facts,
        }
    }
    let stmts = flow.blocks[block.0 as usize].stmts.iter().take(index);
    stmts.for_each(|stmt| facts_over(flow, &mut facts, stmt));
    facts
}

fn successors(end: &Terminator) -> Vec<(BlockId, &[Condition])> {
    match end {
        Terminator::Stop | Terminator::Diverge(_) | Terminator::Exit(_) | Terminator::Return => {
            Vec::new()
        }
        Terminator::Goto(block) => vec![(*block, &[])],
        Terminator::Branch(edges) => {
            edges.iter().map(|(block, conditions)| (*block, conditions.as_slice())).collect()
        }
        Terminator::Next { body, exit, .. } => vec![(*body, &[]), (*exit, &[])],
    }
}

/// Whether what a test says of a place holds until something is seen to change it.
fn is_kept(flow: &Flow, place: &Place) -> bool {
    flow.stable.contains(place) || (place.proj.is_empty() && flow.flags.contains(&place.local))
}

/// What is known behind an edge, or nothing when the edge cannot be taken.
pub(super) fn facts_after(
    flow: &Flow,
    facts: &[(Place, bool)],
    conditions: &[Condition],
) -> Option<Vec<(Place, bool)>> {
    let mut after = facts.to_vec();
    for condition in conditions.iter().filter(|condition| condition.test == Test::True) {
        match after.iter().find(|(place, _)| *place == condition.place) {
            Some((_, holds)) if *holds != condition.holds => return None,
            Some(_) => {}
            None if after.len() < MAX_FACTS && is_kept(flow, &condition.place) => {
                after.push((condition.place.clone(), condition.holds));
            }
            None => {}
        }
    }
    Some(after)
}
