//! Channels that feed threads: whether a thread can only end after the one who joins it.
//!
//! A worker that goes on until its channel is closed ends when the last sender is dropped. Who joins it
//! with a sender in hand waits for ever. That is proved only where all of it stands in one function:
//! the channel, the closure that takes its receiver, the join, and a sender that nothing moved before.

use std::collections::BTreeMap;

use super::fate::Fates;
use crate::catalog::Role;
use crate::facts::tree::Name;
use crate::finding::{Edit, Fix, Spot};
use crate::flow::{
    BlockId, Callable, Callee, Capture, Components, EndKind, Flow, LocalId, Place, Proj, StmtKind,
    Task, Terminator,
};
use crate::model::Model;
use crate::source::FileId;
use crate::text::TextRange;

/// Methods of a sender that leave it where it is.
const LOOKS: &[&str] = &[
    "send",
    "try_send",
    "send_timeout",
    "send_deadline",
    "clone",
    "len",
    "is_full",
    "is_empty",
    "capacity",
    "same_channel",
    "as_ref",
    "borrow",
    "downgrade",
    "sender_count",
    "is_disconnected",
];

/// A sender that lives while the thread that waits for its end is joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliveSender {
    /// Its name.
    pub name: Name,
    /// Where it is declared.
    pub declared: TextRange,
    /// Where the thread is spawned.
    pub spawned: TextRange,
    /// The edit that drops it in time, where that is certain.
    pub fix: Option<Fix>,
}

/// A statement: block and index.
pub(super) type At = (BlockId, usize);

/// Joins, by the name of the method, that wait for a thread which waits for a sender of the same
/// function.
pub(super) fn alive_senders(fates: &Fates<'_>) -> BTreeMap<(FileId, TextRange), AliveSender> {
    let mut found = BTreeMap::new();
    for task in fates.solution.tasks() {
        let Task::Birth(body, number) = task else { continue };
        let lowered = fates.program.body(*body);
        let birth = &lowered.flows.births[*number as usize];
        let Some(Callable::Body(worker)) = &birth.runs else { continue };
        let flow = lowered.flows.body(birth.flow);
        let worker_flow = lowered.flows.body(*worker);
        let file = lowered.function.item.file;
        for (sender, receiver) in channels(fates.model, flow) {
            let fed = captures(flow, *worker)
                .find(|it| it.outer == Place::local(receiver) && it.moves.contains(&Vec::new()));
            if !fed.is_some_and(|it| drains(worker_flow, it.inner)) {
                continue;
            }
            for end in fates.solution.ends(task) {
                if end.kind != EndKind::Joined || end.file != file {
                    continue;
                }
                let Some((at, statement)) = join_at(flow, end.range) else { continue };
                if !stays(flow, sender, at) || is_replaced(flow, sender) || asks_first(flow) {
                    continue;
                }
                let local = &flow.locals[sender.0 as usize];
                let Some(name) = local.name.clone() else { continue };
                let once = flow.round(at.0).is_empty() && !is_lent(flow, sender);
                let fix = (once && !used_after(flow, sender, at)).then(|| {
                    let spot = Spot::Lines { before: statement.start, like: statement.start };
                    let text = format!("drop({name});");
                    let edits = vec![Edit { file, spot, text }];
                    Fix { title: "drop the sender first", certain: true, edits }
                });
                let declared = local.range;
                let sender = AliveSender { name, declared, spawned: birth.callee, fix };
                found.insert((file, end.range), sender);
            }
        }
    }
    found
}

/// The two ends of each channel that a body makes and takes apart by a pattern.
fn channels(model: &Model<'_>, flow: &Flow) -> Vec<(LocalId, LocalId)> {
    let made = flow.calls().filter(|call| call.role(model) == Some(Role::Channel));
    let part = |of: LocalId, number: usize| {
        let whole = Place { local: of, proj: vec![Proj::element(number)] };
        flow.blocks.iter().flat_map(|block| &block.stmts).find_map(|stmt| match &stmt.kind {
            StmtKind::Assign(to, from) if *from == whole && to.proj.is_empty() => Some(to.local),
            _ => None,
        })
    };
    made.filter_map(|call| Some((part(call.dst, 0)?, part(call.dst, 1)?))).collect()
}

