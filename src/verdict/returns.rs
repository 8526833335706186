//! Threads that come back by themselves: all that they run is known and waits for nobody.
//!
//! A join that is written into somebody's program must not hang. What waits is told by name, and what
//! is not known counts as waiting.

use std::collections::HashSet;
use std::sync::PoisonError;

use super::fate::Fates;
use super::workers::{Node, Search};
use crate::catalog::Role;
use crate::flow::{
    Birth, Call, Callee, Flow, FlowId, FlowKind, LocalKind, Operand, Place, StmtKind, Terminator,
};
use crate::model::{Def, Model};

/// Names of calls that wait for something from outside the thread.
const WAITS: &[&str] = &[
    "recv",
    "recv_timeout",
    "recv_deadline",
    "wait",
    "wait_while",
    "wait_timeout",
    "park",
    "join",
    "wait_timeout_while",
    "accept",
    "incoming",
    "read",
    "read_exact",
    "read_line",
    "read_to_end",
    "read_to_string",
    "lines",
    "next",
    "poll",
    "select",
    "block_on",
    "iter",
    "try_iter",
    "into_iter",
    "send",
    "acquire",
    "lock",
];

/// Names of methods that come back at once, whatever they are called on.
const INSTANT: &[&str] = &[
    "clone",
    "load",
    "store",
    "swap",
    "fetch_add",
    "fetch_sub",
    "fetch_or",
    "fetch_and",
    "push",
    "insert",
    "len",
    "is_empty",
    "to_string",
    "to_owned",
    "as_str",
    "as_ref",
    "as_slice",
    "into",
    "set",
    "get",
    "contains",
    "unwrap",
    "expect",
];

/// Whether all that a thread runs is known and waits for nobody, so that whoever joins it goes on.
pub(super) fn ends_by_itself(fates: &Fates<'_>, body: u32, birth: &Birth) -> bool {
    let (model, program) = (fates.model, fates.program);
    let mut search = Search::new(model, program);
    let Some(runs) = &birth.runs else { return false };
    let mut seen: HashSet<Node> = HashSet::new();
    let mut open = search.callable(body, runs);
    if open.is_empty() {
        return false;
    }
    while let Some(node) = open.pop() {
        if !seen.insert(node) {
            continue;
        }
        let flow = program.body(node.0).flows.body(node.1);
        let waits = flow.kind == FlowKind::Async
            || !flow.locked.is_empty()
            || !flow.loops.is_empty()
            || flow.has_while
            || !flow.left_unseen.is_empty()
            || flow.calls().any(|call| may_wait(model, flow, call))
            || flow.blocks.iter().any(|block| takes_from_outside(flow, &block.end));
        if waits || seen.len() > MAX_BODIES {
            return false;
        }
        open.extend(search.goes_on(node));
        // A closure that is made there may be run there.
        let bodies = (0..).map(FlowId).zip(&program.body(node.0).flows.bodies);
        let inside = bodies.filter(|(_, it)| it.parent == Some(node.1));
        open.extend(inside.map(|(id, _)| (node.0, id)));
    }
    if search.unread.is_empty() {
        return true;
    }
    let births = (0..).zip(&program.body(body).flows.births);
    let mut own = births.filter(|(_, it)| std::ptr::eq(*it, birth));
    let mut asked = fates.asked.lock().unwrap_or_else(PoisonError::into_inner);
    asked.waiting.extend(own.next().and_then(|(number, _)| fates.lasting(body, number)));
    asked.wanted.functions.extend(search.unread);
    false
}

/// Bodies that are looked through for one thread.
const MAX_BODIES: usize = 64;

/// Whether a call may wait for somebody, or nobody knows what it does with what it gets.
fn may_wait(model: &Model<'_>, flow: &Flow, call: &Call) -> bool {
    if call.awaited || WAITS.contains(&&*call.name) || call.role(model) == Some(Role::Sleep) {
        return true;
    }
    let unknown = match &call.callee {
        Callee::Function(defs) => !defs.iter().all(|def| match def {
            Def::External(path) => path.starts_with("std::"),
            Def::Variant(..) => true,
            Def::Item(_) | Def::Method(_) => call.only_target().is_some(),
            Def::Module(_) | Def::Unknown => false,
        }),
        Callee::Method(of, name, own) if own.is_empty() => {
            let known = call.receiver_ty.path().is_some_and(|path| path.starts_with("std::"));
            is_given(flow, of) && !known && !INSTANT.contains(&&**name)
        }
        Callee::Method(..) => call.only_target().is_none(),
        Callee::Local(_, callable) => callable.is_none(),
        Callee::Await(_) => true,
    };
    unknown
        || call.args.iter().any(|arg| is_from_outside(flow, arg))
            && call.only_target().is_none()
            && !matches!(call.callee, Callee::Method(..))
}

/// Whether a loop takes its elements from what the body was given.
fn takes_from_outside(flow: &Flow, end: &Terminator) -> bool {
    let Terminator::Next { iter, .. } = end else { return false };
    let mut local = iter.local;
    // A range is a value that nothing is moved into; the loop holds it in a place of its own.
    for _ in 0..4 {
        let mut fed =
            flow.blocks.iter().flat_map(|block| &block.stmts).filter_map(|stmt| match &stmt.kind {
                StmtKind::Assign(to, from) if to.local == local => Some(Some(from.local)),
                StmtKind::Call(call) if call.dst == local => Some(None),
                StmtKind::Build(to, _) if *to == local => Some(None),
                _ => None,
            });
        match fed.next() {
            None => return is_given(flow, &Place::local(local)),
            Some(None) => return true,
            Some(Some(from)) => local = from,
        }
    }
    true
}

fn is_from_outside(flow: &Flow, operand: &Operand) -> bool {
    operand.place().is_some_and(|(place, _)| is_given(flow, place))
}

fn is_given(flow: &Flow, place: &Place) -> bool {
    matches!(
        flow.locals[place.local.0 as usize].kind,
        LocalKind::Capture(_) | LocalKind::Parameter | LocalKind::Reference
    )
}
