//! Which calls a value may come from, in one body.

use rustc_hash::FxHashSet;

use super::{Call, Callee, Flow, LocalId, StmtKind};

impl Flow {
    /// Calls that may give what a local holds, or what that is taken out of, without regard to the order of statements.
    pub fn origins(&self, local: LocalId) -> impl Iterator<Item = &Call> {
        let stmts = || self.blocks.iter().flat_map(|block| &block.stmts);
        let mut known: FxHashSet<LocalId> = FxHashSet::default();
        let mut open = vec![local];
        while let Some(local) = open.pop() {
            if !known.insert(local) {
                continue;
            }
            open.extend(stmts().filter_map(|stmt| match &stmt.kind {
                StmtKind::Assign(to, from) if to.local == local => Some(from.local),
                StmtKind::Call(call) if call.dst == local => match &call.callee {
                    Callee::Method(on, ..) | Callee::Await(on) => Some(on.local),
                    Callee::Function(_) | Callee::Local(..) => None,
                },
                _ => None,
            }));
        }
        self.calls().filter(move |call| known.contains(&call.dst))
    }
}