pub(super) fn captures(flow: &Flow, worker: crate::flow::FlowId) -> impl Iterator<Item = &Capture> {
    let stmts = flow.blocks.iter().flat_map(|block| &block.stmts);
    let closures = stmts.filter_map(move |stmt| match &stmt.kind {
        StmtKind::Closure(_, id, captures) if *id == worker => Some(captures),
        _ => None,
    });
    closures.flatten()
}

/// Whether a body always gets to a loop that only the end of a channel leaves.
fn drains(flow: &Flow, receiver: LocalId) -> bool {
    if !flow.left_unseen.is_empty()
        || flow.adapted.contains(&receiver)
        || flow.asserts
        || flow.panics
    {
        return false;
    }
    let components = Components::new(flow);
    (0..).map(BlockId).zip(&flow.blocks).any(|(block, contents)| {
        let Some(round) = components.of(block) else { return false };
        // The ways out of the round have to be those of the receiver's end, from this block.
        let ends = match &contents.end {
            Terminator::Next { iter, exit, .. } if comes_from(flow, iter, receiver) => vec![*exit],
            Terminator::Branch(edges) => {
                let failed = edges.iter().filter(|(_, conditions)| {
                    // An edge with another condition is taken for other answers as well.
                    matches!(conditions.as_slice(), [it]
                        if !it.holds && receives(flow, &it.place, receiver))
                });
                failed.map(|(to, _)| *to).collect()
            }
            _ => return false,
        };
        let leaves = |at: BlockId| -> bool {
            let out =
                flow.successors(at).into_iter().filter(|to| components.of(*to) != Some(round));
            out.into_iter().any(|to| at != block || !ends.contains(&to))
        };
        let mut blocks = (0..).map(BlockId).take(flow.blocks.len());
        !ends.is_empty()
            && !blocks.any(|at| components.of(at) == Some(round) && leaves(at))
            && !returns_without(flow, block)
    })
}

/// Whether a place is the receiver, or an iterator over all that it receives.
fn comes_from(flow: &Flow, place: &Place, receiver: LocalId) -> bool {
    let mut local = place.local;
    for _ in 0..4 {
        if local == receiver {
            return true;
        }
        if let Some(alias) = &flow.locals[local.0 as usize].alias {
            local = alias.local;
            continue;
        }
        let stmts = flow.blocks.iter().flat_map(|block| &block.stmts);
        let mut into = stmts.filter_map(|stmt| match &stmt.kind {
            StmtKind::Assign(to, from) if to.local == local => Some(from.local),
            StmtKind::Call(call) if call.dst == local => match &call.callee {
                Callee::Method(of, name, own) if own.is_empty() => {
                    matches!(&**name, "iter" | "into_iter").then_some(of.local)
                }
                _ => None,
            },
            _ => None,
        });
        match into.next() {
            Some(from) => local = from,
            None => return false,
        }
    }
    false
}

/// Whether a place is what a `recv` of the receiver gave.
fn receives(flow: &Flow, place: &Place, receiver: LocalId) -> bool {
    flow.calls().any(|call| {
        *place == Place::local(call.dst)
            && matches!(&call.callee, Callee::Method(of, name, own)
                if own.is_empty() && &**name == "recv" && of.local == receiver)
    })
}

/// Whether a body can end without passing a block.
fn returns_without(flow: &Flow, block: BlockId) -> bool {
    let mut seen = std::collections::BTreeSet::from([block]);
    let mut open = vec![BlockId(0)];
    while let Some(at) = open.pop() {
        if !seen.insert(at) {
            continue;
        }
        match flow.blocks[at.0 as usize].end {
            Terminator::Return | Terminator::Exit(_) | Terminator::Diverge(_) => return true,
            _ => open.extend(flow.successors(at)),
        }
    }
    false
}

pub(super) fn join_at(flow: &Flow, name: TextRange) -> Option<(At, TextRange)> {
    (0..).map(BlockId).zip(&flow.blocks).find_map(|(block, contents)| {
        let mut stmts = contents.stmts.iter().enumerate();
        stmts.find_map(|(index, stmt)| match &stmt.kind {
            StmtKind::Call(call) if call.name_range == name => {
                Some(((block, index), call.statement))
            }
            _ => None,
        })
    })
}

