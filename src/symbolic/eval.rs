//! Expressions, one after the other as they run.

use std::sync::Arc;

use super::machine::{Result, Run, Stop, unknown};
use super::value::{Context, Data, Kind, Maybe, Place, Step, Value, type_of};
use super::width::Width;
use crate::facts::tree::{Body, ExprId, ExprKind, ItemKind, Name, Path, Said, Size, Type, Written};
use crate::model::{Def, ItemRef, Namespace, Ty};

/// Elements of an array that is made of one value.
const MAX_ELEMENTS: i128 = 512;

impl Run<'_> {
    /// The body that is being run.
    pub(super) fn body(&self) -> Result<Arc<Body>> {
        match self.frames.last() {
            Some(frame) => Ok(frame.body.clone()),
            None => unknown("code outside of functions"),
        }
    }

    /// The value of an expression; `want` is its type, where something says so.
    pub(super) fn eval(&mut self, id: ExprId, want: &Ty) -> Result<Value> {
        let value = super::width::of_type(self.value_of(id, want)?, want);
        if let Value::Int(number, width) = &value
            && width.has(*number) == Some(false)
        {
            return unknown("a number that its type does not have");
        }
        Ok(value)
    }

    pub(super) fn value_of(&mut self, id: ExprId, want: &Ty) -> Result<Value> {
        self.step()?;
        let body = self.body()?;
        let expr = body.expr(id);
        self.at.1 = expr.range;
        match &expr.kind {
            ExprKind::Path(qself, path) => self.path_value(qself.as_deref(), path),
            ExprKind::Bool(it) => Ok(Value::Bool(*it)),
            ExprKind::Number(it) => {
                let suffix = body.suffixes.get(&expr.range.start);
                if matches!(suffix.map(|it| &**it), Some("f64" | "f32")) {
                    return Ok(Value::Float(*it as f64));
                }
                let number = i128::try_from(*it).unwrap_or(i128::MAX);
                Ok(Value::Int(number, suffix.map_or(Width::Open, |it| Width::known(it))))
            }
            ExprKind::Literal(hash) => Ok(literal(&body, *hash)),
            ExprKind::Field(..) | ExprKind::Index(..) | ExprKind::Deref(_) => {
                let place = self.place(id)?;
                self.take(&place)
            }
            ExprKind::Reference(_, inner) => self.reference(&body, *inner, want),
            ExprKind::Unary(is_not, inner) => self.unary(*is_not, *inner),
            ExprKind::Binary { op, left, right } => self.binary(*op, *left, *right),
            ExprKind::Assign(to, from) => self.assign(*to, *from),
            ExprKind::CompoundAssign(op, to, from) => self.assign_op(op, *to, *from),
            ExprKind::Block(..)
            | ExprKind::If(..)
            | ExprKind::While(..)
            | ExprKind::Loop(..)
            | ExprKind::For(..)
            | ExprKind::Match(..)
            | ExprKind::Let(..) => self.control(id, want),
            ExprKind::Call(callee, args) => self.call(id, *callee, args, want),
            ExprKind::Method(call) => self.method_call(call, want),
            ExprKind::Closure(closure) => self.closure(id, closure),
            ExprKind::Try(inner) => self.tried(*inner, want),
            ExprKind::Return(value) => {
                let context = self.context()?;
                let gives = &context.gives;
                let value = value.map_or(Ok(Value::Unit), |value| self.eval(value, gives))?;
                Err(Stop::Return(value))
            }
            ExprKind::Break(label, value) => {
                let value =
                    value.map_or(Ok(Value::Unit), |value| self.eval(value, &Ty::Unknown))?;
                Err(Stop::Break(label.clone(), value))
            }
            ExprKind::Continue(label) => Err(Stop::Continue(label.clone())),
            ExprKind::Tuple(parts) => {
                let of = |index: usize| match want {
                    Ty::Tuple(types) => types.get(index).cloned().unwrap_or_default(),
                    _ => Ty::Unknown,
                };
                let parts: Result<Vec<_>> = parts
                    .iter()
                    .enumerate()
                    .map(|(index, &part)| self.eval(part, &of(index)))
                    .collect();
                let parts = parts?;
                Ok(if parts.is_empty() { Value::Unit } else { Value::Tuple(parts) })
            }
            ExprKind::Array(parts) => Ok(Value::list(self.eval_all(parts, &want.element())?)),
            ExprKind::Repeat(value, times) => self.repeated(*value, *times, &want.element()),
            ExprKind::Struct(path, fields, rest) => self.built(path, fields, *rest, want),
            ExprKind::Cast(inner, ty) => self.cast_to(*inner, ty),
            ExprKind::Range { ends, endless, closed } => self.range(ends, *endless, *closed),
            ExprKind::Macro(call) => self.macro_call(call, want),
            ExprKind::Async(..) | ExprKind::Await(_) => unknown("asynchronous code"),
            ExprKind::Opaque(_) => unknown("code that is not read"),
        }
    }

    /// `inner as Type`
    fn cast_to(&mut self, inner: ExprId, ty: &Type) -> Result<Value> {
        let ty = self.ty(ty);
        let value = self.eval(inner, &ty)?;
        Ok(match value {
            Value::Int(number, _) if is_float(&ty) => Value::Float(number as f64),
            Value::Int(number, _) if ty.path() == Some("char") => {
                let code = u32::try_from(number).ok().and_then(char::from_u32);
                code.map_or_else(
                    || self.unknown.untold_anew(),
                    |it| super::text::text(it.to_string()),
                )
            }
            Value::Int(number, _) => self.cast(number, &ty),
            Value::Float(number) if is_float(&ty) => Value::Float(number),
            Value::Float(number) => {
                let width = Width::known(ty.path().unwrap_or_default());
                match super::float::whole(number, width) {
                    Some(made) => self.fitting(made, width),
                    None => self.unknown.untold_anew(),
                }
            }
            Value::Text(said) if said.chars().count() == 1 => {
                let code = said.chars().next().map_or(0, u32::from);
                self.cast(i128::from(code), &ty)
            }
            Value::Text(said) => self.unknown.untold(format!("{said:?} as {ty:?}")),
            Value::Literal(hash) => self.unknown.untold(format!("{hash} as {ty:?}")),
            Value::Data(data) => self.discriminant(&data),
            Value::Bool(it) => Value::number(i128::from(it)),
            other => other,
        })
    }

    pub(super) fn eval_all(&mut self, exprs: &[ExprId], want: &Ty) -> Result<Vec<Value>> {
        exprs.iter().map(|&expr| self.eval(expr, want)).collect()
    }

    pub(super) fn context(&self) -> Result<Arc<Context>> {
        match self.frames.last() {
            Some(frame) => Ok(frame.context.clone()),
            None => unknown("code outside of functions"),
        }
    }

    /// A written type.
    pub(super) fn ty(&self, ty: &Type) -> Ty {
        self.frames.last().map_or(Ty::Unknown, |frame| self.ty_in(&frame.context, ty))
    }

    /// A reference; what is written out lives for ever.
    pub(super) fn reference(&mut self, body: &Body, inner: ExprId, want: &Ty) -> Result<Value> {
        let want = match want {
            Ty::Reference(inner) => (**inner).clone(),
            _ => Ty::Unknown,
        };
        if matches!(
            body.expr(inner).kind,
            ExprKind::Array(_) | ExprKind::Repeat(..) | ExprKind::Number(_) | ExprKind::Literal(_)
        ) {
            let value = self.eval(inner, &want)?;
            if !self.owns(&value) {
                let slot = self.slot(value);
                return Ok(Value::Ref(Place::slot(slot)));
            }
            return Ok(Value::Ref(self.temp(value)));
        }
        let place = self.place_wanted(inner, &want)?;
        // A part refers to elements itself, and outlives whatever made it.
        match self.get(&place) {
            Ok(part @ Value::Many(Kind::Slice, _)) => Ok(part.clone()),
            _ => Ok(Value::Ref(place)),
        }
    }

    /// What is behind references and shared owners.
    pub(super) fn behind_all<'v>(&'v self, value: &'v Value) -> &'v Value {
        let mut value = value;
        loop {
            value = match value {
                Value::Ref(place) => match self.get(place) {
                    Ok(behind) => behind,
                    Err(_) => return value,
                },
                Value::Shared(id) => &self.slots[self.shared[*id].slot],
                _ => return value,
            };
        }
    }

    /// A value with what is behind a reference to data, and what is known of it.
    pub(super) fn seen(&self, value: &Value) -> Value {
        let value = match value {
            Value::Ref(place) => match self.resolved(place).and_then(|place| self.get(&place)) {
                Ok(Value::Shared(id)) => return self.seen(&self.slots[self.shared[*id].slot]),
                Ok(behind) => behind,
                Err(_) => return value.clone(),
            },
            other => other,
        };
        match value {
            Value::Tuple(parts) => Value::Tuple(parts.iter().map(|it| self.seen(it)).collect()),
            Value::Many(kind, parts) => {
                Value::Many(*kind, parts.iter().map(|it| self.seen(it)).collect())
            }
            Value::Maybe(maybe, Some(inner)) => {
                Value::Maybe(*maybe, Some(Box::new(self.seen(inner))))
            }
            other => self.unknown.concrete(other),
        }
    }

    pub(super) fn assign(&mut self, to: ExprId, from: ExprId) -> Result<Value> {
        let body = self.body()?;
        match &body.expr(to).kind {
            // `_ = value`
            ExprKind::Literal(0) => {
                self.place(from)?;
                return Ok(Value::Unit);
            }
            ExprKind::Tuple(parts) => {
                let Value::Tuple(values) = self.eval(from, &Ty::Unknown)? else {
                    return unknown("an assignment to several places");
                };
                for (&part, value) in parts.iter().zip(values) {
                    let place = self.place(part)?;
                    self.put(&place, value)?;
                }
                return Ok(Value::Unit);
            }
            ExprKind::Struct(..) | ExprKind::Array(_) | ExprKind::Call(..) => {
                return unknown("an assignment by a pattern");
            }
            _ => {}
        }
        let want = match &body.expr(to).kind {
            ExprKind::Path(None, path) => match path.as_name().and_then(|it| self.variable(it)) {
                Some(slot) => super::typed::kept_in(&self.slots[slot]),
                None => Ty::Unknown,
            },
            _ => Ty::Unknown,
        };
        let value = self.eval(from, &want)?;
        let mut place = self.place(to)?;
        if matches!(body.expr(to).kind, ExprKind::Deref(_)) {
            place = self.resolved(&place)?;
        }
        // An element of a part of a collection is where that is.
        let mut value = value;
        if matches!(body.expr(to).kind, ExprKind::Index(..))
            && let Value::Ref(element) = self.get(&place)?
        {
            let element = element.bare();
            let seen = self.seen(&value);
            let is_same_kind =
                |it: &Value| std::mem::discriminant(it) == std::mem::discriminant(&seen);
            // Another reference is put there, or the number that one leads to.
            match (&value, self.get(&element)) {
                (Value::Ref(_), Ok(old)) if is_same_kind(old) && !self.owns(&seen) => {
                    (place, value) = (element, seen);
                }
                (Value::Ref(_), _) => {}
                _ => place = element,
            }
        }
        self.at.1 = body.expr(to).range;
        self.put(&place, value)?;
        Ok(Value::Unit)
    }

    pub(super) fn repeated(&mut self, value: ExprId, times: ExprId, want: &Ty) -> Result<Value> {
        let value = self.eval(value, want)?;
        let times = self.eval(times, &Ty::Unknown)?;
        let Value::Int(times, _) = self.seen(&times) else { return Ok(self.unknown.fresh()) };
        if times > MAX_ELEMENTS {
            return Ok(self.unknown.untold_anew());
        }
        let mut all = Vec::new();
        for _ in 0..times {
            all.push(self.copied(&value)?);
        }
        self.discard(value, "dropped")?;
        Ok(Value::list(all))
    }

    /// The item that a path constructs, and the variant.
    pub(super) fn constructed(&self, path: &Path) -> Option<(ItemRef, Option<Name>)> {
        let context = self.context().ok()?;
        let own = self.model.item_of(&context.own);
        match path.segments.as_slice() {
            [only] if &*only.name == "Self" => return Some((own?, None)),
            [first, last] if &*first.name == "Self" => {
                return Some((own?, Some(last.name.clone())));
            }
            _ => {}
        }
        let names: Vec<Name> = path.segments.iter().map(|it| it.name.clone()).collect();
        for namespace in [Namespace::Value, Namespace::Type] {
            for def in self.model.resolve(context.module, path.global, &names, namespace) {
                match def {
                    Def::Variant(item, name) => return Some((item, Some(name))),
                    Def::Item(item) => match &self.model.item(item).kind {
                        ItemKind::Struct(_) => return Some((item, None)),
                        ItemKind::Alias(ty) => {
                            let ty = self.model.ty(item.module, None, &[], ty);
                            return Some((self.model.item_of(&ty)?, None));
                        }
                        _ => {}
                    },
                    _ => {}
                }
            }
        }
        None
    }

    /// The type of a field of what is built.
    pub(super) fn field_type(&self, item: ItemRef, variant: Option<&Name>, field: &str) -> Ty {
        match variant {
            Some(variant) => self.model.variant_field_ty(item, variant, field),
            None => self.model.field_ty(&type_of(item), field),
        }
    }

    /// How long a field of a struct is that is an array, by what its constant parameter stands for.
    fn size_of_field(&self, item: ItemRef, field: &Name) -> Result<Option<usize>> {
        let ItemKind::Struct(fields) = &self.model.item(item).kind else { return Ok(None) };
        let declared = fields.iter().find(|it| it.name == *field).map(|it| &it.ty);
        let Some(Type::Slice(_, Size::Named(name))) = declared else { return Ok(None) };
        Ok(self.stands_for(&*self.context()?, name))
    }

    pub(super) fn built(
        &mut self,
        path: &Path,
        fields: &[(Name, ExprId)],
        rest: Option<ExprId>,
        want: &Ty,
    ) -> Result<Value> {
        let Some((item, variant)) = self.constructed(path) else {
            return unknown("a value of another crate");
        };
        let mut made = Vec::new();
        for (name, value) in fields {
            let mut ty = self.field_type(item, variant.as_ref(), name);
            if let Ty::Slice(_, size @ Size::Some) = &mut ty {
                *size = self.size_of_field(item, name)?.map_or(Size::Some, Size::Exactly);
            }
            made.push((name.clone(), self.eval(*value, &ty)?));
        }
        if let Some(rest) = rest {
            let own = type_of(item);
            let is_data = matches!(want, Ty::Unknown);
            let base = self.place_wanted(rest, if is_data { &own } else { want })?;
            let base = self.resolved(&base)?;
            let Value::Data(data) = self.get(&base)? else { return unknown("the rest of a value") };
            let names: Vec<Name> = data.fields.iter().map(|(name, _)| name.clone()).collect();
            for name in names {
                if made.iter().all(|(own, _)| *own != name) {
                    let value = self.take(&base.then(Step::Field(name.clone())))?;
                    made.push((name, value));
                }
            }
        }
        self.in_order(item, variant.as_ref(), &mut made);
        Ok(Value::Data(Box::new(Data { item, variant, fields: made, types: self.types_of(item) })))
    }

    /// Puts fields into the order in which they are declared, which is that of their drops.
    pub(super) fn in_order(
        &self,
        item: ItemRef,
        variant: Option<&Name>,
        fields: &mut [(Name, Value)],
    ) {
        let declared = match (&self.model.item(item).kind, variant) {
            (ItemKind::Struct(fields), _) => fields.as_slice(),
            (ItemKind::Enum(variants), Some(name)) => {
                variants.iter().find(|it| it.name == *name).map_or(&[][..], |it| &it.fields)
            }
            _ => &[],
        };
        fields.sort_by_key(|(name, _)| declared.iter().position(|it| it.name == *name));
    }

    /// Whether variants of an enum are given numbers, which are not read.
    pub(super) fn has_numbers(&self, item: ItemRef) -> bool {
        match &self.model.item(item).kind {
            ItemKind::Enum(variants) => variants.iter().any(|it| it.number.is_some()),
            _ => false,
        }
    }

    pub(super) fn discriminant(&mut self, data: &Data) -> Value {
        match self.number_of(data) {
            Some(number) => Value::number(number),
            None => self.unknown.untold_anew(),
        }
    }

    /// The number of a value's variant: the one that is written for it, or one more than that before.
    pub(super) fn number_of(&self, data: &Data) -> Option<i128> {
        let ItemKind::Enum(variants) = &self.model.item(data.item).kind else { return None };
        let mut next = Some(0);
        for variant in variants {
            let number = variant.number.unwrap_or(next);
            if Some(&variant.name) == data.variant.as_ref() {
                return number;
            }
            next = number.map(|it| it + 1);
        }
        None
    }

    pub(super) fn tried(&mut self, inner: ExprId, want: &Ty) -> Result<Value> {
        let wrapped = match want {
            Ty::Unknown => Ty::Unknown,
            _ => Ty::external("std::result::Result", vec![want.clone()]),
        };
        let value = self.eval(inner, &wrapped)?;
        let place = self.temp(value);
        let place = self.resolved(&place)?;
        let good = if self.context()?.gives.is_option() { Maybe::Some } else { Maybe::Ok };
        match self.maybe_at(&place, good)? {
            Some(is) if is.is_good() => self.take(&place.then(Step::Inner)),
            Some(Maybe::None) => Err(Stop::Return(Value::none())),
            Some(is) => {
                let error = self.take(&place.then(Step::Inner))?;
                Err(Stop::Return(Value::Maybe(is, Some(Box::new(error)))))
            }
            None => unknown("`?` on something else"),
        }
    }

    pub(super) fn path_value(&mut self, qself: Option<&Type>, path: &Path) -> Result<Value> {
        if qself.is_none()
            && let Some(name) = path.as_name()
            && let Some(slot) = self.variable(name)
        {
            return self.take(&Place::slot(slot));
        }
        if qself.is_none() && self.is_of_parameter(path) {
            return Ok(Value::Late(Name::from(path.last())));
        }
        if let (None, Some(name)) = (qself, path.as_name())
            && let Some(number) = self.stands_for(&*self.context()?, name)
        {
            return Ok(Value::int(number));
        }
        let defs = self.defs(qself, path)?;
        match defs.as_slice() {
            [Def::External(path)] if Maybe::of(last(path)) == Some(Maybe::None) => {
                Ok(Value::none())
            }
            [Def::External(path)]
                if last(path).starts_with(|it: char| it.is_ascii_uppercase())
                    && !matches!(
                        last(path),
                        "Some"
                            | "Ok"
                            | "Err"
                            | "Continue"
                            | "Break"
                            | "Reverse"
                            | "AssertUnwindSafe"
                    ) =>
            {
                Ok(self.std_constant(path))
            }
            [Def::Variant(item, name)] if self.model.is_unit(*item, name) => {
                Ok(Value::Data(Box::new(Data {
                    item: *item,
                    variant: Some(name.clone()),
                    fields: Vec::new(),
                    types: Vec::new(),
                })))
            }
            [Def::Unknown] => {
                // A constant of a type: which, what type parameters stand for decides as well.
                let context = self.context()?;
                let names: Vec<_> = path.segments.iter().map(|it| &it.name).collect();
                let key = format!("{names:?}{:?}{:?}", context.own, context.types);
                Ok(self.unknown.untold(key))
            }
            [Def::Item(item)] => match &self.model.item(*item).kind {
                ItemKind::Value(_) => {
                    let place = self.static_place(*item)?;
                    let value = self.get(&place)?.clone();
                    if self.owns(&value) { self.take(&place) } else { Ok(value) }
                }
                ItemKind::Struct(fields) if fields.is_empty() => Ok(Value::Data(Box::new(Data {
                    item: *item,
                    variant: None,
                    fields: Vec::new(),
                    types: Vec::new(),
                }))),
                _ => Ok(Value::Function(defs)),
            },
            [] if path.last().starts_with(|it: char| it.is_ascii_uppercase()) => {
                Ok(self.unknown.untold(path.last().to_owned()))
            }
            [] => unknown(&format!("the name `{}`", path.last())),
            _ => Ok(Value::Function(defs)),
        }
    }

    /// The place of a constant or static, made when it is first named.
    pub(super) fn static_place(&mut self, item: ItemRef) -> Result<Place> {
        let ItemKind::Value(declared) = &self.model.item(item).kind else {
            return unknown("a name that is no value");
        };
        let ty = self.model.ty(item.module, None, &[], &declared.ty);
        // What cannot be shared is a `thread_local!`.
        let is_own = matches!(
            ty.path(),
            Some("std::cell::RefCell" | "std::cell::Cell" | "std::cell::OnceCell")
        );
        let owner = is_own.then(|| self.running.last().map_or(0, |thread| thread + 1));
        let item_of = (item, owner);
        if let Some(&slot) = self.statics.get(&item_of) {
            return Ok(Place::slot(slot));
        }
        let value = match (&declared.body, declared.written) {
            (Some(body), _) => self.run_constant(item, body, &ty)?,
            (None, Some(Written::Bool(it))) => Value::Bool(it),
            (None, Some(Written::Number(it))) => {
                let number = i128::try_from(it).unwrap_or(i128::MAX);
                super::width::of_type(Value::number(number), &ty)
            }
            (None, written) => {
                if !self.asked_for(item, &ty) {
                    return unknown("a constant that was not read");
                }
                match written {
                    Some(Written::Elements(count)) => Value::Many(
                        Kind::List,
                        (0..count).map(|_| self.unknown.untold_anew()).collect(),
                    ),
                    _ => self.constant_of(&ty)?,
                }
            }
        };
        // Whoever names a constant has a value of its own.
        if !declared.is_static && may_change(&value) {
            return Ok(self.temp(value));
        }
        let slot = self.slot(value);
        self.statics.insert(item_of, slot);
        Ok(Place::slot(slot))
    }
}

/// Whether something in a value can change behind a reference to it.
fn may_change(value: &Value) -> bool {
    match value {
        Value::Cell(..) => true,
        Value::Data(data) => data.fields.iter().any(|(_, it)| may_change(it)),
        Value::Tuple(parts) | Value::Many(_, parts) => parts.iter().any(may_change),
        Value::Maybe(_, Some(inner)) => may_change(inner),
        _ => false,
    }
}

/// What a literal says, or that it says the same as another one.
pub(super) fn literal(body: &Body, hash: u64) -> Value {
    match body.said.get(&hash) {
        Some(Said::Text(said)) => Value::Text(said.clone()),
        Some(Said::Bytes(said)) => super::text::bytes(said),
        Some(Said::Float(bits)) => Value::Float(f64::from_bits(*bits)),
        _ => Value::Literal(hash),
    }
}

fn is_float(ty: &Ty) -> bool {
    matches!(ty.path(), Some("f64" | "f32"))
}

/// The last name of a path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}
