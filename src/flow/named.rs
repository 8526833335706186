//! What one body names, and where.
//!
//! Found once, when the body is lowered: most bodies stay as they are from round to round of reading,
//! and looking through all their statements again would cost more than following the handles in them.

use super::program::{FunctionKey, RECEIVING, Site};
use super::{
    BlockId, Call, Callable, Callee, Field, Flow, FlowId, Flows, LocalKind, Operand, Owner, Place,
    Proj, StmtKind, Terminator,
};
use crate::facts::tree::{Function, Name};
use crate::model::{Def, TyHead};

/// A statement of a body that has no number yet; see [`Site`].
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    flow: FlowId,
    block: BlockId,
    index: u32,
}

impl At {
    /// The statement in the body with a number.
    pub(super) fn site(self, body: u32) -> Site {
        Site { body, flow: self.flow, block: self.block, index: self.index }
    }
}

/// What a call by a name that could not be resolved gives, which tells what it cannot be a call of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Given {
    /// Whether it is called on something.
    receiver: bool,
    /// How many arguments there are beside that; nobody knows in a macro, which may repeat them.
    args: Option<usize>,
}

impl Given {
    /// Whether a function can be called so.
    pub(super) fn suits(self, function: &Function) -> bool {
        let given = usize::from(self.receiver);
        let own = usize::from(function.receiver.is_some());
        given <= own && self.args.is_none_or(|args| given + args == own + function.params.len())
    }
}

/// What the statements of a body name, in order.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Functions that are called.
    pub(super) calls: Vec<(FunctionKey, At)>,
    /// Functions that are handed on as values.
    pub(super) values: Vec<(FunctionKey, At)>,
    /// Calls by a name that could not be resolved.
    pub(super) loose: Vec<(Name, Given, At)>,
    /// Names that a macro mentions which nobody expanded.
    pub(super) opaque: Vec<Name>,
    /// Fields, by their name.
    pub(super) fields: Vec<(Name, At, Place)>,
    /// Statics.
    pub(super) statics: Vec<(FunctionKey, At, Place)>,
    /// What something is taken out of that may be a channel.
    pub(super) receipts: Vec<(At, Place)>,
    /// Types of which a field is named, set or made, sorted.
    pub(super) owners: Vec<FunctionKey>,
    /// Calls of methods named `join`.
    pub(super) joins: Vec<At>,
    /// Whether it is what a macro writes.
    in_macro: bool,
}

impl Named {
    /// What a function names, with the closures in it.
    pub(super) fn of(flows: &Flows, in_macro: bool) -> Self {
        let mut named = Self { in_macro, ..Self::default() };
        let index = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        for (flow_index, flow) in flows.bodies.iter().enumerate() {
            named.opaque.extend(flow.opaque.iter().cloned());
            for (block_index, block) in flow.blocks.iter().enumerate() {
                let at = |stmt: usize| At {
                    flow: FlowId(index(flow_index)),
                    block: BlockId(index(block_index)),
                    index: index(stmt),
                };
                for (index, stmt) in block.stmts.iter().enumerate() {
                    named.statement(flow, &stmt.kind, at(index));
                }
                if let Terminator::Next { iter, .. } = &block.end {
                    named.place(flow, iter, at(block.stmts.len()));
                }
            }
        }
        named.opaque.sort_unstable();
        named.opaque.dedup();
        named.owners.sort_unstable();
        named.owners.dedup();
        named
    }

    fn statement(&mut self, flow: &Flow, stmt: &StmtKind, at: At) {
        match stmt {
            StmtKind::Assign(to, from) => {
                self.owners(&to.proj);
                self.place(flow, from, at);
            }
            StmtKind::Build(_, parts) => {
                for (proj, part) in parts {
                    self.owners(proj);
                    self.operand(flow, part, at);
                }
            }
            StmtKind::Closure(_, _, captures) => {
                captures.iter().for_each(|capture| self.place(flow, &capture.outer, at));
            }
            StmtKind::Mention(places, _) => {
                places.iter().for_each(|place| self.place(flow, place, at));
            }
            StmtKind::Call(call) => {
                call.args.iter().for_each(|arg| self.operand(flow, arg, at));
                match &call.callee {
                    Callee::Function(_) => {}
                    Callee::Method(place, ..) | Callee::Local(place, _) | Callee::Await(place) => {
                        self.place(flow, place, at);
                    }
                }
                self.call(call, at);
                if &*call.name == "join" {
                    self.joins.push(at);
                }
            }
            StmtKind::Clear(place) => self.owners(&place.proj),
            StmtKind::Flag(..) | StmtKind::Drop(..) => {}
        }
    }

    /// Notes the types of which a place is a field.
    fn owners(&mut self, proj: &[Proj]) {
        self.owners.extend(proj.iter().filter_map(|proj| match proj {
            Proj::Field(Field { owner: Owner::Type(TyHead::Item(file, item)), .. }) => {
                Some((*file, *item))
            }
            _ => None,
        }));
    }

    fn operand(&mut self, flow: &Flow, operand: &Operand, at: At) {
        match operand {
            Operand::Move(place) | Operand::Borrow(place) => {
                self.place(flow, place, at);
                let local = &flow.locals[place.local.0 as usize];
                if let Some(Callable::Function(defs)) = &local.callable {
                    self.value(defs, at);
                }
            }
            Operand::Function(defs) => self.value(defs, at),
            Operand::Constant(_) => {}
        }
    }

    fn value(&mut self, defs: &[Def], at: At) {
        self.values.extend(functions(defs).map(|key| (key, at)));
    }

    fn call(&mut self, call: &Call, at: At) {
        let args = (!self.in_macro).then_some(call.args.len());
        match &call.callee {
            Callee::Function(defs) => {
                if defs.is_empty() || defs.contains(&Def::Unknown) {
                    let given = Given { receiver: false, args };
                    self.loose.push((call.name.clone(), given, at));
                }
                self.calls.extend(functions(defs).map(|key| (key, at)));
            }
            Callee::Method(place, name, own) => {
                if own.is_empty() && call.receiver_ty.path().is_none() {
                    let given = Given { receiver: true, args };
                    self.loose.push((name.clone(), given, at));
                }
                if own.is_empty() && RECEIVING.contains(&&**name) {
                    self.receipts.push((at, place.clone()));
                }
                let keys = own.iter().map(|own| (own.item.file, own.item.item));
                self.calls.extend(keys.map(|key| (key, at)));
            }
            Callee::Local(..) | Callee::Await(_) => {}
        }
    }

    fn place(&mut self, flow: &Flow, place: &Place, at: At) {
        let local = &flow.locals[place.local.0 as usize];
        if place.proj.is_empty() {
            let path = local.ty.peel().path();
            if path.is_some_and(|path| path.ends_with("::Receiver")) {
                self.receipts.push((at, place.clone()));
            }
        }
        self.owners(&place.proj);
        for proj in &place.proj {
            if let Proj::Field(field) = proj {
                self.fields.push((field.name.clone(), at, place.clone()));
            }
        }
        if let LocalKind::Static(file, item) = local.kind {
            self.statics.push(((file, item), at, place.clone()));
        }
    }
}

fn functions(defs: &[Def]) -> impl Iterator<Item = FunctionKey> {
    defs.iter().filter_map(|def| match def {
        Def::Item(item) | Def::Method(item) => Some((item.file, item.item)),
        _ => None,
    })
}