/// Whether a value or closure may hold a reference to a local.
fn is_lent(flow: &Flow, local: LocalId) -> bool {
    let aliased =
        flow.locals.iter().any(|it| it.alias.as_ref().is_some_and(|it| it.local == local));
    aliased
        || any_stmt(flow, |_, stmt| match stmt {
            StmtKind::Closure(_, _, captures) => captures.iter().any(|it| it.outer.local == local),
            StmtKind::Build(_, parts) => {
                parts.iter().any(|(_, part)| part.place().is_some_and(|(it, _)| it.local == local))
            }
            _ => false,
        })
}

/// Whether a local gets a second value.
fn is_replaced(flow: &Flow, local: LocalId) -> bool {
    let stmts = flow.blocks.iter().flat_map(|block| &block.stmts);
    let fills = |stmt: &StmtKind| matches!(stmt, StmtKind::Assign(to, _) if to.local == local);
    stmts.filter(|stmt| fills(&stmt.kind)).count() > 1
}

/// Whether a body asks how far a thread is, or waits for a word of it, so that a join may come when the
/// thread waits no more.
pub(super) fn asks_first(flow: &Flow) -> bool {
    const ASKS: [&str; 6] =
        ["is_finished", "recv", "recv_timeout", "wait", "wait_while", "wait_timeout"];
    flow.calls().any(|call| ASKS.contains(&&*call.name))
}

/// Whether nothing that comes before a statement can have moved or dropped a local.
fn stays(flow: &Flow, local: LocalId, at: At) -> bool {
    !any_stmt(flow, |here, stmt| gives_away(stmt, local) && comes_before(flow, here, at))
}

/// Whether a local is named after a statement, other than to drop it.
fn used_after(flow: &Flow, local: LocalId, at: At) -> bool {
    any_stmt(flow, |here, stmt| {
        let names = stmt.places().iter().any(|it| it.local == local);
        let fills =
            matches!(stmt, StmtKind::Clear(to) | StmtKind::Assign(to, _) if to.local == local);
        (names || fills) && comes_before(flow, at, here)
    })
}

pub(super) fn any_stmt(flow: &Flow, holds: impl Fn(At, &StmtKind) -> bool) -> bool {
    (0..).map(BlockId).zip(&flow.blocks).any(|(block, contents)| {
        let mut stmts = contents.stmts.iter().enumerate();
        stmts.any(|(index, stmt)| holds((block, index), &stmt.kind))
    })
}

pub(super) fn comes_before(flow: &Flow, one: At, other: At) -> bool {
    one.0 == other.0 && one.1 < other.1 || flow.reachable(one.0).contains(&other.0)
}

/// Whether a statement may take a local away.
fn gives_away(stmt: &StmtKind, local: LocalId) -> bool {
    match stmt {
        StmtKind::Assign(_, from) => from.local == local,
        StmtKind::Clear(to) => to.local == local,
        StmtKind::Flag(..) => false,
        StmtKind::Build(_, parts) => {
            parts.iter().any(|(_, part)| part.place().is_some_and(|(it, _)| it.local == local))
        }
        StmtKind::Closure(_, _, captures) => {
            captures.iter().any(|it| it.outer.local == local && !it.moves.is_empty())
        }
        StmtKind::Call(call) => {
            // Whoever gets it by `&mut` may put another in its place; what drops a clone does not.
            let of_clone = &*call.name == "drop";
            let moved =
                |(it, borrowed): (&Place, bool)| it.local == local && !(borrowed && of_clone);
            let receiver = match &call.callee {
                Callee::Method(of, name, own) => {
                    of.local == local && (!own.is_empty() || !LOOKS.contains(&&**name))
                }
                Callee::Local(of, _) | Callee::Await(of) => of.local == local,
                Callee::Function(_) => false,
            };
            receiver || call.args.iter().filter_map(crate::flow::Operand::place).any(moved)
        }
        StmtKind::Mention(places, _) => places.iter().any(|it| it.local == local),
        StmtKind::Drop(it, _) => *it == local,
    }
}
