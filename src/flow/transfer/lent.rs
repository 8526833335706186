//! Variables that something refers to: a guard made before a handle is there may join it when it is dropped.

use super::super::correlate::named;
use super::super::{
    Call, Callable, Callee, Flow, LocalId, LocalKind, Operand, Place, Program, StmtKind,
};
use super::Transfer;
use crate::facts::tree::{ItemKind, Type};
use crate::model::{Def, ItemRef, Namespace};

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

impl Transfer<'_> {
    /// Whether a value that is kept in this body may refer to a variable.
    pub(in crate::flow) fn is_referred_to(&self, local: LocalId) -> bool {
        let stmts = self.flow.blocks.iter().flat_map(|block| &block.stmts);
        stmts.into_iter().any(|stmt| match &stmt.kind {
            StmtKind::Build(_, parts) => parts.iter().any(|(_, part)| self.refers(part, local)),
            StmtKind::Call(call) => self.gives_reference(call, local),
            _ => false,
        })
    }

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

    /// Whether an operand is a reference to a variable, or a closure that has one.
    fn refers(&self, operand: &Operand, local: LocalId) -> bool {
        match operand {
            Operand::Borrow(place) if place.local == local => true,
            // A parameter that is a reference is handed on by its name.
            Operand::Move(place) if place.local == local => {
                self.flow.locals[local.0 as usize].kind == LocalKind::Reference
            }
            Operand::Borrow(place) | Operand::Move(place) => self.captures(place.local, local),
            Operand::Function(_) | Operand::Constant(_) => false,
        }
    }

    fn captures(&self, closure: LocalId, local: LocalId) -> bool {
        let Some(Callable::Body(id)) = self.flow.locals[closure.0 as usize].callable else {
            return false;
        };
        let captures = &self.follower.flows.body(id).captures;
        captures.iter().any(|it| it.outer.local == local && it.moves.is_empty())
    }

    /// Whether what a call gives may hold a reference that it is given, and stays.
    fn gives_reference(&self, call: &Call, local: LocalId) -> bool {
        let Callee::Function(defs) = &call.callee else { return false };
        call.args.iter().any(|arg| self.refers(arg, local))
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
