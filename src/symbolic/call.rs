//! Calls: which function runs, with what, and what it gives.

use super::eval::last;
use super::machine::{Result, Run, unknown};
use super::value::{Context, Data, Maybe, Place, Value};
use crate::catalog::Role;
use crate::facts::tree::{ExprId, ExprKind, Generic, ItemKind, Name, Path, Size, Type};
use crate::model::{Def, ItemRef, Namespace, Ty, TyHead};
use crate::text::TextRange;

/// Parts of std that tell of the world outside.
const INPUT: &[&str] = &[
    "env::",
    "fs::",
    "io::",
    "net::",
    "time::Instant",
    "time::SystemTime",
    "process::",
    "::available_parallelism",
];

impl Run<'_> {
    /// What a path in value position means.
    pub(super) fn defs(&mut self, qself: Option<&Type>, path: &Path) -> Result<Vec<Def>> {
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
        let mut defs = self.meanings_of(context.module, path, Namespace::Value);
        defs.retain(|def| {
            let cfg = |item: &ItemRef| &self.model.item(*item).cfg;
            !matches!(def, Def::Item(item) if cfg(item).is_test_only() || cfg(item).excludes_unix())
        });
        if let ([Def::Unknown], Some(owner)) = (defs.as_slice(), self.owner(path))
            && owner != Ty::Unknown
            && let [Def::Item(only)] = self.associated(&owner, name)?.as_slice()
            && matches!(self.model.item(*only).kind, ItemKind::Value(_))
        {
            return Ok(vec![Def::Item(*only)]);
        }
        match defs.len() {
            0 if names.len() > 1 => self.associated(&self.owner(path).unwrap_or_default(), name),
            0 | 1 => Ok(defs),
            _ => unknown("a name of several meanings"),
        }
    }

    /// Whether a path names a function of a type parameter of which nothing is known.
    pub(super) fn is_of_parameter(&self, path: &Path) -> bool {
        let ([first, _], Ok(context)) = (path.segments.as_slice(), self.context()) else {
            return false;
        };
        let is_open =
            context.types.iter().all(|(own, ty)| *own != first.name || *ty == Ty::Unknown);
        let function = self.model.function_at(context.item);
        let container = function.and_then(|it| it.container).map(|it| &self.model.item(it).kind);
        let own = self.model.function(context.item).map_or(&[][..], |it| it.generics.as_slice());
        let around = match container {
            Some(ItemKind::Impl(it)) => it.generics.as_slice(),
            _ => &[],
        };
        is_open && own.iter().chain(around).any(|it| it.name == first.name)
    }

    /// A list as an array of so many elements, or as it was.
    pub(super) fn as_array(&mut self, value: Value, count: usize) -> Result<Value> {
        match &value {
            Value::Many(_, items) if items.len() == count => Ok(Value::ok(value)),
            Value::Many(..) => Ok(Value::err(value)),
            _ => unknown("an array of something else"),
        }
    }

    /// What a name means in a type.
    pub(super) fn associated(&self, ty: &Ty, name: &Name) -> Result<Vec<Def>> {
        if matches!(ty.peel(), Ty::Slice(..)) {
            return Ok(vec![Def::External(Name::from(format!("std::array::{name}")))]);
        }
        let Some(head) = ty.peel().head() else {
            return unknown("a function of a type that is not known");
        };
        let own = self.model.called_of(&head, name);
        if let [only] = own.as_slice() {
            return Ok(vec![Def::Method(only.item)]);
        }
        if let Some(provided) = self.provided(&head, name) {
            return Ok(vec![Def::Method(provided)]);
        }
        if let [only] = self.model.constants_of(&head, name).as_slice() {
            return Ok(vec![Def::Item(*only)]);
        }
        let provided = self.provides.constants.get(name).into_iter().flatten();
        let mut provided = provided.filter(|it| self.is_of_this_crate(**it));
        if let (Some(only), None) = (provided.next(), provided.next()) {
            return Ok(vec![Def::Item(*only)]);
        }
        match &head {
            TyHead::External(path) => {
                Ok(vec![Def::External(Name::from(format!("{path}::{name}")))])
            }
            TyHead::Item(..) => match self.model.item_of(ty) {
                Some(item) if self.model.variants(item).any(|it| it == name) => {
                    Ok(vec![Def::Variant(item, name.clone())])
                }
                Some(item) if &**name == "default" => Ok(vec![Def::Item(item)]),
                _ if !name.contains(|it: char| it.is_lowercase()) => Ok(vec![Def::Unknown]),
                // A macro may have made it.
                _ => Ok(vec![Def::External(name.clone())]),
            },
        }
    }

    /// What a trait of the project provides for a type that leaves it out.
    pub(super) fn provided(&self, head: &TyHead, name: &str) -> Option<ItemRef> {
        let traits = self.provides.functions.get(name)?;
        traits.iter().find_map(|of| self.model.provided_for(head, *of, name))
    }

    /// The type before the last name of a path.
    fn owner(&self, path: &Path) -> Option<Ty> {
        let (_, before) = path.segments.split_last()?;
        let of = Path { segments: before.to_vec(), ..path.clone() };
        (!before.is_empty()).then(|| self.ty(&Type::Path(None, of)))
    }

    /// The type whose default `Vec::<A>::default()` makes, where its argument says what is in it.
    fn default_by_path(&self, is_plain: bool, path: &Path, args: &[ExprId]) -> Option<Ty> {
        let is_default = is_plain && path.last() == "default" && args.is_empty();
        let ty = self.owner(path).filter(|_| is_default)?;
        let Ty::Named(TyHead::External(_), _, inner) = &ty else { return None };
        inner.first().is_some_and(|it| *it != Ty::Unknown).then_some(ty)
    }

    /// `callee(args)`
    pub(super) fn call(
        &mut self,
        id: ExprId,
        callee: ExprId,
        args: &[ExprId],
        want: &Ty,
    ) -> Result<Value> {
        let body = self.body()?;
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
        if let Some(ty) = self.default_by_path(qself.is_none(), path, args) {
            return self.default_of(&ty);
        }
        if let Some(made) = self.call_of_type(qself.as_deref(), path, args, at)? {
            return Ok(made);
        }
        let defs = self.defs(qself.as_deref(), path)?;
        let types: Vec<Ty> = path
            .segments
            .last()
            .map_or(Vec::new(), |last| last.args.iter().map(|it| self.ty(it)).collect());
        match defs.as_slice() {
            [Def::Item(item) | Def::Method(item)] if self.model.function(*item).is_some() => {
                let item = *item;
                let more = self.types_by_path(item, path, want)?;
                self.call_written(item, None, args, (&types, more), at)
            }
            [Def::Item(item)]
                if args.is_empty()
                    && path.last() == "default"
                    && matches!(
                        self.model.item(*item).kind,
                        ItemKind::Struct(_) | ItemKind::Enum(_)
                    ) =>
            {
                self.default_of_item(*item)
            }
            [Def::Item(item)] if matches!(self.model.item(*item).kind, ItemKind::Struct(_)) => {
                self.construct(*item, None, args)
            }
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
                let made = self.external(&external, path.range, args, want)?;
                if let (true, Some(ty)) =
                    (matches!(path.last(), "parse" | "from_args" | "default"), self.owner(path))
                {
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

    /// A call of a function of a type that has no name: an array, or what a type parameter stands for.
    fn call_of_type(
        &mut self,
        qself: Option<&Type>,
        path: &Path,
        args: &[ExprId],
        at: TextRange,
    ) -> Result<Option<Value>> {
        if let (Some(qself), "try_from") = (qself, path.last())
            && let Ty::Slice(_, Size::Exactly(count)) = self.ty(qself)
        {
            let mut values = self.eval_all(args, &Ty::Unknown)?;
            let value = super::many::one(&mut values)?;
            return self.as_array(value, count).map(Some);
        }
        if let (Some(qself), "from", [only]) = (qself, path.last(), args)
            && matches!(self.ty(qself), Ty::Slice(..))
        {
            let value = self.eval(*only, &Ty::Unknown)?;
            return Ok(Some(as_list(value)));
        }
        if qself.is_none() && !args.is_empty() && self.is_of_parameter(path) {
            let values = self.eval_all(args, &Ty::Unknown)?;
            self.at.1 = at;
            return self.call_value(Value::Late(Name::from(path.last())), values).map(Some);
        }
        Ok(None)
    }

    /// A value of a tuple struct or variant.
    pub(super) fn construct(
        &mut self,
        item: ItemRef,
        variant: Option<Name>,
        args: &[ExprId],
    ) -> Result<Value> {
        let mut fields = Vec::new();
        for (index, &arg) in args.iter().enumerate() {
            let name = Name::from(index.to_string());
            let ty = self.field_type(item, variant.as_ref(), &name);
            fields.push((name, self.eval(arg, &ty)?));
        }
        Ok(Value::Data(Box::new(Data { item, variant, fields, types: self.types_of(item) })))
    }

    /// Calls a function of the project with arguments that are written here.
    pub(super) fn call_written(
        &mut self,
        item: ItemRef,
        receiver: Option<Value>,
        args: &[ExprId],
        (types, more): (&[Ty], Vec<(Name, Ty)>),
        at: TextRange,
    ) -> Result<Value> {
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

    /// What type parameters stand for, by a value that is given for a parameter.
    pub(super) fn infer(
        &self,
        generics: &[Generic],
        param: &Type,
        value: &Value,
        types: &mut Vec<(Name, Ty)>,
    ) {
        match param {
            Type::Reference(_, inner) => self.infer(generics, inner, value, types),
            Type::Path(None, path) => {
                let Some(name) = path.segments.last().map(|it| &it.name) else { return };
                let is_open = generics.iter().any(|it| it.name == *name)
                    && types.iter().all(|(own, ty)| own != name || *ty == Ty::Unknown);
                let ty = self.type_of_value(value);
                if let (Value::Handle(thread), Some(Type::Path(None, inner))) =
                    (self.seen(value), path.segments.last().and_then(|it| it.args.first()))
                    && let Some(inner) = inner.as_name()
                    && generics.iter().any(|it| it.name == *inner)
                {
                    let gives = self.threads[thread].gives.clone();
                    types.retain(|(own, _)| own != inner);
                    types.push((inner.clone(), gives));
                    return;
                }
                if is_open && ty != Ty::Unknown {
                    types.retain(|(own, _)| own != name);
                    types.push((name.clone(), ty));
                } else if let (Some(last), Value::Many(_, items) | Value::Tuple(items)) =
                    (path.segments.last(), self.seen(value))
                {
                    for (arg, item) in last.args.iter().zip(&items) {
                        self.infer(generics, arg, item, types);
                    }
                }
            }
            Type::Slice(inner, size) => {
                let Value::Many(_, items) = self.seen(value) else { return };
                if let Size::Named(name) = size
                    && generics.iter().any(|it| it.name == *name)
                    && types.iter().all(|(own, _)| own != name)
                {
                    let size = Size::Exactly(items.len());
                    types.push((name.clone(), Ty::Slice(Box::new(Ty::Unknown), size)));
                }
                if let Some(first) = items.first() {
                    self.infer(generics, inner, first, types);
                }
            }
            _ => {}
        }
    }

    /// A type written where a function looks names up.
    pub(super) fn ty_in(&self, context: &Context, ty: &Type) -> Ty {
        if let Type::Path(None, path) = ty
            && let Some((_, known)) =
                path.as_name().and_then(|name| context.types.iter().find(|(own, _)| own == name))
        {
            return known.clone();
        }
        if let Type::Slice(inner, Size::Named(name)) = ty
            && let Some(size) = self.stands_for(context, name)
        {
            return Ty::Slice(Box::new(self.ty_in(context, inner)), Size::Exactly(size));
        }
        let mut found = self.model.ty(context.module, Some(&context.own), &[], ty);
        // What type parameters stand for inside.
        match (ty, &mut found) {
            (Type::Path(_, path), Ty::Named(_, _, args)) if !context.types.is_empty() => {
                let written = path.segments.last().map_or(&[][..], |last| last.args.as_slice());
                if written.len() == args.len() {
                    for (arg, ty) in args.iter_mut().zip(written) {
                        *arg = self.ty_in(context, ty);
                    }
                }
            }
            (Type::Tuple(written), Ty::Tuple(parts)) if !context.types.is_empty() => {
                for (part, ty) in parts.iter_mut().zip(written) {
                    *part = self.ty_in(context, ty);
                }
            }
            (Type::Reference(_, written), Ty::Reference(inner)) if !context.types.is_empty() => {
                **inner = self.ty_in(context, written);
            }
            _ => {}
        }
        // The argument of a constant parameter may be the name of a constant.
        if let (Ty::Unknown, Type::Path(None, path)) = (&found, ty)
            && let Some(name) = path.as_name()
            && let size @ Size::Exactly(_) =
                self.model.length(context.module, &Size::Named(name.clone()))
        {
            return Ty::Slice(Box::new(Ty::Unknown), size);
        }
        found
    }

    /// The number that a constant parameter stands for.
    pub(super) fn stands_for(&self, context: &Context, name: &Name) -> Option<usize> {
        match context.types.iter().find(|(own, _)| own == name) {
            Some((_, Ty::Slice(of, Size::Exactly(count)))) if **of == Ty::Unknown => Some(*count),
            _ => None,
        }
    }

    /// Where a function looks names up, with its own type and type parameters.
    pub(super) fn context_of(&self, item: ItemRef, types: &[Ty]) -> Context {
        let container = self.model.function_at(item).and_then(|it| it.container);
        let own =
            container.map_or(Ty::Unknown, |container| match &self.model.item(container).kind {
                ItemKind::Impl(it) => {
                    self.model.ty(container.module, None, &it.generics, &it.self_ty)
                }
                _ => Ty::Unknown,
            });
        let mut known = Vec::new();
        let mut gives = Ty::Tuple(Vec::new());
        if let Some(function) = self.model.function(item) {
            known.extend(
                function.generics.iter().zip(types).map(|(it, ty)| (it.name.clone(), ty.clone())),
            );
            gives = function
                .output
                .as_ref()
                .map_or(gives, |ty| self.model.ty(item.module, Some(&own), &[], ty));
        }
        Context { module: item.module, item, own, types: known, gives }
    }

    /// Type parameters of the `impl` around a function that is called by a path.
    fn types_by_path(&self, item: ItemRef, path: &Path, want: &Ty) -> Result<Vec<(Name, Ty)>> {
        // `Type::<A>::new()`, `let x: Type<A> = Type::new()`, `Self::new()`.
        let before = path.segments.len().checked_sub(2).map(|at| &path.segments[at].args);
        let mut of_type: Vec<Ty> =
            before.map_or(Vec::new(), |args| args.iter().map(|it| self.ty(it)).collect());
        if let (true, Ty::Named(TyHead::Item(..), _, args)) = (of_type.is_empty(), want) {
            of_type.clone_from(args);
        }
        let mut more = self.types_of_impl(item, &of_type);
        let context = self.context()?;
        let own = |item: ItemRef| self.model.function_at(item).and_then(|it| it.container);
        let same = self.context_of(item, &[]).own == context.own && own(item).is_some();
        if more.is_empty() && same {
            more.clone_from(&context.types);
        }
        if let Some(function) = self.model.function(item)
            && let Some(output) = &function.output
        {
            self.infer_wanted(&function.generics, output, want, &mut more);
        }
        Ok(more)
    }

    /// What the type parameters of a value that is made here stand for.
    pub(super) fn types_of(&self, item: ItemRef) -> Vec<(Name, Ty)> {
        let Some(frame) = self.frames.last() else { return Vec::new() };
        let is_own = self.model.item_of(&frame.context.own) == Some(item);
        if is_own { frame.context.types.clone() } else { Vec::new() }
    }

    /// Type parameters of the `impl` around a function, by the arguments that its type is written with.
    pub(super) fn types_of_impl(&self, item: ItemRef, args: &[Ty]) -> Vec<(Name, Ty)> {
        let container = self.model.function_at(item).and_then(|it| it.container);
        let Some(ItemKind::Impl(it)) = container.map(|it| &self.model.item(it).kind) else {
            return Vec::new();
        };
        let Type::Path(None, path) = &it.self_ty else { return Vec::new() };
        let Some(last) = path.segments.last() else { return Vec::new() };
        let named =
            last.args.iter().zip(args).filter_map(|(own, ty)| Some((generic_of(own)?, ty.clone())));
        named
            .filter(|(own, ty)| {
                *ty != Ty::Unknown && it.generics.iter().any(|generic| generic.name == *own)
            })
            .collect()
    }

    /// A function outside the project.
    pub(super) fn external(
        &mut self,
        path: &Name,
        range: TextRange,
        args: &[ExprId],
        want: &Ty,
    ) -> Result<Value> {
        let role = self.model.catalog.role(path);
        let at = self.at.1;
        if let Some(Role::Spawn) = role {
            let born = (self.at.0, range);
            let mut values = self.eval_all(args, &Ty::Unknown)?;
            let Some(code) = values.pop() else { return unknown("a spawn without a closure") };
            let handle = self.spawned(born, code, None);
            return self.begun(handle);
        }
        if let Some(name) = Maybe::of(last(path)).filter(|_| path.starts_with("std::")) {
            let wanted = match name {
                it if it.is_good() => want.payload(),
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
        if let Some(made) = self.std_function(path, &mut values, want)? {
            return Ok(made);
        }
        // `Vec::len(&v)` is the method of `v`.
        let owner = path.rsplit("::").nth(1).unwrap_or_default();
        let of_type = owner.starts_with(|it: char| it.is_ascii_uppercase());
        let is_number = matches!(owner, "f64" | "f32") || super::library::limits(owner).is_some();
        if is_number && values.iter().all(|it| !self.owns(it)) {
            return self.of_numbers(path, values);
        }
        if of_type && !values.is_empty() && path.starts_with("std::") {
            let first = values.remove(0);
            let place = self.temp(first);
            return self.method(&place, last(path), values);
        }
        self.outside(path, values)
    }

    /// A function of a number's type: mostly a method of it.
    pub(super) fn of_numbers(&mut self, path: &str, mut values: Vec<Value>) -> Result<Value> {
        let is_number = values.first().is_some_and(|it| {
            matches!(self.seen(it), Value::Int(..) | Value::Float(_) | Value::Sym(_))
        });
        if is_number {
            let of = path.rsplit("::").nth(1).unwrap_or_default();
            let first =
                super::width::typed(self.seen(&values.remove(0)), super::width::Width::known(of));
            let place = self.temp(first);
            return self.method(&place, last(path), values);
        }
        let from: Vec<String> = values.iter().map(|it| super::same::key(&self.seen(it))).collect();
        Ok(self.unknown.untold(format!("{path}({})", from.join(","))))
    }

    /// What something outside gives, of which nothing is known; it may keep what it is given.
    pub(super) fn outside(&mut self, path: &str, values: Vec<Value>) -> Result<Value> {
        // Std knows nothing of the statics of a program.
        let statics = self.statics.values().filter(|_| !path.starts_with("std::"));
        let of_statics = statics.map(|slot| &self.slots[*slot]);
        let keeps_handles = !self.reach(values.iter().chain(of_statics)).handles.is_empty();
        let is_end = |it: &Value| matches!(it, Value::Sender(_) | Value::Receiver(_));
        if keeps_handles || values.iter().any(is_end) {
            return unknown(&format!("`{path}`, which is not followed"));
        }
        self.note_written(&values)?;
        // What std makes of values that are told is told as well, only not followed.
        let is_told = !values.iter().any(|it| super::plain::is_open(&self.seen(it)));
        let is_input = INPUT.iter().any(|it| path.contains(it));
        let made = match is_told && !is_input && (path.starts_with("std::") || !values.is_empty()) {
            true => self.unknown.untold_anew(),
            false => self.unknown.fresh(),
        };
        self.discard_all(values, "given away")?;
        let is_result = path.starts_with("std::fs::")
            || path.starts_with("std::env::")
            || super::maybe::given_by(last(path)) == Some(Maybe::Ok);
        if is_result && path.starts_with("std::") {
            self.unknown.is_maybe(&made, Maybe::Ok);
        }
        Ok(made)
    }
}

/// The type parameter that a written type is.
pub(super) fn generic_of(ty: &Type) -> Option<Name> {
    match ty {
        Type::Path(None, path) => path.as_name().cloned(),
        Type::Reference(_, inner) => generic_of(inner),
        _ => None,
    }
}

/// What an array is made of: another one, or a tuple.
pub(super) fn as_list(value: Value) -> Value {
    match value {
        Value::Tuple(parts) => Value::list(parts),
        other => other,
    }
}
