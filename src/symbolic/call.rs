//! Calls: which function runs, with what, and what it gives.

use std::sync::Arc;

use super::eval::last;
use super::machine::{Frame, Result, Run, Stop, unknown};
use super::unknown::key;
use super::value::{Context, Data, Maybe, Place, Value};
use crate::catalog::Role;
use crate::facts::tree::{
    Body, ExprId, ExprKind, ItemKind, MethodCall, Name, Path, Receiver, Type,
};
use crate::model::{Def, ItemRef, Namespace, Ty, TyHead};
use crate::text::TextRange;

impl Run<'_> {
    /// What a path in value position means.
    pub(super) fn defs(&self, qself: Option<&Type>, path: &Path) -> Result<Vec<Def>> {
        let context = self.context()?;
        let names: Vec<Name> = path.segments.iter().map(|it| it.name.clone()).collect();
        let Some(name) = names.last() else { return Ok(Vec::new()) };
        if let Some(qself) = qself {
            return self.associated(&self.ty(qself), name);
        }
        if let [first, _] = names.as_slice() {
            if &**first == "Self" {
                return self.associated(&context.own, name);
            }
            if let Some((_, ty)) = context.types.iter().find(|(own, _)| own == first) {
                return self.associated(&ty.clone(), name);
            }
        }
        if let ([only], Some(item)) = (names.as_slice(), self.model.item_of(&context.own))
            && &**only == "Self"
        {
            return Ok(vec![Def::Item(item)]);
        }
        let mut defs = self.model.resolve(context.module, path.global, &names, Namespace::Value);
        defs.retain(|def| {
            let cfg = |item: &ItemRef| &self.model.item(*item).cfg;
            !matches!(def, Def::Item(item) if cfg(item).is_test_only() || cfg(item).excludes_unix())
        });
        match defs.len() {
            0 if names.len() > 1 => {
                let of = Path { segments: path.segments[..names.len() - 1].to_vec(), ..path.clone() };
                self.associated(&self.ty(&Type::Path(None, of)), name)
            }
            0 | 1 => Ok(defs),
            _ => unknown("a name of several meanings"),
        }
    }

    fn associated(&self, ty: &Ty, name: &Name) -> Result<Vec<Def>> {
        let Some(head) = ty.peel().head() else { return unknown("a function of a type that is not known") };
        let own = self.model.called_of(&head, name);
        if let [only] = own.as_slice() {
            return Ok(vec![Def::Method(only.item)]);
        }
        if let Some(provided) = self.provided(&head, name) {
            return Ok(vec![Def::Method(provided)]);
        }
        match &head {
            TyHead::External(path) => Ok(vec![Def::External(Name::from(format!("{path}::{name}")))]),
            TyHead::Item(..) => match self.model.item_of(ty) {
                Some(item) if self.model.variants(item).any(|it| it == name) => Ok(vec![Def::Variant(item, name.clone())]),
                Some(item) if &**name == "default" => Ok(vec![Def::Item(item)]),
                _ if !name.contains(|it: char| it.is_lowercase()) => Ok(vec![Def::Unknown]),
                // A macro may have made it.
                _ => Ok(vec![Def::External(name.clone())]),
            },
        }
    }

    /// What a trait of the project provides for a type that leaves it out.
    fn provided(&self, head: &TyHead, name: &str) -> Option<ItemRef> {
        let traits = self.provides.get(name)?;
        traits.iter().find_map(|of| self.model.provided_for(head, *of, name))
    }

    /// `callee(args)`
    pub(super) fn call(&mut self, id: ExprId, callee: ExprId, args: &[ExprId], want: &Ty) -> Result<Value> {
        let Some(body) = self.frames.last().map(|frame| frame.body.clone()) else {
            return unknown("code outside of functions");
        };
        let at = body.expr(id).range;
        let ExprKind::Path(qself, path) = &body.expr(callee).kind else {
            let code = self.place(callee)?;
            let values = self.eval_all(args, &Ty::Unknown)?;
            self.at.1 = at;
            return self.call_at(&code, values);
        };
        if let Some(slot) = path.as_name().and_then(|name| self.variable(name)) {
            let values = self.eval_all(args, &Ty::Unknown)?;
            self.at.1 = at;
            return self.call_at(&Place::slot(slot), values);
        }
        if let (None, "default", true, Some(before)) = (qself, path.last(), args.is_empty(), path.segments.len().checked_sub(1))
            && before > 0
        {
            let of = Path { segments: path.segments[..before].to_vec(), ..path.clone() };
            let ty = self.ty(&Type::Path(None, of));
            if let Ty::Named(TyHead::External(_), _, inner) = &ty
                && inner.first().is_some_and(|it| *it != Ty::Unknown)
            {
                return self.default_of(&ty);
            }
        }
        let defs = self.defs(qself.as_deref(), path)?;
        let types: Vec<Ty> = path.segments.last().map_or(Vec::new(), |last| last.args.iter().map(|it| self.ty(it)).collect());
        match defs.as_slice() {
            [Def::Item(item) | Def::Method(item)] if self.model.function(*item).is_some() => {
                let item = *item;
                // `Type::<A>::new()`, `let x: Type<A> = Type::new()`, `Self::new()`.
                let before = path.segments.len().checked_sub(2).map(|at| &path.segments[at].args);
                let mut of_type: Vec<Ty> = before.map_or(Vec::new(), |args| args.iter().map(|it| self.ty(it)).collect());
                if let (true, Ty::Named(TyHead::Item(..), _, args)) = (of_type.is_empty(), want) {
                    of_type.clone_from(args);
                }
                let mut more = self.types_of_impl(item, &of_type);
                let context = self.context()?;
                let own = |item: ItemRef| self.model.function_at(item).and_then(|it| it.container);
                let same = self.context_of(item, &[]).own == context.own && own(item).is_some();
                if more.is_empty() && same {
                    more = context.types;
                }
                self.call_written(item, None, args, (&types, more), at)
            }
            [Def::Item(item)] if matches!(self.model.item(*item).kind, ItemKind::Struct(_)) => {
                if args.is_empty() && path.last() == "default" {
                    return self.default_of_item(*item);
                }
                self.construct(*item, None, args)
            }
            [Def::Item(item)] if args.is_empty() && path.last() == "default" => unknown("a default of an enum").or_else(|stop: Stop| {
                let _ = item;
                Err(stop)
            }),
            [Def::Item(item)] if matches!(self.model.item(*item).kind, ItemKind::Value(_)) => {
                let code = self.static_place(*item)?;
                let values = self.eval_all(args, &Ty::Unknown)?;
                self.call_at(&code, values)
            }
            [Def::Item(_)] => match self.constructed(path) {
                Some((item, variant)) => self.construct(item, variant, args),
                None => unknown("a call of an item"),
            },
            [Def::Variant(item, name)] => self.construct(*item, Some(name.clone()), args),
            [Def::External(external)] => {
                let external = external.clone();
                self.at.1 = at;
                let made = self.external(&external, path.range, args, &types, want)?;
                if let (true, Some((_, before))) = (matches!(path.last(), "parse" | "from_args" | "default"), path.segments.split_last()) {
                    let of = Path { segments: before.to_vec(), ..path.clone() };
                    let ty = self.ty(&Type::Path(None, of));
                    self.unknown.is_of_type(&made, &ty);
                }
                self.unknown.is_of_type(&made, want);
                Ok(made)
            }
            _ => {
                let values = self.eval_all(args, &Ty::Unknown)?;
                self.outside(path.last(), values)
            }
        }
    }

    fn construct(&mut self, item: ItemRef, variant: Option<Name>, args: &[ExprId]) -> Result<Value> {
        let mut fields = Vec::new();
        for (index, &arg) in args.iter().enumerate() {
            let name = Name::from(index.to_string());
            let ty = self.field_type(item, variant.as_ref(), &name);
            fields.push((name, self.eval(arg, &ty)?));
        }
        Ok(Value::Data(Box::new(Data { item, variant, fields, types: self.types_of(item) })))
    }

    /// Calls a function of the project with arguments that are written here.
    fn call_written(&mut self, item: ItemRef, receiver: Option<Value>, args: &[ExprId], (types, more): (&[Ty], Vec<(Name, Ty)>), at: TextRange) -> Result<Value> {
        let Some(function) = self.model.function(item) else { return unknown("no function") };
        let mut values = Vec::new();
        // `Type::method(value, ..)`
        let skips = usize::from(function.receiver.is_some() && receiver.is_none());
        let mut context = self.context_of(item, types);
        context.types.extend(more);
        for (index, &arg) in args.iter().enumerate() {
            let ty = index.checked_sub(skips).and_then(|at| function.params.get(at));
            let want = ty.map_or(Ty::Unknown, |ty| self.ty_in(&context, ty));
            let value = self.eval(arg, &want)?;
            self.unknown.is_of_type(&self.seen(&value), &want);
            values.push(value);
        }
        let receiver = match (receiver, skips) {
            (None, 1) if !values.is_empty() => Some(values.remove(0)),
            (receiver, _) => receiver,
        };
        self.at.1 = at;
        self.call_function(item, receiver, values, Some(context))
    }

    fn ty_in(&self, context: &Context, ty: &Type) -> Ty {
        if let Type::Path(None, path) = ty
            && let Some((_, known)) = path.as_name().and_then(|name| context.types.iter().find(|(own, _)| own == name))
        {
            return known.clone();
        }
        self.model.ty(context.module, Some(&context.own), &[], ty)
    }

    /// Where a function looks names up, with its own type and type parameters.
    fn context_of(&self, item: ItemRef, types: &[Ty]) -> Context {
        let container = self.model.function_at(item).and_then(|it| it.container);
        let own = container.map_or(Ty::Unknown, |container| match &self.model.item(container).kind {
            ItemKind::Impl(it) => self.model.ty(container.module, None, &it.generics, &it.self_ty),
            _ => Ty::Unknown,
        });
        let mut known = Vec::new();
        let mut gives = Ty::Tuple(Vec::new());
        if let Some(function) = self.model.function(item) {
            known.extend(function.generics.iter().zip(types).map(|(it, ty)| (it.name.clone(), ty.clone())));
            gives = function.output.as_ref().map_or(gives, |ty| self.model.ty(item.module, Some(&own), &[], ty));
        }
        Context { module: item.module, item, own, types: known, gives }
    }

    /// Calls a function of the project.
    pub(super) fn call_function(&mut self, item: ItemRef, receiver: Option<Value>, mut args: Vec<Value>, context: Option<Context>) -> Result<Value> {
        self.step()?;
        let Some(function) = self.model.function(item) else { return unknown("no function") };
        if function.is_async {
            return unknown("an `async fn`");
        }
        if let (Some(Receiver::Value | Receiver::Reference(_) | Receiver::Typed), None) = (&function.receiver, &receiver) {
            if args.is_empty() {
                return unknown("a method without a value");
            }
            let first = args.remove(0);
            return self.call_function(item, Some(first), args, context);
        }
        let mut context = context.unwrap_or_else(|| self.context_of(item, &[]));
        if let (true, Some(Value::Data(data))) = (context.types.is_empty(), receiver.as_ref().map(|it| self.seen(it))) {
            context.types = data.types;
        }
        // A function of a trait means that of the value.
        if context.own == Ty::Unknown
            && let Some(value) = &receiver
        {
            let behind = self.seen(value);
            if let Value::Data(data) = &behind {
                let head = TyHead::Item(data.item.file, data.item.item);
                context.own = Ty::Named(head.clone(), Some(data.item.module), Vec::new());
                let name = self.model.item(item).name.clone();
                if let [only] = self.model.called_of(&head, &name).as_slice()
                    && only.item != item
                {
                    return self.call_function(only.item, receiver, args, None);
                }
            }
        }
        let Some(body) = function.body.clone() else {
            self.unread.insert(item);
            return unknown("a function that was not read");
        };
        for (generic, param) in function.params.iter().zip(&args).filter_map(|(ty, value)| Some((generic_of(ty)?, value))) {
            if function.generics.iter().any(|it| it.name == generic) && context.types.iter().all(|(own, _)| *own != generic) {
                let ty = self.type_of(param);
                context.types.push((generic, ty));
            }
        }
        let at = self.at;
        let scope: Vec<(Name, usize)> = receiver.map(|value| (Name::from("self"), self.slot(value))).into_iter().collect();
        self.frames.push(Frame { body: body.clone(), context, outer: Vec::new(), scopes: vec![scope], temps: Vec::new() });
        self.at.0 = item.file;
        let params: Vec<_> = body.params.clone();
        let result = self.run_frame(body.root, &params, args);
        self.at = at;
        result
    }

    /// What the type parameters of a value that is made here stand for.
    pub(super) fn types_of(&self, item: ItemRef) -> Vec<(Name, Ty)> {
        let Some(frame) = self.frames.last() else { return Vec::new() };
        let is_own = self.model.item_of(&frame.context.own) == Some(item);
        if is_own { frame.context.types.clone() } else { Vec::new() }
    }

    /// Type parameters of the `impl` around a function, by the arguments that its type is written with.
    fn types_of_impl(&self, item: ItemRef, args: &[Ty]) -> Vec<(Name, Ty)> {
        let container = self.model.function_at(item).and_then(|it| it.container);
        let Some(ItemKind::Impl(it)) = container.map(|it| &self.model.item(it).kind) else { return Vec::new() };
        let Type::Path(None, path) = &it.self_ty else { return Vec::new() };
        let Some(last) = path.segments.last() else { return Vec::new() };
        let named = last.args.iter().zip(args).filter_map(|(own, ty)| Some((generic_of(own)?, ty.clone())));
        named.filter(|(own, ty)| *ty != Ty::Unknown && it.generics.iter().any(|generic| generic.name == *own)).collect()
    }

    /// The type of a value, as far as it has a name.
    fn type_of(&self, value: &Value) -> Ty {
        match self.seen(value) {
            Value::Data(data) => Ty::Named(TyHead::Item(data.item.file, data.item.item), Some(data.item.module), Vec::new()),
            _ => Ty::Unknown,
        }
    }

    /// Runs the frame that was pushed last, with its arguments.
    fn run_frame(&mut self, root: Option<ExprId>, params: &[crate::facts::tree::PatId], args: Vec<Value>) -> Result<Value> {
        let depth = self.frames.len();
        let bound = self.run_body(root, params, args);
        let result = match bound {
            Err(Stop::Return(value)) => Ok(value),
            Ok(value) => Ok(value),
            Err(other) => Err(other),
        };
        if result.is_ok() {
            self.end_temps(0)?;
            while self.frames.last().is_some_and(|frame| !frame.scopes.is_empty()) {
                self.end_scope()?;
            }
        }
        self.frames.truncate(depth - 1);
        result
    }

    fn run_body(&mut self, root: Option<ExprId>, params: &[crate::facts::tree::PatId], args: Vec<Value>) -> Result<Value> {
        for (&pat, value) in params.iter().zip(args) {
            let slot = self.slot(value);
            self.declare(Name::from(""), slot);
            let place = Place::slot(slot);
            if !self.matches(pat, &place)? {
                return Err(Stop::Ended);
            }
            self.bind(pat, &place, false)?;
        }
        let gives = self.context()?.gives;
        match root {
            Some(root) => self.eval(root, &gives),
            None => unknown("a function without a body"),
        }
    }

    /// Evaluates the initialiser of a constant.
    pub(super) fn run_constant(&mut self, item: ItemRef, body: Arc<Body>, ty: &Ty) -> Result<Value> {
        let mut context = self.context_of(item, &[]);
        context.gives = ty.clone();
        self.frames.push(Frame { body: body.clone(), context, outer: Vec::new(), scopes: vec![Vec::new()], temps: Vec::new() });
        self.run_frame(body.root, &[], Vec::new())
    }

    /// Calls what is at a place: a closure is used up where the place owns it and it owns something.
    pub(super) fn call_at(&mut self, place: &Place, args: Vec<Value>) -> Result<Value> {
        let place = self.resolved(place)?;
        match self.get(&place)? {
            Value::Closure(_) => {
                let code = self.get(&place)?.clone();
                self.enter_closure(&code, args)
            }
            Value::Shared(_) => match self.deref(&place)? {
                Some(to) => self.call_at(&to, args),
                None => unknown("a call of something else"),
            },
            other => {
                let code = other.clone();
                self.call_value(code, args)
            }
        }
    }

    /// Calls a closure or function, which is used up if it is no reference.
    pub(super) fn call_value(&mut self, code: Value, args: Vec<Value>) -> Result<Value> {
        match code {
            Value::Ref(place) => self.call_at(&place, args),
            Value::Shared(_) => {
                let slot = self.slot(code);
                self.call_at(&Place::slot(slot), args)
            }
            Value::Closure(_) => {
                let result = self.enter_closure(&code, args)?;
                self.discard(code, "dropped with the closure that it was moved into")?;
                Ok(result)
            }
            Value::Function(defs) => self.call_named(&defs, args),
            Value::Sym(_) => {
                if args.iter().any(|it| self.owns(it)) {
                    return unknown("a function that is not known");
                }
                Ok(self.unknown.fresh())
            }
            _ => unknown("a call of something else"),
        }
    }

    fn enter_closure(&mut self, code: &Value, args: Vec<Value>) -> Result<Value> {
        self.step()?;
        let Value::Closure(closure) = code else { return unknown("no closure") };
        let ExprKind::Closure(written) = &closure.body.expr(closure.expr).kind else { return unknown("no closure") };
        let params: Vec<_> = written.params.iter().map(|(pat, _)| *pat).collect();
        let at = self.at;
        self.frames.push(Frame {
            body: closure.body.clone(),
            context: closure.context.clone(),
            outer: closure.captured.clone(),
            scopes: vec![Vec::new()],
            temps: Vec::new(),
        });
        self.at.0 = closure.context.item.file;
        let result = self.run_frame(Some(written.body), &params, args);
        self.at = at;
        result
    }

    /// Calls a function that was given by its path.
    fn call_named(&mut self, defs: &[Def], mut args: Vec<Value>) -> Result<Value> {
        match defs {
            [Def::Item(item) | Def::Method(item)] if self.model.function(*item).is_some() => {
                self.call_function(*item, None, args, None)
            }
            [Def::Variant(..) | Def::Item(_)] => {
                let (item, variant) = match defs {
                    [Def::Variant(item, name)] => (*item, Some(name.clone())),
                    [Def::Item(item)] => (*item, None),
                    _ => return unknown("no constructor"),
                };
                let fields = args.into_iter().enumerate().map(|(at, value)| (Name::from(at.to_string()), value)).collect();
                Ok(Value::Data(Box::new(Data { item, variant, fields, types: self.types_of(item) })))
            }
            [Def::External(path)] => {
                if let Some(made) = self.std_function(path, &mut args, &Ty::Unknown)? {
                    return Ok(made);
                }
                if args.is_empty() {
                    return Ok(self.unknown.fresh());
                }
                let first = args.remove(0);
                let place = self.temp(first);
                self.method(&place, last(path), args)
            }
            _ => unknown("a function that is not known"),
        }
    }

    /// A function outside the project.
    fn external(&mut self, path: &Name, range: TextRange, args: &[ExprId], types: &[Ty], want: &Ty) -> Result<Value> {
        let role = self.model.catalog.role(path);
        let at = self.at.1;
        if let Some(Role::Spawn) = role {
            let born = (self.at.0, range);
            let mut values = self.eval_all(args, &Ty::Unknown)?;
            let Some(code) = values.pop() else { return unknown("a spawn without a closure") };
            return Ok(self.spawned(born, code, None));
        }
        if let Some(name) = Maybe::of(last(path)).filter(|_| path.starts_with("std::")) {
            let wanted = match name {
                Maybe::Some | Maybe::Ok => want.payload(),
                _ => Ty::Unknown,
            };
            let inner = match args.first() {
                Some(&arg) => Some(Box::new(self.eval(arg, &wanted)?)),
                None => None,
            };
            return Ok(Value::Maybe(name, inner));
        }
        let inner = match want {
            Ty::Named(TyHead::External(_), _, inner) => inner.first().cloned().unwrap_or_default(),
            _ => Ty::Unknown,
        };
        let wraps = matches!(last(path), "new" | "from");
        let mut values = self.eval_all(args, if wraps { &inner } else { &Ty::Unknown })?;
        self.at.1 = at;
        if let Some(ty) = types.first()
            && path.ends_with("::default") | path.ends_with("mem::take")
        {
            let _ = ty;
        }
        if let Some(made) = self.std_function(path, &mut values, want)? {
            return Ok(made);
        }
        // `Vec::len(&v)` is the method of `v`.
        let owner = path.rsplit("::").nth(1).unwrap_or_default();
        let of_type = owner.starts_with(|it: char| it.is_ascii_uppercase());
        if of_type && !values.is_empty() && path.starts_with("std::") {
            let first = values.remove(0);
            let place = self.temp(first);
            return self.method(&place, last(path), values);
        }
        self.outside(path, values)
    }

    /// What something outside gives, of which nothing is known; it may keep what it is given.
    pub(super) fn outside(&mut self, path: &str, values: Vec<Value>) -> Result<Value> {
        let mut handles = Vec::new();
        values.iter().for_each(|it| self.reached(it, &mut handles));
        let of_statics = self.statics.values().copied().collect::<Vec<_>>();
        of_statics.iter().for_each(|slot| self.reached(&self.slots[*slot], &mut handles));
        if !handles.is_empty() || values.iter().any(|it| matches!(it, Value::Sender(_) | Value::Receiver(_))) {
            return unknown(&format!("`{path}`, which is not followed"));
        }
        self.note_written(&values)?;
        self.discard_all(values, "given away")?;
        let made = self.unknown.fresh();
        let is_result = path.starts_with("std::fs::") || path.starts_with("std::env::") || super::maybe::given_by(last(path)) == Some(Maybe::Ok);
        if is_result && path.starts_with("std::") {
            self.unknown.is_maybe(&made, Maybe::Ok);
        }
        Ok(made)
    }

    /// `receiver.name(args)`
    pub(super) fn method_call(&mut self, call: &MethodCall, want: &Ty) -> Result<Value> {
        let receiver = self.place_wanted(call.receiver, &receiver_type(&call.name, want))?;
        let types: Vec<Ty> = call.types.iter().map(|it| self.ty(it)).collect();
        let mut place = receiver.clone();
        if let ("into", Some(head)) = (&*call.name, want.head())
            && let [only] = self.model.methods_of(&head, "from")
            && self.model.item_of(want).is_some()
        {
            let (item, value) = (only.item, self.take(&place)?);
            return self.call_function(item, None, vec![value], None);
        }
        loop {
            // A method of the project's comes first where a value is of its types.
            let head = match self.get(&place)? {
                Value::Data(data) => Some(TyHead::Item(data.item.file, data.item.item)),
                Value::Sym(id) => self.unknown.type_of(*id).and_then(Ty::head),
                _ => None,
            };
            if let Some(head) = head {
                let own = self.model.called_of(&head, &call.name);
                let own = match own.as_slice() {
                    // One of its own, and another of a trait behind which it may be hidden.
                    [only] if !self.model.is_of_trait(only) && self.provided(&head, &call.name).is_some() => {
                        return unknown("a method of several meanings");
                    }
                    [only] => Some(only.item),
                    [] => self.provided(&head, &call.name),
                    _ => return unknown("a method of several meanings"),
                };
                if let Some(own) = own {
                    return self.call_own(own, &place, call, &types);
                }
                // A closure in a field is called like `(self.f)(..)`; `clone` may be derived.
            }
            let args_of = |run: &mut Self| run.eval_all(&call.args, &Ty::Unknown);
            // An iterator behind a reference stays where it is.
            if place != receiver && matches!(self.get(&place)?, Value::Iter(_)) && !super::consume::BY_REFERENCE.contains(&&*call.name) {
                place = self.temp(Value::Iter(Box::new(super::iterate::Iter::At(place.clone()))));
            }
            if self.is_built_in(&place, &call.name)? {
                let at = self.at.1;
                let want = match types.first() {
                    Some(ty) if &*call.name == "collect" => ty.clone(),
                    _ => want.clone(),
                };
                let mut args = args_of(self)?;
                self.at.1 = at;
                let born = (self.at.0, call.name_range);
                return self.built_in(&place, &call.name, &mut args, &want, born, &types);
            }
            if let Some(own) = self.of_trait(&place, &call.name)? {
                return self.call_own(own, &place, call, &types);
            }
            if self.is_iterator(&place)? && self.is_iterator_method(&call.name) {
                if &*call.name == "by_ref" {
                    return Ok(Value::Ref(place));
                }
                // Whoever has the iterator gives it away, and who has a reference that.
                let is_own = place == receiver;
                let over = if is_own { self.take(&place)? } else { Value::Ref(place.clone()) };
                place = self.temp(Value::Iter(Box::new(super::iterate::Iter::Own(over))));
                continue;
            }
            match self.deref(&place)? {
                Some(to) => place = to,
                None => return unknown(&format!("the method `{}` of {}", call.name, what(self.get(&receiver)?))),
            }
        }
    }

    /// Whether a value of the project is an iterator.
    fn is_iterator(&self, place: &Place) -> Result<bool> {
        Ok(match self.get(place)? {
            Value::Data(data) => {
                let head = TyHead::Item(data.item.file, data.item.item);
                !self.model.methods_of(&head, "next").is_empty()
            }
            _ => false,
        })
    }

    fn call_own(&mut self, own: ItemRef, place: &Place, call: &MethodCall, types: &[Ty]) -> Result<Value> {
        let Some(function) = self.model.function(own) else { return unknown("no function") };
        let receiver = match function.receiver {
            Some(Receiver::Reference(_)) => Value::Ref(place.clone()),
            Some(Receiver::Value) => self.take(place)?,
            Some(Receiver::Typed) => self.typed_receiver(own, place)?,
            None => return unknown("a function that is no method"),
        };
        let at = self.at.1;
        let more = match self.seen(&receiver) {
            Value::Data(data) => data.types,
            _ => Vec::new(),
        };
        self.call_written(own, Some(receiver), &call.args, (types, more), at)
    }

    /// `self: &Rc<Self>`, `self: Box<Self>`: what the value is in, or the value.
    fn typed_receiver(&mut self, own: ItemRef, place: &Place) -> Result<Value> {
        let _ = own;
        // The shared owner that led here.
        let shared = self.shared.iter().position(|it| it.slot == place.slot && place.path.is_empty());
        match shared {
            Some(id) => {
                let slot = self.slot(Value::Shared(id));
                Ok(Value::Ref(Place::slot(slot)))
            }
            None => self.take(place),
        }
    }

    /// A method that a trait of the project gives to a type of std.
    fn of_trait(&self, place: &Place, name: &str) -> Result<Option<ItemRef>> {
        let paths: &[&str] = match self.get(place)? {
            Value::Handle(_) => &["std::thread::JoinHandle"],
            Value::Maybe(Maybe::Some | Maybe::None, _) => &["std::option::Option"],
            Value::Maybe(..) => &["std::result::Result"],
            Value::Many(super::value::Kind::List, _) => &["std::vec::Vec", "std::collections::VecDeque"],
            Value::Many(super::value::Kind::Map, _) => &["std::collections::HashMap", "std::collections::BTreeMap"],
            Value::Int(_) => &["u8", "u16", "u32", "u64", "usize", "i32", "i64"],
            Value::Text(_) => &["str", "std::string::String"],
            Value::Cell(super::value::Cell::Lock, _) => &["std::sync::Mutex", "std::sync::RwLock"],
            _ => &[],
        };
        let mut found = paths.iter().flat_map(|path| self.model.methods_of(&TyHead::External(Name::from(*path)), name));
        Ok(match (found.next(), found.next()) {
            (Some(only), None) => Some(only.item),
            _ => None,
        })
    }

    /// Calls a method on what is at a place, with values.
    pub(super) fn method(&mut self, place: &Place, name: &str, mut args: Vec<Value>) -> Result<Value> {
        let mut place = place.clone();
        loop {
            if let Value::Data(data) = self.get(&place)? {
                let head = TyHead::Item(data.item.file, data.item.item);
                let own = self.model.called_of(&head, name);
                let own = own.first().map(|it| it.item).or_else(|| self.provided(&head, name));
                if let Some(own) = own {
                    let takes = self.model.function(own).and_then(|it| it.receiver.clone());
                    let receiver = match takes {
                        Some(Receiver::Reference(_)) => Value::Ref(place.clone()),
                        _ => self.take(&place)?,
                    };
                    return self.call_function(own, Some(receiver), args, None);
                }
            }
            if self.is_built_in(&place, name)? {
                let born = self.at;
                return self.built_in(&place, name, &mut args, &Ty::Unknown, born, &[]);
            }
            if let Some(own) = self.of_trait(&place, name)? {
                let receiver = self.take(&place)?;
                return self.call_function(own, Some(receiver), args, None);
            }
            match self.deref(&place)? {
                Some(to) => place = to,
                None => return unknown(&format!("the method `{name}` of {}", what(self.get(&place)?))),
            }
        }
    }

    /// What a method of something unknown gives: the same each time, if it only looks.
    pub(super) fn of_unknown(&mut self, place: &Place, name: &str, args: &[Value]) -> Result<Value> {
        let receiver = self.get(place)?.clone();
        let shown: Vec<String> = args.iter().map(|it| key(&self.seen(it))).collect();
        let looks = matches!(
            name,
            "len" | "is_empty" | "as_str" | "as_bytes" | "as_ref" | "trim" | "trim_end" | "to_string" | "to_owned" | "clone"
                | "starts_with" | "ends_with" | "contains" | "is_some" | "is_none" | "is_ok" | "is_err" | "eq" | "parse"
                | "to_lowercase" | "to_uppercase" | "as_deref" | "unwrap" | "expect" | "lines" | "chars" | "bytes"
                | "split_whitespace" | "split" | "copied" | "cloned" | "iter" | "into" | "min" | "max" | "is_file" | "exists"
        );
        if matches!(name, "as_str" | "as_ref" | "trim" | "to_string" | "to_owned" | "clone" | "as_deref" | "copied" | "cloned" | "into" | "as_bytes" | "iter" | "into_iter" | "by_ref" | "borrow" | "to_vec") && args.is_empty() {
            if name.ends_with("iter") {
                self.unknown.is_iterator(&receiver);
            }
            return Ok(receiver);
        }
        let made = match looks {
            true => self.unknown.derived(format!("{}.{name}({})", key(&receiver), shown.join(",")), Some(&receiver)),
            false => self.unknown.fresh(),
        };
        if matches!(name, "lines" | "chars" | "bytes" | "split" | "split_whitespace" | "char_indices" | "keys" | "values" | "splitn" | "incoming" | "read_dir" | "windows" | "chunks" | "rev" | "skip" | "take") {
            self.unknown.is_iterator(&made);
        }
        if let Some(good) = super::maybe::given_by(name) {
            self.unknown.is_maybe(&made, good);
        }
        Ok(made)
    }
}

/// What kind of value it is, for messages.
fn what(value: &Value) -> String {
    let shown = format!("{value:?}");
    shown.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

/// The type parameter that a written type is.
fn generic_of(ty: &Type) -> Option<Name> {
    match ty {
        Type::Path(None, path) => path.as_name().cloned(),
        Type::Reference(_, inner) => generic_of(inner),
        _ => None,
    }
}

/// What the receiver of a method is made for, if the result is wanted as a type.
fn receiver_type(name: &str, want: &Ty) -> Ty {
    match name {
        "unwrap" | "expect" | "unwrap_or_default" => Ty::external("std::result::Result", vec![want.clone()]),
        _ => Ty::Unknown,
    }
}
