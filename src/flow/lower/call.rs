//! Calls: functions, methods, constructors, and the births among them.

use super::super::{
    Birth, Call, Callable, Callee, Class, LocalId, LocalKind, Lock, Operand, Place, Proj, StmtKind,
    Terminator, methods, typing,
};
use super::frame::ScopeKind;
use super::types::wrapping;
use super::{Lowering, Value};
use crate::catalog::Role;
use crate::facts::tree::{ExprId, ExprKind, ItemKind, MethodCall, Name, Path, Type};
use crate::finding::Confidence;
use crate::model::{Def, FunctionRef, ItemRef, Ty, TyHead};
use crate::text::TextRange;

impl Lowering<'_> {
    pub(super) fn call(&mut self, range: TextRange, callee: ExprId, args: &[ExprId]) -> Value {
        let body = self.body;
        let callee_expr = body.expr(callee);
        if let ExprKind::Path(qself, path) = &callee_expr.kind {
            let value = self.path_value(qself.as_deref(), path);
            let name = Name::from(path.last());
            return match value.operand {
                Operand::Function(defs) => {
                    if qself.is_none() {
                        self.note_open(path, &defs);
                    }
                    self.call_function(range, path.range, &name, defs, args)
                }
                Operand::Constant(_) => {
                    let made = self.call_function(range, path.range, &name, Vec::new(), args);
                    self.made_by_derive(qself.is_none(), path, made)
                }
                Operand::Move(place) | Operand::Borrow(place) => {
                    self.call_value(range, path.range, place, value.callable, args)
                }
            };
        }
        let value = self.expr(callee);
        match value.place().cloned() {
            Some(place) => self.call_value(range, callee_expr.range, place, value.callable, args),
            None => self.call_function(range, callee_expr.range, &Name::from(""), Vec::new(), args),
        }
    }

    /// `Type::default()` gives a `Type` also where nobody wrote that function.
    fn made_by_derive(&mut self, plain: bool, path: &Path, mut made: Value) -> Value {
        let Some((last, of)) = path.segments.split_last().filter(|_| plain) else { return made };
        if &*last.name != "default" || of.is_empty() || made.ty != Ty::Unknown {
            return made;
        }
        let of = Path { segments: of.to_vec(), ..path.clone() };
        let ty = self.ty(&Type::Path(None, of));
        if let (Ty::Named(TyHead::Item(file, item), Some(module), _), Some(place)) =
            (&ty, made.place())
            && matches!(
                self.model.item(ItemRef { file: *file, item: *item, module: *module }).kind,
                ItemKind::Struct(_) | ItemKind::Enum(_)
            )
        {
            let local = place.local;
            self.frame().local_mut(local).ty = ty.clone();
            made.ty = ty;
        }
        made
    }

    fn call_value(
        &mut self,
        range: TextRange,
        name_range: TextRange,
        place: Place,
        callable: Option<Callable>,
        args: &[ExprId],
    ) -> Value {
        if let Some(Callable::Function(defs)) = callable {
            // A variable that holds a function: the call is the function's, the name the variable's.
            if let Some((api, ..)) = self.catalogued(&defs, Role::BIRTHS) {
                let mentions = self.flows.mentions.iter_mut().rev();
                if let Some(mention) = mentions.into_iter().find(|mention| mention.api == api) {
                    mention.called = true;
                }
            }
            return self.call_function(range, name_range, &Name::from(""), defs, args);
        }
        let args = args.iter().map(|&arg| self.arg(arg, None).operand).collect();
        let dst = self.temp(range, Ty::Unknown);
        let call = Call {
            dst,
            callee: Callee::Local(place, callable),
            args,
            name_range,
            statement: self.statement,
            ..Call::default()
        };
        self.push(range, StmtKind::Call(Box::new(call)));
        self.temp_value(dst)
    }

    fn call_function(
        &mut self,
        range: TextRange,
        name_range: TextRange,
        name: &Name,
        defs: Vec<Def>,
        args: &[ExprId],
    ) -> Value {
        // `Option::take(&mut x)` is the method `take` of `x`.
        if let ([Def::External(path)], Some((&first, rest))) = (defs.as_slice(), args.split_first())
            && let Some(method) = methods::as_method(path)
            && self
                .model
                .catalog
                .get(path)
                .is_none_or(|api| matches!(api.role, Role::Join | Role::NonUse))
        {
            let receiver = self.expr(first);
            let method = Name::from(method);
            return self.call_method(range, name_range, receiver, &method, rest, &[]);
        }
        let (known, receiver_named) = self.closure_types(&defs);
        let is_ufcs = self.is_builder_ufcs(&defs);
        let mut values: Vec<Value> = Vec::new();
        for (index, &arg) in args.iter().enumerate() {
            let expected = known.as_ref().filter(|(at, _)| *at == index).map(|(_, ty)| ty);
            let value = self.arg(arg, expected);
            let is_mutable = matches!(self.body.expr(arg).kind, ExprKind::Reference(true, _));
            if is_mutable && !self.takes_by_reference(&defs) {
                // Whoever can write through a reference can take what is behind it.
                self.mention_value(&value, range, "given away by `&mut`");
            }
            values.push(value);
        }
        let named = match (is_ufcs, values.first()) {
            (true, Some(builder)) => builder.named,
            _ => receiver_named,
        };
        let ty = wrapping(self.output_of(&defs), &defs, &values);
        let callables: Vec<Option<Callable>> =
            values.iter().map(|value| value.callable.clone()).collect();
        let operands: Vec<Operand> = values.into_iter().map(|value| value.operand).collect();
        self.note_birth(
            range,
            name_range,
            &defs,
            named,
            callables.get(usize::from(is_ufcs)..).unwrap_or_default(),
        );
        if self.diverges(&defs) {
            let end = self.dead_end(&defs, name_range);
            self.frame().end(end);
            return self.never();
        }
        let dst = self.temp(range, ty.clone());
        if let Some((_, role, _)) = self.catalogued(&defs, &[Role::Builder, Role::Name]) {
            self.frame().local_mut(dst).named =
                if role == Role::Name { Some(true) } else { named.or(Some(false)) };
        }
        if let ([Def::External(path)], [Some(callable)]) = (defs.as_slice(), callables.as_slice())
            && methods::wraps(path)
        {
            self.frame().local_mut(dst).callable = Some(callable.clone());
        }
        let call = Call {
            dst,
            callee: Callee::Function(defs),
            args: operands,
            name_range,
            name: name.clone(),
            statement: self.statement,
            ty,
            ..Call::default()
        };
        self.push(range, StmtKind::Call(Box::new(call)));
        self.temp_value(dst)
    }

    /// `Builder::spawn(builder, f)`: a catalogued method called by its path.
    fn is_builder_ufcs(&self, defs: &[Def]) -> bool {
        self.catalogued(defs, &[Role::Spawn, Role::ScopedSpawn, Role::Builder, Role::Name])
            .is_some_and(|(path, ..)| {
                let owner = path.rsplit("::").nth(1).unwrap_or_default();
                owner.starts_with(char::is_uppercase)
                    && !matches!(path.rsplit("::").next(), Some("new" | "default"))
            })
    }

    pub(super) fn method(&mut self, id: ExprId, range: TextRange, call: &MethodCall) -> Value {
        let mut receiver = self.expr(call.receiver);
        if self.gives_references(call.receiver) && self.has_closure(&call.args) {
            // The closure gets a reference to what is inside.
            if let Operand::Borrow(place) = &receiver.operand {
                receiver.operand = Operand::Borrow(place.then(Proj::Each));
            }
        }
        if matches!(&*call.name, "unwrap" | "expect") && !self.is_lock(call.receiver) {
            self.frame().unwraps();
        }
        if let Some(value) = self.with_thread_local(&receiver, call) {
            return value;
        }
        let mut types: Vec<Ty> = call.types.iter().map(|ty| self.ty(ty)).collect();
        if types.is_empty() {
            types.extend(self.wanted.remove(&id));
        }
        let is_iterator = receiver.ty != Ty::Unknown && !receiver.ty.is_maybe();
        let given = self.given_for(call, &receiver);
        let value =
            self.call_method(range, call.name_range, receiver, &call.name, &call.args, &types);
        if let Some(made) = value.place().map(|place| place.local)
            && let Some(call) = self.frame().last_call(made)
        {
            call.given = given;
        }
        if &*call.name == "zip"
            && let &[other] = call.args.as_slice()
        {
            let beside = [self.extent(call.receiver), self.extent(other)];
            let made = value.place().map(|place| place.local);
            if let Some(call) = made.and_then(|made| self.frame().last_call(made)) {
                call.beside = Some(Box::new(beside));
            }
        }
        if is_iterator && methods::runs_on_each(&call.name) {
            let often = self.how_often(call.receiver);
            self.repeat(value.place().map(|place| place.local), &often);
        }
        value
    }

    /// `LOCAL.with(|it| …)`: the closure runs at once, and its parameter is another name for the static.
    fn with_thread_local(&mut self, receiver: &Value, call: &MethodCall) -> Option<Value> {
        let place = receiver.place()?;
        let is_static = matches!(self.frame().local(place.local).kind, LocalKind::Static(..));
        let gives = matches!(&*call.name, "with" | "with_borrow" | "with_borrow_mut");
        let &[closure] = call.args.as_slice() else { return None };
        let ExprKind::Closure(closure) = &self.body.expr(closure).kind else { return None };
        let &[(param, _)] = &closure.params.as_slice() else { return None };
        let inside = self.body.expr(closure.body).range;
        let leaves = self.body.exprs.iter().any(|expr| {
            matches!(expr.kind, ExprKind::Return(_) | ExprKind::Try(_))
                && inside.contains(expr.range)
        });
        if !is_static || !gives || leaves || !place.proj.is_empty() {
            return None;
        }
        self.frame().open(ScopeKind::Plain);
        self.bind(*param, place, true, &receiver.ty);
        let value = self.expr(closure.body);
        let value = self.rescue(value, inside);
        let end = TextRange::new(inside.end.saturating_sub(1), inside.end);
        self.frame().close(end);
        Some(value)
    }

    /// Whether an expression makes an `Option` of a reference from a reference to an `Option`.
    fn gives_references(&self, id: ExprId) -> bool {
        let ExprKind::Method(call) = &self.body.expr(id).kind else { return false };
        let names = ["as_ref", "as_mut", "as_deref", "as_deref_mut"];
        call.args.is_empty() && names.contains(&&*call.name)
    }

    /// Whether an expression takes a lock or waits with one: it fails only when another thread panicked.
    fn is_lock(&self, id: ExprId) -> bool {
        let ExprKind::Method(call) = &self.body.expr(id).kind else { return false };
        matches!(
            (&*call.name, call.args.len()),
            ("lock", 0) | ("wait" | "wait_while" | "wait_timeout" | "wait_timeout_while", 1..)
        )
    }

    pub(super) fn call_method(
        &mut self,
        range: TextRange,
        name_range: TextRange,
        receiver: Value,
        name: &Name,
        args: &[ExprId],
        types: &[Ty],
    ) -> Value {
        let receiver = self.materialise(receiver, range);
        let receiver_ty = receiver.ty.peel().clone();
        let catalogued =
            receiver_ty.path().map(|path| Def::External(Name::from(format!("{path}::{name}"))));
        let own = self.own_methods(&receiver_ty, name, args.len());
        let place = receiver.place().cloned();
        if own.is_empty()
            && let Some(borrowed) = self.borrowing_method(range, name_range, &receiver, name, args)
        {
            return borrowed;
        }
        let defs: Vec<Def> = catalogued.into_iter().collect();
        let values = self.method_args(&receiver, name, &defs, &own, args);
        let callables: Vec<Option<Callable>> =
            values.iter().map(|value| value.callable.clone()).collect();
        let methods: Vec<Def> = own.iter().map(|function| Def::Method(function.item)).collect();
        let called = if own.is_empty() { &defs } else { &methods };
        self.note_birth(range, name_range, called, receiver.named, &callables);
        let ty = self.method_output(&receiver, name, (&defs, &own), types, &values);
        if ty == Ty::Never {
            self.frame().end(Terminator::Diverge(methods));
            return self.never();
        }
        let dst = self.temp(range, ty.clone());
        self.carry_builder(dst, &receiver, name, &defs);
        let Some(place) = place else { return self.temp_value(dst) };
        // `Option::insert` gives a reference to what it has put there.
        let inserts = &**name == "insert" && args.len() == 1 && self.is_local_option(&place);
        let inserted = inserts.then(|| place.then(Proj::Inner));
        // What a filter leaves of borrowed elements are the same elements.
        let filters = place.proj.last() == Some(&Proj::Each) && methods::filters(name);
        let filtered = filters.then(|| (place.clone(), receiver.ty.clone()));
        let looks = self.only_looks(name, &own);
        let given_back = self.gives_self(&own).then(|| (place.clone(), receiver.ty.clone()));
        let call = Call {
            dst,
            callee: Callee::Method(self.in_turn(place, name), name.clone(), own),
            args: values.into_iter().map(|value| value.operand).collect(),
            name_range,
            name: name.clone(),
            statement: self.statement,
            ty,
            receiver_ty,
            partial: self.is_partial(name, args),
            looks,
            ..Call::default()
        };
        self.push(range, StmtKind::Call(Box::new(call)));
        if let Some((place, ty)) = given_back {
            return Value { operand: Operand::Borrow(place), ..Value::constant(ty) };
        }
        if let Some((place, ty)) = filtered {
            self.frame().flow.adapted.push(place.local);
            return Value { operand: Operand::Borrow(place), ..Value::constant(ty) };
        }
        match inserted {
            Some(place) => {
                Value { operand: Operand::Borrow(place), ..Value::constant(Ty::Unknown) }
            }
            None => self.temp_value(dst),
        }
    }

    /// Notes what a method gives of what its receiver was: a builder with a name, or something to call.
    fn carry_builder(&mut self, dst: LocalId, receiver: &Value, name: &str, defs: &[Def]) {
        let role = self.catalogued(defs, &[Role::Name, Role::Builder]).map(|(_, role, _)| role);
        self.frame().local_mut(dst).named = match role {
            Some(Role::Name) => Some(true),
            Some(_) => receiver.named,
            // A method nobody knows may have named it.
            None if methods::opens(name) => receiver.named,
            None => None,
        };
        if methods::opens(name) || methods::passes_callable(name) {
            self.frame().local_mut(dst).callable = receiver.callable.clone();
        }
    }

    /// Whether a method gives back the reference that it is called on, so that calls of it can be chained.
    fn gives_self(&self, own: &[FunctionRef]) -> bool {
        matches!(own, [only] if self.model.gives_self(only.item))
    }

    /// Whether a place is an `Option`, as far as is known.
    fn is_local_option(&mut self, place: &Place) -> bool {
        place.proj.is_empty() && self.frame().local(place.local).ty.is_option()
    }

    /// Whether `drain` and the like are given a range that may leave something out.
    fn is_partial(&self, name: &str, args: &[ExprId]) -> bool {
        let Some(&range) = args.first() else { return false };
        let everything =
            matches!(&self.body.expr(range).kind, ExprKind::Range { ends, .. } if ends.is_empty());
        name == "drain" && !everything
    }

    /// A method that only gives another name for its receiver or for what is in it.
    fn borrowing_method(
        &mut self,
        range: TextRange,
        name_range: TextRange,
        receiver: &Value,
        name: &Name,
        args: &[ExprId],
    ) -> Option<Value> {
        let place = receiver.place()?;
        if matches!(&**name, "lock" | "read" | "write") && args.is_empty() {
            let mut place = place.clone();
            place.proj.retain(|proj| matches!(proj, Proj::Field(_)));
            self.frame().flow.locked.push(Lock { place, exclusive: &**name != "read" });
        }
        // `last` of a slice borrows, `last` of an iterator runs it; most iterators are made on the spot.
        let is_made_here = self.frame().local(place.local).kind == LocalKind::Temporary;
        let is_iterator = is_made_here || typing::is_iterator(&receiver.ty);
        let borrows = match &**name {
            "last" if is_iterator && !receiver.is_borrow() => None,
            "get" | "get_mut" if receiver.ty.is_once() && args.is_empty() => {
                Some(methods::Borrowing::Same)
            }
            "into_inner" if receiver.ty.is_once() => None,
            "or_default" | "or_insert_with" if typing::is_entry(&receiver.ty) => {
                Some(methods::Borrowing::Same)
            }
            _ if args.len() <= 1 => methods::borrowing(name, args.len()),
            _ => None,
        };
        let (alias, ty) = if let Some(borrowing) = borrows {
            let fills = name.starts_with("get_or_insert")
                || (receiver.ty.is_once() && name.starts_with("get_or"));
            let filled = if fills { place.then(Proj::Inner) } else { place.clone() };
            let alias = match (&**name, args) {
                ("get" | "get_mut", &[index]) => {
                    let element = self.element_at(receiver, index);
                    filled.then(element).then(Proj::Maybe)
                }
                _ => methods::alias(&filled, borrowing),
            };
            (alias, typing::output(&receiver.ty, name))
        } else if place.proj.last() == Some(&Proj::Each)
            && !self.has_closure(args)
            && methods::adapts(name)
            && &**name != "zip"
        {
            // An adaptor of borrowed elements borrows the same elements.
            self.frame().flow.adapted.push(place.local);
            (place.clone(), typing::output(&receiver.ty, name))
        } else if receiver.is_borrow() && methods::opens(name) {
            (place.then(Proj::Open), receiver.ty.payload())
        } else if &**name == "ok" && place.proj.last() == Some(&Proj::Maybe) {
            (place.clone(), receiver.ty.clone())
        } else {
            return None;
        };
        for &arg in args {
            // A closure that makes a missing value may run or not, and may hold anything.
            let at = self.body.expr(arg).range;
            let value = self.arg(arg, None);
            self.mention_value(&value, at, "given to a method that may use it");
            let is_closure = matches!(value.callable, Some(Callable::Body(_)));
            if is_closure || matches!(value.operand, Operand::Function(_)) {
                self.make_missing(range, name_range, receiver, name, value);
            }
        }
        let named = receiver.named;
        Some(Value { operand: Operand::Borrow(alias), ty, callable: None, named })
    }

    /// The call of a method that only gives another name for its receiver, once its closure has made what
    /// was missing there.
    fn make_missing(
        &mut self,
        range: TextRange,
        name_range: TextRange,
        receiver: &Value,
        name: &Name,
        closure: Value,
    ) {
        let Some(place) = receiver.place().cloned() else { return };
        let dst = self.temp(range, Ty::Unknown);
        let call = Call {
            dst,
            callee: Callee::Method(place, name.clone(), Vec::new()),
            args: vec![closure.operand],
            name_range,
            name: name.clone(),
            statement: self.statement,
            receiver_ty: receiver.ty.peel().clone(),
            ..Call::default()
        };
        self.push(range, StmtKind::Call(Box::new(call)));
    }

    /// Methods of the project that a call can mean. An inherent method of std wins over a trait's.
    fn own_methods(&self, receiver: &Ty, name: &str, args: usize) -> Vec<FunctionRef> {
        let Some(head) = receiver.head() else { return Vec::new() };
        let of_std = matches!(&head, TyHead::External(path) if path.starts_with("std::"));
        let is_handle = matches!(&head, TyHead::External(path)
            if self.model.catalog.role(path) == Some(Role::Handle));
        if of_std && !is_handle && methods::is_known(name, args) {
            return Vec::new();
        }
        match self.declared_by_trait(receiver, name) {
            Some(function) => vec![function],
            None => self.model.called_of(&head, name),
        }
    }

    fn has_closure(&self, args: &[ExprId]) -> bool {
        args.iter().any(|&arg| {
            matches!(self.body.expr(arg).kind, ExprKind::Closure(_) | ExprKind::Path(..))
        })
    }

    /// An argument; a closure learns the types of its parameters from the callee.
    pub(super) fn arg(&mut self, id: ExprId, expected: Option<&Vec<Ty>>) -> Value {
        let body = self.body;
        let expr = body.expr(id);
        match (&expr.kind, expected) {
            (ExprKind::Closure(closure), Some(types)) => self.closure(expr.range, closure, types),
            _ => self.expr(id),
        }
    }

    fn diverges(&self, defs: &[Def]) -> bool {
        if self.catalogued(defs, &[Role::Exit]).is_some() {
            return true;
        }
        !defs.is_empty() && self.output_of(defs) == Ty::Never
    }

    /// How a block ends in a call that never returns.
    fn dead_end(&self, defs: &[Def], call: TextRange) -> Terminator {
        let exits = self
            .catalogued(defs, &[Role::Exit])
            .is_some_and(|(path, ..)| matches!(path.rsplit("::").next(), Some("exit" | "_exit")));
        if exits { Terminator::Exit(call) } else { Terminator::Diverge(defs.to_vec()) }
    }

    /// Records the birth of a thread if the call is one.
    fn note_birth(
        &mut self,
        range: TextRange,
        name_range: TextRange,
        defs: &[Def],
        named: Option<bool>,
        callables: &[Option<Callable>],
    ) {
        let Some((api, role, certain)) = self.catalogued(defs, Role::BIRTHS) else { return };
        let Some(entry) = self.model.catalog.get(&api) else { return };
        let returns =
            entry.returns.as_ref().map_or(Ty::Unknown, |returns| self.model.catalog_ty(returns));
        // A registry's spawn takes the closure after whatever else it wants to know.
        let runs = match entry.body {
            Some(index) => callables.get(index).cloned().flatten(),
            None => callables.iter().rev().find_map(Clone::clone),
        };
        let confidence =
            if certain && !self.in_unknown_macro { Confidence::Proved } else { Confidence::Likely };
        let at = self.frame().position();
        let flow = self.frame().id;
        let statement = self.statement;
        self.flows.births.push(Birth {
            flow,
            at,
            callee: name_range,
            call: range,
            statement,
            api,
            class: match role {
                Role::SpawnChild => Class::Child,
                Role::SpawnTask => Class::Task,
                _ => Class::Thread,
            },
            owned: matches!(role, Role::ScopedSpawn | Role::OwnedByRegistry),
            returns,
            named,
            confidence,
            runs,
        });
    }

    /// Functions whose `&mut` argument is followed.
    fn takes_by_reference(&self, defs: &[Def]) -> bool {
        match defs {
            [Def::External(path)] => {
                matches!(
                    &**path,
                    "std::mem::take"
                        | "std::mem::replace"
                        | "std::mem::swap"
                        | "std::mem::ManuallyDrop::take"
                )
            }
            _ => {
                let function = |def: &Def| match def {
                    Def::Item(item) | Def::Method(item) => self.model.function(*item).is_some(),
                    _ => false,
                };
                !defs.is_empty() && defs.iter().all(function)
            }
        }
    }

    /// The declaration of a method in the trait that is all that is known of its receiver.
    pub(super) fn declared_by_trait(&self, receiver: &Ty, name: &str) -> Option<FunctionRef> {
        let container = self.model.item_of(receiver)?;
        let ItemKind::Trait(functions, _) = &self.model.item(container).kind else { return None };
        let facts = &self.model.facts[container.file];
        let id = functions.iter().find(|&&id| &*facts.item(id).name == name)?;
        self.model.function_at(ItemRef { item: *id, ..container }).copied()
    }
}
