//! Shared owners of which there is only one: what is in an `Arc` that nobody clones is dropped with it.

use super::super::correlate::named;
use super::super::{Call, Callee, Flow, LocalId, LocalKind, Operand, Place, Program, StmtKind};
use super::Transfer;
use crate::model::{Def, ItemRef};

impl Transfer<'_> {
    /// Whether a variable is an `Arc` or `Rc` that is made here and that nothing else can own: it is locked, borrowed and
    /// lent to functions that do no more.
    pub(super) fn is_sole_owner(&self, local: LocalId) -> bool {
        let data = &self.flow.locals[local.0 as usize];
        let counts = matches!(data.ty.path(), Some("std::sync::Arc" | "std::rc::Rc"));
        let made = || {
            let mut stores = self.flow.blocks.iter().flat_map(|it| &it.stmts).filter_map(|stmt| {
                match &stmt.kind {
                    StmtKind::Assign(to, from) if *to == Place::local(local) => Some(from.local),
                    _ => None,
                }
            });
            let (Some(made), None) = (stores.next(), stores.next()) else { return false };
            self.flow.calls().any(|call| call.dst == made && makes_owner(call))
        };
        counts
            && data.kind == LocalKind::Variable
            && made()
            && is_only_lent(self.follower.program, self.flow, local, MAX_LENT)
    }
}

/// Functions that a variable is lent to, one by the other.
const MAX_LENT: usize = 4;

/// Whether a call makes a new shared owner of what nobody had before.
fn makes_owner(call: &Call) -> bool {
    matches!(&*call.name, "new" | "default")
        && matches!(&call.callee, Callee::Function(defs) if defs.iter().all(|def| {
            matches!(def, Def::External(path) if path.starts_with("std::"))
        }))
        && call.args.iter().all(|arg| !matches!(arg, Operand::Borrow(_)))
}

/// Whether a variable is only borrowed: for methods other than `clone`, and by functions of the project that do the same.
fn is_only_lent(program: &Program, flow: &Flow, local: LocalId, depth: usize) -> bool {
    let names = |place: &Place| place.local == local;
    let stmts = flow.blocks.iter().flat_map(|block| &block.stmts);
    stmts.into_iter().all(|stmt| match &stmt.kind {
        StmtKind::Call(call) => {
            let is_receiver = matches!(&call.callee, Callee::Method(place, ..) if names(place));
            let args = call.args.iter().enumerate();
            let mut given = args.filter(|(_, arg)| arg.place().is_some_and(|(it, _)| names(it)));
            match &call.callee {
                _ if is_receiver => call.targets().is_empty() && given.next().is_none(),
                Callee::Function(_) => given.all(|(index, arg)| {
                    let lent = |item: &ItemRef| {
                        let bodies = program.bodies_of((item.file, item.item)).iter();
                        let mut flows = bodies.map(|&body| program.body(body).flows.bodies.first());
                        flows.len() > 0
                            && flows.all(|callee| {
                                let param =
                                    callee.and_then(|it| Some((it, *it.params.get(index)?)));
                                param.is_some_and(|(callee, param)| {
                                    let param = named(callee, param).map_or(param, |it| it.local);
                                    is_only_lent(program, callee, param, depth - 1)
                                })
                            })
                    };
                    let targets = call.targets();
                    matches!(arg, Operand::Borrow(_))
                        && depth > 0
                        && !targets.is_empty()
                        && targets.iter().all(lent)
                }),
                _ => given.next().is_none(),
            }
        }
        StmtKind::Assign(to, from) => !names(from) && (!names(to) || to.proj.is_empty()),
        StmtKind::Clear(_) | StmtKind::Flag(..) | StmtKind::Drop(..) => true,
        other => !other.places().into_iter().any(names),
    })
}
