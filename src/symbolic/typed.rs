//! Of which type a value is, where `dyn Any` asks for that: by the value, and by what makes the result of a thread.

use super::machine::{Frame, Result, Run, unknown};
use super::value::{Kind, Maybe, Place, Step, Value};
use super::width::Width;
use crate::facts::tree::{
    BinaryOp, Body, ExprId, ExprKind, Generic, ItemKind, Name, PatId, PatKind, StmtKind, Type,
};
use crate::model::{Def, Ty, TyHead};

/// Expressions inside each other of which types are made.
const MAX_DEPTH: usize = 12;

impl Run<'_> {
    /// `any.is::<T>()`, `any.downcast::<T>()` and its siblings.
    pub(super) fn downcast(&mut self, place: &Place, name: &str, ty: &Ty) -> Result<Value> {
        let mut place = self.resolved(place)?;
        if let Value::Shared(id) = self.get(&place)? {
            place = Place::slot(self.shared[*id].slot);
        }
        let is = self.is_of(&self.get(&place)?.clone(), ty)?;
        Ok(match (name, is) {
            ("is", _) => Value::Bool(is),
            ("downcast", true) => Value::ok(self.take(&place)?),
            ("downcast", false) => Value::err(self.take(&place)?),
            (_, true) => Value::some(Value::Ref(place)),
            (_, false) => Value::none(),
        })
    }

    /// What type parameters stand for, by the type that is wanted of what a function returns.
    pub(super) fn infer_wanted(
        &self,
        generics: &[Generic],
        output: &Type,
        want: &Ty,
        types: &mut Vec<(Name, Ty)>,
    ) {
        let Type::Path(None, path) = output else { return };
        if let Some(name) =
            path.as_name().filter(|name| generics.iter().any(|it| it.name == **name))
        {
            let is_open = types.iter().all(|(own, ty)| own != name || *ty == Ty::Unknown);
            // What is wanted of a box may be a trait, and then nobody knows what is in it.
            let is_trait = |item| matches!(self.model.item(item).kind, ItemKind::Trait(..));
            if is_open && *want != Ty::Unknown && !self.model.item_of(want).is_some_and(is_trait) {
                types.retain(|(own, _)| own != name);
                types.push((name.clone(), want.clone()));
            }
        } else if let (Some(last), Ty::Named(_, _, args)) = (path.segments.last(), want) {
            for (arg, ty) in last.args.iter().zip(args) {
                self.infer_wanted(generics, arg, ty, types);
            }
        }
    }

    /// Whether a value is of a type.
    fn is_of(&mut self, value: &Value, ty: &Ty) -> Result<bool> {
        let path = ty.path();
        let name = path.map(super::eval::last);
        if matches!(ty, Ty::Unknown) {
            return unknown("a type that is not known");
        }
        let is_item = matches!(ty.head(), Some(TyHead::Item(..)));
        let among = |names: &[&str]| name.is_some_and(|it| names.contains(&it));
        Ok(match value {
            Value::Data(data) => self.model.item_of(ty) == Some(data.item),
            _ if is_item => false,
            Value::Handle(thread) => {
                let Ty::Named(_, _, args) = ty else { return Ok(false) };
                if path != Some("std::thread::JoinHandle") {
                    return Ok(false);
                }
                let Some(gives) = args.first().cloned() else { return Ok(true) };
                return self.gives(*thread, &gives);
            }
            Value::Unit => same_type(ty, &Ty::Tuple(Vec::new())),
            Value::Bool(_) => among(&["bool"]),
            Value::Int(_, width) if name.is_some_and(|it| super::library::limits(it).is_some()) => {
                match width.is_known() {
                    true => *width == Width::known(name.unwrap_or_default()),
                    false => return self.maybe_of(),
                }
            }
            Value::Int(..) => false,
            Value::Float(_) if !among(&["f64", "f32"]) => false,
            Value::Text(_) if among(&["String", "char"]) || matches!(ty, Ty::Reference(_)) => {
                return self.maybe_of();
            }
            Value::Text(_) | Value::Closure(_) | Value::Function(_) => false,
            Value::Tuple(parts) => match ty {
                Ty::Tuple(types) if types.len() == parts.len() => {
                    let mut pairs = parts.iter().zip(types);
                    return pairs.try_fold(true, |all, (it, ty)| Ok(all && self.is_of(it, ty)?));
                }
                _ => false,
            },
            // It may stand for the default of anything.
            Value::Many(kind, items) => {
                if items.is_empty() && matches!(kind, Kind::List | Kind::Open) {
                    return self.maybe_of();
                }
                let fits = match kind {
                    Kind::List | Kind::Open | Kind::Slice => &["Vec"][..],
                    Kind::Queue => &["VecDeque", "LinkedList"],
                    Kind::Map(_) => &["HashMap", "BTreeMap"],
                    Kind::Set(_) => &["HashSet", "BTreeSet"],
                    Kind::Heap => &["BinaryHeap"],
                };
                match items.first() {
                    _ if !among(fits) => false,
                    Some(first) if matches!(kind, Kind::List | Kind::Queue) => {
                        return self.is_of(&first.clone(), &ty.element());
                    }
                    _ => return self.maybe_of(),
                }
            }
            Value::Maybe(maybe, inner) => {
                let fits = match maybe {
                    Maybe::Some | Maybe::None => "Option",
                    Maybe::Ok | Maybe::Err => "Result",
                    Maybe::Continue | Maybe::Break => "ControlFlow",
                };
                match inner {
                    _ if name != Some(fits) => false,
                    Some(inner) if maybe.is_good() => {
                        let inner = (**inner).clone();
                        return self.is_of(&inner, &ty.payload());
                    }
                    _ => return self.maybe_of(),
                }
            }
            _ => return self.maybe_of(),
        })
    }

    /// Whether something is of a type that it may be of: the source says it, but not the value.
    fn maybe_of(&mut self) -> Result<bool> {
        let asked = self.unknown.untold_anew();
        self.truth(&asked)
    }

    /// Whether what a thread gives is of a type.
    fn gives(&mut self, thread: usize, ty: &Ty) -> Result<bool> {
        let known = self.threads[thread].gives.clone();
        if known != Ty::Unknown && *ty != Ty::Unknown {
            return Ok(same_type(&known, ty));
        }
        self.run_thread(thread)?;
        match self.threads[thread].result.clone() {
            Some(Value::Maybe(Maybe::Ok, Some(result))) => self.is_of(&result, ty),
            _ => unknown("what a thread gives"),
        }
    }

    /// The type of what code gives, as far as it is written down in it.
    pub(super) fn result_of(&mut self, code: &Value) -> Ty {
        match code {
            Value::Closure(closure) => {
                let ExprKind::Closure(written) = &closure.body.expr(closure.expr).kind else {
                    return Ty::Unknown;
                };
                self.frames.push(Frame {
                    body: closure.body.clone(),
                    context: closure.context.clone(),
                    outer: closure.captured.clone(),
                    scopes: vec![Vec::new()],
                    temps: Vec::new(),
                });
                let ty = self.type_of_expr(&closure.body, written.body, 0);
                self.frames.pop();
                ty
            }
            Value::Function(defs) => match defs.as_slice() {
                [Def::Item(item) | Def::Method(item)] => self.context_of(*item, &[]).gives,
                _ => Ty::Unknown,
            },
            _ => Ty::Unknown,
        }
    }

    /// The type of what is at a place, as it is written for a variable or a field.
    pub(super) fn type_of_place(&mut self, place: &Place) -> Ty {
        let Some((last, before)) = place.path.split_last() else {
            let Some(frame) = self.frames.last() else { return Ty::Unknown };
            let names = frame.scopes.iter().flatten();
            let Some((name, _)) = names.rev().find(|(_, slot)| *slot == place.slot) else {
                return self.type_of_static(place.slot);
            };
            let (name, body) = (name.clone(), frame.body.clone());
            return self.declared(&body, &name, 0);
        };
        let around = Place { slot: place.slot, path: before.to_vec() };
        match (last, self.get(&around)) {
            (Step::Field(name), Ok(Value::Data(data))) => {
                self.field_type(data.item, data.variant.as_ref(), name)
            }
            (Step::Inner | Step::Locked(_), _) => match self.type_of_place(&around) {
                Ty::Named(_, _, args) => args.first().cloned().unwrap_or_default(),
                _ => Ty::Unknown,
            },
            _ => Ty::Unknown,
        }
    }

    /// The type of a static, by where it lies.
    fn type_of_static(&self, slot: usize) -> Ty {
        let own = self.statics.iter().find(|(_, own)| **own == slot);
        let Some(((item, _), _)) = own else { return Ty::Unknown };
        match &self.model.item(*item).kind {
            ItemKind::Value(declared) => self.model.ty(item.module, None, &[], &declared.ty),
            _ => Ty::Unknown,
        }
    }

    fn type_of_expr(&mut self, body: &Body, id: ExprId, depth: usize) -> Ty {
        if depth > MAX_DEPTH {
            return Ty::Unknown;
        }
        let number = |name: &str| Ty::external(name, Vec::new());
        match &body.expr(id).kind {
            ExprKind::Block(None, block) => match body.block(*block).tail {
                Some(tail) => self.type_of_expr(body, tail, depth + 1),
                None => Ty::Tuple(Vec::new()),
            },
            ExprKind::For(..)
            | ExprKind::While(..)
            | ExprKind::Assign(..)
            | ExprKind::CompoundAssign(..) => Ty::Tuple(Vec::new()),
            ExprKind::If(_, then, other) => match (body.block(*then).tail, other) {
                (Some(tail), _) => self.type_of_expr(body, tail, depth + 1),
                (None, None) => Ty::Tuple(Vec::new()),
                (None, Some(other)) => self.type_of_expr(body, *other, depth + 1),
            },
            ExprKind::Bool(_) | ExprKind::Unary(true, _) => number("bool"),
            ExprKind::Cast(_, ty) => self.ty(ty),
            ExprKind::Tuple(parts) => {
                let parts: Vec<Ty> =
                    parts.iter().map(|&it| self.type_of_expr(body, it, depth + 1)).collect();
                match parts.contains(&Ty::Unknown) {
                    true => Ty::Unknown,
                    false => Ty::Tuple(parts),
                }
            }
            ExprKind::Struct(path, ..) => match self.constructed(path) {
                Some((item, _)) => super::value::type_of(item),
                None => Ty::Unknown,
            },
            ExprKind::Macro(call) => match call.path.last() {
                "println" | "print" | "eprintln" | "eprint" | "assert" | "assert_eq" => {
                    Ty::Tuple(Vec::new())
                }
                "format" => number("std::string::String"),
                _ => Ty::Unknown,
            },
            ExprKind::Call(..) | ExprKind::Method(_) => self.type_of_call(body, id),
            ExprKind::Path(None, path) => match path.as_name() {
                Some(name) => match self.known_of(name) {
                    Ty::Unknown => self.declared(body, name, depth + 1),
                    known => known,
                },
                None => Ty::Unknown,
            },
            ExprKind::Number(_) => match body.suffixes.get(&body.expr(id).range.start) {
                Some(suffix) => number(suffix),
                None => Ty::Unknown,
            },
            ExprKind::Binary { op: BinaryOp::Strict(_), left, right } => {
                match self.type_of_expr(body, *left, depth + 1) {
                    Ty::Unknown => self.type_of_expr(body, *right, depth + 1),
                    known => known,
                }
            }
            ExprKind::Binary { .. } => number("bool"),
            _ => Ty::Unknown,
        }
    }

    fn type_of_call(&mut self, body: &Body, id: ExprId) -> Ty {
        let number = |name: &str| Ty::external(name, Vec::new());
        match &body.expr(id).kind {
            ExprKind::Call(callee, _) => {
                let ExprKind::Path(qself, path) = &body.expr(*callee).kind else {
                    return Ty::Unknown;
                };
                match self.defs(qself.as_deref(), path).as_deref() {
                    Ok([Def::Item(item) | Def::Method(item)])
                        if self.model.function(*item).is_some() =>
                    {
                        self.context_of(*item, &[]).gives
                    }
                    Ok([Def::External(path)]) if &**path == "std::thread::sleep" => {
                        Ty::Tuple(Vec::new())
                    }
                    _ => Ty::Unknown,
                }
            }
            ExprKind::Method(call) => match (&*call.name, call.types.as_slice()) {
                ("sum" | "product" | "collect", [only]) => self.ty(only),
                ("len" | "count", []) => number("usize"),
                ("to_string" | "to_uppercase" | "to_lowercase" | "repeat", []) => {
                    number("std::string::String")
                }
                _ => Ty::Unknown,
            },
            _ => Ty::Unknown,
        }
    }

    /// The type of a variable of a body, by its `let`.
    fn declared(&mut self, body: &Body, name: &Name, depth: usize) -> Ty {
        let lets = body.blocks.iter().flat_map(|block| &block.stmts);
        let found = lets.filter_map(|stmt| match &stmt.kind {
            StmtKind::Let { pat, ty, init, .. } => {
                self.declared_by(body, *pat, (ty, *init), name, depth)
            }
            StmtKind::Expr(_) => None,
        });
        found.last().unwrap_or_default()
    }

    fn declared_by(
        &mut self,
        body: &Body,
        pat: PatId,
        (ty, init): (&Type, Option<ExprId>),
        name: &Name,
        depth: usize,
    ) -> Option<Ty> {
        match &body.pat(pat).kind {
            PatKind::Bind { name: own, .. } if own == name => Some(match self.ty(ty) {
                Ty::Unknown => match init.map(|it| &body.expr(it).kind) {
                    // What is named again, by what it was.
                    Some(ExprKind::Path(..)) | None => Ty::Unknown,
                    Some(_) => {
                        init.map_or(Ty::Unknown, |it| self.type_of_expr(body, it, depth + 1))
                    }
                },
                written => written,
            }),
            PatKind::Tuple(pats) => {
                let ExprKind::Tuple(parts) = &body.expr(init?).kind else { return None };
                let mut all = pats.iter().zip(parts);
                all.find_map(|(&pat, &part)| {
                    self.declared_by(body, pat, (&Type::Unknown, Some(part)), name, depth)
                })
            }
            _ => None,
        }
    }

    /// The type of a variable, if its value tells.
    fn known_of(&self, name: &Name) -> Ty {
        match self.variable(name) {
            Some(slot) => self.type_of_value(&self.slots[slot]),
            None => Ty::Unknown,
        }
    }

    /// The type of a value, as far as it tells.
    pub(super) fn type_of_value(&self, value: &Value) -> Ty {
        let all = |values: &[Value]| values.iter().map(|it| self.type_of_value(it)).collect();
        let first = |values: &[Value]| match values.first() {
            Some(first) => vec![self.type_of_value(first)],
            None => Vec::new(),
        };
        match self.seen(value) {
            Value::Unit => Ty::Tuple(Vec::new()),
            Value::Bool(_) => Ty::external("bool", Vec::new()),
            value @ Value::Int(..) => kept_in(&value),
            Value::Data(data) => super::value::type_of(data.item),
            Value::Tuple(parts) => Ty::Tuple(all(&parts)),
            Value::Handle(thread) => {
                let gives = self.threads[thread].gives.clone();
                Ty::external("std::thread::JoinHandle", vec![gives])
            }
            Value::Maybe(Maybe::Some | Maybe::None, inner) => {
                let inner = inner.map(|it| self.type_of_value(&it));
                Ty::external("std::option::Option", inner.into_iter().collect())
            }
            Value::Many(Kind::List, items) => Ty::external("std::vec::Vec", first(&items)),
            _ => Ty::Unknown,
        }
    }
}

/// What a collection or a number may be assigned from: a type that is made into the same kind of value.
pub(super) fn kept_in(value: &Value) -> Ty {
    let path = match value {
        Value::Many(Kind::List, _) => "std::vec::Vec",
        Value::Many(Kind::Queue, _) => "std::collections::VecDeque",
        Value::Many(Kind::Map(_), _) => "std::collections::HashMap",
        Value::Many(Kind::Set(_), _) => "std::collections::HashSet",
        Value::Int(_, width) => match width.name() {
            [only] => only,
            _ => return Ty::Unknown,
        },
        _ => return Ty::Unknown,
    };
    Ty::external(path, Vec::new())
}

/// Whether two types are the same one, wherever they are named.
fn same_type(one: &Ty, other: &Ty) -> bool {
    let all = |ones: &[Ty], others: &[Ty]| {
        ones.len() == others.len() && ones.iter().zip(others).all(|(a, b)| same_type(a, b))
    };
    match (one, other) {
        (Ty::Named(one, _, a), Ty::Named(other, _, b)) => one == other && all(a, b),
        (Ty::Tuple(a), Ty::Tuple(b)) => all(a, b),
        (Ty::Reference(a), Ty::Reference(b)) => same_type(a, b),
        _ => one == other,
    }
}
