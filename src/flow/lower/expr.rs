//! Expressions that are not control flow: places, operators, aggregates, closures.

use super::super::{Call, Callee, methods, typing};
use super::super::{
    Callable, Capture, Constant, Field, FlowKind, LocalId, LocalKind, Operand, Owner, Place, Proj,
    StmtKind,
};
use super::frame::ScopeKind;
use super::{Lowering, Value};
use crate::facts::cfg::Cfg;
use crate::facts::tree::{
    BinaryOp, BlockId, Closure, ExprId, ExprKind, Name, Size, StmtKind as TreeStmt, Type,
};
use crate::model::{Def, ItemRef, Ty};
use crate::text::TextRange;

impl Lowering<'_> {
    pub(super) fn expr(&mut self, id: ExprId) -> Value {
        let body = self.body;
        let expr = body.expr(id);
        let range = expr.range;
        match &expr.kind {
            ExprKind::Path(qself, path) => {
                let value = self.path_value(qself.as_deref(), path);
                if let Operand::Function(defs) = &value.operand {
                    let defs = defs.clone();
                    self.mention(&defs, path.range);
                }
                value
            }
            ExprKind::Bool(flag) => Value::known(Constant::Bool(*flag)),
            ExprKind::Number(number) => Value::known(Constant::Number(*number)),
            ExprKind::Literal(words) => match Constant::text(*words) {
                Some(text) => Value::known(text),
                None => Value::constant(Ty::Unknown),
            },
            ExprKind::Call(callee, args) => self.call(range, *callee, args),
            ExprKind::Method(call) => self.method(id, range, call),
            ExprKind::Field(base, name) => self.field(*base, name),
            ExprKind::Index(base, index) => self.index(*base, *index),
            ExprKind::Deref(inner) => {
                let inner = self.expr(*inner);
                let ty = match &inner.ty {
                    Ty::Reference(ty) => (**ty).clone(),
                    other => other.clone(),
                };
                Value { ty, ..inner }
            }
            ExprKind::Unary(_, inner) => match self.expr(*inner).operand {
                Operand::Constant(Some(Constant::Bool(flag))) => {
                    Value::known(Constant::Bool(!flag))
                }
                _ => Value::constant(Ty::Unknown),
            },
            ExprKind::Reference(mutable, inner) => self.reference(*mutable, *inner),
            ExprKind::Assign(place, value) => self.assign(range, *place, *value),
            ExprKind::CompoundAssign(name, place, value) => {
                self.assigned_by(range, name, *place, *value)
            }
            ExprKind::Binary { op: BinaryOp::Strict(name), left, right } => {
                self.operated(range, name, *left, *right)
            }
            ExprKind::Binary { op: BinaryOp::Compare(kind), left, right } => {
                let condition = self.compared(*kind, *left, *right);
                self.frame().compared = condition;
                Value::constant(Ty::Unknown)
            }
            ExprKind::Cast(inner, ty) => {
                let inner = self.expr(*inner);
                let ty = self.ty(ty);
                if matches!(ty, Ty::Reference(_)) {
                    self.mention_value(&inner, range, "reachable through a raw pointer");
                }
                Value { ty, ..inner }
            }
            ExprKind::Range { ends, .. } => {
                for &end in ends {
                    self.expr(end);
                }
                Value::constant(typing::iterator(Ty::Unknown))
            }
            ExprKind::Tuple(_)
            | ExprKind::Array(_)
            | ExprKind::Repeat(..)
            | ExprKind::Struct(..) => self.aggregate(range, &expr.kind),
            ExprKind::Closure(closure) => self.closure(range, closure, &[]),
            ExprKind::Async(moves, block) => self.async_block(range, *moves, *block),
            ExprKind::Await(inner) => self.await_value(range, *inner),
            ExprKind::Macro(call) => self.macro_call(range, call),
            ExprKind::Opaque(names) => self.opaque(range, names),
            _ => self.control(id, range, &expr.kind),
        }
    }

    /// A temporary that lives to the end of the statement.
    pub(super) fn temp(&mut self, range: TextRange, ty: Ty) -> LocalId {
        self.frame().declare(None, range, ty, LocalKind::Temporary)
    }

    pub(super) fn temp_value(&mut self, local: LocalId) -> Value {
        let local_data = self.frame().local(local);
        Value {
            operand: Operand::Move(Place::local(local)),
            ty: local_data.ty.clone(),
            callable: local_data.callable.clone(),
            named: local_data.named,
        }
    }

    /// A part of a value, borrowed if the whole is.
    pub(super) fn project(&mut self, value: &Value, proj: Proj, ty: Ty) -> Value {
        let operand = match &value.operand {
            Operand::Move(place) => Operand::Move(place.then(proj)),
            Operand::Borrow(place) => Operand::Borrow(place.then(proj)),
            other => other.clone(),
        };
        Value { operand, ty, callable: None, named: None }
    }

    fn field(&mut self, base: ExprId, name: &Name) -> Value {
        let base = self.expr(base);
        let last = self.frame().read.pop_if(|place| Some(&*place) == base.place());
        let ty = self.model.field_ty(&base.ty, name);
        let owner = if self.model.may_declare(&base.ty, name) {
            Owner::of(&base.ty)
        } else {
            Owner::Unknown
        };
        let field = Field { name: name.clone(), owner };
        let value = self.project(&base, Proj::Field(field), ty);
        if last.is_some() {
            let named = value.place().cloned();
            self.frame().read.extend(named);
        }
        // A field of `self` is named by its own type, not by whether `self` is borrowed.
        match value.operand {
            Operand::Borrow(place) => Value { operand: Operand::Move(place), ..value },
            _ => value,
        }
    }

    fn reference(&mut self, mutable: bool, inner: ExprId) -> Value {
        let value = self.expr(inner);
        let lent = value.place().filter(|_| mutable).cloned();
        self.frame().flow.lent.extend(lent);
        let ty = Ty::Reference(Box::new(value.ty.clone()));
        match value.operand {
            Operand::Move(place) => Value { operand: Operand::Borrow(place), ty, ..value },
            _ => Value { ty, ..value },
        }
    }

    fn assign(&mut self, range: TextRange, place: ExprId, value: ExprId) -> Value {
        let source = self.expr(value);
        if let ExprKind::Path(None, path) = &self.body.expr(place).kind
            && let Some(name) = path.as_name()
            && let Some(local) = self.variable(name)
        {
            let alias = if source.is_borrow() { source.place().cloned() } else { None };
            let old = self.frame().local(local).alias.clone();
            if let (Some(old), Some(new)) = (old, &alias)
                && old != *new
            {
                // From here on it depends on the way which of the two is meant.
                let both = vec![old, new.clone()];
                self.push(
                    range,
                    StmtKind::Mention(both, "one of several things a reference means"),
                );
            }
            let closures = (self.frame().local(local).callable.clone(), source.callable.clone());
            if let (Some(Callable::Body(old)), Some(Callable::Body(new))) = closures
                && old != new
            {
                self.push(
                    range,
                    StmtKind::Mention(vec![Place::local(local)], "one of several closures"),
                );
                self.mention_value(&source, range, "one of several closures");
                self.frame().local_mut(local).callable = None;
            }
            let frame = self.frame();
            let data = frame.local_mut(local);
            if data.kind == LocalKind::Variable && (alias.is_some() || data.alias.is_some()) {
                data.alias = alias;
                return Value::constant(Ty::Tuple(Vec::new()));
            }
            if data.named != source.named {
                data.named = if data.named.is_none() { source.named } else { None };
            }
            data.ty = typing::refined(std::mem::take(&mut data.ty), &source.ty);
            if data.callable.is_none() && !matches!(source.callable, Some(Callable::Body(_))) {
                data.callable = source.callable.clone();
            }
        }
        self.assign_to(place, &source, range);
        Value::constant(Ty::Tuple(Vec::new()))
    }

    /// Puts a value into a place, or its parts into the places of a destructuring assignment.
    fn assign_to(&mut self, target: ExprId, source: &Value, range: TextRange) {
        let body = self.body;
        let parts: Vec<(ExprId, Proj)> = match &body.expr(target).kind {
            ExprKind::Literal(0) => return self.underscore(source, body.expr(target).range),
            ExprKind::Tuple(elems) if elems.iter().any(|&elem| {
                matches!(&body.expr(elem).kind, ExprKind::Range { ends, .. } if ends.is_empty())
            }) =>
            {
                return self.mention_value(source, range, "taken apart by an assignment");
            }
            ExprKind::Tuple(elems) => {
                let numbered = elems.iter().enumerate();
                numbered
                    .map(|(at, &elem)| (elem, Proj::element(at)))
                    .collect()
            }
            ExprKind::Array(elems) => elems.iter().map(|&elem| (elem, Proj::Elem)).collect(),
            ExprKind::Struct(path, fields, _) => {
                let owner = self.owner_of(path);
                // Only a struct can be taken apart by an assignment.
                let part = |name: &Name| Proj::Field(Field { name: name.clone(), owner: owner.clone() });
                fields.iter().map(|(name, field)| (*field, part(name))).collect()
            }
            ExprKind::Call(..) => {
                return self.mention_value(source, range, "taken apart by an assignment");
            }
            _ => return self.assign_place(target, source, range),
        };
        for (elem, proj) in parts {
            let part = self.project(source, proj, Ty::Unknown);
            self.assign_to(elem, &part, range);
        }
    }

    fn assign_place(&mut self, target: ExprId, source: &Value, range: TextRange) {
        let kind = &self.body.expr(target).kind;
        let is_deref = matches!(kind, ExprKind::Deref(_) | ExprKind::Index(..));
        let place = self.expr(target);
        let Some(place) = place.place().cloned() else {
            return self.mention_value(source, range, "assigned to something that is not a place");
        };
        if is_deref && !self.owns(&place) {
            self.push(range, StmtKind::Flag(place.local, None));
            return self.mention_value(source, range, "stored behind a reference");
        }
        // What is behind a lock is dropped, whoever else shares the lock.
        let is_deref = matches!(kind, ExprKind::Deref(_));
        let is_shared = place.proj.is_empty() && self.frame().local(place.local).ty.is_shared();
        let place = if is_deref && is_shared { place.then(Proj::Maybe) } else { place };
        match &source.operand {
            Operand::Function(_) | Operand::Constant(_) => {
                let local = place.local;
                let value = self.value_of(source).filter(|_| place.proj.is_empty());
                self.push(range, StmtKind::Clear(place));
                if value.is_some() {
                    self.push(range, StmtKind::Flag(local, value));
                }
            }
            Operand::Move(_) | Operand::Borrow(_) => self.store(place, source, range),
        }
    }

    /// Whether it is known what happens to what a place leads to when its local dies: it dies with it, or
    /// it stays where it is behind a reference or shared owner.
    fn owns(&mut self, place: &Place) -> bool {
        // A field of a type of the project is judged for all its values, whoever owns them.
        let in_field =
            |proj: &Proj| matches!(proj, Proj::Field(it) if matches!(it.owner, Owner::Type(_)));
        if place.proj.iter().any(in_field) {
            return true;
        }
        let local = self.frame().local(place.local);
        match local.kind {
            LocalKind::Reference | LocalKind::Static(..) | LocalKind::Capture(_) => true,
            LocalKind::Variable | LocalKind::Parameter => local.ty != Ty::Unknown,
            LocalKind::Temporary | LocalKind::Underscore | LocalKind::Return => false,
        }
    }

    /// Marks a value as thrown away by `_`.
    pub(super) fn underscore(&mut self, value: &Value, range: TextRange) {
        if let Operand::Move(place) = &value.operand {
            let local = self.frame().local_mut(place.local);
            if local.kind == LocalKind::Temporary {
                local.kind = LocalKind::Underscore;
                local.range = range;
            }
        }
    }

    pub(super) fn mention_value(&mut self, value: &Value, range: TextRange, why: &'static str) {
        if let Some(place) = value.place() {
            let place = place.clone();
            self.push(range, StmtKind::Mention(vec![place], why));
        }
    }

    fn aggregate(&mut self, range: TextRange, kind: &ExprKind) -> Value {
        let mut parts: Vec<(Vec<Proj>, Operand)> = Vec::new();
        let mut ty = Ty::Unknown;
        match kind {
            ExprKind::Tuple(elems) => {
                let mut types = Vec::new();
                for (index, &elem) in elems.iter().enumerate() {
                    let value = self.expr(elem);
                    types.push(value.ty);
                    parts.push((vec![Proj::element(index)], value.operand));
                }
                ty = Ty::Tuple(types);
            }
            ExprKind::Array(elems) => {
                for (index, &elem) in elems.iter().enumerate() {
                    let value = self.expr(elem);
                    ty = Ty::Slice(Box::new(value.ty), Size::Exactly(elems.len()));
                    parts.push((vec![Proj::Nth(index, elems.len())], value.operand));
                }
            }
            ExprKind::Repeat(elem, length) => {
                let value = self.expr(*elem);
                self.expr(*length);
                ty = Ty::Slice(Box::new(value.ty), Size::Some);
                parts.push((vec![Proj::Elem], value.operand));
            }
            ExprKind::Struct(path, fields, rest) => {
                let owner = self.owner_of(path);
                let variant = self.variant_name(path).map(Proj::Variant);
                for (name, field) in fields {
                    let value = self.expr(*field);
                    let field = Proj::Field(Field { name: name.clone(), owner: owner.clone() });
                    parts.push((variant.iter().cloned().chain([field]).collect(), value.operand));
                }
                if let Some(rest) = rest {
                    let value = self.expr(*rest);
                    parts.push((Vec::new(), value.operand));
                }
                ty = match self.path_defs(None, path).as_slice() {
                    defs @ [Def::Variant(..)] => self.constructed(defs),
                    _ => self.ty(&Type::Path(None, path.clone())),
                };
            }
            _ => {}
        }
        for (_, part) in &mut parts {
            if let Some(known) = Constant::of(self.model, part) {
                *part = Operand::Constant(Some(known));
            }
        }
        let local = self.temp(range, ty);
        if matches!(kind, ExprKind::Tuple(_)) {
            let of = |(way, part): &(Vec<Proj>, Operand)| {
                Some((way.first()?.clone(), part.place()?.0.clone()))
            };
            let made_of = parts.iter().filter_map(of).collect();
            self.frame().made_of.insert(local, made_of);
        }
        self.push(range, StmtKind::Build(local, parts));
        self.temp_value(local)
    }

    /// A closure; `known` are types of its parameters that its use tells.
    pub(super) fn closure(&mut self, range: TextRange, closure: &Closure, known: &[Ty]) -> Value {
        let kind = if closure.is_async { FlowKind::Async } else { FlowKind::Closure };
        let statement = self.statement;
        self.open_frame(kind, range);
        for (index, (pat, written)) in closure.params.iter().enumerate() {
            let mut ty = self.ty(written);
            if ty == Ty::Unknown {
                ty = known.get(index).cloned().unwrap_or_default();
            }
            let is_reference = matches!(ty, Ty::Reference(_));
            self.typed_parameter(*pat, &ty, is_reference, true);
        }
        self.frame().open(ScopeKind::Statement);
        let value = self.expr(closure.body);
        let end = self.body.expr(closure.body).range;
        self.frame().flow.goes_on = self.goes_on(closure.body);
        self.finish_closure(range, &value, closure.moves, end, statement)
    }

    /// Whether an expression ends in `Ok(…)`, `Some(…)` or `Continue(…)` wherever it ends.
    fn goes_on(&self, id: ExprId) -> bool {
        let tail = |block: BlockId| self.body.block(block).tail.is_some_and(|it| self.goes_on(it));
        match &self.body.expr(id).kind {
            ExprKind::Call(callee, _) => match &self.body.expr(*callee).kind {
                ExprKind::Path(None, path) => {
                    matches!(path.last(), "Ok" | "Some" | "Continue")
                }
                _ => false,
            },
            ExprKind::Block(None, block) => tail(*block),
            ExprKind::If(_, then, Some(otherwise)) => tail(*then) && self.goes_on(*otherwise),
            ExprKind::Match(_, arms) => arms.iter().all(|arm| self.goes_on(arm.body)),
            _ => false,
        }
    }

    fn async_block(&mut self, range: TextRange, moves: bool, block: BlockId) -> Value {
        let statement = self.statement;
        self.open_frame(FlowKind::Async, range);
        self.frame().open(ScopeKind::Statement);
        let value = self.block(block, None);
        self.finish_closure(range, &value, moves, range, statement)
    }

    fn finish_closure(
        &mut self,
        range: TextRange,
        value: &Value,
        moves: bool,
        end: TextRange,
        statement: TextRange,
    ) -> Value {
        let captures = std::mem::take(&mut self.frame().captures);
        let id = self.finish_frame(value, end);
        self.statement = statement;
        let flow = &self.flows.bodies[id.0 as usize];
        // Since 2021 a closure captures the fields it names, before that whole variables.
        let by_field = self.model.krate(self.module()).edition >= 2021;
        let captures: Vec<Capture> = captures
            .into_iter()
            .map(|capture| {
                let is_reference = !capture.outer.proj.is_empty()
                    || flow.locals[capture.inner.0 as usize].alias.is_some();
                let moves = match (moves && !is_reference, by_field) {
                    (true, false) => vec![Vec::new()],
                    (true, true) => methods::uses(flow, capture.inner),
                    (false, _) => methods::consumes(flow, capture.inner),
                };
                Capture { moves, ..capture }
            })
            .collect();
        self.frame().read.extend(captures.iter().map(|it| it.outer.clone()));
        let flow = &mut self.flows.bodies[id.0 as usize];
        flow.captures = captures.clone();
        flow.locals[0].ty = value.ty.clone();
        let local = self.temp(range, Ty::Unknown);
        self.frame().local_mut(local).callable = Some(Callable::Body(id));
        self.push(range, StmtKind::Closure(local, id, captures));
        self.temp_value(local)
    }

    fn await_value(&mut self, range: TextRange, inner: ExprId) -> Value {
        let inner = self.expr(inner);
        let Some(place) = inner.place().cloned() else { return Value::constant(Ty::Unknown) };
        if place.proj.is_empty() && self.awaits_call(place.local) {
            return self.temp_value(place.local);
        }
        let dst = self.temp(range, Ty::Unknown);
        let callee = match inner.callable {
            Some(callable) => Callee::Local(place, Some(callable)),
            None => Callee::Await(place),
        };
        let (ty, receiver_ty) = (Ty::Unknown, inner.ty);
        let call = Call {
            dst,
            callee,
            args: Vec::new(),
            name_range: range,
            statement: self.statement,
            ty,
            receiver_ty,
            ..Call::default()
        };
        self.push(range, StmtKind::Call(Box::new(call)));
        self.temp_value(dst)
    }

    /// Whether a future was made right before by a call of an `async fn` of the project. Then that call runs
    /// like any other one: whether the future is dropped half-way is not followed.
    fn awaits_call(&mut self, future: LocalId) -> bool {
        let model = self.model;
        let Some(call) = self.frame().last_call(future) else { return false };
        let targets = call.targets();
        let is_async = |item: &ItemRef| model.function(*item).is_some_and(|it| it.is_async);
        if targets.is_empty() || !targets.iter().all(is_async) {
            return false;
        }
        let ty = self.output_awaited(&targets);
        if let Some(call) = self.frame().last_call(future) {
            call.awaited = true;
            call.ty = ty.clone();
        }
        self.frame().local_mut(future).ty = ty;
        true
    }

    /// Everything that is named where nobody can read how.
    pub(super) fn opaque(&mut self, range: TextRange, names: &[Name]) -> Value {
        let mut places = Vec::new();
        for name in names {
            if let Some(local) = self.variable(name) {
                places.push(self.frame().place_of(local));
            }
        }
        if !places.is_empty() {
            self.push(range, StmtKind::Mention(places, "named in a macro that is not expanded"));
        }
        self.frame().flow.opaque.extend(names.iter().cloned());
        Value::constant(Ty::Unknown)
    }

    pub(super) fn block(&mut self, id: BlockId, label: Option<&Name>) -> Value {
        let body = self.body;
        let block = body.block(id);
        let owner = (self.function.item.module, self.function.item.item, id.0);
        let module = self.model.blocks.get(&owner).copied();
        self.modules.extend(module);
        let result = label.map(|_| self.temp(block.range, Ty::Unknown));
        let after = result.map(|_| self.frame().new_block());
        if let (Some(result), Some(after)) = (result, after) {
            let kind = ScopeKind::Breakable {
                label: label.cloned(),
                is_loop: false,
                break_to: after,
                continue_to: None,
                result,
            };
            self.frame().open(kind);
        }
        self.frame().open(ScopeKind::Plain);
        let mut active: Vec<_> =
            block.stmts.iter().filter(|stmt| self.is_active(&stmt.cfg)).collect();
        // `#[cfg(unix)] { a } #[cfg(not(unix))] { b }` is the value of whichever is there.
        let last = active.last().and_then(|stmt| match stmt.kind {
            TreeStmt::Expr(id) if stmt.cfg != Cfg::Always => {
                (body.expr(id).range == stmt.range).then_some(id)
            }
            _ => None,
        });
        let last = last.filter(|_| block.tail.is_none());
        if last.is_some() {
            active.pop();
        }
        for stmt in active {
            self.stmt(stmt);
        }
        let mut value = match block.tail.or(last) {
            Some(tail) => self.expr(tail),
            None => Value::constant(Ty::Tuple(Vec::new())),
        };
        value = self.rescue(value, block.range);
        let end = TextRange::new(block.range.end.saturating_sub(1), block.range.end);
        self.frame().close(end);
        if module.is_some() {
            self.modules.pop();
        }
        if let (Some(result), Some(after)) = (result, after) {
            self.store(Place::local(result), &value, block.range);
            self.frame().close(end);
            self.frame().goto(after);
            self.frame().enter(after);
            return self.temp_value(result);
        }
        value
    }

    /// Moves a value out of a variable that is about to die.
    pub(super) fn rescue(&mut self, value: Value, range: TextRange) -> Value {
        match &value.operand {
            Operand::Move(place) if self.frame().dies_here(place.local) => {
                let scope = self.frame().scopes.pop();
                let outer = self.temp(range, value.ty.clone());
                self.frame().scopes.extend(scope);
                let data = self.frame().local_mut(outer);
                data.callable = value.callable.clone();
                data.named = value.named;
                self.push(range, StmtKind::Assign(Place::local(outer), place.clone()));
                self.temp_value(outer)
            }
            _ => value,
        }
    }
}
