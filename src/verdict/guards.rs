//! Locks that are held while a thread is joined which takes them.
//!
//! Whoever joins with a guard in hand waits for the thread; the thread waits for the guard. It is looked
//! for where the lock, the closure and the join stand in one function, and the closure itself takes the lock.

use std::collections::BTreeMap;

use super::fate::Fates;
use super::feeds::{At, any_stmt, asks_first, captures, comes_before, join_at};
use crate::catalog::Role;
use crate::facts::tree::Name;
use crate::flow::{
    Callable, EndKind, Flow, FlowId, Guard, Lock, Operand, Place, Proj, StmtKind, Task,
};
use crate::model::Model;
use crate::source::FileId;
use crate::text::TextRange;

/// A guard that lives while a thread which takes its lock is joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLock {
    /// The name of the guard.
    pub name: Name,
    /// Where it is declared.
    pub declared: TextRange,
    /// Where the thread is spawned.
    pub spawned: TextRange,
}

/// Joins, by the name of the method, with a guard in hand that the thread needs.
pub(super) fn held_locks(fates: &Fates<'_>) -> BTreeMap<(FileId, TextRange), HeldLock> {
    let mut found = BTreeMap::new();
    for task in fates.solution.tasks() {
        let Task::Birth(body, number) = task else { continue };
        let lowered = fates.program.body(*body);
        let birth = &lowered.flows.births[*number as usize];
        let Some(Callable::Body(worker)) = birth.runs else { continue };
        let flow = lowered.flows.body(birth.flow);
        if flow.guards.is_empty() || asks_first(flow) {
            continue;
        }
        let taken = taken(flow, lowered.flows.body(worker), worker);
        let file = lowered.function.item.file;
        for end in fates.solution.ends(task) {
            if end.kind != EndKind::Joined || end.file != file {
                continue;
            }
            let Some((at, _)) = join_at(flow, end.range) else { continue };
            let needs = |guard: &&Guard| {
                let collides = |lock: &Lock| {
                    lock.place == guard.lock.place && (lock.exclusive || guard.lock.exclusive)
                };
                taken.iter().any(collides) && is_held(fates.model, flow, guard, at)
            };
            let Some(guard) = flow.guards.iter().find(needs) else { continue };
            let local = &flow.locals[guard.local.0 as usize];
            if let Some(name) = local.name.clone() {
                let declared = local.range;
                let held = HeldLock { name, declared, spawned: birth.callee };
                found.insert((file, end.range), held);
            }
        }
    }
    found
}

/// The locks that a closure takes, as the body around names them.
fn taken(flow: &Flow, worker: &Flow, id: FlowId) -> Vec<Lock> {
    let outside = worker.locked.iter().filter_map(|lock| {
        let capture = captures(flow, id).find(|it| it.inner == lock.place.local)?;
        let mut place = capture.outer.clone();
        place.proj.extend(lock.place.proj.iter().cloned());
        Some(Lock { place: plain(place), exclusive: lock.exclusive })
    });
    outside.collect()
}

/// A place by its fields alone: what lies between is one and the same lock.
fn plain(mut place: Place) -> Place {
    place.proj.retain(|proj| matches!(proj, Proj::Field(_)));
    place
}

/// Whether a guard is there at a statement, whichever way leads to it.
fn is_held(model: &Model<'_>, flow: &Flow, guard: &Guard, at: At) -> bool {
    let alias = flow.locals[guard.local.0 as usize].alias.as_ref();
    let goes = |stmt: &StmtKind| match stmt {
        StmtKind::Drop(local, _) => *local == guard.local,
        // The guard is another name for what it guards, so whatever takes that may take the guard.
        StmtKind::Call(call) => {
            let takes = |operand: &Operand| operand.place().map(|(place, _)| place) == alias;
            call.args.iter().any(takes) || call.role(model) == Some(Role::Detach)
        }
        _ => false,
    };
    // It holds from that statement on.
    let since = |here: At| here == guard.at || comes_before(flow, guard.at, here);
    since(at)
        && !any_stmt(flow, |here, stmt| goes(stmt) && since(here) && comes_before(flow, here, at))
}
