//! Which locals the statements of a block can move, drop or look at: a token elsewhere passes the
//! block untouched, and most blocks of a long function are such to most tokens.

use super::{Callable, Callee, Flow, LocalId, LocalKind, Place, StmtKind};

/// For each block of `flow`, the locals that its statements touch, sorted. `bodies` are the bodies
/// made so far, those of the closures in `flow` among them.
pub(super) fn touched(flow: &Flow, bodies: &[Flow]) -> Vec<Vec<LocalId>> {
    let ids = (0..).map(LocalId).zip(&flow.locals);
    let statics = ids.filter(|(_, local)| matches!(local.kind, LocalKind::Static(..)));
    let statics: Vec<LocalId> = statics.map(|(id, _)| id).collect();
    let of_block = flow.blocks.iter().map(|block| {
        let mut locals = Vec::new();
        for stmt in &block.stmts {
            of_stmt(flow, bodies, &stmt.kind, &mut locals);
        }
        // A function may take out of a static what is in it.
        let calls = block
            .stmts
            .iter()
            .any(|stmt| matches!(&stmt.kind, StmtKind::Call(call) if !call.targets().is_empty()));
        if calls {
            locals.extend(&statics);
        }
        locals.sort_unstable();
        locals.dedup();
        locals
    });
    of_block.collect()
}

fn of_stmt(flow: &Flow, bodies: &[Flow], kind: &StmtKind, locals: &mut Vec<LocalId>) {
    let mut place = |place: &Place| {
        locals.push(place.local);
        // Whoever is given a closure may reach what the closure refers to.
        if let Some(Callable::Body(id)) = &flow.locals[place.local.0 as usize].callable
            && let Some(body) = bodies.get(id.0 as usize)
        {
            locals.extend(body.captures.iter().map(|capture| capture.outer.local));
        }
    };
    match kind {
        StmtKind::Assign(to, from) => [to, from].into_iter().for_each(place),
        StmtKind::Clear(at) => place(at),
        StmtKind::Flag(..) => {}
        StmtKind::Build(_, parts) => {
            parts.iter().filter_map(|(_, part)| part.place()).for_each(|(at, _)| place(at));
        }
        StmtKind::Closure(_, _, captures) => {
            captures.iter().for_each(|capture| place(&capture.outer));
        }
        StmtKind::Call(call) => {
            match &call.callee {
                Callee::Local(at, callable) => {
                    place(at);
                    if let Some(Callable::Body(id)) = callable
                        && let Some(body) = bodies.get(id.0 as usize)
                    {
                        body.captures.iter().for_each(|capture| place(&capture.outer));
                    }
                }
                Callee::Method(at, ..) | Callee::Await(at) => place(at),
                Callee::Function(_) => {}
            }
            call.args.iter().filter_map(super::Operand::place).for_each(|(at, _)| place(at));
        }
        StmtKind::Mention(places, _) => places.iter().for_each(place),
        StmtKind::Drop(local, _) => locals.push(*local),
    }
}
