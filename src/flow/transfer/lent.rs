//! Variables that something refers to: a guard made before a handle is there may join it when it is dropped.

use super::super::sway::overlap;
use super::super::{Call, Callable, Callee, LocalId, LocalKind, Operand, Place, StmtKind};
use super::Transfer;
use crate::facts::tree::{ItemKind, Type};
use crate::model::{Def, ItemRef, Namespace};

impl Transfer<'_> {
    /// Whether a value that is kept in this body may refer to what is at a place, or to something around it.
    pub(in crate::flow) fn is_referred_to(&self, to: &Place) -> bool {
        let stmts = self.flow.blocks.iter().flat_map(|block| &block.stmts);
        stmts.into_iter().any(|stmt| match &stmt.kind {
            StmtKind::Build(_, parts) => parts.iter().any(|(_, part)| self.refers(part, to)),
            StmtKind::Call(call) => self.gives_reference(call, to),
            _ => false,
        })
    }

    /// Whether an operand is a reference to a place, or a closure that has one.
    fn refers(&self, operand: &Operand, to: &Place) -> bool {
        match operand {
            Operand::Borrow(place) if place.local == to.local => overlap(place, to),
            // A parameter that is a reference is handed on by its name.
            Operand::Move(place) if place.local == to.local => {
                self.flow.locals[to.local.0 as usize].kind == LocalKind::Reference
                    && overlap(place, to)
            }
            Operand::Borrow(place) | Operand::Move(place) => self.captures(place.local, to),
            Operand::Function(_) | Operand::Constant(_) => false,
        }
    }

    fn captures(&self, closure: LocalId, to: &Place) -> bool {
        let Some(Callable::Body(id)) = self.flow.locals[closure.0 as usize].callable else {
            return false;
        };
        let captures = &self.follower.flows.body(id).captures;
        captures.iter().any(|it| overlap(&it.outer, to) && it.moves.is_empty())
    }

    /// Whether what a call gives may hold a reference that it is given, and stays.
    fn gives_reference(&self, call: &Call, to: &Place) -> bool {
        let Callee::Function(defs) = &call.callee else { return false };
        call.args.iter().any(|arg| self.refers(arg, to))
            && defs.iter().any(|def| self.may_keep(def))
            && self.is_kept(call.dst)
    }

    /// Whether what a function gives may hold what it is given.
    fn may_keep(&self, def: &Def) -> bool {
        let model = self.follower.model;
        match def {
            Def::Variant(..) => true,
            Def::External(path) => {
                !path.starts_with("std::") || path.ends_with("::Some") || path.ends_with("::Ok")
            }
            Def::Item(item) | Def::Method(item) => match model.function(*item) {
                Some(function) => {
                    function.output.as_ref().is_some_and(|ty| self.may_hold(*item, ty))
                }
                None => true,
            },
            Def::Module(_) | Def::Unknown => false,
        }
    }

    /// Whether a value of a type that a function gives may hold a reference or a closure.
    fn may_hold(&self, function: ItemRef, ty: &Type) -> bool {
        let model = self.follower.model;
        let container = model.function_at(function).and_then(|known| known.container);
        let own = container.and_then(|container| match &model.item(container).kind {
            ItemKind::Impl(it) => Some(model.ty(container.module, None, &it.generics, &it.self_ty)),
            _ => None,
        });
        let given = model.ty(function.module, own.as_ref(), &[], ty);
        let payload = given.payload();
        let Some(item) = model.item_of(&given).or_else(|| model.item_of(&payload)) else {
            return false;
        };
        let holds = |ty: &Type| match ty {
            Type::Reference(..) => true,
            // A name that means no type is a parameter, which may be anything.
            Type::Path(None, path) => path.as_name().is_some_and(|name| {
                let names = std::slice::from_ref(name);
                model.resolve(item.module, false, names, Namespace::Type).is_empty()
            }),
            _ => false,
        };
        let inside = |ty: &Type| match ty {
            Type::Path(_, path) => {
                let args = path.segments.iter().flat_map(|segment| &segment.args);
                holds(ty) || args.into_iter().any(holds)
            }
            _ => holds(ty),
        };
        match &model.item(item).kind {
            ItemKind::Struct(fields) => fields.iter().any(|field| inside(&field.ty)),
            ItemKind::Enum(variants) => {
                variants.iter().flat_map(|variant| &variant.fields).any(|field| inside(&field.ty))
            }
            _ => false,
        }
    }

    /// Whether a value goes into a variable or another value.
    fn is_kept(&self, made: LocalId) -> bool {
        let from = |place: &Place| place.local == made;
        let stmts = self.flow.blocks.iter().flat_map(|block| &block.stmts);
        stmts.into_iter().any(|stmt| match &stmt.kind {
            StmtKind::Assign(_, place) => from(place),
            StmtKind::Build(_, parts) => {
                parts.iter().any(|(_, part)| part.place().is_some_and(|(place, _)| from(place)))
            }
            StmtKind::Call(call) => {
                call.args.iter().any(|arg| arg.place().is_some_and(|(place, _)| from(place)))
            }
            _ => false,
        })
    }
}
