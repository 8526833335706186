//! Types of values, as far as signatures, std's methods and what is put into a collection say them.

use super::super::{Binding, Callable, FlowKind, Proj, asking, methods, typing};
use super::{Lowering, Value};
use crate::catalog::Role;
use crate::facts::tree::{ExprId, Receiver};
use crate::model::{Def, FunctionRef, Ty};

impl Lowering<'_> {
    /// Which argument of a catalogued call is a closure, and what it is given.
    pub(super) fn closure_types(&self, defs: &[Def]) -> (Option<(usize, Vec<Ty>)>, Option<bool>) {
        let mut named = None;
        for def in defs {
            let Def::External(path) = def else { continue };
            let Some(api) = self.model.catalog.get(path) else { continue };
            if api.role == Role::Spawn {
                named = Some(false);
            }
            if let (Some(at), Some(passes)) = (api.body, &api.passes) {
                return (Some((at, vec![self.model.catalog_ty(passes)])), named);
            }
        }
        (None, named)
    }

    /// The arguments of a method, of which closures learn what they are given.
    pub(super) fn method_args(
        &mut self,
        receiver: &Value,
        name: &str,
        defs: &[Def],
        own: &[FunctionRef],
        args: &[ExprId],
    ) -> Vec<Value> {
        let mut known = self.closure_types(defs).0;
        if known.is_none() && own.is_empty() {
            known = typing::passes(&seen(receiver), name);
        }
        let mut values: Vec<Value> = Vec::new();
        for (index, &arg) in args.iter().enumerate() {
            // What is gathered is like what it starts with.
            if let (Some((_, types)), "fold", [start]) = (&mut known, name, values.as_slice()) {
                types[0] = start.ty.clone();
            }
            let expected = known.as_ref().filter(|(at, _)| *at == index).map(|(_, ty)| ty);
            values.push(self.arg(arg, expected));
        }
        values
    }

    /// What the declaration of a variable of this type without `mut` says of it.
    pub(super) fn binding(&self, ty: &Ty) -> Binding {
        match ty {
            // What a reference that was made elsewhere leads to may be changed through it.
            Ty::Reference(_) => Binding::Free,
            _ if self.model.is_data(ty) => Binding::Data,
            _ => Binding::Once,
        }
    }

    /// Whether a method only looks at what it is called on: it takes `&self`, or std's does by its name.
    pub(super) fn only_looks(&self, name: &str, own: &[FunctionRef]) -> bool {
        let looks = |function: &FunctionRef| {
            let declared = self.model.function(function.item);
            matches!(declared.and_then(|it| it.receiver.as_ref()), Some(Receiver::Reference(false)))
        };
        // What it keeps in a cell or behind a lock may change all the same.
        let keeps_still = |function: &FunctionRef| self.model.keeps_still(function);
        if own.is_empty() {
            return asking::looks(name);
        }
        own.iter().all(|function| looks(function) && keeps_still(function))
    }

    /// What a method gives; `defs` is what it is if it is none of the project's.
    pub(super) fn method_output(
        &mut self,
        receiver: &Value,
        name: &str,
        (defs, own): (&[Def], &[FunctionRef]),
        types: &[Ty],
        values: &[Value],
    ) -> Ty {
        if !own.is_empty() {
            let methods: Vec<Def> = own.iter().map(|function| Def::Method(function.item)).collect();
            return self.output_of(&methods);
        }
        self.learn(receiver, name, values);
        let seen = seen(receiver);
        match self.plain_output(&seen, name, defs, types) {
            Ty::Unknown => self.made_of(&seen, name, values),
            ty => ty,
        }
    }

    fn plain_output(&self, receiver: &Ty, name: &str, defs: &[Def], types: &[Ty]) -> Ty {
        if let [Def::External(path)] = defs
            && let Some(returns) = self.model.catalog.get(path).and_then(|api| api.returns.as_ref())
        {
            return self.model.catalog_ty(returns);
        }
        if methods::converts(name)
            && let Some(target) = types.first()
        {
            return if name == "collect" {
                typing::collected(target, receiver)
            } else {
                target.clone()
            };
        }
        typing::output(receiver, name)
    }

    /// What a method of std gives that is known by what its arguments are.
    fn made_of(&self, receiver: &Ty, name: &str, values: &[Value]) -> Ty {
        match (name, values) {
            ("zip", [other]) => typing::zipped(receiver, &other.ty),
            ("then", [make]) => {
                typing::mapped(&typing::option(Ty::Unknown), "map", self.given_by(make))
            }
            ("then_some", [value]) => typing::option(value.ty.clone()),
            ("fold", [start, closure]) => {
                typing::refined(start.ty.clone(), &self.given_by(closure))
            }
            (_, [.., closure]) => typing::mapped(receiver, name, self.given_by(closure)),
            _ => Ty::Unknown,
        }
    }

    /// What calling a value gives.
    fn given_by(&self, value: &Value) -> Ty {
        match &value.callable {
            Some(Callable::Body(id)) => {
                let flow = &self.flows.bodies[id.0 as usize];
                if flow.kind == FlowKind::Closure { flow.locals[0].ty.clone() } else { Ty::Unknown }
            }
            Some(Callable::Function(defs)) => self.output_of(defs),
            Some(Callable::OneOf(_)) | None => Ty::Unknown,
        }
    }

    /// What a variable holds may be known from what is put there.
    fn learn(&mut self, receiver: &Value, name: &str, values: &[Value]) {
        let Some(place) = receiver.place().filter(|place| place.proj.is_empty()) else { return };
        let local = place.local;
        let given: Vec<Ty> = values.iter().map(|value| value.ty.clone()).collect();
        if let Some(ty) = typing::filled(&self.frame().local(local).ty, name, &given) {
            self.frame().local_mut(local).ty = ty;
        }
    }
}

/// The type that a method of std sees: elements that are lent are references.
pub(super) fn seen(receiver: &Value) -> Ty {
    let lends = receiver.place().is_some_and(|place| place.proj.last() == Some(&Proj::Each));
    if lends { typing::by_reference(&receiver.ty) } else { receiver.ty.clone() }
}

/// The type that a call gives: a pointer or lock that is made here is one of what it is given.
pub(super) fn wrapping(mut ty: Ty, defs: &[Def], values: &[Value]) -> Ty {
    let ([Def::External(path)], [only]) = (defs, values) else { return ty };
    if path.starts_with("std::collections::") || &**path == "std::vec::Vec::from" {
        return typing::collected(&ty, &only.ty);
    }
    if let Some(wrapped) = typing::wrapped(path, only.ty.clone()) {
        return wrapped;
    }
    if methods::wraps(path)
        && let Ty::Named(_, _, of) = &mut ty
        && of.is_empty()
    {
        of.push(only.ty.clone());
    }
    ty
}
