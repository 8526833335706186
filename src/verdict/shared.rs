//! Fields that share what they keep: an `Arc` that something else has as well.
//!
//! Whoever holds another `Arc` of the same collection may join what a field of one type keeps, though
//! nothing names that field. So a field of a shared type is its own only where every value of the
//! type is made with a pointer that is fresh and goes nowhere else.

use super::Step;
use super::fate::Fates;
use crate::facts::tree::{ItemId, Name};
use crate::flow::{
    Call, Callee, Flow, Home, LocalId, Operand, Owner, Place, Proj, Stmt, StmtKind, declared_field,
};
use crate::model::{Def, TyHead};
use crate::source::FileId;

impl Fates<'_> {
    /// Where a field gets a shared pointer that others may have.
    pub(super) fn may_share(&self, home: &Home) -> Option<Step> {
        let Home::Field(file, item, member) = home else { return None };
        let declared = self.model.refs_of(*file, *item).next()?;
        let field = declared_field(&self.model.item(declared).kind, member)?;
        let ty = self.model.ty(declared.module, None, &[], &field.ty);
        if !ty.is_shared() {
            return None;
        }
        let member = Name::from(member.rsplit('.').next().unwrap_or(member));
        self.program.bodies().find_map(|(_, lowered)| {
            lowered.flows.bodies.iter().find_map(|flow| {
                let stmts = flow.blocks.iter().flat_map(|block| &block.stmts);
                let given = |stmt: &&Stmt| {
                    let given = given(&stmt.kind, (*file, *item), &member);
                    given.is_some_and(|operand| !is_fresh(flow, operand))
                };
                stmts.into_iter().find(given).map(|stmt| Step {
                    file: lowered.function.item.file,
                    range: stmt.range,
                    text: "shared with something else, which may join it".to_owned(),
                })
            })
        })
    }
}

/// What a statement that makes a value of a type gives to one of its fields.
fn given<'s>(stmt: &'s StmtKind, ty: (FileId, ItemId), member: &Name) -> Option<&'s Operand> {
    match stmt {
        StmtKind::Build(_, parts) => parts.iter().find_map(|(proj, operand)| match &proj[..] {
            [Proj::Field(field)] if field.name == *member => {
                let own = field.owner == Owner::Type(TyHead::Item(ty.0, ty.1));
                (own || field.owner == Owner::Unknown).then_some(operand)
            }
            _ => None,
        }),
        StmtKind::Call(call) => match &call.callee {
            Callee::Function(defs) => {
                let makes = defs.iter().any(|def| match def {
                    Def::Item(item) | Def::Variant(item, _) => (item.file, item.item) == ty,
                    _ => false,
                });
                call.args.get(member.parse::<usize>().ok()?).filter(|_| makes)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether a value was made right here and is in nobody else's hands.
fn is_fresh(flow: &Flow, operand: &Operand) -> bool {
    let Operand::Move(Place { local, proj }) = operand else {
        return matches!(operand, Operand::Constant(_));
    };
    let mut local = *local;
    if !proj.is_empty() {
        return false;
    }
    for _ in 0..4 {
        if uses(flow, local) > 1 {
            return false;
        }
        let stmts = flow.blocks.iter().flat_map(|block| &block.stmts);
        let source = stmts.into_iter().find_map(|stmt| match &stmt.kind {
            StmtKind::Assign(to, from) if *to == Place::local(local) => Some(Ok(from)),
            StmtKind::Call(call) if call.dst == local => Some(Err(&**call)),
            _ => None,
        });
        match source {
            Some(Ok(from)) if from.proj.is_empty() => local = from.local,
            Some(Err(call)) => return makes(call),
            _ => return false,
        }
    }
    false
}

/// Whether a call makes a new value: `Arc::new(…)`, `Default::default()`.
fn makes(call: &Call) -> bool {
    let constructs = matches!(&*call.name, "new" | "default" | "from" | "with_capacity");
    constructs && matches!(&call.callee, Callee::Function(_))
}

/// How often a local is named, other than to be filled or dropped.
fn uses(flow: &Flow, local: LocalId) -> usize {
    let stmts = flow.blocks.iter().flat_map(|block| &block.stmts);
    stmts.flat_map(|stmt| stmt.kind.places()).filter(|place| place.local == local).count()
}
